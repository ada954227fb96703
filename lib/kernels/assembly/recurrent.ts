/**
 * Whole sequences of recurrent layers, time-major, and back through time: an LSTM, a GRU or a tanh RNN, by the number of its
 * gates; each plain or layer-normalised. What is done for one example at one step is in recurrent-lstm.ts, -gru.ts and -tanh.ts;
 * here are the matrix products: x Wx of all steps is one, h Wh one a step, and the gradients of both kernels and of the
 * inputs are one each at the end.
 *
 * The module has no data of its own, so that it can work in the memory of another.
 */
import { addTransposedProduct, product } from './matrix-product';
import { addUnits } from './padded-rows';
import { gruBackward, gruForward } from './recurrent-gru';
import {
  GRADIENTS, hiddenBefore, moves, packKernel, packTurnedKernel, padParameters, RecurrentJob, rowBytes, segmentBytes,
  spareRow, spareTile, unpadGates, unpadGradients, vector,
} from './recurrent-job';
import { lstmBackward, lstmForward } from './recurrent-lstm';
import { tanhBackward, tanhForward } from './recurrent-tanh';
import { writeTanhTable } from './simd-math';

// @ts-ignore: decorator
@inline
const LSTM: i32 = 4;
// @ts-ignore: decorator
@inline
const GRU: i32 = 3;

/** Bytes of an example's moments at a step. */
// @ts-ignore: decorator
@inline
const MOMENTS: usize = 32;

/** outputs from inputs, initial state and parameters. */
export function forward(job: RecurrentJob): void {
  writeTanhTable(job.scratch);
  padParameters(job);
  packKernel(job, job.inputKernel, job.inputSize, job.packedInput);
  packKernel(job, job.recurrentKernel, job.units, job.packedRecurrent);
  const batch = job.batch;
  const inputSize = job.inputSize;
  const units = job.units;
  const unitBytes = <usize>units * 4;
  const row = rowBytes(job);
  const columns = <i32>(row >> 2);
  const adds = job.recurrentSums == job.inputSums;
  product(
    job.inputs, <usize>inputSize * 4, job.packedInput, job.inputSums, row, job.steps * batch, inputSize, columns, false, 0,
  );
  if (job.gates == LSTM) padCells(job);
  for (let step = 0; step < job.steps; step++) {
    const recurrent = job.recurrentSums + <usize>step * job.recurrentSumsStep;
    product(hiddenBefore(job, step), unitBytes, job.packedRecurrent, recurrent, row, batch, units, columns, adds, 0);
    stepForward(job, step, recurrent);
  }
  if (job.gates == LSTM) {
    const target = job.outputs + <usize>(job.steps * batch) * unitBytes;
    unpadSegments(job, job.cells + <usize>job.steps * job.cellsStep, target);
  }
}

/** All examples of a step, given the sums. */
function stepForward(job: RecurrentJob, step: i32, recurrent: usize): void {
  const row = rowBytes(job);
  const block = segmentBytes(job);
  const unitBytes = <usize>job.units * 4;
  const hidden = spareRow(job, 0);
  let sums = job.inputSums + <usize>(step * job.batch) * row;
  let activations = job.activations + <usize>step * job.activationsStep;
  let lastCell = job.cells + <usize>step * job.cellsStep;
  let cell = lastCell + job.cellsStep;
  let moments = job.moments + <usize>step * job.momentsStep;
  let lastHidden = hiddenBefore(job, step);
  let output = job.outputs + <usize>(step * job.batch) * unitBytes;
  for (let example = 0; example < job.batch; example++) {
    if (moves(job, step, example)) {
      if (job.gates == LSTM) lstmForward(job, sums, recurrent, activations, lastCell, cell, moments, hidden);
      else if (job.gates == GRU) gruForward(job, sums, recurrent, activations, moments, lastHidden, hidden);
      else tanhForward(job, sums, moments, hidden);
      memory.copy(output, hidden, unitBytes);
    } else {
      memory.copy(output, lastHidden, unitBytes);
      if (job.gates == LSTM) memory.copy(cell, lastCell, block);
    }
    sums += row;
    recurrent += row;
    activations += row;
    lastCell += block;
    cell += block;
    moments += MOMENTS;
    lastHidden += unitBytes;
    output += unitBytes;
  }
}

