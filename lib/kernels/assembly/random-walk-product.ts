/**
 * The product W v of affinities and values [pixels, columns], with columns innermost. A tile is up to 24 columns of two
 * neighbouring pixels: twelve sums in registers, and every value that is loaded serves both pixels, so that multiply-adds
 * are what bounds it and not loads.
 */
import { madd } from './simd-math';
import { middle, reach, storeLanes } from './random-walk-window';

/** Columns of a tile. */
// @ts-ignore: decorator
@inline
const TILE_COLUMNS: i32 = 24;

/** Eight int32 that say where a run of neighbours of two pixels lies; see `writeRuns`. */
// @ts-ignore: decorator
@inline
const RUN_BYTES: usize = 32;

/** Bytes of all runs of a window. */
// @ts-ignore: decorator
@inline
export function windowRunBytes(radius: i32): i32 {
  return (2 * radius + 2) * <i32>RUN_BYTES;
}

/**
 * Where the neighbours of the pixels at `column` and at `column` + 1 lie, relative to the first of the two, in bytes: one
 * run of columns for each row of the window, and two for the pixels' own row. A run is the place of its first column's
 * values, of its affinity to the first pixel, and of the affinity to the second pixel of the first column that has one, the
 * step from a column's affinity to the next one's, whether a column comes first that belongs to the first pixel alone, how
 * many belong to both, whether a last one belongs to the second alone, and the row.
 */
function writeRuns(
  window: usize, radius: i32, places: i32, width: i32, columns: i32, column: i32, runs: usize,
): void {
  const placesBytes = places * 4;
  for (let row = -radius; row <= radius; row++) {
    const down = row < 0 ? -row : row;
    const side = reach(window, down);
    const straight = middle(window, down);
    const alone = column - side >= 0 ? 1 : 0;
    const last = column + 1 + side < width ? 1 : 0;
    const start = alone ? -side : max(-column, 1 - side);
    const bothStart = start + alone;
    const end = min(width - 1 - column, side);
    const values = (row * width + start) * columns * 4;
    if (row < 0) {
      // The pair is kept at the neighbour, which comes before.
      const first = (row * width + start) * placesBytes + (straight - start) * 4;
      const second = (row * width + bothStart) * placesBytes + (straight + 1 - bothStart) * 4;
      writeRun(runs, values, first, second, placesBytes - 4, alone, end - bothStart + 1, last, row);
    } else if (row > 0) {
      const first = (straight + start) * 4;
      const second = placesBytes + (straight + bothStart - 1) * 4;
      writeRun(runs, values, first, second, 4, alone, end - bothStart + 1, last, row);
    } else {
      // The pair itself is where the sums begin.
      const first = start * placesBytes + (straight - start) * 4;
      const second = bothStart * placesBytes + (straight + 1 - bothStart) * 4;
      writeRun(runs, values, first, second, placesBytes - 4, alone, -bothStart, 0, 0);
      runs += RUN_BYTES;
      writeRun(runs, 2 * columns * 4, 4, placesBytes, 4, 0, end - 1, last, 0);
    }
    runs += RUN_BYTES;
  }
}

function writeRun(
  run: usize, values: i32, first: i32, second: i32, step: i32, alone: i32, count: i32, last: i32, row: i32,
): void {
  store<i32>(run, values);
  store<i32>(run, first, 4);
  store<i32>(run, second, 8);
  store<i32>(run, step, 12);
  store<i32>(run, alone, 16);
  store<i32>(run, count, 20);
  store<i32>(run, last, 24);
  store<i32>(run, row, 28);
}

/**
 * One row of W v, every pixel's sums times its `scale`.
 *
 * @param v [height, width, columns]; up to 12 bytes behind it are read
 * @param affinities [height, width, places]
 * @param scale [height, width]; 0 for none
 * @param out [width, columns], of this row alone; not a part of v
 * @param runs room for the runs of a window
 */
