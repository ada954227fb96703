/**
 * One update of Adam (arXiv 1412.6980, Algorithm 1) in place, float32:
 *
 *   m ← β₁ m + (1 − β₁) s g,   v ← β₂ v + (1 − β₂) (s g)²,   θ ← θ − r m/(√(c v) + ε)
 *
 * with s what a gradient is scaled by, r = α/(1 − β₁ᵗ) and c = 1/(1 − β₂ᵗ). 1 − β is passed beside β: the difference of two
 * float32 would be off by 5e-5 of it. The module has no data of its own, so that it can
 * work in the memory of another.
 */
import { madd } from './simd-math';

export function update(
  parameters: usize, gradient: usize, mean: usize, square: usize, count: i32,
  beta1: f32, rest1: f32, beta2: f32, rest2: f32, scale: f32, rate: f32, correction: f32, epsilon: f32,
): void {
  const keep1 = f32x4.splat(beta1);
  const keep2 = f32x4.splat(beta2);
  const add1 = f32x4.splat(rest1);
  const add2 = f32x4.splat(rest2);
  const scales = f32x4.splat(scale);
  const rates = f32x4.splat(rate);
  const corrections = f32x4.splat(correction);
  const epsilons = f32x4.splat(epsilon);
  for (; count >= 4; count -= 4) {
    const g = f32x4.mul(scales, v128.load(gradient));
    const m = madd(add1, g, f32x4.mul(keep1, v128.load(mean)));
    const v = madd(f32x4.mul(add2, g), g, f32x4.mul(keep2, v128.load(square)));
    v128.store(mean, m);
    v128.store(square, v);
    const step = f32x4.div(f32x4.mul(rates, m), f32x4.add(f32x4.sqrt(f32x4.mul(corrections, v)), epsilons));
    v128.store(parameters, f32x4.sub(v128.load(parameters), step));
    parameters += 16;
    gradient += 16;
    mean += 16;
    square += 16;
  }
  for (; count > 0; count--) {
    const g = scale * load<f32>(gradient);
    const m = beta1 * load<f32>(mean) + rest1 * g;
    const v = beta2 * load<f32>(square) + rest2 * g * g;
    store<f32>(mean, m);
    store<f32>(square, v);
    store<f32>(parameters, load<f32>(parameters) - (rate * m) / (sqrt<f32>(correction * v) + epsilon));
    parameters += 4;
    gradient += 4;
    mean += 4;
    square += 4;
  }
}

/** Σ x² in float64: not finite where one of them is not, since squares of float32 do not overflow it. */
export function squaredNorm(values: usize, count: i32): f64 {
  let a = f64x2.splat(0);
  let b = a;
  let c = a;
  let d = a;
  for (; count >= 8; count -= 8) {
    let low = f64x2.promote_low_f32x4(v128.load64_zero(values));
    a = f64x2.add(a, f64x2.mul(low, low));
    low = f64x2.promote_low_f32x4(v128.load64_zero(values, 8));
    b = f64x2.add(b, f64x2.mul(low, low));
    low = f64x2.promote_low_f32x4(v128.load64_zero(values, 16));
    c = f64x2.add(c, f64x2.mul(low, low));
    low = f64x2.promote_low_f32x4(v128.load64_zero(values, 24));
    d = f64x2.add(d, f64x2.mul(low, low));
    values += 32;
  }
  const lanes = f64x2.add(f64x2.add(a, b), f64x2.add(c, d));
  let sum = f64x2.extract_lane(lanes, 0) + f64x2.extract_lane(lanes, 1);
  for (; count > 0; count--) {
    const value = <f64>load<f32>(values);
    sum += value * value;
    values += 4;
  }
  return sum;
}
