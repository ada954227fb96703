/** What lies between convolutions, on feature maps [side, side, channels], forward and back. */

/** x ← max(0, x + b), channel by channel. */
export function biasAndRelu(map: Float32Array, bias: Float32Array): void {
  const channels = bias.length;
  for (let pixel = 0; pixel < map.length; pixel += channels) {
    for (let channel = 0; channel < channels; channel++) {
      map[pixel + channel] = Math.max(0, map[pixel + channel]! + bias[channel]!);
    }
  }
}

/** The gradient before the ReLU from the one behind it: nothing where the ReLU gave 0. */
export function maskByActivation(gradient: Float32Array, features: Float32Array): void {
  for (let i = 0; i < gradient.length; i++) if (features[i]! <= 0) gradient[i] = 0;
}

/**
 * Means of 2 × 2 pixels.
 *
 * @param map [2 side, 2 side, channels]
 * @param pooled [side, side, channels], written
 */
export function averagePool(map: Float32Array, side: number, channels: number, pooled: Float32Array): void {
  const row = 2 * side * channels;
  for (let y = 0, to = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const from = 2 * (y * row + x * channels);
      for (let channel = from; channel < from + channels; channel++, to++) {
        pooled[to] =
          0.25 * (map[channel]! + map[channel + channels]! + map[channel + row]! + map[channel + row + channels]!);
      }
    }
  }
}

/** The adjoint of `averagePool`: a quarter of each pooled gradient to each of its pixels; `gradient` is overwritten. */
export function spreadPooled(pooled: Float32Array, side: number, channels: number, gradient: Float32Array): void {
  const row = 2 * side * channels;
  for (let y = 0, from = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const to = 2 * (y * row + x * channels);
      for (let channel = to; channel < to + channels; channel++, from++) {
        const quarter = 0.25 * pooled[from]!;
        gradient[channel] = quarter;
        gradient[channel + channels] = quarter;
        gradient[channel + row] = quarter;
        gradient[channel + row + channels] = quarter;
      }
    }
  }
}
