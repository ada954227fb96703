/**
 * Elementary functions on four float32 lanes at once, shared by every kernel. NaN comes out as NaN everywhere.
 *
 * Bounds are measured in test/kernels/simd-math.test.ts against float64. `madd` is one fused instruction in the
 * relaxed build and a multiplication and an addition in the plain one; nothing else differs between the two.
 */

/** a·b + c, rounded once (relaxed build) or twice (plain build). */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** `value` held inside [−limit, limit]; a NaN stays (pseudo-minimum keeps its first operand unless it is exceeded). */
// @ts-ignore: decorator
@inline
function clamp(value: v128, low: f32, high: f32): v128 {
  return f32x4.pmax(f32x4.pmin(value, f32x4.splat(high)), f32x4.splat(low));
}

// Limits and coefficients of tanh's fit: of the numerator by the power of x, of the denominator likewise.
// @ts-ignore: decorator
@inline
const LIMIT: f32 = 7.90531110763549805;
// @ts-ignore: decorator
@inline
const A13: f32 = -2.76076847742355e-16;
// @ts-ignore: decorator
@inline
const A11: f32 = 2.00018790482477e-13;
// @ts-ignore: decorator
@inline
const A9: f32 = -8.60467152213735e-11;
// @ts-ignore: decorator
@inline
const A7: f32 = 5.12229709037114e-8;
// @ts-ignore: decorator
@inline
const A5: f32 = 1.48572235717979e-5;
// @ts-ignore: decorator
@inline
const A3: f32 = 6.37261928875436e-4;
// @ts-ignore: decorator
@inline
const A1: f32 = 4.89352455891786e-3;
// @ts-ignore: decorator
@inline
const B6: f32 = 1.19825839466702e-6;
// @ts-ignore: decorator
@inline
const B4: f32 = 1.18534705686654e-4;
// @ts-ignore: decorator
@inline
const B2: f32 = 2.26843463243900e-3;
// @ts-ignore: decorator
@inline
const B0: f32 = 4.89352518554385e-3;

/**
 * Constants as whole vectors in memory: engines build a vector constant by three instructions every time it is used,
 * where a load is one. Lazy: a kernel that works in somebody else's memory may have no data of its own there, and writes
 * the same table to a place that it is given.
 */
// @ts-ignore: decorator
@lazy
const TANH: usize = memory.data<f32>([
  LIMIT, LIMIT, LIMIT, LIMIT,
  -LIMIT, -LIMIT, -LIMIT, -LIMIT,
  A13, A13, A13, A13,
  A11, A11, A11, A11,
  A9, A9, A9, A9,
  A7, A7, A7, A7,
  A5, A5, A5, A5,
  A3, A3, A3, A3,
  A1, A1, A1, A1,
  B6, B6, B6, B6,
  B4, B4, B4, B4,
  B2, B2, B2, B2,
  B0, B0, B0, B0,
], 16);

/** Bytes of what `writeTanhTable` writes. */
// @ts-ignore: decorator
@inline
export const TANH_TABLE_BYTES: usize = 208;

/** The constants that `tanhBy` and `sigmoidBy` read. */
export function writeTanhTable(table: usize): void {
  v128.store(table, f32x4.splat(LIMIT));
  v128.store(table, f32x4.splat(-LIMIT), 16);
  v128.store(table, f32x4.splat(A13), 32);
  v128.store(table, f32x4.splat(A11), 48);
  v128.store(table, f32x4.splat(A9), 64);
  v128.store(table, f32x4.splat(A7), 80);
  v128.store(table, f32x4.splat(A5), 96);
  v128.store(table, f32x4.splat(A3), 112);
  v128.store(table, f32x4.splat(A1), 128);
  v128.store(table, f32x4.splat(B6), 144);
  v128.store(table, f32x4.splat(B4), 160);
  v128.store(table, f32x4.splat(B2), 176);
  v128.store(table, f32x4.splat(B0), 192);
}

/**
 * tanh x as an odd rational function of degree 13 over 6, the minimax fit that Eigen uses (ptanh_float). Absolute
 * error ≤ 4e-7; beyond ±7.9053 the value is that of the bound, so never outside [−1, 1].
 */
// @ts-ignore: decorator
@inline
export function tanh(value: v128): v128 {
  return tanhBy(value, TANH);
}

/** The same by a table that `writeTanhTable` wrote. */
// @ts-ignore: decorator
@inline
export function tanhBy(value: v128, table: usize): v128 {
  const x = f32x4.pmax(f32x4.pmin(value, v128.load(table)), v128.load(table, 16));
  const square = f32x4.mul(x, x);
  let numerator = madd(square, v128.load(table, 32), v128.load(table, 48));
  numerator = madd(square, numerator, v128.load(table, 64));
  numerator = madd(square, numerator, v128.load(table, 80));
  numerator = madd(square, numerator, v128.load(table, 96));
  numerator = madd(square, numerator, v128.load(table, 112));
  numerator = madd(square, numerator, v128.load(table, 128));
  let denominator = madd(square, v128.load(table, 144), v128.load(table, 160));
  denominator = madd(square, denominator, v128.load(table, 176));
  denominator = madd(square, denominator, v128.load(table, 192));
  return f32x4.div(f32x4.mul(x, numerator), denominator);
}

