/**
 * Layer normalization (arXiv 1607.06450) of rows, and its gradients; root mean square normalization (1910.07467) is the same
 * with a mean of zero:
 *
 *   x̂ = (x − μ)/√(σ² + ε),   y = gain ⊙ x̂ + bias
 *   ∂x = (w − mean(w) − x̂ · mean(x̂ ⊙ w))/√(σ² + ε)  with  w = gain ⊙ ∂y,   ∂gain = Σ ∂y ⊙ x̂,   ∂bias = Σ ∂y over rows
 *
 * All arrays are float32 and row-major [rows, features], of any number of features. The module has no data of its own, so that it
 * can work in the memory of another.
 */
import { sumLanes } from './padded-rows';
import { madd } from './simd-math';

/**
 * Bytes of a row's moments: the mean in two parts, and 1/√(σ² + ε). The mean as a float32 is off by up to 5e-4 where it is 10⁴;
 * the second part is what it is off by.
 */
// @ts-ignore: decorator
@inline
const MOMENTS: usize = 12;

/** `count` floats, 1 to 3, the other lanes zero. */
// @ts-ignore: decorator
@inline
function loadFew(at: usize, count: i32): v128 {
  if (count == 1) return v128.load32_zero(at);
  const two = v128.load64_zero(at);
  return count == 2 ? two : v128.load32_lane(at, two, 2, 8);
}

// @ts-ignore: decorator
@inline
function storeFew(at: usize, value: v128, count: i32): void {
  if (count == 1) {
    v128.store32_lane(at, value, 0);
    return;
  }
  v128.store64_lane(at, value, 0);
  if (count == 3) v128.store32_lane(at, value, 2, 8);
}

/** All ones in the lanes below `count`. */
// @ts-ignore: decorator
@inline
function lanesBelow(count: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
}

/** y and moments from x. `centred` 0: of the root mean square, μ = 0. */
export function forward(
  x: usize, gain: usize, bias: usize, y: usize, moments: usize, rows: i32, features: i32, epsilon: f32, centred: i32,
): void {
  const bytes = <usize>features * 4;
  for (; rows > 0; rows--) {
    measure(x, features, epsilon, centred, moments);
    normalize(x, gain, bias, y, moments, features);
    x += bytes;
    y += bytes;
    moments += MOMENTS;
  }
}

/** Two passes; the second also finds what the first lost of the mean: Σ (x − m) is zero for the true mean. */
function measure(x: usize, features: i32, epsilon: f32, centred: i32, moments: usize): void {
  const count = <f32>features;
  const few = features & 3;
  const end = x + <usize>(features & ~3) * 4;
  const blocks = x + <usize>(features & ~15) * 4;
  let a = f32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  let mean: f32 = 0;
  if (centred) {
    let at = x;
    for (; at < blocks; at += 64) {
      a = f32x4.add(a, v128.load(at));
      b = f32x4.add(b, v128.load(at, 16));
      c = f32x4.add(c, v128.load(at, 32));
      d = f32x4.add(d, v128.load(at, 48));
    }
    for (; at < end; at += 16) a = f32x4.add(a, v128.load(at));
    if (few) b = f32x4.add(b, loadFew(at, few));
    mean = sumLanes(f32x4.add(f32x4.add(a, b), f32x4.add(c, d))) / count;
    a = f32x4.splat(0);
    b = a;
    c = a;
    d = a;
  }
  const m = f32x4.splat(mean);
  let squaresA = a;
  let squaresB = a;
  let squaresC = a;
  let squaresD = a;
  let at = x;
  for (; at < blocks; at += 64) {
    let difference = f32x4.sub(v128.load(at), m);
    a = f32x4.add(a, difference);
    squaresA = madd(difference, difference, squaresA);
    difference = f32x4.sub(v128.load(at, 16), m);
    b = f32x4.add(b, difference);
    squaresB = madd(difference, difference, squaresB);
    difference = f32x4.sub(v128.load(at, 32), m);
    c = f32x4.add(c, difference);
    squaresC = madd(difference, difference, squaresC);
    difference = f32x4.sub(v128.load(at, 48), m);
    d = f32x4.add(d, difference);
    squaresD = madd(difference, difference, squaresD);
  }
  for (; at < end; at += 16) {
    const difference = f32x4.sub(v128.load(at), m);
    a = f32x4.add(a, difference);
    squaresA = madd(difference, difference, squaresA);
  }
  if (few) {
    const difference = v128.and(f32x4.sub(loadFew(at, few), m), lanesBelow(few));
    b = f32x4.add(b, difference);
    squaresB = madd(difference, difference, squaresB);
  }
  let rest: f32 = 0;
  if (centred) rest = sumLanes(f32x4.add(f32x4.add(a, b), f32x4.add(c, d))) / count;
  const squares = sumLanes(f32x4.add(f32x4.add(squaresA, squaresB), f32x4.add(squaresC, squaresD))) / count;
  store<f32>(moments, mean);
  store<f32>(moments, rest, 4);
  store<f32>(moments, 1 / sqrt<f32>(max<f32>(0, squares - rest * rest) + epsilon), 8);
}

