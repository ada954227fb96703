/**
 * The recurrent part of an LSTM with batch normalisation (arXiv 1603.09025, §3) over whole sequences, time-major, and back
 * through time. With BN standardizing over the examples of a step that the mask does not hide,
 *
 *   z = x + γ_h ⊙ BN(h W)             x: what comes from the inputs, with its own normalisation and the bias
 *   c′ = σ(f) ⊙ c + σ(i) ⊙ tanh(g)
 *   h′ = σ(o) ⊙ tanh(γ_c ⊙ BN(c′) + β_c)
 *
 * Rows of an example are [4 · units] or [units], row-major without padding; units is a multiple of eight. The module has no
 * data of its own, so that it can work in the memory of another.
 */
import { backward } from './batch-norm-lstm-backward';
import {
  BatchNormLstmJob, cellsBefore, countExamples, counts, hiddenBefore, maskOf, momentsOf, scaleOf, unitBytes,
} from './batch-norm-lstm-job';
import { packColumns, product } from './matrix-product';
import { addTo } from './padded-rows';
import { madd, sigmoidBy, tanhBy, writeTanhTable } from './simd-math';

export { backward };

/** Rows of `bytes` bytes: their moments over the examples that count, in two passes, and (x − μ)/√(σ² + ε) in place of x. */
function standardize(rows: usize, bytes: usize, batch: usize, mask: usize, epsilon: f32, means: usize): void {
  const variances = means + bytes;
  memory.fill(means, 0, 2 * bytes);
  const share = f32x4.splat(1 / countExamples(mask, batch));
  for (let example: usize = 0; example < batch; example++) {
    if (!counts(mask, example)) continue;
    const row = rows + example * bytes;
    for (let at: usize = 0; at < bytes; at += 16) addTo(means + at, v128.load(row + at));
  }
  for (let at: usize = 0; at < bytes; at += 16) v128.store(means + at, f32x4.mul(v128.load(means + at), share));
  for (let example: usize = 0; example < batch; example++) {
    if (!counts(mask, example)) continue;
    const row = rows + example * bytes;
    for (let at: usize = 0; at < bytes; at += 16) {
      const difference = f32x4.sub(v128.load(row + at), v128.load(means + at));
      v128.store(variances + at, madd(difference, difference, v128.load(variances + at)));
    }
  }
  for (let at: usize = 0; at < bytes; at += 16) v128.store(variances + at, f32x4.mul(v128.load(variances + at), share));
  const small = f32x4.splat(epsilon);
  for (let at: usize = 0; at < bytes; at += 16) {
    const mean = v128.load(means + at);
    const scale = scaleOf(variances + at, small);
    for (let row = rows + at; row < rows + batch * bytes; row += bytes) {
      v128.store(row, f32x4.mul(f32x4.sub(v128.load(row), mean), scale));
    }
  }
}

export function forward(job: BatchNormLstmJob): void {
  writeTanhTable(job.table);
  const units = job.units;
  const batch = <usize>job.batch;
  const bytes = unitBytes(job);
  const row = bytes * 4;
  packColumns(job.recurrentKernel, row, 4, units, 4 * units, job.packed, <usize>units * 32);
  for (let step = 0; step < job.steps; step++) {
    const first = <usize>step * batch;
    const mask = maskOf(job, step);
    const moments = momentsOf(job, step);
    const normals = job.normals + first * row;
    product(hiddenBefore(job, step), bytes, job.packed, normals, row, job.batch, units, 4 * units, false, 0);
    standardize(normals, row, batch, mask, job.epsilon, moments);
    for (let example: usize = 0; example < batch; example++) openGates(job, step, example);
    const cellNormals = job.cellNormals + first * bytes;
    const lastCells = cellsBefore(job, step);
    for (let example: usize = 0; example < batch; example++) {
      const from = counts(mask, example) ? cellNormals : lastCells;
      memory.copy(job.cells + (first + example) * bytes, from + example * bytes, bytes);
    }
    standardize(cellNormals, bytes, batch, mask, job.epsilon, moments + 2 * row);
    for (let example: usize = 0; example < batch; example++) {
      const hidden = job.results + (first + example) * bytes;
      if (counts(mask, example)) show(job, first + example, hidden);
      else memory.copy(hidden, hiddenBefore(job, step) + example * bytes, bytes);
    }
  }
  const last = job.results + <usize>job.steps * batch * bytes;
  memory.copy(last, cellsBefore(job, job.steps), batch * bytes);
}

/** Activations of an example's gates, and c′ where BN(c′) will be. */
function openGates(job: BatchNormLstmJob, step: i32, example: usize): void {
  const table = job.table;
  const bytes = unitBytes(job);
  const at = <usize>(step * job.batch) + example;
  const x = job.fromInputs + at * 4 * bytes;
  const normals = job.normals + at * 4 * bytes;
  const activations = job.activations + at * 4 * bytes;
  const candidate = <usize>job.candidateGate * bytes;
  for (let column: usize = 0; column < bytes * 4; column += 16) {
    const z = madd(v128.load(normals + column), v128.load(job.recurrentGain + column), v128.load(x + column));
    const isCandidate = column >= candidate && column < candidate + bytes;
    v128.store(activations + column, isCandidate ? tanhBy(z, table) : sigmoidBy(z, table));
  }
  const input = activations + <usize>job.inputGate * bytes;
  const forget = activations + <usize>job.forgetGate * bytes;
  const last = cellsBefore(job, step) + example * bytes;
  const next = job.cellNormals + at * bytes;
  for (let unit: usize = 0; unit < bytes; unit += 16) {
    const added = f32x4.mul(v128.load(input + unit), v128.load(activations + candidate + unit));
    v128.store(next + unit, madd(v128.load(forget + unit), v128.load(last + unit), added));
  }
}

/** h′ of one example. */
function show(job: BatchNormLstmJob, at: usize, hidden: usize): void {
  const bytes = unitBytes(job);
  const normals = job.cellNormals + at * bytes;
  const output = job.activations + at * 4 * bytes + <usize>job.outputGate * bytes;
  for (let unit: usize = 0; unit < bytes; unit += 16) {
    const y = madd(v128.load(normals + unit), v128.load(job.cellGain + unit), v128.load(job.cellBias + unit));
    v128.store(hidden + unit, f32x4.mul(v128.load(output + unit), tanhBy(y, job.table)));
  }
}
