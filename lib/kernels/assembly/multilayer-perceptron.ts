// The loss of a small classifier and its gradient, layer by layer, for images that are mostly black: four fifths of
// MNIST's pixels are zero, and the first layer's work is done for the others only.
//
// All arrays are f32 and row-major in the imported memory; the caller lays them out. Rows of weights, activations and
// gradients are padded to `width`, a multiple of 4, with zeros. See ../multilayer-perceptron.ts for shapes and equations.

@inline
function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  // One rounding instead of two where the runtime has it; the build decides, so that each binary has one behaviour.
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
}

/**
 * Lists every example's nonzero pixels. `starts` [batch + 1] i32 gets where each example's list begins; `pixels` i32 and
 * `values` f32 [batch * inputs] the pixel's number and its value scaled to 0..1. `images` u8 [batch, inputs], inputs a
 * multiple of 16.
 */
export function listNonzeroPixels(images: usize, batch: i32, inputs: i32, starts: usize, pixels: usize, values: usize): void {
  let count: i32 = 0;
  const zero = i8x16.splat(0);
  for (let example: i32 = 0; example < batch; example++) {
    store<i32>(starts + (<usize>example << 2), count);
    const image = images + <usize>(example * inputs);
    for (let pixel: i32 = 0; pixel < inputs; pixel += 16) {
      let mask = i8x16.bitmask(i8x16.ne(v128.load(image + <usize>pixel), zero));
      while (mask != 0) {
        const index = pixel + ctz(mask);
        mask &= mask - 1;
        store<i32>(pixels + (<usize>count << 2), index);
        store<f32>(values + (<usize>count << 2), <f32>load<u8>(image + <usize>index) * (<f32>1.0 / 255.0));
        count++;
      }
    }
  }
  store<i32>(starts + (<usize>batch << 2), count);
}

/** out [batch, width] = bias [width] + Σ values · weights[pixel] over each example's list; weights [inputs, width]. */
export function sparseForward(
  starts: usize, pixels: usize, values: usize, batch: i32,
  weights: usize, bias: usize, out: usize, width: i32,
): void {
  const row = <usize>width << 2;
  for (let example: i32 = 0; example < batch; example++) {
    const begin = load<i32>(starts + (<usize>example << 2));
    const end = load<i32>(starts + (<usize>example << 2) + 4);
    const target = out + <usize>example * row;
    let column: usize = 0;
    // Twenty units are five registers: the paper's layer is summed without touching memory.
    for (; column + 80 <= row; column += 80) {
      let s0 = v128.load(bias + column);
      let s1 = v128.load(bias + column, 16);
      let s2 = v128.load(bias + column, 32);
      let s3 = v128.load(bias + column, 48);
      let s4 = v128.load(bias + column, 64);
      for (let k = begin; k < end; k++) {
        const w = weights + <usize>load<i32>(pixels + (<usize>k << 2)) * row + column;
        const x = v128.load32_splat(values + (<usize>k << 2));
        s0 = multiplyAdd(x, v128.load(w), s0);
        s1 = multiplyAdd(x, v128.load(w, 16), s1);
        s2 = multiplyAdd(x, v128.load(w, 32), s2);
        s3 = multiplyAdd(x, v128.load(w, 48), s3);
        s4 = multiplyAdd(x, v128.load(w, 64), s4);
      }
      v128.store(target + column, s0);
      v128.store(target + column, s1, 16);
      v128.store(target + column, s2, 32);
      v128.store(target + column, s3, 48);
      v128.store(target + column, s4, 64);
    }
    for (; column < row; column += 16) {
      let s = v128.load(bias + column);
      for (let k = begin; k < end; k++) {
        const w = weights + <usize>load<i32>(pixels + (<usize>k << 2)) * row + column;
        s = multiplyAdd(v128.load32_splat(values + (<usize>k << 2)), v128.load(w), s);
      }
      v128.store(target + column, s);
    }
  }
}