function normalize(x: usize, gain: usize, bias: usize, y: usize, moments: usize, features: i32): void {
  const mean = v128.load32_splat(moments);
  const rest = v128.load32_splat(moments, 4);
  const scale = v128.load32_splat(moments, 8);
  for (const end = x + <usize>(features & ~3) * 4; x < end; x += 16) {
    const normal = f32x4.mul(f32x4.sub(f32x4.sub(v128.load(x), mean), rest), scale);
    v128.store(y, madd(normal, v128.load(gain), v128.load(bias)));
    gain += 16;
    bias += 16;
    y += 16;
  }
  const few = features & 3;
  if (few) {
    const normal = f32x4.mul(f32x4.sub(f32x4.sub(loadFew(x, few), mean), rest), scale);
    storeFew(y, madd(normal, loadFew(gain, few), loadFew(bias, few)), few);
  }
}

/** The gradients of x, gain and bias from that of y; all are overwritten. Sums over rows are taken in the rows' order. */
export function backward(
  x: usize, gain: usize, moments: usize, dy: usize, dx: usize, dGain: usize, dBias: usize,
  rows: i32, features: i32, centred: i32,
): void {
  const bytes = <usize>features * 4;
  memory.fill(dGain, 0, bytes);
  memory.fill(dBias, 0, bytes);
  for (; rows >= 2; rows -= 2) {
    reverseTwo(x, gain, moments, dy, dx, dGain, dBias, features, centred);
    x += 2 * bytes;
    dy += 2 * bytes;
    dx += 2 * bytes;
    moments += 2 * MOMENTS;
  }
  if (rows) reverseOne(x, gain, moments, dy, dx, dGain, dBias, features, centred);
}

/** Two rows at once: the sums over rows are loaded and stored half as often. */
function reverseTwo(
  x: usize, gain: usize, moments: usize, dy: usize, dx: usize, dGain: usize, dBias: usize, features: i32, centred: i32,
): void {
  const mean = v128.load32_splat(moments);
  const rest = v128.load32_splat(moments, 4);
  const scale = v128.load32_splat(moments, 8);
  const meanB = v128.load32_splat(moments, 12);
  const restB = v128.load32_splat(moments, 16);
  const scaleB = v128.load32_splat(moments, 20);
  const bytes = <usize>features * 4;
  const whole = <usize>(features & ~3) * 4;
  const few = features & 3;
  let sum = f32x4.splat(0);
  let products = sum;
  let sumB = sum;
  let productsB = sum;
  for (let at: usize = 0; at < whole; at += 16) {
    const g = v128.load(gain + at);
    const d = v128.load(dy + at);
    const normal = f32x4.mul(f32x4.sub(f32x4.sub(v128.load(x + at), mean), rest), scale);
    const dB = v128.load(dy + bytes + at);
    const normalB = f32x4.mul(f32x4.sub(f32x4.sub(v128.load(x + bytes + at), meanB), restB), scaleB);
    v128.store(dBias + at, f32x4.add(f32x4.add(v128.load(dBias + at), d), dB));
    v128.store(dGain + at, madd(dB, normalB, madd(d, normal, v128.load(dGain + at))));
    const w = f32x4.mul(d, g);
    sum = f32x4.add(sum, w);
    products = madd(w, normal, products);
    const wB = f32x4.mul(dB, g);
    sumB = f32x4.add(sumB, wB);
    productsB = madd(wB, normalB, productsB);
  }
  if (few) {
    const g = loadFew(gain + whole, few);
    const d = loadFew(dy + whole, few);
    const normal = f32x4.mul(f32x4.sub(f32x4.sub(loadFew(x + whole, few), mean), rest), scale);
    const dB = loadFew(dy + bytes + whole, few);
    const normalB = f32x4.mul(f32x4.sub(f32x4.sub(loadFew(x + bytes + whole, few), meanB), restB), scaleB);
    storeFew(dBias + whole, f32x4.add(f32x4.add(loadFew(dBias + whole, few), d), dB), few);
    storeFew(dGain + whole, madd(dB, normalB, madd(d, normal, loadFew(dGain + whole, few))), few);
    const w = f32x4.mul(d, g);
    sum = f32x4.add(sum, w);
    products = madd(w, normal, products);
    const wB = f32x4.mul(dB, g);
    sumB = f32x4.add(sumB, wB);
    productsB = madd(wB, normalB, productsB);
  }
  writeGradient(x, gain, moments, dy, dx, features, sum, products, centred);
  writeGradient(x + bytes, gain, moments + MOMENTS, dy + bytes, dx + bytes, features, sumB, productsB, centred);
}

