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
import { addTransposedProduct, packColumns, product } from './matrix-product';
import { addTo } from './padded-rows';
import { madd, sigmoidBy, tanhBy, writeTanhTable } from './simd-math';

/** The order is that of `batchNormLstmJobFields` in lib/kernels/batch-norm-lstm.ts. */
// @ts-ignore: decorator
@unmanaged
class BatchNormLstmJob {
  steps!: i32;
  batch!: i32;
  units!: i32;
  epsilon!: f32;
  /** Which quarter of a row of gates each has, 0 to 3. */
  inputGate!: i32;
  forgetGate!: i32;
  candidateGate!: i32;
  outputGate!: i32;

  /** [steps, batch, 4 · units] x */
  fromInputs!: usize;
  /** [steps, batch]; where it is zero the state stays. Or 0. */
  mask!: usize;
  /** [batch, units] */
  initialHidden!: usize;
  initialCell!: usize;
  /** [units, 4 · units] */
  recurrentKernel!: usize;
  /** [4 · units] */
  recurrentGain!: usize;
  /** [units] */
  cellGain!: usize;
  cellBias!: usize;

  /** Rows of units: [steps · batch] h, [batch] the last c, then of each step 4 + 4 of h W's mean and variance, 1 + 1 of c's. */
  results!: usize;
  /** [steps · batch, 4 · units] BN(h W); backward turns it into the gradient with respect to h W. */
  normals!: usize;
  /** [steps · batch, 4 · units] Of the gates. */
  activations!: usize;
  /** [steps · batch, units] c as it is carried. */
  cells!: usize;
  /** [steps · batch, units] BN(c′) */
  cellNormals!: usize;

  /** As results; what belongs to moments is not read. */
  resultsGradient!: usize;
  fromInputsGradient!: usize;
  initialHiddenGradient!: usize;
  initialCellGradient!: usize;
  recurrentKernelGradient!: usize;
  recurrentGainGradient!: usize;
  cellGainGradient!: usize;
  cellBiasGradient!: usize;

  /** [units · 4 · units] The recurrent kernel, packed. */
  packed!: usize;
  /** Backward: rows of `addTransposedProduct`. */
  panel!: usize;
  /** Backward: [batch, units] the gradient of BN(c′) times γ_c; then four rows of gates for sums over examples. */
  work!: usize;
  /** The table of tanh. */
  table!: usize;
}

// @ts-ignore: decorator
@inline
function unitBytes(job: BatchNormLstmJob): usize {
  return <usize>job.units * 4;
}

/** h before a step, [batch, units]. */
function hiddenBefore(job: BatchNormLstmJob, step: i32): usize {
  return step == 0 ? job.initialHidden : job.results + <usize>((step - 1) * job.batch) * unitBytes(job);
}

function cellsBefore(job: BatchNormLstmJob, step: i32): usize {
  return step == 0 ? job.initialCell : job.cells + <usize>((step - 1) * job.batch) * unitBytes(job);
}

/** Of a step: mean and variance of h W, then of c′. */
function momentsOf(job: BatchNormLstmJob, step: i32): usize {
  return job.results + <usize>(job.steps * job.batch + job.batch + 10 * step) * unitBytes(job);
}

/** Where the mask of a step begins, or 0. */
function maskOf(job: BatchNormLstmJob, step: i32): usize {
  return job.mask ? job.mask + <usize>(step * job.batch) * 4 : 0;
}

// @ts-ignore: decorator
@inline
function counts(mask: usize, example: usize): bool {
  return mask == 0 || load<f32>(mask + example * 4) != 0;
}

/** Examples that count, at least one: where there is none, moments are of no use and must only be finite. */
function countExamples(mask: usize, batch: usize): f32 {
  let count: f32 = 0;
  for (let example: usize = 0; example < batch; example++) if (counts(mask, example)) count += 1;
  return max<f32>(1, count);
}

// @ts-ignore: decorator
@inline
function scaleOf(variances: usize, epsilon: v128): v128 {
  return f32x4.div(f32x4.splat(1), f32x4.sqrt(f32x4.add(v128.load(variances), epsilon)));
}

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
