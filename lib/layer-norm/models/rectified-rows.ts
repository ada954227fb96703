/** What surrounds the products and the normalization in `normalised-perceptron.ts`: gain, bias, rectifier, transposes. */
import type { FloatArray } from '../../kernels/lstm-arithmetic.ts';
import type { Rows } from './normalised-rows.ts';

/** output = relu(gain ⊙ x + bias), without the rectifier in the last layer. */
export function scaleAndRectify(
  x: FloatArray,
  gain: FloatArray | undefined,
  bias: FloatArray,
  output: FloatArray,
  { rows, width }: Rows,
  isRectified: boolean,
): void {
  for (let row = 0; row < rows; row++) {
    for (let unit = 0; unit < width; unit++) {
      const k = row * width + unit;
      const value = (gain ? gain[unit]! * x[k]! : x[k]!) + bias[unit]!;
      output[k] = isRectified && value < 0 ? 0 : value;
    }
  }
}

export function maskRectified(delta: FloatArray, output: FloatArray, count: number): void {
  for (let k = 0; k < count; k++) if (!(output[k]! > 0)) delta[k] = 0;
}

export function sumRows(delta: FloatArray, sums: FloatArray, { rows, width }: Rows): void {
  for (let unit = 0; unit < width; unit++) {
    let sum = 0;
    for (let k = unit; k < rows * width; k += width) sum += delta[k]!;
    sums[unit] = sum;
  }
}

/** ∂L/∂gain = Σ ∂L/∂y ⊙ x̂ over the rows; ∂L/∂y becomes ∂L/∂x̂. */
export function reverseGain(
  delta: FloatArray,
  normalised: FloatArray,
  gain: FloatArray,
  gainGradient: FloatArray,
  { rows, width }: Rows,
): void {
  for (let unit = 0; unit < width; unit++) {
    let sum = 0;
    for (let k = unit; k < rows * width; k += width) {
      sum += delta[k]! * normalised[k]!;
      delta[k]! *= gain[unit]!;
    }
    gainGradient[unit] = sum;
  }
}

/** [rows, width] to [width, columns]; columns beyond the rows keep what they hold. */
export function transpose(from: FloatArray, to: FloatArray, rows: number, width: number, columns: number): void {
  for (let unit = 0; unit < width; unit++) {
    for (let row = 0; row < rows; row++) to[unit * columns + row] = from[row * width + unit]!;
  }
}

/** [width, columns] to [rows, width]. */
export function transposeBack(from: FloatArray, to: FloatArray, rows: number, width: number, columns: number): void {
  for (let unit = 0; unit < width; unit++) {
    for (let row = 0; row < rows; row++) to[row * width + unit] = from[unit * columns + row]!;
  }
}