/** weightGradient[pixel] += values · delta[example] over each example's list; delta [batch, width]. */
export function sparseBackward(
  starts: usize, pixels: usize, values: usize, batch: i32,
  delta: usize, weightGradient: usize, width: i32,
): void {
  const row = <usize>width << 2;
  for (let example: i32 = 0; example < batch; example++) {
    const begin = load<i32>(starts + (<usize>example << 2));
    const end = load<i32>(starts + (<usize>example << 2) + 4);
    const source = delta + <usize>example * row;
    let column: usize = 0;
    for (; column + 80 <= row; column += 80) {
      const d0 = v128.load(source + column);
      const d1 = v128.load(source + column, 16);
      const d2 = v128.load(source + column, 32);
      const d3 = v128.load(source + column, 48);
      const d4 = v128.load(source + column, 64);
      for (let k = begin; k < end; k++) {
        const w = weightGradient + <usize>load<i32>(pixels + (<usize>k << 2)) * row + column;
        const x = v128.load32_splat(values + (<usize>k << 2));
        v128.store(w, multiplyAdd(x, d0, v128.load(w)));
        v128.store(w, multiplyAdd(x, d1, v128.load(w, 16)), 16);
        v128.store(w, multiplyAdd(x, d2, v128.load(w, 32)), 32);
        v128.store(w, multiplyAdd(x, d3, v128.load(w, 48)), 48);
        v128.store(w, multiplyAdd(x, d4, v128.load(w, 64)), 64);
      }
    }
    for (; column < row; column += 16) {
      const d = v128.load(source + column);
      for (let k = begin; k < end; k++) {
        const w = weightGradient + <usize>load<i32>(pixels + (<usize>k << 2)) * row + column;
        v128.store(w, multiplyAdd(v128.load32_splat(values + (<usize>k << 2)), d, v128.load(w)));
      }
    }
  }
}

/** out [batch, width] = bias + input · weights; input [batch, inputWidth], of which `inputs` count; weights [inputs, width]. */
export function denseForward(
  input: usize, inputs: i32, inputWidth: i32, batch: i32,
  weights: usize, bias: usize, out: usize, width: i32,
): void {
  const row = <usize>width << 2;
  for (let example: i32 = 0; example < batch; example++) {
    const source = input + (<usize>(example * inputWidth) << 2);
    const target = out + <usize>example * row;
    for (let column: usize = 0; column < row; column += 16) {
      let sum = v128.load(bias + column);
      let w = weights + column;
      for (let k: i32 = 0; k < inputs; k++) {
        sum = multiplyAdd(v128.load32_splat(source + (<usize>k << 2)), v128.load(w), sum);
        w += row;
      }
      v128.store(target + column, sum);
    }
  }
}

/**
 * weightGradient [inputs, width] += inputᵀ · delta, and inputDelta [batch, inputWidth] = delta · weightsᵀ; the caller
 * multiplies the latter by the activation's derivative (`sigmoidBackward`, `reluBackward`).
 */
export function denseBackward(
  input: usize, inputs: i32, inputWidth: i32, batch: i32,
  weights: usize, delta: usize, width: i32,
  weightGradient: usize, inputDelta: usize,
): void {
  const row = <usize>width << 2;
  for (let example: i32 = 0; example < batch; example++) {
    const source = input + (<usize>(example * inputWidth) << 2);
    const backTarget = inputDelta + (<usize>(example * inputWidth) << 2);
    const d = delta + <usize>example * row;
    for (let k: i32 = 0; k < inputs; k++) {
      const w = weights + <usize>k * row;
      const g = weightGradient + <usize>k * row;
      const x = v128.load32_splat(source + (<usize>k << 2));
      let sum = f32x4.splat(0);
      for (let column: usize = 0; column < row; column += 16) {
        const dColumn = v128.load(d + column);
        v128.store(g + column, multiplyAdd(x, dColumn, v128.load(g + column)));
        sum = multiplyAdd(dColumn, v128.load(w + column), sum);
      }
      store<f32>(
        backTarget + (<usize>k << 2),
        f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1) + (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3)),
      );
    }
  }
}

/** biasGradient [width] = Σ over examples of delta [batch, width]. */
export function sumRows(delta: usize, batch: i32, width: i32, biasGradient: usize): void {
  const row = <usize>width << 2;
  for (let column: usize = 0; column < row; column += 16) {
    let sum = f32x4.splat(0);
    for (let example: i32 = 0; example < batch; example++) {
      sum = f32x4.add(sum, v128.load(delta + <usize>example * row + column));
    }
    v128.store(biasGradient + column, sum);
  }
}

/**
 * eˣ in four lanes, relative error below 2e-7: x = n·ln 2 + r with |r| ≤ ln(2)/2, a polynomial of degree 6 in r (the
 * Cephes library's `expf`), and n into the exponent. Below −87 it gives about 1e-38, above 88 about 1.6e38.
 */
