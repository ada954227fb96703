/**
 * One example of one step of a GRU (arXiv 1607.06450, Eqs 26–28; without layer normalization x̂ and r̂ are the sums themselves
 * and gains are 1), and the reverse. The statistics are those of both gates together, and of the candidate:
 *
 *   [z r] = LN(x Wx; α1) + LN(h Wh; α2) + b
 *   ĥ = tanh(LN(x W; α3) + b₃ + σ(r) ⊙ (LN(h U; α4) + b₄))
 *   h′ = (1 − σ(z)) ⊙ h + σ(z) ⊙ ĥ
 *
 * Moments are those of x Wx, x W, h Wh and h U.
 */
import { addTo, measureRow, normalizeRow, reverseRow } from './padded-rows';
import {
  BIAS, GRADIENTS, INPUT_GAIN, OTHERS, RECURRENT_GAIN, RecurrentJob, rowBytes, segmentBytes, spareRow, vector,
} from './recurrent-job';
import { madd, sigmoidBy, tanhBy } from './simd-math';

/** x: x [Wx W], recurrent: h [Wh U]; both become what `gruBackward` needs. lastHidden may be read beyond its units. */
export function gruForward(
  job: RecurrentJob, x: usize, recurrent: usize, activations: usize, moments: usize, lastHidden: usize, hidden: usize,
): void {
  const table = job.scratch;
  const block = segmentBytes(job);
  if (job.normalized) {
    normalizeSums(job, x, moments);
    normalizeSums(job, recurrent, moments + 16);
  }
  const row = rowBytes(job);
  let parameters = vector(job, BIAS);
  let candidateBias = vector(job, OTHERS);
  for (const end = x + block; x < end; x += 16) {
    const gainsX = parameters + INPUT_GAIN * row;
    const gainsR = parameters + RECURRENT_GAIN * row;
    const sumZ = madd(v128.load(recurrent), v128.load(gainsR), v128.load(parameters));
    const z = sigmoidBy(madd(v128.load(x), v128.load(gainsX), sumZ), table);
    const sumR = madd(v128.load(recurrent + block), v128.load(gainsR + block), v128.load(parameters + block));
    const r = sigmoidBy(madd(v128.load(x + block), v128.load(gainsX + block), sumR), table);
    const inner = madd(v128.load(recurrent + 2 * block), v128.load(gainsR + 2 * block), v128.load(candidateBias));
    const sumH = madd(v128.load(x + 2 * block), v128.load(gainsX + 2 * block), v128.load(parameters + 2 * block));
    const candidate = tanhBy(madd(r, inner, sumH), table);
    const h = v128.load(lastHidden);
    v128.store(activations, z);
    v128.store(activations + block, r);
    v128.store(activations + 2 * block, candidate);
    v128.store(hidden, madd(z, f32x4.sub(candidate, h), h));
    recurrent += 16;
    activations += 16;
    parameters += 16;
    candidateBias += 16;
    lastHidden += 16;
    hidden += 16;
  }
}

/** The gates' and the candidate's sums, each normalised on its own. */
function normalizeSums(job: RecurrentJob, sums: usize, moments: usize): void {
  const block = segmentBytes(job);
  measureRow(sums, 2, job.units, block, job.epsilon, moments);
  measureRow(sums + 2 * block, 1, job.units, block, job.epsilon, moments + 8);
  normalizeRow(sums, moments, 2 * block);
  normalizeRow(sums + 2 * block, moments + 8, block);
}

/**
 * x and recurrent become the gradients with respect to x [Wx W] and h [Wh U]. hiddenGradient: ∂/∂h′, then what reaches h other
 * than through the matrices.
 */
export function gruBackward(
  job: RecurrentJob, x: usize, recurrent: usize, activations: usize, moments: usize, lastHidden: usize,
  hiddenGradient: usize,
): void {
  const block = segmentBytes(job);
  const one = f32x4.splat(1);
  const innerGradient = spareRow(job, 0);
  const h = spareRow(job, 1);
  // The padding must be zero: sums go over it.
  v128.store(h + block - 32, f32x4.splat(0));
  v128.store(h + block - 16, f32x4.splat(0));
  memory.copy(h, lastHidden, <usize>job.units * 4);
  const gains = vector(job, RECURRENT_GAIN) + 2 * block;
  const candidateBias = vector(job, OTHERS);
  const biasGradient = vector(job, GRADIENTS + BIAS);
  const candidateBiasGradient = vector(job, GRADIENTS + OTHERS);
  for (let unit: usize = 0; unit < block; unit += 16) {
    const z = v128.load(activations + unit);
    const r = v128.load(activations + unit + block);
    const candidate = v128.load(activations + unit + 2 * block);
    const dh = v128.load(hiddenGradient + unit);
    const dCandidate = f32x4.mul(f32x4.mul(dh, z), f32x4.sub(one, f32x4.mul(candidate, candidate)));
    const inner = madd(
      v128.load(recurrent + unit + 2 * block), v128.load(gains + unit), v128.load(candidateBias + unit),
    );
    const dInner = f32x4.mul(dCandidate, r);
    const dr = f32x4.mul(f32x4.mul(dInner, inner), f32x4.sub(one, r));
    const difference = f32x4.sub(candidate, v128.load(h + unit));
    const keep = f32x4.sub(one, z);
    const dz = f32x4.mul(f32x4.mul(dh, difference), f32x4.mul(z, keep));
    v128.store(activations + unit, dz);
    v128.store(activations + unit + block, dr);
    v128.store(activations + unit + 2 * block, dCandidate);
    v128.store(innerGradient + unit, dInner);
    v128.store(hiddenGradient + unit, f32x4.mul(dh, keep));
    addTo(biasGradient + unit, dz);
    addTo(biasGradient + unit + block, dr);
    addTo(biasGradient + unit + 2 * block, dCandidate);
    addTo(candidateBiasGradient + unit, dInner);
  }
  reverseSums(job, x, activations, activations + 2 * block, moments, INPUT_GAIN);
  reverseSums(job, recurrent, activations, innerGradient, moments + 16, RECURRENT_GAIN);
}

/** From the gradients after gains to those of the sums: of two gates at `gates`, of the candidate at `candidate`. */
function reverseSums(
  job: RecurrentJob, normals: usize, gates: usize, candidate: usize, moments: usize, gain: usize,
): void {
  const block = segmentBytes(job);
  if (!job.normalized) {
    memory.copy(normals, gates, 2 * block);
    memory.copy(normals + 2 * block, candidate, block);
    return;
  }
  const gains = vector(job, gain);
  const gradients = vector(job, GRADIENTS + gain);
  const units = job.units;
  reverseRow(normals, gates, gains, gradients, load<f32>(moments, 4), 2 * block, 2 * units);
  const third: usize = 2 * block;
  reverseRow(normals + third, candidate, gains + third, gradients + third, load<f32>(moments, 12), block, units);
}
