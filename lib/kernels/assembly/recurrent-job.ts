/** What JavaScript tells the recurrent kernels, and what the three cells share. */
import { packColumns } from './matrix-product';
import { padVector, paddedUnits, unpadRows } from './padded-rows';

/**
 * The order is that of `recurrentJobFields` in lib/kernels/recurrent-kernel.ts. Arrays of the caller's are row-major without
 * padding. Arrays of the kernel's own have rows of `gates` segments of paddedUnits(units) floats, or of one. Addresses are 0
 * where there is no such array.
 */
// @ts-ignore: decorator
@unmanaged
export class RecurrentJob {
  steps!: i32;
  batch!: i32;
  inputSize!: i32;
  units!: i32;
  /** 4 of an LSTM, 3 of a GRU, 1 of a tanh RNN. */
  gates!: i32;
  normalized!: i32;
  epsilon!: f32;
  /** [gates] Which block of the caller's arrays is the kernel's first, second, … gate. */
  gateOrder!: usize;

  /** [steps, batch, inputSize] */
  inputs!: usize;
  /** [steps, batch]; where it is zero the state stays. Or 0. */
  mask!: usize;
  /** [batch, units] */
  initialHidden!: usize;
  initialCell!: usize;
  /** [inputSize, gates · units] */
  inputKernel!: usize;
  /** [units, gates · units] */
  recurrentKernel!: usize;
  /** [gates · units] */
  bias!: usize;
  inputGain!: usize;
  recurrentGain!: usize;
  /** [units]; of an LSTM's normalised cell state. */
  cellGain!: usize;
  cellBias!: usize;
  /** [units]; of a GRU's candidate, inside the reset gate. */
  candidateBias!: usize;

  /** [steps (+ 1), batch, units]; an LSTM's last step is its final cell state. */
  outputs!: usize;

  /** [steps · batch][gates] x Wx, then normalised; backward, the gradient with respect to x Wx. */
  inputSums!: usize;
  /** The same of h Wh; the same array where the two are only added. Distance of steps in bytes, 0 where only one is kept. */
  recurrentSums!: usize;
  recurrentSumsStep!: usize;
  /** Activations; a plain LSTM and an RNN have them in inputSums. */
  activations!: usize;
  activationsStep!: usize;
  /** [steps + 1][batch][1] An LSTM's cell states, the initial one first. */
  cells!: usize;
  cellsStep!: usize;
  /** [steps · batch][8] Means and 1/σ. */
  moments!: usize;
  momentsStep!: usize;

  /** [steps (+ 1), batch, units] */
  outputGradient!: usize;
  /** [steps, batch, inputSize] */
  inputsGradient!: usize;
  initialHiddenGradient!: usize;
  initialCellGradient!: usize;
  inputKernelGradient!: usize;
  recurrentKernelGradient!: usize;
  biasGradient!: usize;
  inputGainGradient!: usize;
  recurrentGainGradient!: usize;
  cellGainGradient!: usize;
  cellBiasGradient!: usize;
  candidateBiasGradient!: usize;

  /** Room for the padded vectors of parameters and their gradients: 9 rows of `gates` segments. */
  vectors!: usize;
  /** Packed kernels: of the inputs [gates · padded / 8][inputSize][8] or turned, of the recurrence likewise. */
  packedInput!: usize;
  packedRecurrent!: usize;
  /**
   * Backward: the gradient of either kernel, [max(inputSize, units)][gates]. Or 0 where the caller's arrays are the same: units
   * without padding, gates in the kernel's order.
   */
  kernelSums!: usize;
  /** Backward: rows of `addTransposedProduct`. */
  panel!: usize;
  /** [batch][1] Backward: ∂/∂h and ∂/∂c from later steps. */
  hiddenGradient!: usize;
  cellGradient!: usize;
  /** The table of tanh, then 128 bytes that `product` needs, then two rows of one segment. */
  scratch!: usize;
}

/** Bytes of a gate's segment. */
// @ts-ignore: decorator
@inline
export function segmentBytes(job: RecurrentJob): usize {
  return <usize>paddedUnits(job.units) * 4;
}

/** Bytes of a row of all gates. */
// @ts-ignore: decorator
@inline
export function rowBytes(job: RecurrentJob): usize {
  return <usize>job.gates * segmentBytes(job);
}

// @ts-ignore: decorator
@inline
export const SPARE: usize = 256;

/** Where `product` may write a tile. */
// @ts-ignore: decorator
@inline
export function spareTile(job: RecurrentJob): usize {
  return job.scratch + SPARE;
}

/** One of two rows of one segment that hold nothing from one row to the next. */
// @ts-ignore: decorator
@inline
export function spareRow(job: RecurrentJob, index: usize): usize {
  return job.scratch + SPARE + 128 + index * segmentBytes(job);
}

