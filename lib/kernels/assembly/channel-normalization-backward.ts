/** The gradients of assembly/channel-normalization.ts, whose equations they follow. */
import { average, highToFloat64, loadUpTo, padded, spread } from './channel-groups';
import { storeLanes } from './random-walk-window';

/** The gradients of x, gain and bias from that of y, through x's own statistics; all are overwritten. */
export function reverse(
  x: usize, gain: usize, mean: usize, rest: usize, variance: usize, dy: usize, images: i32, places: i32, channels: i32,
  isLayer: i32, epsilon: f64, dx: usize, dGain: usize, dBias: usize, scratch: usize,
): void {
  const imageBytes = <usize>places * <usize>channels * 4;
  const doubles = padded(channels) * 8;
  const sums = scratch;
  const alongs = sums + doubles;
  const biasTotals = alongs + doubles;
  const gainTotals = biasTotals + doubles;
  const meanSums = gainTotals + doubles;
  const meanAlongs = meanSums + doubles;
  const units = meanAlongs + doubles;
  const imagesOfGroup = isLayer ? 1 : images;
  const size = <f64>places * <f64>(isLayer ? channels : images);
  memory.fill(biasTotals, 0, 2 * doubles);
  for (let first = 0; first < images; first += imagesOfGroup) {
    spread(mean, rest, variance, <usize>first * 4, isLayer ? 0 : 4, channels, epsilon, units);
    memory.fill(sums, 0, 2 * doubles);
    for (let image = 0; image < imagesOfGroup; image++) {
      const at = <usize>image * imageBytes;
      addGradients(x + at, dy + at, places, channels, units, sums, alongs);
    }
    for (let channel: usize = 0; channel < <usize>channels; channel++) {
      const at = channel * 8;
      const weight = <f64>load<f32>(gain + channel * 4);
      store<f64>(biasTotals + at, load<f64>(biasTotals + at) + load<f64>(sums + at));
      store<f64>(gainTotals + at, load<f64>(gainTotals + at) + load<f64>(alongs + at));
      store<f64>(sums + at, load<f64>(sums + at) * weight);
      store<f64>(alongs + at, load<f64>(alongs + at) * weight);
    }
    average(sums, channels, isLayer, size, meanSums);
    average(alongs, channels, isLayer, size, meanAlongs);
    for (let image = 0; image < imagesOfGroup; image++) {
      const at = <usize>image * imageBytes;
      writeGradients(x + at, dy + at, gain, places, channels, units, meanSums, meanAlongs, dx + at);
    }
    x += <usize>imagesOfGroup * imageBytes;
    dy += <usize>imagesOfGroup * imageBytes;
    dx += <usize>imagesOfGroup * imageBytes;
  }
  for (let channel: usize = 0; channel < <usize>channels; channel++) {
    store<f32>(dBias + channel * 4, <f32>load<f64>(biasTotals + channel * 8));
    store<f32>(dGain + channel * 4, <f32>load<f64>(gainTotals + channel * 8));
  }
}

/** sums, alongs [channels] float64 += Σ ∂y and Σ ∂y ⊙ x̂ over the places of an image. */
function addGradients(
  x: usize, dy: usize, places: i32, channels: i32, units: usize, sums: usize, alongs: usize,
): void {
  const rowBytes = <usize>channels * 4;
  const bytes = padded(channels) * 4;
  for (let channel = 0; channel < channels; channel += 4) {
    const lanes = min(4, channels - channel);
    const mean = v128.load(units);
    const rest = v128.load(units + bytes);
    const scale = v128.load(units + 2 * bytes);
    let low = v128.load(sums);
    let high = v128.load(sums, 16);
    let lowAlong = v128.load(alongs);
    let highAlong = v128.load(alongs, 16);
    let at: usize = 0;
    for (let place = 0; place < places; place++, at += rowBytes) {
      const gradient = loadUpTo(dy + at, lanes);
      const normal = f32x4.mul(f32x4.sub(f32x4.sub(loadUpTo(x + at, lanes), mean), rest), scale);
      const along = f32x4.mul(gradient, normal);
      low = f64x2.add(low, f64x2.promote_low_f32x4(gradient));
      high = f64x2.add(high, highToFloat64(gradient));
      lowAlong = f64x2.add(lowAlong, f64x2.promote_low_f32x4(along));
      highAlong = f64x2.add(highAlong, highToFloat64(along));
    }
    v128.store(sums, low);
    v128.store(sums, high, 16);
    v128.store(alongs, lowAlong);
    v128.store(alongs, highAlong, 16);
    units += 16;
    sums += 32;
    alongs += 32;
    x += 16;
    dy += 16;
  }
}

/** ∂x of an image, from the means of its groups, float64 [channels]. */
function writeGradients(
  x: usize, dy: usize, gain: usize, places: i32, channels: i32, units: usize, meanSums: usize, meanAlongs: usize, dx: usize,
): void {
  const rowBytes = <usize>channels * 4;
  const bytes = padded(channels) * 4;
  for (let channel = 0; channel < channels; channel += 4) {
    const lanes = min(4, channels - channel);
    const mean = v128.load(units);
    const rest = v128.load(units + bytes);
    const scale = v128.load(units + 2 * bytes);
    const weight = loadUpTo(gain, lanes);
    const meanSum = toFloat32(meanSums);
    const meanAlong = toFloat32(meanAlongs);
    let at: usize = 0;
    for (let place = 0; place < places; place++, at += rowBytes) {
      const normal = f32x4.mul(f32x4.sub(f32x4.sub(loadUpTo(x + at, lanes), mean), rest), scale);
      const centred = f32x4.sub(f32x4.mul(loadUpTo(dy + at, lanes), weight), meanSum);
      storeLanes(dx + at, f32x4.mul(f32x4.sub(centred, f32x4.mul(normal, meanAlong)), scale), lanes);
    }
    units += 16;
    gain += 16;
    meanSums += 32;
    meanAlongs += 32;
    x += 16;
    dy += 16;
    dx += 16;
  }
}

/** Four float64 as float32. */
// @ts-ignore: decorator
@inline
function toFloat32(from: usize): v128 {
  const low = f32x4.demote_f64x2_zero(v128.load(from));
  const high = f32x4.demote_f64x2_zero(v128.load(from, 16));
  return v128.shuffle<i32>(low, high, 0, 1, 4, 5);
}
