/** Moves columns between arrays whose rows are coordinates, row-major, each with a width of its own. */
import type { FloatArray } from '../../kernels/lstm-arithmetic.ts';

/** `count` columns of one array of rows into another. */
export function copyColumns(
  from: FloatArray,
  fromWidth: number,
  fromColumn: number,
  to: FloatArray,
  toWidth: number,
  toColumn: number,
  count: number,
): void {
  for (let source = fromColumn, target = toColumn; source < from.length; source += fromWidth, target += toWidth)
    for (let column = 0; column < count; column++) to[target + column] = from[source + column]!;
}

/** Adds the first `count` columns, which are all that `to` has. */
export function addColumns(from: FloatArray, fromWidth: number, to: FloatArray, count: number): void {
  for (let source = 0, target = 0; target < to.length; source += fromWidth, target += count)
    for (let column = 0; column < count; column++) to[target + column]! += from[source + column]!;
}

export function fillColumn(rows: FloatArray, width: number, column: number, value: number): void {
  for (let place = column; place < rows.length; place += width) rows[place] = value;
}

export function transpose(matrix: FloatArray, rows: number, columns: number, target: FloatArray): void {
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) target[column * rows + row] = matrix[row * columns + column]!;
}
