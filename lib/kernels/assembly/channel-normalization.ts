/**
 * Layer and batch normalization of a convolutional layer's sums x [images][places][channels], and their gradients:
 *
 *   x̂ = (x − μ)/√(σ² + ε),   y = gain ⊙ x̂ + bias
 *   ∂x = (w − mean(w) − x̂ · mean(x̂ ⊙ w))/√(σ² + ε)  with  w = gain ⊙ ∂y,   ∂gain = Σ ∂y ⊙ x̂,   ∂bias = Σ ∂y
 *
 * A group of values has a μ and a σ in common, and the means are over it: with layer normalization an image, with batch
 * normalization a channel of all images. Gain and bias are a channel's in both.
 *
 * All arrays are float32 and row-major, of any number of channels; what is summed over places is summed in float64. Four channels
 * at a time go through an image's places, so that their sums stay in registers, and image by image, so that what they go through
 * again is in the cache. The two kinds share these loops: what an image's group has is repeated for each of its channels.
 *
 * `mean` is in two parts, because as one float32 it is off by up to 5e-4 where it is 10⁴; `rest` is what it is off by, and 0 in
 * place of an address where nobody knows. The module has no data of its own, so that it can work in the memory of another.
 */
import { average, highToFloat64, loadUpTo, padded, spread } from './channel-groups';
import { storeLanes } from './random-walk-window';
import { madd } from './simd-math';

export { reverse } from './channel-normalization-backward';

/** Bytes of `scratch`: of each channel at most six float64 and three float32. What lies in its padding is in no result. */
export function scratchBytes(channels: i32): usize {
  return padded(channels) * 60;
}

/** Writes each group's mean, what it is off by, and biased variance. Two passes: E[x²] − E[x]² would cancel where the mean is large. */
export function measure(
  x: usize, images: i32, places: i32, channels: i32, isLayer: i32, mean: usize, rest: usize, variance: usize,
  scratch: usize,
): void {
  const imageBytes = <usize>places * <usize>channels * 4;
  const sums = scratch;
  const means = sums + padded(channels) * 8;
  const imagesOfGroup = isLayer ? 1 : images;
  const size = <f64>places * <f64>(isLayer ? channels : images);
  const groups = isLayer ? 1 : channels;
  for (let first = 0; first < images; first += imagesOfGroup) {
    memory.fill(sums, 0, padded(channels) * 8);
    for (let image = 0; image < imagesOfGroup; image++) addValues(x + <usize>image * imageBytes, places, channels, sums);
    average(sums, channels, isLayer, size, means);
    memory.fill(sums, 0, padded(channels) * 8);
    for (let image = 0; image < imagesOfGroup; image++) {
      addSquares(x + <usize>image * imageBytes, places, channels, means, sums);
    }
    average(sums, channels, isLayer, size, sums);
    for (let group: usize = 0; group < <usize>groups; group++) {
      const exact = load<f64>(means + group * 8);
      const rounded = <f32>exact;
      store<f32>(mean, rounded);
      store<f32>(rest, <f32>(exact - <f64>rounded));
      store<f32>(variance, <f32>load<f64>(sums + group * 8));
      mean += 4;
      rest += 4;
      variance += 4;
    }
    x += <usize>imagesOfGroup * imageBytes;
  }
}

/** sums [channels] float64 += Σ x over the places of an image. */
function addValues(x: usize, places: i32, channels: i32, sums: usize): void {
  const rowBytes = <usize>channels * 4;
  for (let channel = 0; channel < channels; channel += 4) {
    const lanes = min(4, channels - channel);
    let low = v128.load(sums);
    let high = v128.load(sums, 16);
    let at = x;
    for (let place = 0; place < places; place++, at += rowBytes) {
      const values = loadUpTo(at, lanes);
      low = f64x2.add(low, f64x2.promote_low_f32x4(values));
      high = f64x2.add(high, highToFloat64(values));
    }
    v128.store(sums, low);
    v128.store(sums, high, 16);
    sums += 32;
    x += 16;
  }
}

/** sums [channels] float64 += Σ (x − mean)² over the places of an image. */
function addSquares(x: usize, places: i32, channels: i32, means: usize, sums: usize): void {
  const rowBytes = <usize>channels * 4;
  for (let channel = 0; channel < channels; channel += 4) {
    const lanes = min(4, channels - channel);
    const lowMean = v128.load(means);
    const highMean = v128.load(means, 16);
    let low = v128.load(sums);
    let high = v128.load(sums, 16);
    let at = x;
    for (let place = 0; place < places; place++, at += rowBytes) {
      const values = loadUpTo(at, lanes);
      const lowCentred = f64x2.sub(f64x2.promote_low_f32x4(values), lowMean);
      const highCentred = f64x2.sub(highToFloat64(values), highMean);
      low = f64x2.add(low, f64x2.mul(lowCentred, lowCentred));
      high = f64x2.add(high, f64x2.mul(highCentred, highCentred));
    }
    v128.store(sums, low);
    v128.store(sums, high, 16);
    means += 32;
    sums += 32;
    x += 16;
  }
}

/** y of x, of its own statistics or of others. */
export function normalize(
  x: usize, gain: usize, bias: usize, mean: usize, rest: usize, variance: usize, images: i32, places: i32, channels: i32,
  isLayer: i32, epsilon: f64, y: usize, scratch: usize,
): void {
  const imageBytes = <usize>places * <usize>channels * 4;
  if (!isLayer) spread(mean, rest, variance, 0, 4, channels, epsilon, scratch);
  for (let image: usize = 0; image < <usize>images; image++) {
    if (isLayer) spread(mean, rest, variance, image * 4, 0, channels, epsilon, scratch);
    normalizeImage(x, gain, bias, y, places, channels, scratch);
    x += imageBytes;
    y += imageBytes;
  }
}

function normalizeImage(x: usize, gain: usize, bias: usize, y: usize, places: i32, channels: i32, units: usize): void {
  const rowBytes = <usize>channels * 4;
  const bytes = padded(channels) * 4;
  for (let channel = 0; channel < channels; channel += 4) {
    const lanes = min(4, channels - channel);
    const mean = v128.load(units);
    const rest = v128.load(units + bytes);
    const factor = f32x4.mul(v128.load(units + 2 * bytes), loadUpTo(gain, lanes));
    const offset = loadUpTo(bias, lanes);
    let at: usize = 0;
    for (let place = 0; place < places; place++, at += rowBytes) {
      const centred = f32x4.sub(f32x4.sub(loadUpTo(x + at, lanes), mean), rest);
      storeLanes(y + at, madd(centred, factor, offset), lanes);
    }
    units += 16;
    gain += 16;
    bias += 16;
    x += 16;
    y += 16;
  }
}