/** tanh of `bytes` bytes of float32 (a multiple of 64); `to` may be `from`. */
export function tanhArray(from: usize, to: usize, bytes: usize): void {
  for (const end = from + bytes; from < end; from += 64, to += 64) {
    // All loads before all stores, so that the engine may load each constant once.
    const a = tanh(v128.load(from));
    const b = tanh(v128.load(from, 16));
    const c = tanh(v128.load(from, 32));
    const d = tanh(v128.load(from, 48));
    v128.store(to, a);
    v128.store(to, b, 16);
    v128.store(to, c, 32);
    v128.store(to, d, 48);
  }
}

/** σ(2x) = ½ + ½ tanh x: for callers that fold the halving of the argument into their weights. */
// @ts-ignore: decorator
@inline
export function sigmoidOfTwice(value: v128): v128 {
  const half = f32x4.splat(0.5);
  return madd(tanh(value), half, half);
}

/** σ(x) = 1/(1 + e^−x) = ½ + ½ tanh(x/2). Absolute error ≤ 3e-7. */
// @ts-ignore: decorator
@inline
export function sigmoid(value: v128): v128 {
  return sigmoidOfTwice(f32x4.mul(value, f32x4.splat(0.5)));
}

/** σ(x) by a table that `writeTanhTable` wrote. */
// @ts-ignore: decorator
@inline
export function sigmoidBy(value: v128, table: usize): v128 {
  const half = f32x4.splat(0.5);
  return madd(tanhBy(f32x4.mul(value, half), table), half, half);
}

/**
 * e^x (Cephes expf): x = n ln 2 + r with |r| ≤ ½ ln 2, e^r by a polynomial, 2^n by the exponent's bits. Relative error
 * ≤ 2e-7 for |x| ≤ 87; beyond that the value is that of the bound, so neither zero nor infinity ever comes out.
 */
// @ts-ignore: decorator
@inline
export function exp(value: v128): v128 {
  const x = clamp(value, -87.3, 88.3);
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504088896341)));
  let r = madd(n, f32x4.splat(-0.693359375), x);
  r = madd(n, f32x4.splat(2.12194440e-4), r);
  let series = madd(r, f32x4.splat(1.9875691500e-4), f32x4.splat(1.3981999507e-3));
  series = madd(r, series, f32x4.splat(8.3334519073e-3));
  series = madd(r, series, f32x4.splat(4.1665795894e-2));
  series = madd(r, series, f32x4.splat(1.6666665459e-1));
  series = madd(r, series, f32x4.splat(5.0000001201e-1));
  series = madd(f32x4.mul(r, r), series, f32x4.add(r, f32x4.splat(1)));
  // n reaches −126 and 127: both are exponents of normal numbers, also after the product.
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return f32x4.mul(series, power);
}

/**
 * ln x for normal x > 0 (Cephes logf): x = m·2^e with m in [√½, √2). Relative error ≤ 2e-7 away from 1, absolute
 * 1e-7 near it. ln ∞ = ∞; zero, negative and subnormal arguments are the caller's to exclude.
 */
// @ts-ignore: decorator
@inline
export function log(x: v128): v128 {
  // Subtracting the bits of √½ before the shift makes the mantissa land in [√½, √2) and the exponent follow.
  const rootHalf = i32x4.splat(0x3f3504f3);
  const shifted = i32x4.sub(x, rootHalf);
  const e = f32x4.convert_i32x4_s(i32x4.shr_s(shifted, 23));
  const mantissa = i32x4.add(v128.and(shifted, i32x4.splat(0x007fffff)), rootHalf);
  const m = f32x4.sub(mantissa, f32x4.splat(1));
  const square = f32x4.mul(m, m);
  let series = madd(m, f32x4.splat(7.0376836292e-2), f32x4.splat(-1.1514610310e-1));
  series = madd(m, series, f32x4.splat(1.1676998740e-1));
  series = madd(m, series, f32x4.splat(-1.2420140846e-1));
  series = madd(m, series, f32x4.splat(1.4249322787e-1));
  series = madd(m, series, f32x4.splat(-1.6668057665e-1));
  series = madd(m, series, f32x4.splat(2.0000714765e-1));
  series = madd(m, series, f32x4.splat(-2.4999993993e-1));
  series = madd(m, series, f32x4.splat(3.3333331174e-1));
  series = f32x4.mul(f32x4.mul(m, square), series);
  series = madd(e, f32x4.splat(-2.12194440e-4), series);
  series = madd(square, f32x4.splat(-0.5), series);
  const value = madd(e, f32x4.splat(0.693359375), f32x4.add(m, series));
  const infinite = f32x4.gt(x, f32x4.splat(f32.MAX_VALUE));
  return v128.bitselect(x, v128.bitselect(value, x, f32x4.eq(x, x)), infinite);
}