export function productRow(
  v: usize, affinities: usize, scale: usize, out: usize, row: i32, height: i32, width: i32, columns: i32,
  window: usize, radius: i32, places: i32, runs: usize,
): void {
  if (width == 1) {
    productOfOne(v, affinities, scale, out, row, height, columns, window, radius, places);
    return;
  }
  // Runs of rows outside the image fall off at the ends: one a row, and two for the middle.
  const firstRun = runs + <usize>max(0, radius - row) * RUN_BYTES;
  const endRun = runs + <usize>(2 * radius + 2 - max(0, row + radius - height + 1)) * RUN_BYTES;
  const pixelBytes = <usize>columns * 4;
  const placesBytes = <usize>places * 4;
  const widest = reach(window, 0);
  let runsAreInner = false;
  for (let column = 0; column < width; column += 2) {
    // The last pixel of an odd width is computed together with the one before, once more.
    if (column == width - 1) column--;
    const isInner = column >= widest && column + 1 + widest < width;
    if (!isInner || !runsAreInner) writeRuns(window, radius, places, width, columns, column, runs);
    runsAreInner = isInner;
    const pixel = <usize>(row * width + column);
    const scaleAt: usize = scale == 0 ? 0 : scale + pixel * 4;
    const weightsAt = affinities + pixel * placesBytes;
    for (let tile = 0; tile < columns; tile += TILE_COLUMNS) {
      const tileColumns = min(TILE_COLUMNS, columns - tile);
      const vectors = (tileColumns + 3) >> 2;
      const lanes = tileColumns - 4 * (vectors - 1);
      const valuesAt = v + pixel * pixelBytes + <usize>tile * 4;
      const outAt = out + <usize>column * pixelBytes + <usize>tile * 4;
      if (vectors == 6) pairOfPixels(6, valuesAt, weightsAt, scaleAt, outAt, pixelBytes, firstRun, endRun, lanes);
      else if (vectors == 5) pairOfPixels(5, valuesAt, weightsAt, scaleAt, outAt, pixelBytes, firstRun, endRun, lanes);
      else if (vectors == 4) pairOfPixels(4, valuesAt, weightsAt, scaleAt, outAt, pixelBytes, firstRun, endRun, lanes);
      else if (vectors == 3) pairOfPixels(3, valuesAt, weightsAt, scaleAt, outAt, pixelBytes, firstRun, endRun, lanes);
      else if (vectors == 2) pairOfPixels(2, valuesAt, weightsAt, scaleAt, outAt, pixelBytes, firstRun, endRun, lanes);
      else pairOfPixels(1, valuesAt, weightsAt, scaleAt, outAt, pixelBytes, firstRun, endRun, lanes);
    }
  }
}

/** The pixel of a row that is one pixel wide: every neighbour is above or below. */
function productOfOne(
  v: usize, affinities: usize, scale: usize, out: usize, row: i32, height: i32, columns: i32,
  window: usize, radius: i32, places: i32,
): void {
  const factor: f32 = scale == 0 ? 1 : load<f32>(scale + <usize>row * 4);
  for (let column = 0; column < columns; column++) {
    let sum = load<f32>(v + <usize>(row * columns + column) * 4);
    for (let other = max(0, row - radius); other <= min(height - 1, row + radius); other++) {
      if (other == row) continue;
      const place = min(row, other) * places + middle(window, other < row ? row - other : other - row);
      sum += load<f32>(affinities + <usize>place * 4) * load<f32>(v + <usize>(other * columns + column) * 4);
    }
    store<f32>(out + <usize>column * 4, sum * factor);
  }
}

