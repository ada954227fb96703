/**
 * Products of matrices of any size, float32. The right-hand one is packed first into tiles of eight columns,
 * [tiles][rows][8]; the other is read where it lies. Addresses and distances are in bytes.
 */
import { addFourColumns, addOneColumn, fourRows, oneRow } from './product-tile';

/** Rows of a tile that a pass takes: 16 KB of weights, which stay in the first-level cache. */
// @ts-ignore: decorator
@inline
const PASS_ROWS: i32 = 512;

/** Rows of both matrices that `addTransposedProduct` takes at a time: as many as stay in the second-level cache. */
// @ts-ignore: decorator
@inline
const PANEL_ROWS: i32 = 128;

/**
 * b [rows, columns], whose element [r, c] lies at r · rowBytes + c · columnBytes, → packed tiles `tileBytes` apart; what the
 * last tile has beyond the columns is left as it is.
 */
export function packColumns(
  b: usize, rowBytes: usize, columnBytes: usize, rows: i32, columns: i32, packed: usize, tileBytes: usize,
): void {
  const end = <usize>rows * 32;
  for (let first = 0; first < columns; first += 8) {
    const count = min(8, columns - first);
    if (columnBytes == 4 && count == 8) {
      let source = b;
      for (let target = packed; target < packed + end; target += 32) {
        v128.store(target, v128.load(source));
        v128.store(target, v128.load(source, 16), 16);
        source += rowBytes;
      }
    } else if (rowBytes == 4 && count == 8) {
      packTurnedTile(b, columnBytes, rows, packed);
    } else {
      for (let lane = 0; lane < count; lane++) {
        let source = b + <usize>lane * columnBytes;
        for (let target = packed + <usize>lane * 4; target < packed + end; target += 32) {
          store<f32>(target, load<f32>(source));
          source += rowBytes;
        }
      }
    }
    b += 8 * columnBytes;
    packed += tileBytes;
  }
}

/** A tile whose columns lie in a row: four of its rows at a time, which are two transposes of four by four. */
function packTurnedTile(b: usize, columnBytes: usize, rows: i32, packed: usize): void {
  for (; rows >= 4; rows -= 4) {
    packTurnedSquare(b, columnBytes, packed);
    packTurnedSquare(b + 4 * columnBytes, columnBytes, packed + 16);
    b += 16;
    packed += 128;
  }
  for (; rows > 0; rows--) {
    for (let lane: usize = 0; lane < 8; lane++) store<f32>(packed + lane * 4, load<f32>(b + lane * columnBytes));
    b += 4;
    packed += 32;
  }
}

// @ts-ignore: decorator
@inline
function packTurnedSquare(b: usize, columnBytes: usize, packed: usize): void {
  const w = v128.load(b);
  const x = v128.load(b + columnBytes);
  const y = v128.load(b + 2 * columnBytes);
  const z = v128.load(b + 3 * columnBytes);
  const lowWX = v128.shuffle<i32>(w, x, 0, 4, 1, 5);
  const highWX = v128.shuffle<i32>(w, x, 2, 6, 3, 7);
  const lowYZ = v128.shuffle<i32>(y, z, 0, 4, 1, 5);
  const highYZ = v128.shuffle<i32>(y, z, 2, 6, 3, 7);
  v128.store(packed, v128.shuffle<i64>(lowWX, lowYZ, 0, 2));
  v128.store(packed, v128.shuffle<i64>(lowWX, lowYZ, 1, 3), 32);
  v128.store(packed, v128.shuffle<i64>(highWX, highYZ, 0, 2), 64);
  v128.store(packed, v128.shuffle<i64>(highWX, highYZ, 1, 3), 96);
}

/**
 * c [rows, columns] (+)= a [rows, inner] · b, packed in tiles [inner][8] that follow one another. Rows of a lie aBytes apart, those of
 * c cBytes. Columns beyond a multiple of eight are computed in `spare`, 128 bytes, and cannot be added to.
 */