@inline
function exponential(x: v128): v128 {
  const clamped = f32x4.max(f32x4.min(x, f32x4.splat(88.0)), f32x4.splat(-87.0));
  const n = f32x4.nearest(f32x4.mul(clamped, f32x4.splat(1.44269504088896341)));
  let r = multiplyAdd(n, f32x4.splat(-0.693359375), clamped);
  r = multiplyAdd(n, f32x4.splat(2.12194440e-4), r);
  let p = multiplyAdd(f32x4.splat(1.9875691500e-4), r, f32x4.splat(1.3981999507e-3));
  p = multiplyAdd(p, r, f32x4.splat(8.3334519073e-3));
  p = multiplyAdd(p, r, f32x4.splat(4.1665795894e-2));
  p = multiplyAdd(p, r, f32x4.splat(1.6666665459e-1));
  p = multiplyAdd(p, r, f32x4.splat(5.0000001201e-1));
  p = multiplyAdd(f32x4.mul(p, r), r, f32x4.add(r, f32x4.splat(1.0)));
  const exponent = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return f32x4.mul(p, exponent);
}

/** values [count] ← 1 / (1 + e^−values), count a multiple of 4. */
export function sigmoidForward(values: usize, count: i32): void {
  const end = values + (<usize>count << 2);
  const one = f32x4.splat(1.0);
  for (let at = values; at < end; at += 16) {
    v128.store(at, f32x4.div(one, f32x4.add(one, exponential(f32x4.neg(v128.load(at))))));
  }
}

/** delta ← delta · a (1 − a), with a = the layer's activations. */
export function sigmoidBackward(activations: usize, delta: usize, count: i32): void {
  const one = f32x4.splat(1.0);
  for (let offset: usize = 0; offset < <usize>count << 2; offset += 16) {
    const a = v128.load(activations + offset);
    v128.store(delta + offset, f32x4.mul(v128.load(delta + offset), f32x4.mul(a, f32x4.sub(one, a))));
  }
}

/** values [count] ← max(0, values). */
export function reluForward(values: usize, count: i32): void {
  const zero = f32x4.splat(0);
  for (let offset: usize = 0; offset < <usize>count << 2; offset += 16) {
    v128.store(values + offset, f32x4.max(v128.load(values + offset), zero));
  }
}

/** delta ← delta where the layer's activation is above 0, else 0. */
export function reluBackward(activations: usize, delta: usize, count: i32): void {
  const zero = f32x4.splat(0);
  for (let offset: usize = 0; offset < <usize>count << 2; offset += 16) {
    const active = f32x4.gt(v128.load(activations + offset), zero);
    v128.store(delta + offset, v128.and(v128.load(delta + offset), active));
  }
}

/**
 * The mean of −log softmax(logits)[label] over the batch, and delta [batch, width] = (softmax − one-hot) / batch, zero
 * in the padding. logits [batch, width], of which `classes` count; labels u8 [batch].
 */
export function softmaxCrossEntropy(
  logits: usize, labels: usize, batch: i32, classes: i32, width: i32, delta: usize,
): f64 {
  const row = <usize>width << 2;
  const scale = <f32>1.0 / <f32>batch;
  let loss: f64 = 0;
  for (let example: i32 = 0; example < batch; example++) {
    const source = logits + <usize>example * row;
    const target = delta + <usize>example * row;
    let largest = load<f32>(source);
    for (let k: i32 = 1; k < classes; k++) largest = max(largest, load<f32>(source + (<usize>k << 2)));
    for (let column: usize = 0; column < row; column += 16) {
      v128.store(target + column, exponential(f32x4.sub(v128.load(source + column), f32x4.splat(largest))));
    }
    let sum: f32 = 0;
    for (let k: i32 = 0; k < classes; k++) sum += load<f32>(target + (<usize>k << 2));
    const label = <usize>load<u8>(labels + <usize>example) << 2;
    loss += NativeMath.log(<f64>sum) + <f64>largest - <f64>load<f32>(source + label);
    const factor = scale / sum;
    for (let k: i32 = 0; k < classes; k++) {
      const at = target + (<usize>k << 2);
      store<f32>(at, load<f32>(at) * factor);
    }
    for (let k: i32 = classes; k < width; k++) store<f32>(target + (<usize>k << 2), 0);
    store<f32>(target + label, load<f32>(target + label) - scale);
  }
  return loss / <f64>batch;
}