// @ts-ignore: decorator
@inline
function pairOfPixels(
  vectors: i32, values: usize, weights: usize, scale: usize, out: usize, pixelBytes: usize,
  run: usize, endRun: usize, lanes: i32,
): void {
  // The pair's own part: both have themselves, and each other.
  let a = v128.load32_splat(weights);
  let value = v128.load(values);
  let other = v128.load(values + pixelBytes);
  let a0 = madd(a, other, value);
  let b0 = madd(a, value, other);
  let a1 = f32x4.splat(0);
  let b1 = a1;
  let a2 = a1;
  let b2 = a1;
  let a3 = a1;
  let b3 = a1;
  let a4 = a1;
  let b4 = a1;
  let a5 = a1;
  let b5 = a1;
  if (vectors > 1) {
    value = v128.load(values, 16);
    other = v128.load(values + pixelBytes, 16);
    a1 = madd(a, other, value);
    b1 = madd(a, value, other);
  }
  if (vectors > 2) {
    value = v128.load(values, 32);
    other = v128.load(values + pixelBytes, 32);
    a2 = madd(a, other, value);
    b2 = madd(a, value, other);
  }
  if (vectors > 3) {
    value = v128.load(values, 48);
    other = v128.load(values + pixelBytes, 48);
    a3 = madd(a, other, value);
    b3 = madd(a, value, other);
  }
  if (vectors > 4) {
    value = v128.load(values, 64);
    other = v128.load(values + pixelBytes, 64);
    a4 = madd(a, other, value);
    b4 = madd(a, value, other);
  }
  if (vectors > 5) {
    value = v128.load(values, 80);
    other = v128.load(values + pixelBytes, 80);
    a5 = madd(a, other, value);
    b5 = madd(a, value, other);
  }
  for (; run < endRun; run += RUN_BYTES) {
    let at = values + <usize>load<i32>(run);
    let first = weights + <usize>load<i32>(run, 4);
    let second = weights + <usize>load<i32>(run, 8);
    const step = <usize>load<i32>(run, 12);
    if (load<i32>(run, 16)) {
      a = v128.load32_splat(first);
      a0 = madd(a, v128.load(at), a0);
      if (vectors > 1) a1 = madd(a, v128.load(at, 16), a1);
      if (vectors > 2) a2 = madd(a, v128.load(at, 32), a2);
      if (vectors > 3) a3 = madd(a, v128.load(at, 48), a3);
      if (vectors > 4) a4 = madd(a, v128.load(at, 64), a4);
      if (vectors > 5) a5 = madd(a, v128.load(at, 80), a5);
      at += pixelBytes;
      first += step;
    }
    for (let count = load<i32>(run, 20); count > 0; count--) {
      a = v128.load32_splat(first);
      const b = v128.load32_splat(second);
      value = v128.load(at);
      a0 = madd(a, value, a0);
      b0 = madd(b, value, b0);
      if (vectors > 1) {
        value = v128.load(at, 16);
        a1 = madd(a, value, a1);
        b1 = madd(b, value, b1);
      }
      if (vectors > 2) {
        value = v128.load(at, 32);
        a2 = madd(a, value, a2);
        b2 = madd(b, value, b2);
      }
      if (vectors > 3) {
        value = v128.load(at, 48);
        a3 = madd(a, value, a3);
        b3 = madd(b, value, b3);
      }
      if (vectors > 4) {
        value = v128.load(at, 64);
        a4 = madd(a, value, a4);
        b4 = madd(b, value, b4);
      }
      if (vectors > 5) {
        value = v128.load(at, 80);
        a5 = madd(a, value, a5);
        b5 = madd(b, value, b5);
      }
      at += pixelBytes;
      first += step;
      second += step;
    }
    if (load<i32>(run, 24)) {
      a = v128.load32_splat(second);
      b0 = madd(a, v128.load(at), b0);
      if (vectors > 1) b1 = madd(a, v128.load(at, 16), b1);
      if (vectors > 2) b2 = madd(a, v128.load(at, 32), b2);
      if (vectors > 3) b3 = madd(a, v128.load(at, 48), b3);
      if (vectors > 4) b4 = madd(a, v128.load(at, 64), b4);
      if (vectors > 5) b5 = madd(a, v128.load(at, 80), b5);
    }
  }
  storeTile(vectors, out, scale == 0 ? f32x4.splat(1) : v128.load32_splat(scale), a0, a1, a2, a3, a4, a5, lanes);
  const scaleOfSecond = scale == 0 ? f32x4.splat(1) : v128.load32_splat(scale, 4);
  storeTile(vectors, out + pixelBytes, scaleOfSecond, b0, b1, b2, b3, b4, b5, lanes);
}

// @ts-ignore: decorator
@inline
function storeTile(
  vectors: i32, out: usize, scale: v128, s0: v128, s1: v128, s2: v128, s3: v128, s4: v128, s5: v128, lanes: i32,
): void {
  if (vectors > 1) v128.store(out, f32x4.mul(s0, scale));
  else storeLanes(out, f32x4.mul(s0, scale), lanes);
  if (vectors > 2) v128.store(out, f32x4.mul(s1, scale), 16);
  else if (vectors == 2) storeLanes(out + 16, f32x4.mul(s1, scale), lanes);
  if (vectors > 3) v128.store(out, f32x4.mul(s2, scale), 32);
  else if (vectors == 3) storeLanes(out + 32, f32x4.mul(s2, scale), lanes);
  if (vectors > 4) v128.store(out, f32x4.mul(s3, scale), 48);
  else if (vectors == 4) storeLanes(out + 48, f32x4.mul(s3, scale), lanes);
  if (vectors > 5) v128.store(out, f32x4.mul(s4, scale), 64);
  else if (vectors == 5) storeLanes(out + 64, f32x4.mul(s4, scale), lanes);
  if (vectors == 6) storeLanes(out + 80, f32x4.mul(s5, scale), lanes);
}
