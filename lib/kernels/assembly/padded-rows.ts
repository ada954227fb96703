/**
 * Rows of gates as the recurrent kernels keep them: `segments` runs of `units` floats, each padded to whole pairs of
 * vectors and so beginning `segmentBytes` apart. Sums of what is normalised are zero in the padding and so are gains, biases
 * and gradients, so only a variance has to leave the padding out.
 */
import { madd } from './simd-math';

/** Units of a gate with its padding. */
// @ts-ignore: decorator
@inline
export function paddedUnits(units: i32): i32 {
  return (units + 7) & ~7;
}

/** All ones in the lanes below `count`. */
// @ts-ignore: decorator
@inline
function lanesBelow(count: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
}

// @ts-ignore: decorator
@inline
export function sumLanes(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

/**
 * moments ← mean and 1/√(variance + ε) of a row. Two passes, and what the first lost of the mean is put right by the
 * second: Σ (x − m) is zero for the true mean.
 */
export function measureRow(row: usize, segments: i32, units: i32, segmentBytes: usize, epsilon: f32, moments: usize): void {
  const count = <f32>(segments * units);
  const end = row + <usize>segments * segmentBytes;
  const whole = <usize>(units & ~7) * 4;
  let a = f32x4.splat(0);
  let b = a;
  for (let at = row; at < end; at += 32) {
    a = f32x4.add(a, v128.load(at));
    b = f32x4.add(b, v128.load(at, 16));
  }
  const mean = sumLanes(f32x4.add(a, b)) / count;
  const m = f32x4.splat(mean);
  const maskA = lanesBelow(units & 7);
  const maskB = lanesBelow((units & 7) - 4);
  a = f32x4.splat(0);
  b = a;
  let squaresA = a;
  let squaresB = a;
  for (let segment = row; segment < end; segment += segmentBytes) {
    let at = segment;
    for (; at < segment + whole; at += 32) {
      const x = f32x4.sub(v128.load(at), m);
      const y = f32x4.sub(v128.load(at, 16), m);
      a = f32x4.add(a, x);
      b = f32x4.add(b, y);
      squaresA = madd(x, x, squaresA);
      squaresB = madd(y, y, squaresB);
    }
    if (at < segment + segmentBytes) {
      const x = v128.and(f32x4.sub(v128.load(at), m), maskA);
      const y = v128.and(f32x4.sub(v128.load(at, 16), m), maskB);
      a = f32x4.add(a, x);
      b = f32x4.add(b, y);
      squaresA = madd(x, x, squaresA);
      squaresB = madd(y, y, squaresB);
    }
  }
  const correction = sumLanes(f32x4.add(a, b)) / count;
  const variance = max<f32>(0, sumLanes(f32x4.add(squaresA, squaresB)) / count - correction * correction);
  store<f32>(moments, mean + correction);
  store<f32>(moments, 1 / sqrt<f32>(variance + epsilon), 4);
}

/** Σ of a vector's lanes, divided by `count`, in every lane. */
// @ts-ignore: decorator
@inline
export function meanOfLanes(sum: v128, count: i32): v128 {
  return f32x4.splat(sumLanes(sum) / <f32>count);
}

// @ts-ignore: decorator
@inline
export function addTo(target: usize, value: v128): void {
  v128.store(target, f32x4.add(v128.load(target), value));
}

/** normals: a row of sums, then (a − μ)/σ. */
export function normalizeRow(normals: usize, moments: usize, bytes: usize): void {
  const mean = v128.load32_splat(moments);
  const scale = v128.load32_splat(moments, 4);
  for (const end = normals + bytes; normals < end; normals += 16) {
    v128.store(normals, f32x4.mul(f32x4.sub(v128.load(normals), mean), scale));
  }
}

/**
 * The reverse of y = gain ⊙ x̂ of `count` elements in `bytes` bytes: normals is x̂, then the gradient with respect to what was
 * normalised, (w − mean(w) − x̂ · mean(x̂ ⊙ w))/σ with w = gain ⊙ ∂/∂y. Adds to gainGradient.
 */
export function reverseRow(
  normals: usize, gradient: usize, gain: usize, gainGradient: usize, scale: f32, bytes: usize, count: i32,
): void {
  let sum = f32x4.splat(0);
  let products = sum;
  for (let at: usize = 0; at < bytes; at += 16) {
    const dy = v128.load(gradient + at);
    const normal = v128.load(normals + at);
    addTo(gainGradient + at, f32x4.mul(dy, normal));
    const weighted = f32x4.mul(dy, v128.load(gain + at));
    sum = f32x4.add(sum, weighted);
    products = madd(weighted, normal, products);
  }
  sum = meanOfLanes(sum, count);
  products = meanOfLanes(products, count);
  const factor = f32x4.splat(scale);
  for (let at: usize = 0; at < bytes; at += 16) {
    const centred = f32x4.sub(f32x4.mul(v128.load(gradient + at), v128.load(gain + at)), sum);
    v128.store(normals + at, f32x4.mul(f32x4.sub(centred, f32x4.mul(v128.load(normals + at), products)), factor));
  }
}

/** A vector of the user's, `segments` blocks of `units` floats, into padded segments; `order` says which block goes where. */
export function padVector(
  source: usize, segments: i32, units: i32, segmentBytes: usize, order: usize, target: usize,
): void {
  memory.fill(target, 0, <usize>segments * segmentBytes);
  const bytes = <usize>units * 4;
  for (let segment: usize = 0; segment < <usize>segments; segment++) {
    const block = <usize>load<i32>(order + segment * 4);
    memory.copy(target + segment * segmentBytes, source + block * bytes, bytes);
  }
}

/** The reverse for `rows` rows: padded segments into the user's blocks. */
export function unpadRows(
  source: usize, rows: i32, segments: i32, units: i32, segmentBytes: usize, order: usize, target: usize,
): void {
  const bytes = <usize>units * 4;
  for (; rows > 0; rows--) {
    for (let segment: usize = 0; segment < <usize>segments; segment++) {
      const block = <usize>load<i32>(order + segment * 4);
      memory.copy(target + block * bytes, source + segment * segmentBytes, bytes);
    }
    source += <usize>segments * segmentBytes;
    target += <usize>segments * bytes;
  }
}

/** target [units] += source [units], of any number of units. */
export function addUnits(source: usize, target: usize, units: i32): void {
  for (; units >= 4; units -= 4) {
    v128.store(target, f32x4.add(v128.load(target), v128.load(source)));
    source += 16;
    target += 16;
  }
  for (; units > 0; units--) {
    store<f32>(target, load<f32>(target) + load<f32>(source));
    source += 4;
    target += 4;
  }
}
