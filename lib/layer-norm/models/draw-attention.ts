/**
 * DRAW's attention (Gregor et al. 2015, §3.2): an N × N grid of Gaussian filters laid over an image, to read a patch from
 * it or to write one onto it, with the reverse of both. One image at a time, on subarrays of the network's.
 *
 *   μ_i = g + (i − N/2 − ½) δ;   F[i, a] ∝ exp(−(a − μ_i)² / 2σ²), rows of sum 1   (Eqs 19–20, 25–26)
 *   read(x) = γ F_Y x F_Xᵀ;   write(w) = γ̂⁻¹ F_Yᵀ w F_X                            (Eqs 27, 29)
 *
 * A row is a softmax over a. Where a window lies wholly outside the image it thus looks at the nearest pixels instead of
 * dividing nothing by nothing.
 */
import type { FloatArray } from '../../kernels/lstm-arithmetic.ts';

/** g̃_Y, g̃_X, log σ², log δ̃, log γ: what a window is given by (Eq. 21). */
export const windowParameters = 5;

/** One image's filters and what their reverse needs. */
export interface Filters {
  /** F_Y, then F_X. [2, points, side] */
  readonly values: FloatArray;
  readonly points: number;
  readonly side: number;
}

interface Window {
  /** g_Y and g_X, with pixels numbered from 1 */
  readonly centers: readonly [number, number];
  readonly variance: number;
  /** δ */
  readonly stride: number;
}

/** Eqs 22–24. */
function windowOf(raw: FloatArray, { points, side }: Filters): Window {
  const toPixels = (relative: number) => ((side + 1) / 2) * (relative + 1);
  return {
    centers: [toPixels(raw[0]!), toPixels(raw[1]!)],
    variance: Math.exp(raw[2]!),
    stride: (points > 1 ? (side - 1) / (points - 1) : 1) * Math.exp(raw[3]!),
  };
}

/** γ */
export function intensityOf(raw: FloatArray): number {
  return Math.exp(raw[4]!);
}

/** i − N/2 − ½ with i from 1 */
function offsetOf(point: number, points: number): number {
  return point - (points - 1) / 2;
}

/** @param raw [5] the window's parameters */
export function fillFilters(raw: FloatArray, filters: Filters): void {
  const { values, points, side } = filters;
  const { centers, variance, stride } = windowOf(raw, filters);
  for (let axis = 0; axis < 2; axis++) {
    for (let point = 0; point < points; point++) {
      const mean = centers[axis]! + offsetOf(point, points) * stride;
      // The largest exponent is that of the pixel nearest to the mean.
      const nearest = Math.min(side, Math.max(1, Math.round(mean)));
      const largest = (nearest - mean) ** 2;
      const row = (axis * points + point) * side;
      let sum = 0;
      for (let a = 0; a < side; a++) {
        const value = Math.exp((largest - (a + 1 - mean) ** 2) / (2 * variance));
        values[row + a] = value;
        sum += value;
      }
      for (let a = 0; a < side; a++) values[row + a]! /= sum;
    }
  }
}

/**
 * The reverse of `fillFilters`: adds ∂L/∂raw of centers, variance and stride.
 *
 * @param gradient ∂L/∂F, shaped as the filters' values
 */
export function reverseFilters(raw: FloatArray, filters: Filters, gradient: FloatArray, rawGradient: FloatArray): void {
  const { values, points, side } = filters;
  const { centers, variance, stride } = windowOf(raw, filters);
  for (let axis = 0; axis < 2; axis++) {
    for (let point = 0; point < points; point++) {
      const offset = offsetOf(point, points);
      const mean = centers[axis]! + offset * stride;
      const row = (axis * points + point) * side;
      let along = 0;
      for (let a = 0; a < side; a++) along += gradient[row + a]! * values[row + a]!;
      let meanGradient = 0;
      let logVarianceGradient = 0;
      for (let a = 0; a < side; a++) {
        // Of the softmax's exponent −(a − μ)² / 2σ².
        const exponent = values[row + a]! * (gradient[row + a]! - along);
        const distance = a + 1 - mean;
        meanGradient += (exponent * distance) / variance;
        logVarianceGradient += (exponent * distance * distance) / (2 * variance);
      }
      rawGradient[axis]! += (meanGradient * (side + 1)) / 2;
      rawGradient[2]! += logVarianceGradient;
      rawGradient[3]! += meanGradient * offset * stride;
    }
  }
}

/** Room for what is between two products, shared by all images. */
export interface AttentionScratch {
  /** [points, side] each */
  readonly rows: Float64Array;
  readonly columns: Float64Array;
}

export function createAttentionScratch(points: number, side: number): AttentionScratch {
  return { rows: new Float64Array(points * side), columns: new Float64Array(points * side) };
}

