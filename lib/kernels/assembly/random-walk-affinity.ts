/**
 * Affinities of pixels, w_ij = exp(Σ_k θ_k |φ_k(i) − φ_k(j)|), and their gradients. Features are [height, width, channels]; the
 * differences of a pair are summed as they are made and never stored.
 */
import { exp, madd } from './simd-math';
import { loadLanes, middle, reach, storeLanes, sumsOf } from './random-walk-window';

/** w [height, width, places] from φ and θ [channels]; 0 for pairs that leave the image. */
export function affinities(
  features: usize, theta: usize, out: usize, height: i32, width: i32, channels: i32,
  window: usize, radius: i32, places: i32,
): void {
  affinityRows(features, theta, out, 0, height, height, width, channels, window, radius, places);
}

/** The same of the rows from `firstRow` to before `endRow` alone. */
export function affinityRows(
  features: usize, theta: usize, out: usize, firstRow: i32, endRow: i32, height: i32, width: i32, channels: i32,
  window: usize, radius: i32, places: i32,
): void {
  const pixelBytes = <usize>channels * 4;
  out += <usize>(firstRow * width * places) * 4;
  for (let row = firstRow; row < endRow; row++) {
    for (let column = 0; column < width; column++) {
      const pixel = features + <usize>(row * width + column) * pixelBytes;
      if (column < radius || column + radius >= width || row + radius >= height) {
        memory.fill(out, 0, <usize>places * 4);
      }
      const last = min(radius, height - 1 - row);
      for (let down = 0; down <= last; down++) {
        const side = reach(window, down);
        const from = down == 0 ? 1 : -min(side, column);
        const end = min(side, width - 1 - column);
        let neighbour = pixel + <usize>((down * width + from) * <i32>pixelBytes);
        let target = out + <usize>((middle(window, down) + from) * 4);
        for (let at = from; at <= end; at += 4) {
          const count = min(4, end - at + 1);
          storeLanes(target, exp(fourExponents(pixel, neighbour, theta, channels, count)), count);
          neighbour += 4 * pixelBytes;
          target += 16;
        }
      }
      out += <usize>places * 4;
    }
  }
}

/** Σ_k θ_k |φ_k(i) − φ_k(j)| for the pixel i and `count` neighbours j in a row. */
// @ts-ignore: decorator
@inline
function fourExponents(pixel: usize, neighbour: usize, theta: usize, channels: i32, count: i32): v128 {
  const pixelBytes = <usize>channels * 4;
  // Where there are fewer than four, the last comes again.
  let second = neighbour + (count > 1 ? pixelBytes : 0);
  let third = second + (count > 2 ? pixelBytes : 0);
  let fourth = third + (count > 3 ? pixelBytes : 0);
  let a = f32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  const end = pixel + <usize>(channels >> 2) * 16;
  for (; pixel < end; pixel += 16) {
    const own = v128.load(pixel);
    const weight = v128.load(theta);
    a = madd(weight, f32x4.abs(f32x4.sub(own, v128.load(neighbour))), a);
    b = madd(weight, f32x4.abs(f32x4.sub(own, v128.load(second))), b);
    c = madd(weight, f32x4.abs(f32x4.sub(own, v128.load(third))), c);
    d = madd(weight, f32x4.abs(f32x4.sub(own, v128.load(fourth))), d);
    theta += 16;
    neighbour += 16;
    second += 16;
    third += 16;
    fourth += 16;
  }
  const lanes = channels & 3;
  if (lanes) {
    const own = loadLanes(pixel, lanes);
    const weight = loadLanes(theta, lanes);
    a = madd(weight, f32x4.abs(f32x4.sub(own, loadLanes(neighbour, lanes))), a);
    b = madd(weight, f32x4.abs(f32x4.sub(own, loadLanes(second, lanes))), b);
    c = madd(weight, f32x4.abs(f32x4.sub(own, loadLanes(third, lanes))), c);
    d = madd(weight, f32x4.abs(f32x4.sub(own, loadLanes(fourth, lanes))), d);
  }
  return sumsOf(a, b, c, d);
}

/**
 * ∂L/∂φ_k(i) = θ_k Σ_j q_ij sign(φ_k(i) − φ_k(j)) and ∂L/∂θ_k = Σ q_ij |φ_k(i) − φ_k(j)| over pairs, q = w ∂L/∂w.
 *
 * @param gradient ∂L/∂w [height, width, places]
 * @param q scratch, [height, width, places]
 * @param rowSums scratch, [channels rounded up to 4]
 * @param dFeatures written, [height, width, channels]
 * @param dTheta written, [channels rounded up to 4]
 */
