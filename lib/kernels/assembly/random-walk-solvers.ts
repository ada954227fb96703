/**
 * Iterations that solve (I − αA) y = (1 − α) f. Every one of them knows the residual r = αAx + (1 − α) f − x of the values
 * that it begins with, which bounds their error: ‖x − y‖∞ ≤ ‖r‖∞ / (1 − α), because A's rows sum to one.
 */
import { madd } from './simd-math';
import { productRow } from './random-walk-product';

/**
 * next = ω (x + γ r) + (1 − ω) previous: the fixed point at ω = γ = 1, and Chebyshev's iteration.
 *
 * @param x [height, width, columns]
 * @param previous read, and overwritten with next
 * @param rowValues scratch, one row of values
 * @returns ‖r‖∞
 */
export function iterate(
  x: usize, previous: usize, f: usize, affinities: usize, inverseDegrees: usize, rowValues: usize,
  diffusion: f32, omega: f32, gamma: f32,
  height: i32, width: i32, columns: i32, window: usize, radius: i32, places: i32, runs: usize,
): f32 {
  return iterateRows(
    x, previous, f, affinities, inverseDegrees, rowValues, diffusion, omega, gamma, 0, height,
    height, width, columns, window, radius, places, runs,
  );
}

/** The same of the rows from `firstRow` to before `endRow` alone: rows read x of others, and write their own. */
export function iterateRows(
  x: usize, previous: usize, f: usize, affinities: usize, inverseDegrees: usize, rowValues: usize,
  diffusion: f32, omega: f32, gamma: f32, firstRow: i32, endRow: i32,
  height: i32, width: i32, columns: i32, window: usize, radius: i32, places: i32, runs: usize,
): f32 {
  const alpha = f32x4.splat(diffusion);
  const beta = f32x4.splat(<f32>1 - diffusion);
  const ofStep = f32x4.splat(omega * gamma);
  const ofX = f32x4.splat(omega);
  const ofPrevious = f32x4.splat(<f32>1 - omega);
  const rowBytes = <usize>(width * columns) * 4;
  let largest = f32x4.splat(0);
  for (let row = firstRow; row < endRow; row++) {
    productRow(x, affinities, inverseDegrees, rowValues, row, height, width, columns, window, radius, places, runs);
    const rowStart = <usize>row * rowBytes;
    const end = rowBytes & ~15;
    let at: usize = 0;
    for (; at < end; at += 16) {
      const own = v128.load(x + rowStart + at);
      const target = madd(alpha, v128.load(rowValues + at), f32x4.mul(beta, v128.load(f + rowStart + at)));
      const residual = f32x4.sub(target, own);
      largest = f32x4.max(largest, f32x4.abs(residual));
      const old = f32x4.mul(ofPrevious, v128.load(previous + rowStart + at));
      v128.store(previous + rowStart + at, madd(ofStep, residual, madd(ofX, own, old)));
    }
    for (; at < rowBytes; at += 4) {
      const own = load<f32>(x + rowStart + at);
      const residual = diffusion * load<f32>(rowValues + at) + (<f32>1 - diffusion) * load<f32>(f + rowStart + at) - own;
      largest = f32x4.max(largest, f32x4.splat(abs(residual)));
      const old = (<f32>1 - omega) * load<f32>(previous + rowStart + at);
      store<f32>(previous + rowStart + at, omega * gamma * residual + omega * own + old);
    }
  }
  return largestLane(largest);
}

// @ts-ignore: decorator
@inline
function largestLane(value: v128): f32 {
  return max(
    max(f32x4.extract_lane(value, 0), f32x4.extract_lane(value, 1)),
    max(f32x4.extract_lane(value, 2), f32x4.extract_lane(value, 3)),
  );
}

/**
 * Conjugate gradients on D − αW, which is symmetric and positive definite, with D as preconditioner: the same numbers as
 * on the symmetrised I − αD^½AD^-½, and its residuals are those of (I − αA) y = (1 − α) f. Here out = p − αAp.
 *
 * @returns pᵀ(D − αW)p
 */
export function searchProduct(
  p: usize, out: usize, affinities: usize, inverseDegrees: usize, diffusion: f32,
  height: i32, width: i32, columns: i32, window: usize, radius: i32, places: i32, runs: usize,
): f64 {
  let sum: f64 = 0;
  let own = p;
  for (let row = 0; row < height; row++) {
    productRow(p, affinities, inverseDegrees, out, row, height, width, columns, window, radius, places, runs);
    for (let column = 0; column < width; column++) {
      let dot: f32 = 0;
      for (let at = 0; at < columns; at++) {
        const value = load<f32>(own) - diffusion * load<f32>(out);
        store<f32>(out, value);
        dot += load<f32>(own) * value;
        own += 4;
        out += 4;
      }
      sum += <f64>dot / <f64>load<f32>(inverseDegrees + <usize>(row * width + column) * 4);
    }
  }
  return sum;
}

/**
 * x += step p and r −= step q. Returns rᵀDr, and stores ‖r‖∞ as a float.
 *
 * @param q what `searchProduct` put out for p
 */
export function advanceResidual(
  x: usize, r: usize, p: usize, q: usize, step: f32, inverseDegrees: usize, pixels: i32, columns: i32, largest: usize,
): f64 {
  let sum: f64 = 0;
  let most: f32 = 0;
  for (let pixel = 0; pixel < pixels; pixel++) {
    let square: f32 = 0;
    for (let at = 0; at < columns; at++) {
      store<f32>(x, load<f32>(x) + step * load<f32>(p));
      const value = load<f32>(r) - step * load<f32>(q);
      store<f32>(r, value);
      square += value * value;
      most = max(most, abs(value));
      x += 4;
      r += 4;
      p += 4;
      q += 4;
    }
    sum += <f64>square / <f64>load<f32>(inverseDegrees + (<usize>pixel << 2));
  }
  store<f32>(largest, most);
  return sum;
}

/** p = r + factor p. */
export function advanceSearch(p: usize, r: usize, factor: f32, count: i32): void {
  for (; count >= 4; count -= 4) {
    v128.store(p, madd(f32x4.splat(factor), v128.load(p), v128.load(r)));
    p += 16;
    r += 16;
  }
  for (; count > 0; count--) {
    store<f32>(p, load<f32>(r) + factor * load<f32>(p));
    p += 4;
    r += 4;
  }
}
