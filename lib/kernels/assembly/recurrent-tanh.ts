/**
 * One example of one step of a tanh RNN (arXiv 1607.06450, Eq. 4; without layer normalization h′ = tanh(a + b)), and the
 * reverse:
 *
 *   a = x Wx + h Wh,   h′ = tanh(α ⊙ (a − μ)/√(σ² + ε) + b)
 */
import { addTo, measureRow, normalizeRow, reverseRow } from './padded-rows';
import { BIAS, GRADIENTS, INPUT_GAIN, RecurrentJob, segmentBytes, vector } from './recurrent-job';
import { madd, tanhBy } from './simd-math';

/** sums: a, then what `tanhBackward` needs: (a − μ)/σ, or h′ where nothing is normalised. */
export function tanhForward(job: RecurrentJob, sums: usize, moments: usize, hidden: usize): void {
  const table = job.scratch;
  const block = segmentBytes(job);
  if (job.normalized) {
    measureRow(sums, 1, job.units, block, job.epsilon, moments);
    normalizeRow(sums, moments, block);
  }
  const gain = vector(job, INPUT_GAIN);
  const bias = vector(job, BIAS);
  for (let unit: usize = 0; unit < block; unit += 16) {
    const h = tanhBy(madd(v128.load(sums + unit), v128.load(gain + unit), v128.load(bias + unit)), table);
    v128.store(hidden + unit, h);
    if (!job.normalized) v128.store(sums + unit, h);
  }
}

/** sums becomes ∂/∂a. hiddenGradient: ∂/∂h′, then zero: nothing reaches h other than through h Wh. */
export function tanhBackward(job: RecurrentJob, sums: usize, moments: usize, hiddenGradient: usize): void {
  const table = job.scratch;
  const block = segmentBytes(job);
  const one = f32x4.splat(1);
  const gain = vector(job, INPUT_GAIN);
  const bias = vector(job, BIAS);
  const biasGradient = vector(job, GRADIENTS + BIAS);
  for (let unit: usize = 0; unit < block; unit += 16) {
    let h = v128.load(sums + unit);
    if (job.normalized) h = tanhBy(madd(h, v128.load(gain + unit), v128.load(bias + unit)), table);
    const d = f32x4.mul(v128.load(hiddenGradient + unit), f32x4.sub(one, f32x4.mul(h, h)));
    v128.store(hiddenGradient + unit, d);
    addTo(biasGradient + unit, d);
  }
  if (job.normalized) {
    const gainGradient = vector(job, GRADIENTS + INPUT_GAIN);
    reverseRow(sums, hiddenGradient, gain, gainGradient, load<f32>(moments, 4), block, job.units);
  } else {
    memory.copy(sums, hiddenGradient, block);
  }
  memory.fill(hiddenGradient, 0, block);
}
