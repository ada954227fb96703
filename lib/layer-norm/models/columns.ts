/** Columns of row-major matrices, to and from matrices of their own. */
import type { FloatArray } from '../../kernels/lstm-arithmetic.ts';

/** Columns `at` … `at + width` of rows that are `stride` long. */
export interface Columns {
  readonly rows: number;
  readonly width: number;
  readonly stride: number;
  readonly at: number;
}

/** [rows, width] into them. */
export function copyColumns(from: FloatArray, to: FloatArray, { rows, width, stride, at }: Columns): void {
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < width; k++) to[row * stride + at + k] = from[row * width + k]!;
  }
}

/** Out of them, to [rows, width]. */
export function copyColumnsOut(from: FloatArray, to: FloatArray, { rows, width, stride, at }: Columns): void {
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < width; k++) to[row * width + k] = from[row * stride + at + k]!;
  }
}

/** Out of them, added to [rows, width]. */
export function addColumns(from: FloatArray, to: FloatArray, { rows, width, stride, at }: Columns): void {
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < width; k++) to[row * width + k]! += from[row * stride + at + k]!;
  }
}
