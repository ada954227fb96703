// What an LSTM that shares information between its coordinates spends its time on: matrix products and gates. The rest
// is small and is done outside, in ../../learned-optimizers/information-sharing/.
//
// All arrays are f32 and row-major in the imported memory; the caller lays them out, each beginning at a multiple of 16
// bytes. See ../lstm-arithmetic.ts for shapes and equations.

import { madd, sigmoid, tanh } from './simd-math';

/**
 * c [rows, columns] = (or, with `accumulate`, +=) a [rows, inner] · b [inner, columns]; columns is a multiple of 4. An
 * element of `a` lies `aRow` bytes after the one above it and `aColumn` after the one left of it, so that either may be
 * the transpose of what is in memory; rows of b and c lie `bRow` and `cRow` bytes apart.
 */
export function multiply(
  a: usize, aRow: usize, aColumn: usize, b: usize, bRow: usize, c: usize, cRow: usize,
  rows: i32, inner: i32, columns: i32, accumulate: i32,
): void {
  const width = <usize>columns << 2;
  let column: usize = 0;
  // Four rows by eight columns are eight sums, as many as leave room for their operands in sixteen registers.
  for (; column + 32 <= width; column += 32) {
    let row: i32 = 0;
    for (; row + 4 <= rows; row += 4) {
      const a0 = a + <usize>row * aRow;
      const a1 = a0 + aRow;
      const a2 = a1 + aRow;
      const a3 = a2 + aRow;
      const c0 = c + <usize>row * cRow + column;
      const c1 = c0 + cRow;
      const c2 = c1 + cRow;
      const c3 = c2 + cRow;
      let s00 = f32x4.splat(0);
      let s01 = s00;
      let s10 = s00;
      let s11 = s00;
      let s20 = s00;
      let s21 = s00;
      let s30 = s00;
      let s31 = s00;
      if (accumulate) {
        s00 = v128.load(c0);
        s01 = v128.load(c0, 16);
        s10 = v128.load(c1);
        s11 = v128.load(c1, 16);
        s20 = v128.load(c2);
        s21 = v128.load(c2, 16);
        s30 = v128.load(c3);
        s31 = v128.load(c3, 16);
      }
      let from: usize = 0;
      let weights = b + column;
      for (let k: i32 = 0; k < inner; k++) {
        const b0 = v128.load(weights);
        const b1 = v128.load(weights, 16);
        const x0 = v128.load32_splat(a0 + from);
        s00 = madd(x0, b0, s00);
        s01 = madd(x0, b1, s01);
        const x1 = v128.load32_splat(a1 + from);
        s10 = madd(x1, b0, s10);
        s11 = madd(x1, b1, s11);
        const x2 = v128.load32_splat(a2 + from);
        s20 = madd(x2, b0, s20);
        s21 = madd(x2, b1, s21);
        const x3 = v128.load32_splat(a3 + from);
        s30 = madd(x3, b0, s30);
        s31 = madd(x3, b1, s31);
        from += aColumn;
        weights += bRow;
      }
      v128.store(c0, s00);
      v128.store(c0, s01, 16);
      v128.store(c1, s10);
      v128.store(c1, s11, 16);
      v128.store(c2, s20);
      v128.store(c2, s21, 16);
      v128.store(c3, s30);
      v128.store(c3, s31, 16);
    }
    multiplyFour(a, aRow, aColumn, b, bRow, c, cRow, row, rows, inner, column, accumulate);
    multiplyFour(a, aRow, aColumn, b, bRow, c, cRow, row, rows, inner, column + 16, accumulate);
  }
  if (column < width) multiplyFour(a, aRow, aColumn, b, bRow, c, cRow, 0, rows, inner, column, accumulate);
}

/** What the tiles leave over: rows `row` and below of four columns. */
function multiplyFour(
  a: usize, aRow: usize, aColumn: usize, b: usize, bRow: usize, c: usize, cRow: usize,
  row: i32, rows: i32, inner: i32, column: usize, accumulate: i32,
): void {
  for (; row < rows; row++) {
    const target = c + <usize>row * cRow + column;
    let sum = accumulate ? v128.load(target) : f32x4.splat(0);
    let from = a + <usize>row * aRow;
    let weights = b + column;
    for (let k: i32 = 0; k < inner; k++) {
      sum = madd(v128.load32_splat(from), v128.load(weights), sum);
      from += aColumn;
      weights += bRow;
    }
    v128.store(target, sum);
  }
}

/**
 * The gates of one LSTM layer. z [rows, 4·units] holds the sums of the gates i, f, g, o side by side and gets their
 * activations; lastCell and cell [rows, units]; h [rows, units].
 */
export function applyGates(z: usize, lastCell: usize, cell: usize, h: usize, rows: i32, units: i32): void {
  const block = <usize>units << 2;
  for (let row: i32 = 0; row < rows; row++) {
    for (let unit: usize = 0; unit < block; unit += 16) {
      const place = z + unit;
      const i = sigmoid(v128.load(place));
      const f = sigmoid(v128.load(place + block));
      const g = tanh(v128.load(place + 2 * block));
      const o = sigmoid(v128.load(place + 3 * block));
      const c = madd(f, v128.load(lastCell + unit), f32x4.mul(i, g));
      v128.store(place, i);
      v128.store(place + block, f);
      v128.store(place + 2 * block, g);
      v128.store(place + 3 * block, o);
      v128.store(cell + unit, c);
      v128.store(h + unit, f32x4.mul(o, tanh(c)));
    }
    z += 4 * block;
    lastCell += block;
    cell += block;
    h += block;
  }
}

/**
 * The reverse of `applyGates`. z holds the activations and gets ∂L/∂z; hGradient [rows, units] is ∂L/∂h; cellGradient
 * [rows, units] is what later steps have for ∂L/∂cell and gets ∂L/∂lastCell.
 */
export function reverseGates(
  z: usize, lastCell: usize, cell: usize, hGradient: usize, cellGradient: usize, rows: i32, units: i32,
): void {
  const block = <usize>units << 2;
  const one = f32x4.splat(1);
  for (let row: i32 = 0; row < rows; row++) {
    for (let unit: usize = 0; unit < block; unit += 16) {
      const place = z + unit;
      const i = v128.load(place);
      const f = v128.load(place + block);
      const g = v128.load(place + 2 * block);
      const o = v128.load(place + 3 * block);
      const t = tanh(v128.load(cell + unit));
      const dh = v128.load(hGradient + unit);
      const slope = f32x4.mul(o, f32x4.sub(one, f32x4.mul(t, t)));
      const dc = madd(dh, slope, v128.load(cellGradient + unit));
      v128.store(place, f32x4.mul(f32x4.mul(dc, g), f32x4.mul(i, f32x4.sub(one, i))));
      const df = f32x4.mul(dc, v128.load(lastCell + unit));
      v128.store(place + block, f32x4.mul(df, f32x4.mul(f, f32x4.sub(one, f))));
      v128.store(place + 2 * block, f32x4.mul(f32x4.mul(dc, i), f32x4.sub(one, f32x4.mul(g, g))));
      v128.store(place + 3 * block, f32x4.mul(f32x4.mul(dh, t), f32x4.mul(o, f32x4.sub(one, o))));
      v128.store(cellGradient + unit, f32x4.mul(dc, f));
    }
    z += 4 * block;
    lastCell += block;
    cell += block;
    hGradient += block;
    cellGradient += block;
  }
}
