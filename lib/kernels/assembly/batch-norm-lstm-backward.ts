/** Back through time in an LSTM with batch normalisation. */
import {
  BatchNormLstmJob, cellsBefore, countExamples, counts, maskOf, momentsOf, scaleOf, unitBytes,
} from './batch-norm-lstm-job';
import { addTransposedProduct, packColumns, product } from './matrix-product';
import { addTo } from './padded-rows';
import { madd, tanhBy, writeTanhTable } from './simd-math';

/** Gradients from those of the results. Overwrites normals. */
export function backward(job: BatchNormLstmJob): void {
  writeTanhTable(job.table);
  const units = job.units;
  const batch = job.batch;
  const bytes = unitBytes(job);
  const row = bytes * 4;
  const state = <usize>batch * bytes;
  packColumns(job.recurrentKernel, 4, row, 4 * units, units, job.packed, <usize>units * 128);
  memory.fill(job.recurrentGainGradient, 0, row);
  memory.fill(job.cellGainGradient, 0, bytes);
  memory.fill(job.cellBiasGradient, 0, bytes);
  // These two carry ∂/∂h and ∂/∂c from step to step.
  memory.fill(job.initialHiddenGradient, 0, state);
  memory.copy(job.initialCellGradient, job.resultsGradient + <usize>job.steps * state, state);
  for (let step = job.steps - 1; step >= 0; step--) {
    stepBackward(job, step);
    const gradient = job.normals + <usize>(step * batch) * row;
    product(gradient, row, job.packed, job.initialHiddenGradient, bytes, batch, 4 * units, units, true, 0);
  }
  const target = job.recurrentKernelGradient;
  memory.fill(target, 0, <usize>units * row);
  if (job.steps == 0) return;
  const later = job.normals + <usize>batch * row;
  addTransposedProduct(job.initialHidden, bytes, units, job.normals, 4 * units, batch, target, job.panel);
  addTransposedProduct(job.results, bytes, units, later, 4 * units, (job.steps - 1) * batch, target, job.panel);
}

/** From ∂/∂h′ and ∂/∂c′ of a step to the gradients of x and h W, of c, and of what reaches h other than through h W. */
function stepBackward(job: BatchNormLstmJob, step: i32): void {
  const batch = <usize>job.batch;
  const bytes = unitBytes(job);
  const row = bytes * 4;
  const first = <usize>step * batch;
  const mask = maskOf(job, step);
  const share = f32x4.splat(1 / countExamples(mask, batch));
  const small = f32x4.splat(job.epsilon);
  const moments = momentsOf(job, step);
  const sums = job.work + batch * bytes;
  const products = sums + row;
  memory.fill(sums, 0, 2 * row);

  // Through h′ to BN(c′), and the sums that its moments need.
  for (let example: usize = 0; example < batch; example++) {
    const hiddenGradient = job.initialHiddenGradient + example * bytes;
    const given = job.resultsGradient + (first + example) * bytes;
    for (let unit: usize = 0; unit < bytes; unit += 16) addTo(hiddenGradient + unit, v128.load(given + unit));
    if (counts(mask, example)) reverseShow(job, first + example, example, hiddenGradient, sums, products);
  }
  const cellVariances = moments + 2 * row + bytes;
  for (let example: usize = 0; example < batch; example++) {
    if (!counts(mask, example)) continue;
    const weighted = job.work + example * bytes;
    const normals = job.cellNormals + (first + example) * bytes;
    const cellGradient = job.initialCellGradient + example * bytes;
    for (let unit: usize = 0; unit < bytes; unit += 16) {
      const along = f32x4.mul(v128.load(normals + unit), v128.load(products + unit));
      const shared = f32x4.mul(share, f32x4.add(v128.load(sums + unit), along));
      const through = f32x4.mul(scaleOf(cellVariances + unit, small), f32x4.sub(v128.load(weighted + unit), shared));
      addTo(cellGradient + unit, through);
    }
  }

  // Through the gates to x and BN(h W), and the sums that its moments need.
  memory.fill(sums, 0, 2 * row);
  for (let example: usize = 0; example < batch; example++) {
    const gradient = job.fromInputsGradient + (first + example) * row;
    if (!counts(mask, example)) {
      memory.fill(gradient, 0, row);
      continue;
    }
    reverseGates(job, step, example, gradient);
    const normals = job.normals + (first + example) * row;
    for (let column: usize = 0; column < row; column += 16) {
      const dz = v128.load(gradient + column);
      const normal = v128.load(normals + column);
      addTo(job.recurrentGainGradient + column, f32x4.mul(dz, normal));
      const weighted = f32x4.mul(dz, v128.load(job.recurrentGain + column));
      addTo(sums + column, weighted);
      v128.store(products + column, madd(weighted, normal, v128.load(products + column)));
    }
  }
  const variances = moments + row;
  for (let example: usize = 0; example < batch; example++) {
    const gradient = job.fromInputsGradient + (first + example) * row;
    const normals = job.normals + (first + example) * row;
    if (!counts(mask, example)) {
      memory.fill(normals, 0, row);
      continue;
    }
    // h reached this step through h W alone.
    memory.fill(job.initialHiddenGradient + example * bytes, 0, bytes);
    for (let column: usize = 0; column < row; column += 16) {
      const weighted = f32x4.mul(v128.load(gradient + column), v128.load(job.recurrentGain + column));
      const along = f32x4.mul(v128.load(normals + column), v128.load(products + column));
      const shared = f32x4.mul(share, f32x4.add(v128.load(sums + column), along));
      v128.store(normals + column, f32x4.mul(scaleOf(variances + column, small), f32x4.sub(weighted, shared)));
    }
  }
}

