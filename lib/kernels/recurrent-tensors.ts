/** The tensors of a recurrent layer. */
import type * as tf from '@tensorflow/tfjs-core';
import { KernelShapeError } from './errors.ts';
import type { RecurrentSizes } from './recurrent-job.ts';

/** The kernel's gates in its own order; tensors that have another cost it a copy. */
export const kernelGates = {
  lstm: ['forget', 'input', 'output', 'candidate'],
  gru: ['update', 'reset', 'candidate'],
  tanh: ['hidden'],
} as const;
export type RecurrentCell = keyof typeof kernelGates;

/** Time-major, float32; G gates of H units in the order of the option `gates`. */
export interface RecurrentTensors {
  /** [steps, batch, I] */
  readonly inputs: tf.Tensor;
  /** [steps, batch]; where it is 0 the state stays as it is and is put out again. It gets no gradient. */
  readonly mask?: tf.Tensor | undefined;
  /** [batch, H] */
  readonly initialHidden: tf.Tensor;
  /** [batch, H], of an LSTM. */
  readonly initialCell?: tf.Tensor | undefined;
  /** [I, G·H] */
  readonly inputKernel: tf.Tensor;
  /** [H, G·H] */
  readonly recurrentKernel: tf.Tensor;
  /** [G·H] */
  readonly bias: tf.Tensor;
  /** [H], of a GRU: inside its reset gate. */
  readonly candidateBias?: tf.Tensor | undefined;
  /** [G·H]; of x Wx, and in a tanh RNN of the whole sum. Given where layers are normalised. */
  readonly inputGain?: tf.Tensor | undefined;
  /** [G·H]; of h Wh. Not in a tanh RNN. */
  readonly recurrentGain?: tf.Tensor | undefined;
  /** [H]; gain and bias of an LSTM's normalised cell state. */
  readonly cellGain?: tf.Tensor | undefined;
  readonly cellBias?: tf.Tensor | undefined;
}

/** Throws KernelShapeError where a tensor is missing, is not for this cell, or does not match the others. */
export function checkTensors(
  cell: RecurrentCell,
  tensors: RecurrentTensors,
  gateNames: readonly string[],
): RecurrentSizes {
  const own = kernelGates[cell];
  if (gateNames.length !== own.length || !own.every((gate) => gateNames.includes(gate))) {
    throw new KernelShapeError(`The gates of ${labels[cell]} must be ${own.join(', ')}, got ${gateNames.join(', ')}.`);
  }
  const [steps = 0, batch = 0, inputSize = 0] = tensors.inputs.shape;
  const [units = 0] = tensors.recurrentKernel.shape;
  const gates = own.length;
  const normalized = tensors.inputGain !== undefined;
  const row = gates * units;
  const expected: Partial<Record<keyof RecurrentTensors, readonly number[]>> = {
    inputs: [steps, batch, inputSize],
    initialHidden: [batch, units],
    inputKernel: [inputSize, row],
    recurrentKernel: [units, row],
    bias: [row],
    ...(tensors.mask ? { mask: [steps, batch] } : {}),
    ...(cell === 'lstm' ? { initialCell: [batch, units] } : {}),
    ...(cell === 'gru' ? { candidateBias: [units] } : {}),
    ...(normalized ? { inputGain: [row] } : {}),
    ...(normalized && cell !== 'tanh' ? { recurrentGain: [row] } : {}),
    ...(normalized && cell === 'lstm' ? { cellGain: [units], cellBias: [units] } : {}),
  };
  for (const [name, tensor] of Object.entries(tensors)) {
    if (tensor && !expected[name as keyof RecurrentTensors]) {
      const kind = normalized ? 'normalised' : 'not normalised';
      throw new KernelShapeError(`${labels[cell]} that is ${kind} has no ${name}.`);
    }
  }
  for (const [name, shape] of Object.entries(expected)) {
    const tensor = tensors[name as keyof RecurrentTensors];
    if (shape.every((size) => size > 0) && tensor?.shape.join() === shape.join() && tensor.dtype === 'float32')
      continue;
    const got = tensor ? `${tensor.dtype} [${tensor.shape}]` : 'none';
    throw new KernelShapeError(
      `The ${name} of ${labels[cell]} over ${steps} steps of ${batch} × ${inputSize} with ${units} units must be float32 [${shape}] with no axis of size 0, got ${got}.`,
    );
  }
  return { steps, batch, inputSize, units, gates, normalized: normalized ? 1 : 0 };
}

const labels: Readonly<Record<RecurrentCell, string>> = { lstm: 'an LSTM', gru: 'a GRU', tanh: 'a tanh RNN' };
