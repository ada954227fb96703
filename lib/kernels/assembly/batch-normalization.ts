/**
 * Batch normalization with batch statistics (Ioffe & Szegedy 2015), an offset and no scale, then ReLU and, in
 * convolutional layers, 2 × 2 max-pooling before both. Per channel, over all pixels of all images:
 *
 *   x̂ = (x − mean) / √(variance + ε)     y = max(0, x̂ + offset)
 *
 * With no scale y never falls where x rises, so pooling x itself and normalizing a quarter of it is the same as pooling y.
 *
 * Everything is [pixels][channels], channels a multiple of 16, which is what a pass keeps in registers. Functions work on
 * one image; sums over images are combined in their order, in float64, so nothing depends on who computed which image.
 */
import { madd } from './simd-math';

/** sums ← [channels] the image's mean, [channels] its Σ (x − mean)². Two passes: one would lose digits where means are large. */
export function measure(values: usize, pixels: i32, channels: i32, sums: usize): void {
  const pixelBytes = <usize>channels * 4;
  const reciprocal = f32x4.splat(<f32>1 / <f32>pixels);
  for (let channel: usize = 0; channel < pixelBytes; channel += 64) {
    const first = values + channel;
    const end = first + <usize>pixels * pixelBytes;
    let a = f32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    for (let pixel = first; pixel < end; pixel += pixelBytes) {
      a = f32x4.add(a, v128.load(pixel));
      b = f32x4.add(b, v128.load(pixel, 16));
      c = f32x4.add(c, v128.load(pixel, 32));
      d = f32x4.add(d, v128.load(pixel, 48));
    }
    const meanA = f32x4.mul(a, reciprocal);
    const meanB = f32x4.mul(b, reciprocal);
    const meanC = f32x4.mul(c, reciprocal);
    const meanD = f32x4.mul(d, reciprocal);
    a = f32x4.splat(0);
    b = a;
    c = a;
    d = a;
    for (let pixel = first; pixel < end; pixel += pixelBytes) {
      let difference = f32x4.sub(v128.load(pixel), meanA);
      a = madd(difference, difference, a);
      difference = f32x4.sub(v128.load(pixel, 16), meanB);
      b = madd(difference, difference, b);
      difference = f32x4.sub(v128.load(pixel, 32), meanC);
      c = madd(difference, difference, c);
      difference = f32x4.sub(v128.load(pixel, 48), meanD);
      d = madd(difference, difference, d);
    }
    const target = sums + channel;
    v128.store(target, meanA);
    v128.store(target, meanB, 16);
    v128.store(target, meanC, 32);
    v128.store(target, meanD, 48);
    const squares = target + pixelBytes;
    v128.store(squares, a);
    v128.store(squares, b, 16);
    v128.store(squares, c, 32);
    v128.store(squares, d, 48);
  }
}

/**
 * sums [images][mean, squares][channels], of `pixels` pixels each → moments: [channels] means, [channels] 1/√(variance + ε)
 * of the whole batch: Σ (x − m)² = Σ over images of its own squares + pixels · (its mean − m)².
 */
export function combineMoments(
  sums: usize, images: i32, pixels: i32, channels: i32, epsilon: f64, moments: usize,
): void {
  const stride = <usize>channels * 8;
  for (let channel = 0; channel < channels; channel++) {
    const first = sums + <usize>channel * 4;
    let mean: f64 = 0;
    for (let image: usize = 0; image < <usize>images; image++) mean += <f64>load<f32>(first + image * stride);
    mean /= <f64>images;
    let squares: f64 = 0;
    for (let image: usize = 0; image < <usize>images; image++) {
      const at = first + image * stride;
      const difference = <f64>load<f32>(at) - mean;
      squares += <f64>load<f32>(at + <usize>channels * 4) + <f64>pixels * difference * difference;
    }
    const variance = squares / (<f64>images * <f64>pixels);
    const target = moments + <usize>channel * 4;
    store<f32>(target, <f32>mean);
    store<f32>(target + <usize>channels * 4, <f32>(1 / Math.sqrt(variance + epsilon)));
  }
}

/** target [pixels][channels] = max(0, (values − mean) · inverse + offset). */
export function normalize(
  values: usize, pixels: i32, channels: i32, moments: usize, offset: usize, target: usize,
): void {
  const pixelBytes = <usize>channels * 4;
  const zero = f32x4.splat(0);
  for (let channel: usize = 0; channel < pixelBytes; channel += 16) {
    const mean = v128.load(moments + channel);
    const inverse = v128.load(moments + channel + pixelBytes);
    const shift = v128.load(offset + channel);
    for (let at = channel; at < <usize>pixels * pixelBytes; at += pixelBytes) {
      const normalized = f32x4.mul(f32x4.sub(v128.load(values + at), mean), inverse);
      // Of max(0, NaN) WebAssembly makes NaN: nothing goes unseen.
      v128.store(target + at, f32x4.max(f32x4.add(normalized, shift), zero));
    }
  }
}

/** target [height/2][width/2][channels] = the largest of each 2 × 2 values; height and width even. */
export function pool(values: usize, height: i32, width: i32, channels: i32, target: usize): void {
  const pixelBytes = <usize>channels * 4;
  const rowBytes = <usize>width * pixelBytes;
  for (let row = 0; row < height; row += 2) {
    for (let column = 0; column < width; column += 2) {
      for (let channel: usize = 0; channel < pixelBytes; channel += 16) {
        const at = values + channel;
        const upper = f32x4.max(v128.load(at), v128.load(at + pixelBytes));
        const lower = f32x4.max(v128.load(at + rowBytes), v128.load(at + rowBytes + pixelBytes));
        v128.store(target + channel, f32x4.max(upper, lower));
      }
      values += 2 * pixelBytes;
      target += pixelBytes;
    }
    values += rowBytes;
  }
}

