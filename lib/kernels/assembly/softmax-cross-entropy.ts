/** Softmax cross entropy of class scores, with its gradient: float32 [pixels][classes], labels int32 [pixels]. */
import { loadLanes, storeLanes } from './random-walk-window';
import { exp, log } from './simd-math';

/**
 * Returns Σ −log softmax(f)[label] over the pixels whose label is not negative, summed in float64. Writes
 * (softmax(f) − 1[label]) · scale, or zeros where the label is negative, to `gradient` [pixels][classes].
 */
export function softmaxCrossEntropy(
  scores: usize, labels: usize, gradient: usize, pixels: i32, classes: i32, scale: f32,
): f64 {
  const bytes = <usize>classes * 4;
  const whole = <usize>(classes & ~3) * 4;
  const lanes = classes & 3;
  const inLanes = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(lanes));
  let loss: f64 = 0;
  for (; pixels > 0; pixels--) {
    const label = load<i32>(labels);
    if (label < 0) {
      memory.fill(gradient, 0, bytes);
    } else {
      let most = f32x4.splat(load<f32>(scores));
      for (let at: usize = 0; at < whole; at += 16) most = f32x4.max(most, v128.load(scores + at));
      if (lanes) most = f32x4.max(most, v128.bitselect(loadLanes(scores + whole, lanes), most, inLanes));
      most = f32x4.max(most, v128.shuffle<i32>(most, most, 2, 3, 0, 1));
      most = f32x4.max(most, v128.shuffle<i32>(most, most, 1, 0, 3, 2));
      let sum = f32x4.splat(0);
      for (let at: usize = 0; at < whole; at += 16) {
        const power = exp(f32x4.sub(v128.load(scores + at), most));
        sum = f32x4.add(sum, power);
        v128.store(gradient + at, power);
      }
      if (lanes) {
        const power = v128.and(inLanes, exp(f32x4.sub(loadLanes(scores + whole, lanes), most)));
        sum = f32x4.add(sum, power);
        storeLanes(gradient + whole, power, lanes);
      }
      sum = f32x4.add(sum, v128.shuffle<i32>(sum, sum, 2, 3, 0, 1));
      sum = f32x4.add(sum, v128.shuffle<i32>(sum, sum, 1, 0, 3, 2));
      const factor = f32x4.div(f32x4.splat(scale), sum);
      for (let at: usize = 0; at < whole; at += 16) {
        v128.store(gradient + at, f32x4.mul(v128.load(gradient + at), factor));
      }
      if (lanes) storeLanes(gradient + whole, f32x4.mul(loadLanes(gradient + whole, lanes), factor), lanes);
      const place = <usize>label * 4;
      store<f32>(gradient + place, load<f32>(gradient + place) - scale);
      const logarithm = f32x4.extract_lane(log(sum), 0);
      loss += <f64>logarithm + <f64>f32x4.extract_lane(most, 0) - <f64>load<f32>(scores + place);
    }
    scores += bytes;
    gradient += bytes;
    labels += 4;
  }
  return loss;
}
