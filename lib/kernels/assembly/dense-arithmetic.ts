// What the training of a small network spends its time on: matrix products, sigmoids, and Adam's update of every weight.
// See ../dense-arithmetic.ts for shapes and equations.
//
// All arrays are f32 in the imported memory; the caller lays them out, each beginning at a multiple of 16 bytes.

import { madd, sigmoid, tanh } from './simd-math';

export { multiply } from './lstm-arithmetic';

/**
 * One update of Adam of `count` parameters, a multiple of 4. `stepSize` is α / (1 − β₁ᵗ), `secondScale` is 1 / √(1 − β₂ᵗ).
 */
export function updateAdam(
  parameters: usize, gradient: usize, firstMoment: usize, secondMoment: usize, count: i32,
  firstDecay: f32, secondDecay: f32, stepSize: f32, secondScale: f32, epsilon: f32, least: f32,
): void {
  const beta1 = f32x4.splat(firstDecay);
  const beta2 = f32x4.splat(secondDecay);
  const share1 = f32x4.splat(1 - firstDecay);
  const share2 = f32x4.splat(1 - secondDecay);
  const step = f32x4.splat(stepSize);
  const scale = f32x4.splat(secondScale);
  const floor = f32x4.splat(epsilon);
  const smallest = f32x4.splat(least);
  const bytes = <usize>count << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    const g = v128.load(gradient + at);
    let m = madd(beta1, v128.load(firstMoment + at), f32x4.mul(share1, g));
    let v = madd(beta2, v128.load(secondMoment + at), f32x4.mul(share2, f32x4.mul(g, g)));
    m = v128.and(m, f32x4.ge(f32x4.abs(m), smallest));
    v = v128.and(v, f32x4.ge(v, smallest));
    v128.store(firstMoment + at, m);
    v128.store(secondMoment + at, v);
    const change = f32x4.div(f32x4.mul(step, m), madd(f32x4.sqrt(v), scale, floor));
    v128.store(parameters + at, f32x4.sub(v128.load(parameters + at), change));
  }
}

/** x ← σ(x), in `rows` rows of `columns` values that lie `stride` bytes apart; columns is a multiple of 4. */
export function applySigmoid(x: usize, rows: i32, columns: i32, stride: usize): void {
  const width = <usize>columns << 2;
  for (let row: i32 = 0; row < rows; row++) {
    for (let at: usize = 0; at < width; at += 16) v128.store(x + at, sigmoid(v128.load(x + at)));
    x += stride;
  }
}

/** x ← tanh(x), likewise. */
export function applyTanh(x: usize, rows: i32, columns: i32, stride: usize): void {
  const width = <usize>columns << 2;
  for (let row: i32 = 0; row < rows; row++) {
    for (let at: usize = 0; at < width; at += 16) v128.store(x + at, tanh(v128.load(x + at)));
    x += stride;
  }
}