export function affinityGradients(
  features: usize, theta: usize, affinities: usize, gradient: usize, q: usize, rowSums: usize,
  dFeatures: usize, dTheta: usize, height: i32, width: i32, channels: i32, window: usize, radius: i32, places: i32,
): void {
  const count = height * width * places;
  for (let at = 0; at < count; at++) {
    const byte = <usize>at * 4;
    store<f32>(q + byte, load<f32>(affinities + byte) * load<f32>(gradient + byte));
  }
  const sumBytes = <usize>((channels + 3) >> 2) * 16;
  const pixelBytes = <usize>channels * 4;
  memory.fill(dTheta, 0, sumBytes);
  memory.fill(dFeatures, 0, <usize>(height * width) * pixelBytes);
  for (let row = 0; row < height; row++) {
    // Sums of sums: over the pairs of a pixel, the pixels of a row, and the rows, so that float32 keeps its digits.
    memory.fill(rowSums, 0, sumBytes);
    for (let column = 0; column < width; column++) {
      const pixel = <usize>(row * width + column);
      const at = pixel * pixelBytes;
      const own = q + pixel * <usize>places * 4;
      for (let channel = 0; channel < channels; ) {
        const offset = at + <usize>channel * 4;
        const sums = rowSums + <usize>channel * 4;
        const left = channels - channel;
        if (left >= 8) {
          eightChannels(
            features + offset, own, sums, dFeatures + offset, row, column, height, width, pixelBytes, window, radius,
          );
          channel += 8;
        } else {
          upToFourChannels(
            features + offset, own, sums, dFeatures + offset, row, column, height, width, pixelBytes, window, radius,
            min(4, left),
          );
          channel += 4;
        }
      }
    }
    for (let byte: usize = 0; byte < sumBytes; byte += 16) {
      v128.store(dTheta + byte, f32x4.add(v128.load(dTheta + byte), v128.load(rowSums + byte)));
    }
  }
  for (let pixel = 0; pixel < height * width; pixel++) {
    for (let channel = 0; channel < channels; channel += 4) {
      const lanes = min(4, channels - channel);
      const weights = loadUpToFour(theta + <usize>channel * 4, lanes);
      const at = dFeatures + <usize>channel * 4;
      storeLanes(at, f32x4.mul(weights, loadUpToFour(at, lanes)), lanes);
    }
    dFeatures += pixelBytes;
  }
}

function eightChannels(
  features: usize, q: usize, rowSums: usize, dFeatures: usize, row: i32, column: i32, height: i32, width: i32,
  pixelBytes: usize, window: usize, radius: i32,
): void {
  pairGradients(
    true, features, q, rowSums, dFeatures, row, column, height, width, pixelBytes, window, radius, 4,
  );
}

function upToFourChannels(
  features: usize, q: usize, rowSums: usize, dFeatures: usize, row: i32, column: i32, height: i32, width: i32,
  pixelBytes: usize, window: usize, radius: i32, lanes: i32,
): void {
  pairGradients(
    false, features, q, rowSums, dFeatures, row, column, height, width, pixelBytes, window, radius, lanes,
  );
}

/**
 * Of the pairs of one pixel with those after it, and up to four channels, or eight: adds q sign(φ_i − φ_j) to the pixel, takes it
 * from the neighbour, and adds q |φ_i − φ_j| to the sums of the row.
 *
 * @param features of the pixel and the channels, as are the sums and the gradients
 * @param q of the pixel
 */
// @ts-ignore: decorator
@inline
function pairGradients(
  isEight: bool, features: usize, q: usize, rowSums: usize, dFeatures: usize, row: i32, column: i32, height: i32,
  width: i32, pixelBytes: usize, window: usize, radius: i32, lanes: i32,
): void {
  const own = loadUpToFour(features, lanes);
  const ownSecond = isEight ? v128.load(features, 16) : own;
  let towards = f32x4.splat(0);
  let towardsSecond = towards;
  let distances = towards;
  let distancesSecond = towards;
  const last = min(radius, height - 1 - row);
  for (let down = 0; down <= last; down++) {
    const side = reach(window, down);
    const from = down == 0 ? 1 : -min(side, column);
    const end = min(side, width - 1 - column);
    let at = <usize>(down * width + from) * pixelBytes;
    let weightAt = q + <usize>((middle(window, down) + from) * 4);
    for (let count = end - from; count >= 0; count--) {
      const weight = v128.load32_splat(weightAt);
      const difference = f32x4.sub(own, loadUpToFour(features + at, lanes));
      const signed = withSign(weight, difference);
      towards = f32x4.add(towards, signed);
      distances = madd(signed, difference, distances);
      storeLanes(dFeatures + at, f32x4.sub(loadUpToFour(dFeatures + at, lanes), signed), lanes);
      if (isEight) {
        const second = f32x4.sub(ownSecond, v128.load(features + at, 16));
        const signedSecond = withSign(weight, second);
        towardsSecond = f32x4.add(towardsSecond, signedSecond);
        distancesSecond = madd(signedSecond, second, distancesSecond);
        v128.store(dFeatures + at, f32x4.sub(v128.load(dFeatures + at, 16), signedSecond), 16);
      }
      at += pixelBytes;
      weightAt += 4;
    }
  }
  storeLanes(dFeatures, f32x4.add(loadUpToFour(dFeatures, lanes), towards), lanes);
  v128.store(rowSums, f32x4.add(v128.load(rowSums), distances));
  if (isEight) {
    v128.store(dFeatures, f32x4.add(v128.load(dFeatures, 16), towardsSecond), 16);
    v128.store(rowSums, f32x4.add(v128.load(rowSums, 16), distancesSecond), 16);
  }
}

/** The weight with the sign of the difference, and nothing where there is none. */
// @ts-ignore: decorator
@inline
function withSign(weight: v128, difference: v128): v128 {
  const signed = v128.xor(weight, v128.and(difference, i32x4.splat(0x8000_0000)));
  return v128.and(signed, f32x4.ne(difference, f32x4.splat(0)));
}

// @ts-ignore: decorator
@inline
function loadUpToFour(from: usize, lanes: i32): v128 {
  return lanes == 4 ? v128.load(from) : loadLanes(from, lanes);
}