/** patch [points, points] = γ F_Y x F_Xᵀ */
export function readPatch(
  image: FloatArray,
  { values, points, side }: Filters,
  intensity: number,
  patch: FloatArray,
  { rows }: AttentionScratch,
): void {
  overRows(image, values, points, side, rows);
  for (let i = 0; i < points; i++) {
    for (let j = 0; j < points; j++) {
      let sum = 0;
      for (let x = 0; x < side; x++) sum += rows[i * side + x]! * values[(points + j) * side + x]!;
      patch[i * points + j] = intensity * sum;
    }
  }
}

/**
 * The reverse of `readPatch` for filters and image; γ's is Σ ∂patch ⊙ patch.
 *
 * @param filterGradient is added to
 * @param imageGradient is added to; left out where the image is given
 */
export function reverseReadPatch(
  image: FloatArray,
  filters: Filters,
  intensity: number,
  patchGradient: FloatArray,
  filterGradient: FloatArray,
  imageGradient: FloatArray | undefined,
  scratch: AttentionScratch,
): void {
  const { values, points, side } = filters;
  overRows(image, values, points, side, scratch.rows);
  overColumns(image, values, points, side, scratch.columns);
  reverseBetween(filters, intensity, patchGradient, filterGradient, scratch);
  if (imageGradient) spreadPatch(patchGradient, filters, intensity, imageGradient, scratch);
}

/** canvas += γ̂⁻¹ F_Yᵀ patch F_X */
export function writePatch(
  patch: FloatArray,
  filters: Filters,
  intensity: number,
  canvas: FloatArray,
  scratch: AttentionScratch,
): void {
  spreadPatch(patch, filters, 1 / intensity, canvas, scratch);
}

/** The reverse of `writePatch`: writes ∂L/∂patch and adds ∂L/∂F; log γ̂'s is −Σ ∂patch ⊙ patch. */
export function reverseWritePatch(
  patch: FloatArray,
  filters: Filters,
  intensity: number,
  canvasGradient: FloatArray,
  patchGradient: FloatArray,
  filterGradient: FloatArray,
  scratch: AttentionScratch,
): void {
  const { values, points, side } = filters;
  // To write is the transpose of to read.
  readPatch(canvasGradient, filters, 1 / intensity, patchGradient, scratch);
  overColumns(canvasGradient, values, points, side, scratch.columns);
  reverseBetween(filters, 1 / intensity, patch, filterGradient, scratch);
}

/** rows [points, side] = F_Y image */
function overRows(image: FloatArray, values: FloatArray, points: number, side: number, rows: Float64Array): void {
  rows.fill(0);
  for (let i = 0; i < points; i++) {
    for (let y = 0; y < side; y++) {
      const weight = values[i * side + y]!;
      // Filters are narrow: most of their weights are next to nothing.
      if (weight < negligible) continue;
      for (let x = 0; x < side; x++) rows[i * side + x]! += weight * image[y * side + x]!;
    }
  }
}

/** columns [points, side] = F_X imageᵀ */
function overColumns(image: FloatArray, values: FloatArray, points: number, side: number, columns: Float64Array): void {
  for (let j = 0; j < points; j++) {
    const row = (points + j) * side;
    for (let y = 0; y < side; y++) {
      let sum = 0;
      for (let x = 0; x < side; x++) sum += values[row + x]! * image[y * side + x]!;
      columns[j * side + y] = sum;
    }
  }
}

/** ∂F_Y[i, y] += s Σ_j patch[i, j] columns[j, y];  ∂F_X[j, x] += s Σ_i patch[i, j] rows[i, x] */
function reverseBetween(
  { points, side }: Filters,
  scale: number,
  patch: FloatArray,
  filterGradient: FloatArray,
  { rows, columns }: AttentionScratch,
): void {
  for (let i = 0; i < points; i++) {
    for (let j = 0; j < points; j++) {
      const weight = scale * patch[i * points + j]!;
      for (let a = 0; a < side; a++) {
        filterGradient[i * side + a]! += weight * columns[j * side + a]!;
        filterGradient[(points + j) * side + a]! += weight * rows[i * side + a]!;
      }
    }
  }
}

/** image += s F_Yᵀ patch F_X */
function spreadPatch(
  patch: FloatArray,
  { values, points, side }: Filters,
  scale: number,
  image: FloatArray,
  { rows }: AttentionScratch,
): void {
  rows.fill(0);
  for (let i = 0; i < points; i++) {
    for (let j = 0; j < points; j++) {
      const weight = scale * patch[i * points + j]!;
      for (let x = 0; x < side; x++) rows[i * side + x]! += weight * values[(points + j) * side + x]!;
    }
  }
  for (let i = 0; i < points; i++) {
    for (let y = 0; y < side; y++) {
      const weight = values[i * side + y]!;
      if (weight < negligible) continue;
      for (let x = 0; x < side; x++) image[y * side + x]! += weight * rows[i * side + x]!;
    }
  }
}

/** Below what float32 can add to a sum of 1. */
const negligible = 1e-12;
