/**
 * What the two directions of a normalization over channels share: float32 [places][channels] four channels at a time, and what a
 * group has in common, an image with layer normalization and a channel of all images with batch normalization, as arrays of one
 * entry a channel, padded to whole vectors.
 */
import { loadLanes } from './random-walk-window';

// @ts-ignore: decorator
@inline
export function padded(channels: i32): usize {
  return <usize>((channels + 3) & ~3);
}

/** Up to four lanes, the others zero. */
// @ts-ignore: decorator
@inline
export function loadUpTo(from: usize, lanes: i32): v128 {
  return lanes == 4 ? v128.load(from) : loadLanes(from, lanes);
}

// @ts-ignore: decorator
@inline
export function highToFloat64(values: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i32>(values, values, 2, 3, 2, 3));
}

/** target ← of each channel the mean, what it is off by, and 1/√(σ² + ε): three arrays, from the group at `at` on. */
export function spread(
  mean: usize, rest: usize, variance: usize, at: usize, step: usize, channels: i32, epsilon: f64, target: usize,
): void {
  const bytes = padded(channels) * 4;
  for (; channels > 0; channels--) {
    store<f32>(target, load<f32>(mean + at));
    store<f32>(target + bytes, rest ? load<f32>(rest + at) : 0);
    store<f32>(target + 2 * bytes, <f32>(1 / sqrt<f64>(<f64>load<f32>(variance + at) + epsilon)));
    target += 4;
    at += step;
  }
}

/** target [channels] float64 ← each channel's sum, or with layer normalization that of all channels, divided by `size`. */
export function average(sums: usize, channels: i32, isLayer: i32, size: f64, target: usize): void {
  const end = <usize>channels * 8;
  let total: f64 = 0;
  if (isLayer) for (let at: usize = 0; at < end; at += 8) total += load<f64>(sums + at);
  for (let at: usize = 0; at < end; at += 8) store<f64>(target + at, (isLayer ? total : load<f64>(sums + at)) / size);
}
