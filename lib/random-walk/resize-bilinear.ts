/** Brings values of pixels to another size, larger or smaller, by linear interpolation between the centres of pixels. */

export interface PixelValues {
  readonly height: number;
  readonly width: number;
  /** [height, width, channels] */
  readonly data: Float32Array;
}

/** Beyond the centres at the border, values are those at the border. Made half as large, each pixel is the mean of four. */
export function resizeBilinear(
  { height, width, data }: PixelValues,
  newHeight: number,
  newWidth: number,
): Float32Array {
  const channels = data.length / (height * width);
  const rows = between(height, newHeight);
  const columns = between(width, newWidth);
  const resized = new Float32Array(newHeight * newWidth * channels);
  let at = 0;
  for (const row of rows) {
    for (const column of columns) {
      const topLeft = (row.before * width + column.before) * channels;
      const topRight = (row.before * width + column.after) * channels;
      const bottomLeft = (row.after * width + column.before) * channels;
      const bottomRight = (row.after * width + column.after) * channels;
      for (let k = 0; k < channels; k++, at++) {
        const top = data[topLeft + k]! + column.share * (data[topRight + k]! - data[topLeft + k]!);
        const bottom = data[bottomLeft + k]! + column.share * (data[bottomRight + k]! - data[bottomLeft + k]!);
        resized[at] = top + row.share * (bottom - top);
      }
    }
  }
  return resized;
}

/** Of each new pixel along an axis: the old ones on both sides of its centre, and how far it is from the first to the second. */
function between(length: number, newLength: number) {
  return Array.from({ length: newLength }, (_, index) => {
    const place = Math.min(length - 1, Math.max(0, ((index + 0.5) * length) / newLength - 0.5));
    const before = Math.floor(place);
    return { before, after: Math.min(length - 1, before + 1), share: place - before };
  });
}
