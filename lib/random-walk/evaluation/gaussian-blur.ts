/** Gaussian smoothing of pictures with any number of channels. */

/**
 * Out to three standard deviations, rows and columns one after the other; beyond the picture are the pixels of its edge.
 *
 * @param values [height, width, channels]
 * @param sigma in pixels; 0 leaves the values as they are
 */
export function gaussianBlur(
  values: Float32Array,
  width: number,
  height: number,
  channels: number,
  sigma: number,
): Float32Array {
  if (sigma === 0) return values.slice();
  const reach = Math.ceil(3 * sigma);
  const kernel = Float64Array.from({ length: 2 * reach + 1 }, (_, at) =>
    Math.exp(-((at - reach) ** 2) / (2 * sigma ** 2)),
  );
  const sum = kernel.reduce((total, weight) => total + weight, 0);
  const pass = (from: Float32Array, length: number, stride: number, place: (pixel: number) => number) => {
    const to = new Float32Array(from.length);
    for (let pixel = 0; pixel < width * height; pixel++) {
      const at = place(pixel);
      for (let offset = -reach; offset <= reach; offset++) {
        const other = pixel + (Math.min(length - 1, Math.max(0, at + offset)) - at) * stride;
        const weight = kernel[offset + reach]! / sum;
        for (let channel = 0; channel < channels; channel++) {
          to[pixel * channels + channel]! += weight * from[other * channels + channel]!;
        }
      }
    }
    return to;
  };
  const rows = pass(values, width, 1, (pixel) => pixel % width);
  return pass(rows, height, width, (pixel) => Math.floor(pixel / width));
}
