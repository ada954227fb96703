/**
 * A multigrid solver's work (lib/random-walk/multigrid): on pixels here, on groups of pixels in random-walk-groups.ts. Pixels'
 * values are [pixels, columns]; groups' are [groups, columns rounded up to 4], and what is beyond the columns stays zero.
 *
 * r = αAx + (1 − α) f − x everywhere. Inner products weigh a pixel by its degree d, for which A is symmetric. P copies a
 * group's values to its pixels, and Pᵀ D sums values of pixels, times d, into those of groups.
 */
import { madd } from './simd-math';
import { productRow } from './random-walk-product';
import { storeLanes } from './random-walk-window';

export { groupPixels, measureGroups, strongestAffinities, sumBlockRow } from './random-walk-grouping';
export { addOfGroups, dotProduct, relaxGroups, residualOfGroups, scaleGroups } from './random-walk-groups';

/** All bits of the first `lanes` floats, from 1 to 4. */
// @ts-ignore: decorator
@inline
function firstLanes(lanes: i32): v128 {
  return i32x4.gt_s(i32x4.splat(lanes), i32x4(0, 1, 2, 3));
}

// @ts-ignore: decorator
@inline
function largestLane(value: v128): f32 {
  return max(
    max(f32x4.extract_lane(value, 0), f32x4.extract_lane(value, 1)),
    max(f32x4.extract_lane(value, 2), f32x4.extract_lane(value, 3)),
  );
}

// @ts-ignore: decorator
@inline
function sumOfLanes(value: v128): f32 {
  return (
    f32x4.extract_lane(value, 0) + f32x4.extract_lane(value, 1) +
    (f32x4.extract_lane(value, 2) + f32x4.extract_lane(value, 3))
  );
}

/**
 * next = x + r ⊙ relaxation.
 *
 * @param next another array than x
 * @param relaxation [height, width]
 * @param rowValues scratch, one row of values
 * @returns ‖r‖∞
 */
export function relax(
  x: usize, next: usize, f: usize, relaxation: usize, affinities: usize, inverseDegrees: usize, rowValues: usize,
  diffusion: f32, height: i32, width: i32, columns: i32, window: usize, radius: i32, places: i32, runs: usize,
): f32 {
  const alpha = f32x4.splat(diffusion);
  const beta = f32x4.splat(<f32>1 - diffusion);
  const lanes = ((columns - 1) & 3) + 1;
  const mask = firstLanes(lanes);
  const last = <usize>(columns - lanes) * 4;
  const pixelBytes = <usize>columns * 4;
  let own = x;
  let largest = f32x4.splat(0);
  for (let row = 0; row < height; row++) {
    productRow(x, affinities, inverseDegrees, rowValues, row, height, width, columns, window, radius, places, runs);
    let product = rowValues;
    for (let column = 0; column < width; column++) {
      const factor = v128.load32_splat(relaxation);
      for (let at: usize = 0; at < last; at += 16) {
        const value = v128.load(own + at);
        const target = madd(alpha, v128.load(product + at), f32x4.mul(beta, v128.load(f + at)));
        const residual = f32x4.sub(target, value);
        largest = f32x4.max(largest, f32x4.abs(residual));
        v128.store(next + at, madd(factor, residual, value));
      }
      const value = v128.load(own + last);
      const target = madd(alpha, v128.load(product + last), f32x4.mul(beta, v128.load(f + last)));
      const residual = v128.and(f32x4.sub(target, value), mask);
      largest = f32x4.max(largest, f32x4.abs(residual));
      storeLanes(next + last, madd(factor, residual, value), lanes);
      own += pixelBytes;
      next += pixelBytes;
      f += pixelBytes;
      product += pixelBytes;
      relaxation += 4;
    }
  }
  return largestLane(largest);
}

/**
 * The residual of x, and b += Pᵀ D r.
 *
 * @param residual written, [height, width, columns]
 * @param groups [height, width] int32, the group of each pixel times the bytes of a group's values
 * @returns ‖r‖∞
 */