/**
 * gradient [pixels][channels], ∂/∂y, becomes ∂/∂(x̂ + offset): zero where y is. sums ← [channels] Σ of it, [channels] Σ of
 * it times x̂.
 */
export function maskGradient(
  values: usize, gradient: usize, pixels: i32, channels: i32, moments: usize, offset: usize, sums: usize,
): void {
  const pixelBytes = <usize>channels * 4;
  const zero = f32x4.splat(0);
  for (let channel: usize = 0; channel < pixelBytes; channel += 16) {
    const mean = v128.load(moments + channel);
    const inverse = v128.load(moments + channel + pixelBytes);
    const shift = v128.load(offset + channel);
    let sum = zero;
    let product = zero;
    for (let at = channel; at < <usize>pixels * pixelBytes; at += pixelBytes) {
      const normalized = f32x4.mul(f32x4.sub(v128.load(values + at), mean), inverse);
      const active = f32x4.gt(f32x4.add(normalized, shift), zero);
      const g = v128.and(v128.load(gradient + at), active);
      v128.store(gradient + at, g);
      sum = f32x4.add(sum, g);
      product = madd(g, normalized, product);
    }
    v128.store(sums + channel, sum);
    v128.store(sums + channel + pixelBytes, product);
  }
}

/**
 * sums [images][2][channels] of `maskGradient` → offsetGradient [channels], and means: [channels] mean of the gradient,
 * [channels] of the gradient times x̂, over `count` values a channel.
 */
export function combineGradients(
  sums: usize, images: i32, channels: i32, count: f64, offsetGradient: usize, means: usize,
): void {
  const stride = <usize>channels * 8;
  for (let place: usize = 0; place < stride; place += 4) {
    let sum: f64 = 0;
    for (let image: usize = 0; image < <usize>images; image++) sum += <f64>load<f32>(sums + image * stride + place);
    store<f32>(means + place, <f32>(sum / count));
    if (place < stride / 2) store<f32>(offsetGradient + place, <f32>sum);
  }
}

/** ∂/∂x = inverse · (g − mean g − x̂ · mean (g x̂)) of one vector. */
// @ts-ignore: decorator
@inline
function gradientOf(x: v128, g: v128, mean: v128, inverse: v128, meanG: v128, meanProduct: v128): v128 {
  const normalized = f32x4.mul(f32x4.sub(x, mean), inverse);
  return f32x4.mul(inverse, f32x4.sub(f32x4.sub(g, meanG), f32x4.mul(normalized, meanProduct)));
}

/** gradient [pixels][channels] ← ∂/∂x, where nothing was pooled. */
export function normalizationGradient(
  values: usize, gradient: usize, pixels: i32, channels: i32, moments: usize, means: usize,
): void {
  const pixelBytes = <usize>channels * 4;
  for (let channel: usize = 0; channel < pixelBytes; channel += 16) {
    const mean = v128.load(moments + channel);
    const inverse = v128.load(moments + channel + pixelBytes);
    const meanG = v128.load(means + channel);
    const meanProduct = v128.load(means + channel + pixelBytes);
    for (let at = channel; at < <usize>pixels * pixelBytes; at += pixelBytes) {
      const g = gradientOf(v128.load(values + at), v128.load(gradient + at), mean, inverse, meanG, meanProduct);
      v128.store(gradient + at, g);
    }
  }
}

/**
 * target [height][width][channels] ← ∂/∂x of an image whose values were pooled: `gradient` [height/2][width/2][channels]
 * goes to the first of the four that has the largest value.
 */
export function poolingGradient(
  values: usize, gradient: usize, height: i32, width: i32, channels: i32,
  moments: usize, means: usize, target: usize,
): void {
  const pixelBytes = <usize>channels * 4;
  const rowBytes = <usize>width * pixelBytes;
  for (let row = 0; row < height; row += 2) {
    for (let column = 0; column < width; column += 2) {
      for (let channel: usize = 0; channel < pixelBytes; channel += 16) {
        const mean = v128.load(moments + channel);
        const inverse = v128.load(moments + channel + pixelBytes);
        const meanG = v128.load(means + channel);
        const meanProduct = v128.load(means + channel + pixelBytes);
        const at = values + channel;
        const a = v128.load(at);
        const b = v128.load(at + pixelBytes);
        const c = v128.load(at + rowBytes);
        const d = v128.load(at + rowBytes + pixelBytes);
        const most = f32x4.max(f32x4.max(a, b), f32x4.max(c, d));
        let left = v128.load(gradient + channel);
        const toA = v128.and(left, f32x4.eq(a, most));
        left = v128.andnot(left, f32x4.eq(a, most));
        const toB = v128.and(left, f32x4.eq(b, most));
        left = v128.andnot(left, f32x4.eq(b, most));
        const toC = v128.and(left, f32x4.eq(c, most));
        left = v128.andnot(left, f32x4.eq(c, most));
        const to = target + channel;
        v128.store(to, gradientOf(a, toA, mean, inverse, meanG, meanProduct));
        v128.store(to + pixelBytes, gradientOf(b, toB, mean, inverse, meanG, meanProduct));
        v128.store(to + rowBytes, gradientOf(c, toC, mean, inverse, meanG, meanProduct));
        v128.store(to + rowBytes + pixelBytes, gradientOf(d, left, mean, inverse, meanG, meanProduct));
      }
      values += 2 * pixelBytes;
      target += 2 * pixelBytes;
      gradient += pixelBytes;
    }
    values += rowBytes;
    target += rowBytes;
  }
}
