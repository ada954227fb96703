/**
 * The innermost part of every matrix product here: four rows × eight columns, eight sums that stay in registers, as many
 * as two fused multiply-adds a cycle, four cycles of latency each, need to keep busy. The right-hand matrix is packed
 * [tiles of 8 columns][rows][8].
 */
import { madd } from './simd-math';

/**
 * target [4 rows][8] (+)= a [4 rows][segments · run] · weights [segments · run][8]. A row is `segments` runs of neighbouring
 * floats, `segmentBytes` apart; rows of a begin `rowBytes` apart, those of the target `targetBytes`.
 */
export function fourRows(
  source: usize, rowBytes: usize, segmentBytes: usize, segments: i32, run: i32,
  weights: usize, target: usize, targetBytes: usize, accumulate: bool,
): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let b0 = a0;
  let b1 = a0;
  let c0 = a0;
  let c1 = a0;
  let d0 = a0;
  let d1 = a0;
  const targetB = target + targetBytes;
  const targetC = targetB + targetBytes;
  const targetD = targetC + targetBytes;
  if (accumulate) {
    a0 = v128.load(target);
    a1 = v128.load(target, 16);
    b0 = v128.load(targetB);
    b1 = v128.load(targetB, 16);
    c0 = v128.load(targetC);
    c1 = v128.load(targetC, 16);
    d0 = v128.load(targetD);
    d1 = v128.load(targetD, 16);
  }
  for (; segments > 0; segments--) {
    let a = source;
    let b = a + rowBytes;
    let c = b + rowBytes;
    let d = c + rowBytes;
    let k = run;
    for (; k >= 2; k -= 2) {
      let w0 = v128.load(weights);
      let w1 = v128.load(weights, 16);
      let x = v128.load32_splat(a);
      a0 = madd(x, w0, a0);
      a1 = madd(x, w1, a1);
      x = v128.load32_splat(b);
      b0 = madd(x, w0, b0);
      b1 = madd(x, w1, b1);
      x = v128.load32_splat(c);
      c0 = madd(x, w0, c0);
      c1 = madd(x, w1, c1);
      x = v128.load32_splat(d);
      d0 = madd(x, w0, d0);
      d1 = madd(x, w1, d1);
      w0 = v128.load(weights, 32);
      w1 = v128.load(weights, 48);
      x = v128.load32_splat(a, 4);
      a0 = madd(x, w0, a0);
      a1 = madd(x, w1, a1);
      x = v128.load32_splat(b, 4);
      b0 = madd(x, w0, b0);
      b1 = madd(x, w1, b1);
      x = v128.load32_splat(c, 4);
      c0 = madd(x, w0, c0);
      c1 = madd(x, w1, c1);
      x = v128.load32_splat(d, 4);
      d0 = madd(x, w0, d0);
      d1 = madd(x, w1, d1);
      a += 8;
      b += 8;
      c += 8;
      d += 8;
      weights += 64;
    }
    if (k > 0) {
      const w0 = v128.load(weights);
      const w1 = v128.load(weights, 16);
      let x = v128.load32_splat(a);
      a0 = madd(x, w0, a0);
      a1 = madd(x, w1, a1);
      x = v128.load32_splat(b);
      b0 = madd(x, w0, b0);
      b1 = madd(x, w1, b1);
      x = v128.load32_splat(c);
      c0 = madd(x, w0, c0);
      c1 = madd(x, w1, c1);
      x = v128.load32_splat(d);
      d0 = madd(x, w0, d0);
      d1 = madd(x, w1, d1);
      weights += 32;
    }
    source += segmentBytes;
  }
  v128.store(target, a0);
  v128.store(target, a1, 16);
  v128.store(targetB, b0);
  v128.store(targetB, b1, 16);
  v128.store(targetC, c0);
  v128.store(targetC, c1, 16);
  v128.store(targetD, d0);
  v128.store(targetD, d1, 16);
}

/** The same of a single row, for what four leave over; every sum in the same order. */
export function oneRow(
  source: usize, segmentBytes: usize, segments: i32, run: i32, weights: usize, target: usize, accumulate: bool,
): void {
  let a0 = accumulate ? v128.load(target) : f32x4.splat(0);
  let a1 = accumulate ? v128.load(target, 16) : f32x4.splat(0);
  for (; segments > 0; segments--) {
    let a = source;
    for (let k = run; k > 0; k--) {
      const x = v128.load32_splat(a);
      a0 = madd(x, v128.load(weights), a0);
      a1 = madd(x, v128.load(weights, 16), a1);
      a += 4;
      weights += 32;
    }
    source += segmentBytes;
  }
  v128.store(target, a0);
  v128.store(target, a1, 16);
}

/** target [4 rows][8] += aᵀ · b: a [count][4] with rows `aBytes` apart, b packed [count][8]. */
export function addFourColumns(a: usize, aBytes: usize, b: usize, count: i32, target: usize, targetBytes: usize): void {
  const targetB = target + targetBytes;
  const targetC = targetB + targetBytes;
  const targetD = targetC + targetBytes;
  let a0 = v128.load(target);
  let a1 = v128.load(target, 16);
  let b0 = v128.load(targetB);
  let b1 = v128.load(targetB, 16);
  let c0 = v128.load(targetC);
  let c1 = v128.load(targetC, 16);
  let d0 = v128.load(targetD);
  let d1 = v128.load(targetD, 16);
  for (; count > 0; count--) {
    const w0 = v128.load(b);
    const w1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    a0 = madd(x, w0, a0);
    a1 = madd(x, w1, a1);
    x = v128.load32_splat(a, 4);
    b0 = madd(x, w0, b0);
    b1 = madd(x, w1, b1);
    x = v128.load32_splat(a, 8);
    c0 = madd(x, w0, c0);
    c1 = madd(x, w1, c1);
    x = v128.load32_splat(a, 12);
    d0 = madd(x, w0, d0);
    d1 = madd(x, w1, d1);
    a += aBytes;
    b += 32;
  }
  v128.store(target, a0);
  v128.store(target, a1, 16);
  v128.store(targetB, b0);
  v128.store(targetB, b1, 16);
  v128.store(targetC, c0);
  v128.store(targetC, c1, 16);
  v128.store(targetD, d0);
  v128.store(targetD, d1, 16);
}

/** The same of a single column of a. */
export function addOneColumn(a: usize, aBytes: usize, b: usize, count: i32, target: usize): void {
  let a0 = v128.load(target);
  let a1 = v128.load(target, 16);
  for (; count > 0; count--) {
    const x = v128.load32_splat(a);
    a0 = madd(x, v128.load(b), a0);
    a1 = madd(x, v128.load(b, 16), a1);
    a += aBytes;
    b += 32;
  }
  v128.store(target, a0);
  v128.store(target, a1, 16);
}