/** The padded vectors of parameters, then their gradients. */
// @ts-ignore: decorator
@inline
export function vector(job: RecurrentJob, index: usize): usize {
  return job.vectors + index * rowBytes(job);
}
// @ts-ignore: decorator
@inline
export const BIAS: usize = 0;
// @ts-ignore: decorator
@inline
export const INPUT_GAIN: usize = 1;
// @ts-ignore: decorator
@inline
export const RECURRENT_GAIN: usize = 2;
/** An LSTM's gain and bias of the cell state in the first two segments, a GRU's bias of the candidate in the first. */
// @ts-ignore: decorator
@inline
export const OTHERS: usize = 3;
// @ts-ignore: decorator
@inline
export const GRADIENTS: usize = 4;

/** The caller's vectors of parameters, padded. */
export function padParameters(job: RecurrentJob): void {
  padGates(job, job.bias, vector(job, BIAS));
  padGates(job, job.inputGain, vector(job, INPUT_GAIN));
  padGates(job, job.recurrentGain, vector(job, RECURRENT_GAIN));
  const others = vector(job, OTHERS);
  memory.fill(others, 0, rowBytes(job));
  const bytes = <usize>job.units * 4;
  if (job.cellGain) memory.copy(others, job.cellGain, bytes);
  if (job.cellBias) memory.copy(others + segmentBytes(job), job.cellBias, bytes);
  if (job.candidateBias) memory.copy(others, job.candidateBias, bytes);
}

function padGates(job: RecurrentJob, source: usize, target: usize): void {
  if (source) {
    padVector(source, job.gates, job.units, segmentBytes(job), job.gateOrder, target);
    return;
  }
  // Without normalization there is no gain, and 1 in its place.
  const one = f32x4.splat(1);
  for (const end = target + rowBytes(job); target < end; target += 16) v128.store(target, one);
}

/** The gradients of all vectors of parameters, as the caller has them. */
export function unpadGradients(job: RecurrentJob): void {
  unpadGates(job, vector(job, GRADIENTS + BIAS), job.biasGradient, 1);
  unpadGates(job, vector(job, GRADIENTS + INPUT_GAIN), job.inputGainGradient, 1);
  unpadGates(job, vector(job, GRADIENTS + RECURRENT_GAIN), job.recurrentGainGradient, 1);
  const others = vector(job, GRADIENTS + OTHERS);
  const bytes = <usize>job.units * 4;
  if (job.cellGainGradient) memory.copy(job.cellGainGradient, others, bytes);
  if (job.cellBiasGradient) memory.copy(job.cellBiasGradient, others + segmentBytes(job), bytes);
  if (job.candidateBiasGradient) memory.copy(job.candidateBiasGradient, others, bytes);
}

export function unpadGates(job: RecurrentJob, source: usize, target: usize, rows: i32): void {
  if (target) unpadRows(source, rows, job.gates, job.units, segmentBytes(job), job.gateOrder, target);
}

/** kernel [rows, gates · units] → packed tiles of padded gates. */
export function packKernel(job: RecurrentJob, kernel: usize, rows: i32, packed: usize): void {
  const units = <usize>job.units * 4;
  const tileBytes = <usize>rows * 32;
  const gateBytes = (segmentBytes(job) >> 5) * tileBytes;
  if (job.units & 7) memory.fill(packed, 0, <usize>job.gates * gateBytes);
  for (let gate: usize = 0; gate < <usize>job.gates; gate++) {
    const source = kernel + <usize>load<i32>(job.gateOrder + gate * 4) * units;
    packColumns(source, <usize>job.gates * units, 4, rows, job.units, packed + gate * gateBytes, tileBytes);
  }
}

/** The transpose of a kernel [rows, gates · units], packed with padded gates as rows: for gradients · kernelᵀ. */
export function packTurnedKernel(job: RecurrentJob, kernel: usize, rows: i32, packed: usize): void {
  const units = <usize>job.units * 4;
  const tileBytes = rowBytes(job) * 8;
  if ((job.units | rows) & 7) memory.fill(packed, 0, <usize>((rows + 7) >> 3) * tileBytes);
  for (let gate: usize = 0; gate < <usize>job.gates; gate++) {
    const source = kernel + <usize>load<i32>(job.gateOrder + gate * 4) * units;
    const place = packed + gate * segmentBytes(job) * 8;
    packColumns(source, 4, <usize>job.gates * units, job.units, rows, place, tileBytes);
  }
}

/** Whether the state moves on in this step. */
// @ts-ignore: decorator
@inline
export function moves(job: RecurrentJob, step: i32, example: i32): bool {
  if (!job.mask) return true;
  return load<f32>(job.mask + <usize>(step * job.batch + example) * 4) != 0;
}

/** h before a step, [batch, units]. */
// @ts-ignore: decorator
@inline
export function hiddenBefore(job: RecurrentJob, step: i32): usize {
  if (step == 0) return job.initialHidden;
  return job.outputs + <usize>((step - 1) * job.batch * job.units) * 4;
}
