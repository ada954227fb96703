/** What JavaScript tells the functions of an LSTM with batch normalisation, and where they find what belongs to a step. */

/** The order is that of `batchNormLstmJobFields` in lib/kernels/batch-norm-lstm.ts. */
// @ts-ignore: decorator
@unmanaged
export class BatchNormLstmJob {
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
export function unitBytes(job: BatchNormLstmJob): usize {
  return <usize>job.units * 4;
}

/** h before a step, [batch, units]. */
export function hiddenBefore(job: BatchNormLstmJob, step: i32): usize {
  return step == 0 ? job.initialHidden : job.results + <usize>((step - 1) * job.batch) * unitBytes(job);
}

export function cellsBefore(job: BatchNormLstmJob, step: i32): usize {
  return step == 0 ? job.initialCell : job.cells + <usize>((step - 1) * job.batch) * unitBytes(job);
}

/** Of a step: mean and variance of h W, then of c′. */
export function momentsOf(job: BatchNormLstmJob, step: i32): usize {
  return job.results + <usize>(job.steps * job.batch + job.batch + 10 * step) * unitBytes(job);
}

/** Where the mask of a step begins, or 0. */
export function maskOf(job: BatchNormLstmJob, step: i32): usize {
  return job.mask ? job.mask + <usize>(step * job.batch) * 4 : 0;
}

// @ts-ignore: decorator
@inline
export function counts(mask: usize, example: usize): bool {
  return mask == 0 || load<f32>(mask + example * 4) != 0;
}

/** Examples that count, at least one: where there is none, moments are of no use and must only be finite. */
export function countExamples(mask: usize, batch: usize): f32 {
  let count: f32 = 0;
  for (let example: usize = 0; example < batch; example++) if (counts(mask, example)) count += 1;
  return max<f32>(1, count);
}

// @ts-ignore: decorator
@inline
export function scaleOf(variances: usize, epsilon: v128): v128 {
  return f32x4.div(f32x4.splat(1), f32x4.sqrt(f32x4.add(v128.load(variances), epsilon)));
}
