/**
 * Layer and batch normalization of a minibatch's summed inputs, forward and backward, in plain TypeScript on the arrays of
 * `models/normalised-perceptron.ts`: next to the matrix products they cost nothing. Both leave x̂ in place of the summed
 * inputs, and both divide by √(variance + ε).
 */
import type { FloatArray } from '../../kernels/lstm-arithmetic.ts';

/** A matrix [rows, width], row-major. */
export interface Rows {
  readonly rows: number;
  readonly width: number;
}

/**
 * Layer normalization, Eq. 3: every row by its own mean and biased variance. In the place of `summed` comes x̂; `rstd`
 * [rows] gets 1/σ.
 */
export function normalizeRows(summed: FloatArray, rstd: Float64Array, { rows, width }: Rows, epsilon: number): void {
  for (let row = 0; row < rows; row++) {
    const start = row * width;
    let mean = 0;
    for (let k = start; k < start + width; k++) mean += summed[k]!;
    mean /= width;
    let variance = 0;
    for (let k = start; k < start + width; k++) variance += (summed[k]! - mean) ** 2;
    variance /= width;
    const scale = 1 / Math.sqrt(variance + epsilon);
    for (let k = start; k < start + width; k++) summed[k] = (summed[k]! - mean) * scale;
    rstd[row] = scale;
  }
}

/** The reverse: ∂L/∂x̂ becomes ∂L/∂summed = 1/σ (∂x̂ − mean(∂x̂) − x̂ mean(∂x̂ ⊙ x̂)), the means over a row. */
export function reverseNormalizeRows(
  gradient: FloatArray,
  normalised: FloatArray,
  rstd: Float64Array,
  { rows, width }: Rows,
): void {
  for (let row = 0; row < rows; row++) {
    const start = row * width;
    let mean = 0;
    let along = 0;
    for (let k = start; k < start + width; k++) {
      mean += gradient[k]!;
      along += gradient[k]! * normalised[k]!;
    }
    mean /= width;
    along /= width;
    const scale = rstd[row]!;
    for (let k = start; k < start + width; k++) {
      gradient[k] = scale * (gradient[k]! - mean - normalised[k]! * along);
    }
  }
}

/** One minibatch's statistics of every unit. [width] */
export interface ColumnStatistics {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/**
 * Batch normalization of a minibatch in training: every column by its mean and variance over the rows, which go to
 * `statistics`. `divisor` is what the sum of squares is divided by: the rows, or the rows less one for the unbiased
 * estimate.
 */
export function normalizeColumns(
  summed: FloatArray,
  statistics: ColumnStatistics,
  { rows, width }: Rows,
  divisor: number,
  epsilon: number,
): void {
  const { mean, variance } = statistics;
  mean.fill(0);
  variance.fill(0);
  for (let row = 0; row < rows; row++) {
    for (let unit = 0; unit < width; unit++) mean[unit]! += summed[row * width + unit]! / rows;
  }
  for (let row = 0; row < rows; row++) {
    for (let unit = 0; unit < width; unit++)
      variance[unit]! += (summed[row * width + unit]! - mean[unit]!) ** 2 / divisor;
  }
  applyColumnStatistics(summed, statistics, { rows, width }, epsilon);
}

/** Batch normalization by given statistics, as at the time of a test. */
export function applyColumnStatistics(
  summed: FloatArray,
  { mean, variance }: { readonly mean: ArrayLike<number>; readonly variance: ArrayLike<number> },
  { rows, width }: Rows,
  epsilon: number,
): void {
  for (let unit = 0; unit < width; unit++) {
    const center = mean[unit]!;
    const scale = 1 / Math.sqrt(variance[unit]! + epsilon);
    for (let k = unit; k < rows * width; k += width) summed[k] = (summed[k]! - center) * scale;
  }
}

/**
 * The reverse of `normalizeColumns`: ∂L/∂x̂ becomes ∂L/∂summed = 1/σ (∂x̂ − mean(∂x̂) − x̂ Σ(∂x̂ ⊙ x̂) / divisor), sums over
 * a column.
 */
export function reverseNormalizeColumns(
  gradient: FloatArray,
  normalised: FloatArray,
  { variance }: Pick<ColumnStatistics, 'variance'>,
  { rows, width }: Rows,
  divisor: number,
  epsilon: number,
): void {
  for (let unit = 0; unit < width; unit++) {
    let mean = 0;
    let along = 0;
    for (let k = unit; k < rows * width; k += width) {
      mean += gradient[k]!;
      along += gradient[k]! * normalised[k]!;
    }
    mean /= rows;
    along /= divisor;
    const scale = 1 / Math.sqrt(variance[unit]! + epsilon);
    for (let k = unit; k < rows * width; k += width) {
      gradient[k] = scale * (gradient[k]! - mean - normalised[k]! * along);
    }
  }
}