/** Gradients from those of the outputs. Overwrites inputSums, recurrentSums and activations. */
export function backward(job: RecurrentJob): void {
  writeTanhTable(job.scratch);
  padParameters(job);
  packTurnedKernel(job, job.recurrentKernel, job.units, job.packedRecurrent);
  const batch = job.batch;
  const row = rowBytes(job);
  const columns = <i32>(row >> 2);
  const block = segmentBytes(job);
  memory.fill(vector(job, GRADIENTS), 0, 4 * row);
  memory.fill(job.hiddenGradient, 0, <usize>batch * block);
  if (job.gates == LSTM) {
    memory.fill(job.cellGradient, 0, <usize>batch * block);
    padSegments(job, job.outputGradient + <usize>(job.steps * batch * job.units) * 4, job.cellGradient);
  }
  for (let step = job.steps - 1; step >= 0; step--) {
    stepBackward(job, step);
    const recurrent = job.recurrentSums + <usize>(step * batch) * row;
    const units = <i32>(block >> 2);
    product(recurrent, row, job.packedRecurrent, job.hiddenGradient, block, batch, columns, units, true, 0);
  }
  unpadSegments(job, job.hiddenGradient, job.initialHiddenGradient);
  if (job.gates == LSTM) unpadSegments(job, job.cellGradient, job.initialCellGradient);
  kernelGradients(job);
  inputGradient(job);
  unpadGradients(job);
}

/** All examples of a step: from the gradient of h after it to that of its sums. */
function stepBackward(job: RecurrentJob, step: i32): void {
  const row = rowBytes(job);
  const block = segmentBytes(job);
  const unitBytes = <usize>job.units * 4;
  const first = <usize>(step * job.batch);
  let sums = job.inputSums + first * row;
  let recurrent = job.recurrentSums + first * row;
  let activations = job.activations + first * row;
  let lastCell = job.cells + first * block;
  let cell = lastCell + <usize>job.batch * block;
  let moments = job.moments + first * MOMENTS;
  let lastHidden = hiddenBefore(job, step);
  let outputGradient = job.outputGradient + first * unitBytes;
  let hidden = job.hiddenGradient;
  let cellGradient = job.cellGradient;
  for (let example = 0; example < job.batch; example++) {
    addUnits(outputGradient, hidden, job.units);
    if (moves(job, step, example)) {
      if (job.gates == LSTM) {
        lstmBackward(job, sums, recurrent, activations, lastCell, cell, moments, hidden, cellGradient);
      } else if (job.gates == GRU) {
        gruBackward(job, sums, recurrent, activations, moments, lastHidden, hidden);
      } else {
        tanhBackward(job, sums, moments, hidden);
      }
    } else {
      memory.fill(sums, 0, row);
      memory.fill(recurrent, 0, row);
    }
    sums += row;
    recurrent += row;
    activations += row;
    lastCell += block;
    cell += block;
    moments += MOMENTS;
    lastHidden += unitBytes;
    outputGradient += unitBytes;
    hidden += block;
    cellGradient += block;
  }
}

/** Those of both kernels, from the gradients with respect to x Wx and h Wh. */
function kernelGradients(job: RecurrentJob): void {
  const row = rowBytes(job);
  const columns = <i32>(row >> 2);
  const batch = job.batch;
  const examples = job.steps * batch;
  const units = job.units;
  const unitBytes = <usize>units * 4;
  const recurrent = job.recurrentSums;
  let sums = job.kernelSums ? job.kernelSums : job.recurrentKernelGradient;
  memory.fill(sums, 0, <usize>units * row);
  addTransposedProduct(job.initialHidden, unitBytes, units, recurrent, columns, batch, sums, job.panel);
  const later = recurrent + <usize>batch * row;
  addTransposedProduct(job.outputs, unitBytes, units, later, columns, examples - batch, sums, job.panel);
  if (job.kernelSums) unpadGates(job, sums, job.recurrentKernelGradient, units);

  const inputSize = job.inputSize;
  if (!job.kernelSums) sums = job.inputKernelGradient;
  memory.fill(sums, 0, <usize>inputSize * row);
  addTransposedProduct(job.inputs, <usize>inputSize * 4, inputSize, job.inputSums, columns, examples, sums, job.panel);
  if (job.kernelSums) unpadGates(job, sums, job.inputKernelGradient, inputSize);
}

function inputGradient(job: RecurrentJob): void {
  const row = rowBytes(job);
  const inputSize = job.inputSize;
  packTurnedKernel(job, job.inputKernel, inputSize, job.packedInput);
  product(
    job.inputSums, row, job.packedInput, job.inputsGradient, <usize>inputSize * 4, job.steps * job.batch, <i32>(row >> 2),
    inputSize, false, spareTile(job),
  );
}

/** The initial cell states, padded, as the first of `cells`. */
function padCells(job: RecurrentJob): void {
  memory.fill(job.cells, 0, <usize>job.batch * segmentBytes(job));
  padSegments(job, job.initialCell, job.cells);
}

/** [batch, units] → [batch][1]; what is in the padding stays. */
function padSegments(job: RecurrentJob, source: usize, target: usize): void {
  const bytes = <usize>job.units * 4;
  for (let example: usize = 0; example < <usize>job.batch; example++) {
    memory.copy(target + example * segmentBytes(job), source + example * bytes, bytes);
  }
}

function unpadSegments(job: RecurrentJob, source: usize, target: usize): void {
  const bytes = <usize>job.units * 4;
  for (let example: usize = 0; example < <usize>job.batch; example++) {
    memory.copy(target + example * bytes, source + example * segmentBytes(job), bytes);
  }
}
