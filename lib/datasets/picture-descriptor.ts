/**
 * What a small picture looks like, in numbers that need no trained network: oriented gradients on a grid (after Dalal &
 * Triggs 2005, without their blocks), colours on the same grid, and a histogram of colours. Only additions, products,
 * square roots and comparisons: the same bits on every machine.
 */

/** Pixels of a picture's side. */
export const describedSide = 32;
const cellSide = 4;
const cells = describedSide / cellSide;
const orientations = 8;
const histogramLevels = 4;

const gradientSize = cells * cells * orientations;
const colourSize = cells * cells * 3;
const histogramSize = histogramLevels ** 3;
export const descriptorSize = gradientSize + colourSize + histogramSize;

/** Of kπ/4, k = 0 … 7: written out, because engines differ in the last bit of a cosine. */
const half = Math.SQRT1_2;
const cosines = Float64Array.of(1, half, 0, -half, -1, -half, 0, half);
const sines = Float64Array.of(0, half, 1, half, 0, -half, -1, -half);

/**
 * Describes a picture [32, 32, 3], RGB from 0 to 255, on a white background. Returns [768]: three parts of equal norm,
 * together of norm 1; a part that is all zero, as every part of a blank picture is, stays zero.
 */
export function describePicture(rgb: Uint8Array): Float32Array {
  if (rgb.length !== 3 * describedSide ** 2) {
    throw new RangeError(
      `describePicture: a picture has ${describedSide} × ${describedSide} × 3 bytes, got ${rgb.length}.`,
    );
  }
  const descriptor = new Float32Array(descriptorSize);
  const gradients = descriptor.subarray(0, gradientSize);
  const colours = descriptor.subarray(gradientSize, gradientSize + colourSize);
  const histogram = descriptor.subarray(gradientSize + colourSize);
  const grey = toGrey(rgb);
  for (let y = 0; y < describedSide; y++) {
    for (let x = 0; x < describedSide; x++) {
      const cell = Math.floor(y / cellSide) * cells + Math.floor(x / cellSide);
      // Central differences; beyond the edge the picture goes on as it ends.
      const across = grey[at(y, Math.min(x + 1, describedSide - 1))]! - grey[at(y, Math.max(x - 1, 0))]!;
      const down = grey[at(Math.min(y + 1, describedSide - 1), x)]! - grey[at(Math.max(y - 1, 0), x)]!;
      for (let k = 0; k < orientations; k++) {
        gradients[cell * orientations + k]! += Math.max(0, across * cosines[k]! + down * sines[k]!);
      }
      let bin = 0;
      for (let channel = 0; channel < 3; channel++) {
        const value = rgb[3 * at(y, x) + channel]!;
        // Distance from white, so that the background is nothing.
        colours[3 * cell + channel]! += 255 - value;
        bin = bin * histogramLevels + Math.floor((value * histogramLevels) / 256);
      }
      // The last bin is the background's.
      if (bin < histogramSize - 1) histogram[bin]! += 1;
    }
  }
  // Roots, so that a few strong edges or one large surface do not outweigh all else.
  for (const part of [gradients, histogram]) {
    for (let index = 0; index < part.length; index++) part[index] = Math.sqrt(part[index]!);
  }
  for (const part of [gradients, colours, histogram]) scaleToNorm(part, Math.sqrt(1 / 3));
  return descriptor;
}

function at(y: number, x: number): number {
  return y * describedSide + x;
}

/** Luminance as in ITU-R BT.601. */
function toGrey(rgb: Uint8Array): Float32Array {
  const grey = new Float32Array(describedSide ** 2);
  for (let pixel = 0; pixel < grey.length; pixel++) {
    grey[pixel] = 0.299 * rgb[3 * pixel]! + 0.587 * rgb[3 * pixel + 1]! + 0.114 * rgb[3 * pixel + 2]!;
  }
  return grey;
}

function scaleToNorm(values: Float32Array, norm: number): void {
  let square = 0;
  for (const value of values) square += value * value;
  if (square === 0) return;
  const scale = norm / Math.sqrt(square);
  for (let index = 0; index < values.length; index++) values[index]! *= scale;
}