function reverseOne(
  x: usize, gain: usize, moments: usize, dy: usize, dx: usize, dGain: usize, dBias: usize, features: i32, centred: i32,
): void {
  const mean = v128.load32_splat(moments);
  const rest = v128.load32_splat(moments, 4);
  const scale = v128.load32_splat(moments, 8);
  const whole = <usize>(features & ~3) * 4;
  const few = features & 3;
  let sum = f32x4.splat(0);
  let products = sum;
  for (let at: usize = 0; at < whole; at += 16) {
    const d = v128.load(dy + at);
    const normal = f32x4.mul(f32x4.sub(f32x4.sub(v128.load(x + at), mean), rest), scale);
    v128.store(dBias + at, f32x4.add(v128.load(dBias + at), d));
    v128.store(dGain + at, madd(d, normal, v128.load(dGain + at)));
    const w = f32x4.mul(d, v128.load(gain + at));
    sum = f32x4.add(sum, w);
    products = madd(w, normal, products);
  }
  if (few) {
    const d = loadFew(dy + whole, few);
    const normal = f32x4.mul(f32x4.sub(f32x4.sub(loadFew(x + whole, few), mean), rest), scale);
    storeFew(dBias + whole, f32x4.add(loadFew(dBias + whole, few), d), few);
    storeFew(dGain + whole, madd(d, normal, loadFew(dGain + whole, few)), few);
    const w = f32x4.mul(d, loadFew(gain + whole, few));
    sum = f32x4.add(sum, w);
    products = madd(w, normal, products);
  }
  writeGradient(x, gain, moments, dy, dx, features, sum, products, centred);
}

/** ∂x of a row from Σ w and Σ x̂ ⊙ w, in lanes. */
// @ts-ignore: decorator
@inline
function writeGradient(
  x: usize, gain: usize, moments: usize, dy: usize, dx: usize, features: i32, sum: v128, products: v128, centred: i32,
): void {
  const mean = v128.load32_splat(moments);
  const rest = v128.load32_splat(moments, 4);
  const scale = v128.load32_splat(moments, 8);
  const count = <f32>features;
  const meanSum = f32x4.splat(centred ? sumLanes(sum) / count : 0);
  const meanProduct = f32x4.splat(sumLanes(products) / count);
  for (const end = x + <usize>(features & ~3) * 4; x < end; x += 16) {
    const normal = f32x4.mul(f32x4.sub(f32x4.sub(v128.load(x), mean), rest), scale);
    const centre = f32x4.sub(f32x4.mul(v128.load(dy), v128.load(gain)), meanSum);
    v128.store(dx, f32x4.mul(f32x4.sub(centre, f32x4.mul(normal, meanProduct)), scale));
    gain += 16;
    dy += 16;
    dx += 16;
  }
  const few = features & 3;
  if (few) {
    const normal = f32x4.mul(f32x4.sub(f32x4.sub(loadFew(x, few), mean), rest), scale);
    const centre = f32x4.sub(f32x4.mul(loadFew(dy, few), loadFew(gain, few)), meanSum);
    storeFew(dx, f32x4.mul(f32x4.sub(centre, f32x4.mul(normal, meanProduct)), scale), few);
  }
}