/** h′ = σ(o) ⊙ tanh(γ_c ⊙ ĉ + β_c): writes ∂/∂o; work, sums and products get γ_c ⊙ ∂/∂y, its sum, and that times ĉ. */
function reverseShow(
  job: BatchNormLstmJob, at: usize, example: usize, hiddenGradient: usize, sums: usize, products: usize,
): void {
  const bytes = unitBytes(job);
  const one = f32x4.splat(1);
  const normals = job.cellNormals + at * bytes;
  const output = job.activations + at * 4 * bytes + <usize>job.outputGate * bytes;
  const gradient = job.fromInputsGradient + at * 4 * bytes + <usize>job.outputGate * bytes;
  const work = job.work + example * bytes;
  for (let unit: usize = 0; unit < bytes; unit += 16) {
    const normal = v128.load(normals + unit);
    const gain = v128.load(job.cellGain + unit);
    const t = tanhBy(madd(normal, gain, v128.load(job.cellBias + unit)), job.table);
    const o = v128.load(output + unit);
    const dh = v128.load(hiddenGradient + unit);
    v128.store(gradient + unit, f32x4.mul(f32x4.mul(dh, t), f32x4.mul(o, f32x4.sub(one, o))));
    const dy = f32x4.mul(f32x4.mul(dh, o), f32x4.sub(one, f32x4.mul(t, t)));
    addTo(job.cellGainGradient + unit, f32x4.mul(dy, normal));
    addTo(job.cellBiasGradient + unit, dy);
    const weighted = f32x4.mul(dy, gain);
    v128.store(work + unit, weighted);
    addTo(sums + unit, weighted);
    v128.store(products + unit, madd(weighted, normal, v128.load(products + unit)));
  }
}

/** c′ = σ(f) ⊙ c + σ(i) ⊙ tanh(g): writes ∂/∂z of these three, and takes ∂/∂c′ to ∂/∂c. */
function reverseGates(job: BatchNormLstmJob, step: i32, example: usize, gradient: usize): void {
  const bytes = unitBytes(job);
  const one = f32x4.splat(1);
  const activations = job.activations + (<usize>(step * job.batch) + example) * 4 * bytes;
  const input = <usize>job.inputGate * bytes;
  const forget = <usize>job.forgetGate * bytes;
  const candidate = <usize>job.candidateGate * bytes;
  const last = cellsBefore(job, step) + example * bytes;
  const cellGradient = job.initialCellGradient + example * bytes;
  for (let unit: usize = 0; unit < bytes; unit += 16) {
    const i = v128.load(activations + input + unit);
    const f = v128.load(activations + forget + unit);
    const g = v128.load(activations + candidate + unit);
    const dc = v128.load(cellGradient + unit);
    v128.store(gradient + input + unit, f32x4.mul(f32x4.mul(dc, g), f32x4.mul(i, f32x4.sub(one, i))));
    const df = f32x4.mul(dc, v128.load(last + unit));
    v128.store(gradient + forget + unit, f32x4.mul(df, f32x4.mul(f, f32x4.sub(one, f))));
    v128.store(gradient + candidate + unit, f32x4.mul(f32x4.mul(dc, i), f32x4.sub(one, f32x4.mul(g, g))));
    v128.store(cellGradient + unit, f32x4.mul(dc, f));
  }
}