export function product(
  a: usize, aBytes: usize, packed: usize, c: usize, cBytes: usize, rows: i32, inner: i32, columns: i32,
  accumulate: bool, spare: usize,
): void {
  const tileBytes = <usize>inner * 32;
  let column = 0;
  for (; column + 8 <= columns; column += 8) {
    const target = c + <usize>column * 4;
    for (let first = 0; first < inner; first += PASS_ROWS) {
      const count = min(PASS_ROWS, inner - first);
      multiplyTile(
        a + <usize>first * 4, aBytes, packed + <usize>first * 32, target, cBytes, rows, count, accumulate || first > 0,
      );
    }
    packed += tileBytes;
  }
  if (column == columns) return;
  const bytes = <usize>(columns - column) * 4;
  for (let row = 0; row < rows; row++) {
    oneRow(a, 0, 1, inner, packed, spare, false);
    memory.copy(c + <usize>column * 4, spare, bytes);
    a += aBytes;
    c += cBytes;
  }
}

function multiplyTile(
  a: usize, aBytes: usize, weights: usize, c: usize, cBytes: usize, rows: i32, inner: i32, accumulate: bool,
): void {
  for (; rows >= 4; rows -= 4) {
    fourRows(a, aBytes, 0, 1, inner, weights, c, cBytes, accumulate);
    a += 4 * aBytes;
    c += 4 * cBytes;
  }
  for (; rows > 0; rows--) {
    oneRow(a, 0, 1, inner, weights, c, accumulate);
    a += aBytes;
    c += cBytes;
  }
}

/**
 * c [columnsA, columnsB] += aᵀ · b of a [rows, columnsA] and b [rows, columnsB]. Rows of a lie aBytes apart, those of b
 * columnsB floats, those of c so many rounded up to a multiple of eight: what is beyond the columns is anything. `panel` has
 * room for min(rows, PANEL_ROWS) rows of as many floats.
 */
export function addTransposedProduct(
  a: usize, aBytes: usize, columnsA: i32, b: usize, columnsB: i32, rows: i32, c: usize, panel: usize,
): void {
  const bBytes = <usize>columnsB * 4;
  const cBytes = <usize>((columnsB + 7) & ~7) * 4;
  for (; rows > 0; rows -= PANEL_ROWS) {
    const count = min(PANEL_ROWS, rows);
    const tileBytes = <usize>count * 32;
    packColumns(b, bBytes, 4, count, columnsB, panel, tileBytes);
    let tile = panel;
    for (let target = c; target < c + cBytes; target += 32) {
      let source = a;
      let row = target;
      let column = columnsA;
      for (; column >= 4; column -= 4) {
        addFourColumns(source, aBytes, tile, count, row, cBytes);
        source += 16;
        row += 4 * cBytes;
      }
      for (; column > 0; column--) {
        addOneColumn(source, aBytes, tile, count, row);
        source += 4;
        row += cBytes;
      }
      tile += tileBytes;
    }
    a += <usize>count * aBytes;
    b += <usize>count * bBytes;
  }
}

/** c [columnsA, columnsB] = aᵀ · b likewise, its rows without a gap. `sums` is c, or has room for its rows rounded up where they have to be. */
export function transposedProduct(
  a: usize, aBytes: usize, columnsA: i32, b: usize, columnsB: i32, rows: i32, c: usize, sums: usize, panel: usize,
): void {
  const sumBytes = <usize>((columnsB + 7) & ~7) * 4;
  memory.fill(sums, 0, <usize>columnsA * sumBytes);
  addTransposedProduct(a, aBytes, columnsA, b, columnsB, rows, sums, panel);
  if (sums == c) return;
  const bytes = <usize>columnsB * 4;
  for (; columnsA > 0; columnsA--) {
    memory.copy(c, sums, bytes);
    c += bytes;
    sums += sumBytes;
  }
}