export function residual(
  x: usize, f: usize, residual: usize, groups: usize, b: usize, affinities: usize, inverseDegrees: usize,
  diffusion: f32, height: i32, width: i32, columns: i32, window: usize, radius: i32, places: i32, runs: usize,
): f32 {
  const alpha = f32x4.splat(diffusion);
  const beta = f32x4.splat(<f32>1 - diffusion);
  const lanes = ((columns - 1) & 3) + 1;
  const mask = firstLanes(lanes);
  const last = <usize>(columns - lanes) * 4;
  const pixelBytes = <usize>columns * 4;
  let own = x;
  let largest = f32x4.splat(0);
  for (let row = 0; row < height; row++) {
    productRow(x, affinities, inverseDegrees, residual, row, height, width, columns, window, radius, places, runs);
    const rowInverses = inverseDegrees + <usize>(row * width) * 4;
    for (let column = 0; column < width; column++) {
      const degree = f32x4.splat(<f32>1 / load<f32>(rowInverses + (<usize>column << 2)));
      const target = b + <usize>load<i32>(groups);
      for (let at: usize = 0; at < last; at += 16) {
        const sum = madd(alpha, v128.load(residual + at), f32x4.mul(beta, v128.load(f + at)));
        const r = f32x4.sub(sum, v128.load(own + at));
        largest = f32x4.max(largest, f32x4.abs(r));
        v128.store(residual + at, r);
        v128.store(target + at, madd(degree, r, v128.load(target + at)));
      }
      const sum = madd(alpha, v128.load(residual + last), f32x4.mul(beta, v128.load(f + last)));
      const r = v128.and(f32x4.sub(sum, v128.load(own + last)), mask);
      largest = f32x4.max(largest, f32x4.abs(r));
      storeLanes(residual + last, r, lanes);
      v128.store(target + last, madd(degree, r, v128.load(target + last)));
      own += pixelBytes;
      f += pixelBytes;
      residual += pixelBytes;
      groups += 4;
    }
  }
  return largestLane(largest);
}

/** b += factor Pᵀ D v; see `residual`. */
export function sumInGroups(
  v: usize, factor: f32, groups: usize, b: usize, inverseDegrees: usize, pixels: i32, columns: i32,
): void {
  const lanes = ((columns - 1) & 3) + 1;
  const mask = firstLanes(lanes);
  const last = <usize>(columns - lanes) * 4;
  for (let pixel = 0; pixel < pixels; pixel++) {
    const degree = f32x4.splat(factor / load<f32>(inverseDegrees));
    const target = b + <usize>load<i32>(groups);
    for (let at: usize = 0; at < last; at += 16) {
      v128.store(target + at, madd(degree, v128.load(v + at), v128.load(target + at)));
    }
    v128.store(target + last, madd(degree, v128.and(v128.load(v + last), mask), v128.load(target + last)));
    v += <usize>columns * 4;
    inverseDegrees += 4;
    groups += 4;
  }
}

/** x = keep · x + P e. */
export function addToPixels(x: usize, keep: f32, groups: usize, e: usize, pixels: i32, columns: i32): void {
  const kept = f32x4.splat(keep);
  const lanes = ((columns - 1) & 3) + 1;
  const last = <usize>(columns - lanes) * 4;
  for (let pixel = 0; pixel < pixels; pixel++) {
    const from = e + <usize>load<i32>(groups);
    for (let at: usize = 0; at < last; at += 16) {
      v128.store(x + at, madd(kept, v128.load(x + at), v128.load(from + at)));
    }
    storeLanes(x + last, madd(kept, v128.load(x + last), v128.load(from + last)), lanes);
    x += <usize>columns * 4;
    groups += 4;
  }
}

/** q = p − αAp. Returns pᵀDq. */
export function curvature(
  p: usize, q: usize, affinities: usize, inverseDegrees: usize, diffusion: f32,
  height: i32, width: i32, columns: i32, window: usize, radius: i32, places: i32, runs: usize,
): f64 {
  const alpha = f32x4.splat(-diffusion);
  const lanes = ((columns - 1) & 3) + 1;
  const mask = firstLanes(lanes);
  const last = <usize>(columns - lanes) * 4;
  const pixelBytes = <usize>columns * 4;
  let own = p;
  let sum: f64 = 0;
  for (let row = 0; row < height; row++) {
    productRow(p, affinities, inverseDegrees, q, row, height, width, columns, window, radius, places, runs);
    const rowInverses = inverseDegrees + <usize>(row * width) * 4;
    for (let column = 0; column < width; column++) {
      let dots = f32x4.splat(0);
      for (let at: usize = 0; at < last; at += 16) {
        const direction = v128.load(own + at);
        const image = madd(alpha, v128.load(q + at), direction);
        v128.store(q + at, image);
        dots = madd(direction, image, dots);
      }
      const direction = v128.and(v128.load(own + last), mask);
      const image = madd(alpha, v128.load(q + last), direction);
      storeLanes(q + last, image, lanes);
      dots = madd(direction, image, dots);
      sum += <f64>sumOfLanes(dots) / <f64>load<f32>(rowInverses + (<usize>column << 2));
      own += pixelBytes;
      q += pixelBytes;
    }
  }
  return sum;
}

/**
 * x += step p, r −= step q and b += Pᵀ D r. Returns the product of D r and r ⊙ relaxation, and stores ‖r‖∞ as a float.
 *
 * @param q what `curvature` wrote for p
 */
export function advance(
  x: usize, r: usize, p: usize, q: usize, step: f32, relaxation: usize, groups: usize, b: usize,
  inverseDegrees: usize, pixels: i32, columns: i32, largestAt: usize,
): f64 {
  const forward = f32x4.splat(step);
  const backward = f32x4.splat(-step);
  const lanes = ((columns - 1) & 3) + 1;
  const mask = firstLanes(lanes);
  const last = <usize>(columns - lanes) * 4;
  const pixelBytes = <usize>columns * 4;
  let largest = f32x4.splat(0);
  let sum: f64 = 0;
  for (let pixel = 0; pixel < pixels; pixel++) {
    const degree = <f32>1 / load<f32>(inverseDegrees);
    const weight = f32x4.splat(degree);
    const target = b + <usize>load<i32>(groups);
    let squares = f32x4.splat(0);
    for (let at: usize = 0; at < last; at += 16) {
      v128.store(x + at, madd(forward, v128.load(p + at), v128.load(x + at)));
      const value = madd(backward, v128.load(q + at), v128.load(r + at));
      v128.store(r + at, value);
      largest = f32x4.max(largest, f32x4.abs(value));
      squares = madd(value, value, squares);
      v128.store(target + at, madd(weight, value, v128.load(target + at)));
    }
    storeLanes(x + last, madd(forward, v128.load(p + last), v128.load(x + last)), lanes);
    const value = v128.and(madd(backward, v128.load(q + last), v128.load(r + last)), mask);
    storeLanes(r + last, value, lanes);
    largest = f32x4.max(largest, f32x4.abs(value));
    squares = madd(value, value, squares);
    v128.store(target + last, madd(weight, value, v128.load(target + last)));
    sum += <f64>sumOfLanes(squares) * <f64>(degree * load<f32>(relaxation));
    x += pixelBytes;
    r += pixelBytes;
    p += pixelBytes;
    q += pixelBytes;
    inverseDegrees += 4;
    relaxation += 4;
    groups += 4;
  }
  store<f32>(largestAt, largestLane(largest));
  return sum;
}

/** p = r ⊙ relaxation + P e + factor p. */
export function turn(
  p: usize, r: usize, relaxation: usize, groups: usize, e: usize, factor: f32, pixels: i32, columns: i32,
): void {
  const kept = f32x4.splat(factor);
  const lanes = ((columns - 1) & 3) + 1;
  const last = <usize>(columns - lanes) * 4;
  for (let pixel = 0; pixel < pixels; pixel++) {
    const scale = v128.load32_splat(relaxation);
    const from = e + <usize>load<i32>(groups);
    for (let at: usize = 0; at < last; at += 16) {
      const direction = madd(scale, v128.load(r + at), v128.load(from + at));
      v128.store(p + at, madd(kept, v128.load(p + at), direction));
    }
    const direction = madd(scale, v128.load(r + last), v128.load(from + last));
    storeLanes(p + last, madd(kept, v128.load(p + last), direction), lanes);
    p += <usize>columns * 4;
    r += <usize>columns * 4;
    relaxation += 4;
    groups += 4;
  }
}
