/**
 * The layer-normalized LSTM of Layer Normalization (arXiv 1607.06450, supplement, Eqs 20–22), and the plain one:
 *
 *   (f, i, o, g) = LN(W_h h₋₁; α₁) + LN(W_x x; α₂) + b     Eq. 20
 *   c = σ(f) ⊙ c₋₁ + σ(i) ⊙ tanh(g)                        Eq. 21
 *   h = σ(o) ⊙ tanh(LN(c; α₃, β₃))                         Eq. 22
 *
 * The statistics run over all four gates together. The *raw* cell c is carried to the next step, and a mask comes before
 * LN(c). β₁ and β₂ of Eq. 20 are part of b: only their sum enters. The plain layer leaves out every LN.
 */
import * as tf from '@tensorflow/tfjs-core';
import { runRecurrent } from '../../kernels/recurrent.ts';
import type { RandomStream } from '../../numerics/random.ts';
import type { NamedTensors } from '../../numerics/safetensors.ts';
import { defaultEpsilon, layerNormalization } from '../normalization.ts';
import { gateColumns, type LstmGate, lstmGates } from './gates.ts';
import { constant, glorotGates, orthogonalGates } from './initial-weights.ts';
import {
  carryMasked,
  lastOutput,
  maskForKernel,
  type RecurrentLayer,
  type RecurrentResult,
  requireParameters,
  runSequence,
  runStep,
} from './recurrent-layer.ts';
import type { RecurrentOptions, RecurrentShape, SequenceOptions } from './recurrent-options.ts';

/** Gates lie side by side in the order of `lstmGates`. */
export interface LstmParameters {
  /** [inputs, 4·units] W_xᵀ */
  readonly inputKernel: tf.Tensor2D;
  /** [units, 4·units] W_hᵀ */
  readonly recurrentKernel: tf.Tensor2D;
  /** [4·units] b */
  readonly bias: tf.Tensor1D;
  /** [4·units] α₂ */
  readonly inputGain?: tf.Tensor1D;
  /** [4·units] α₁ */
  readonly recurrentGain?: tf.Tensor1D;
  /** [units] α₃ */
  readonly cellGain?: tf.Tensor1D;
  /** [units] β₃ */
  readonly cellBias?: tf.Tensor1D;
}

/** Both [batch, units]. */
export interface LstmState {
  readonly hidden: tf.Tensor2D;
  /** c, before normalization. */
  readonly cell: tf.Tensor2D;
}

/**
 * The layer over whole sequences.
 *
 * @param inputs [time, batch, inputs]
 * @returns outputs [time, batch, units], h after every step, and the state after the last
 * @throws LayerNormShapeError
 */
export function lstm(
  inputs: tf.Tensor3D,
  parameters: LstmParameters,
  options: SequenceOptions<LstmState>,
): RecurrentResult<LstmState> {
  return runSequence('lstm', layer, inputs, parameters, options);
}

/**
 * One step, for models that do something between steps.
 *
 * @param x [batch, inputs]
 * @throws LayerNormShapeError
 */
export function lstmStep(
  x: tf.Tensor2D,
  state: LstmState,
  parameters: LstmParameters,
  options: RecurrentOptions,
): LstmState {
  return runStep('lstmStep', layer, x, state, parameters, options);
}

const layer: RecurrentLayer<LstmParameters, LstmState> = {
  requireParameters: requireLstmParameters,
  zeroState: zeroLstmState,
  step,
  runKernel,
};

function runKernel(
  inputs: tf.Tensor3D,
  initial: LstmState,
  parameters: LstmParameters,
  options: SequenceOptions<LstmState>,
): RecurrentResult<LstmState> {
  const { inputKernel, recurrentKernel, bias, inputGain, recurrentGain, cellGain, cellBias } = parameters;
  const { normalization, epsilon = defaultEpsilon } = options;
  const { outputs, finalCell } = runRecurrent(
    'lstm',
    {
      ...{ inputs, ...maskForKernel(options), initialHidden: initial.hidden, initialCell: initial.cell },
      ...{ inputKernel, recurrentKernel, bias },
      ...(normalization === 'layer' && { inputGain, recurrentGain, cellGain, cellBias }),
    },
    { gates: lstmGates, epsilon },
  );
  return { outputs, state: { hidden: lastOutput(outputs), cell: finalCell! } };
}

function step(
  x: tf.Tensor2D,
  last: LstmState,
  parameters: LstmParameters,
  { normalization, epsilon }: RecurrentOptions,
  mask: tf.Tensor1D | undefined,
): LstmState {
  const { inputKernel, recurrentKernel, bias, inputGain, recurrentGain, cellGain, cellBias } = parameters;
  const units = recurrentKernel.shape[0];
  const normalize = (z: tf.Tensor, gain?: tf.Tensor, shift?: tf.Tensor) =>
    normalization === 'layer' ? layerNormalization(z, gain, shift, epsilon, 'tensors') : z;

  const fromState = normalize(tf.matMul(last.hidden, recurrentKernel), recurrentGain);
  const fromInput = normalize(tf.matMul(x, inputKernel), inputGain);
  const z = tf.add(tf.add(fromState, fromInput), bias) as tf.Tensor2D; // Eq. 20
  const gate = (name: LstmGate) => {
    const [begin, end] = gateColumns(lstmGates, name, units);
    return tf.slice(z, [0, begin], [-1, end - begin]);
  };
  const next = tf.add(
    tf.mul(tf.sigmoid(gate('forget')), last.cell),
    tf.mul(tf.sigmoid(gate('input')), tf.tanh(gate('candidate'))),
  ) as tf.Tensor2D; // Eq. 21
  const cell = carryMasked(next, last.cell, mask);
  const output = tf.tanh(normalize(cell, cellGain, cellBias));
  const hidden = tf.mul(tf.sigmoid(gate('output')), output) as tf.Tensor2D; // Eq. 22
  return { hidden: carryMasked(hidden, last.hidden, mask), cell };
}

export function zeroLstmState(batch: number, units: number): LstmState {
  return { hidden: tf.zeros([batch, units]), cell: tf.zeros([batch, units]) };
}

/**
 * Parameters to start from: Glorot's input weights, orthogonal recurrent weights, biases 0, gains as asked.
 *
 * @param forgetBias what the forget gate's bias starts at; 0 where absent
 */
export function initializeLstm(
  random: RandomStream,
  { inputs, units, normalization, gain = 1, forgetBias = 0 }: RecurrentShape & { readonly forgetBias?: number },
): NamedTensors {
  const gates = lstmGates.length;
  const bias = constant(gates * units, 0);
  bias.data.fill(forgetBias, ...gateColumns(lstmGates, 'forget', units));
  return {
    inputKernel: glorotGates(random, inputs, units, gates),
    recurrentKernel: orthogonalGates(random, units, gates),
    bias,
    ...(normalization === 'layer' && {
      inputGain: constant(gates * units, gain),
      recurrentGain: constant(gates * units, gain),
      cellGain: constant(units, gain),
      cellBias: constant(units, 0),
    }),
  };
}

function requireLstmParameters(
  operation: string,
  inputs: number,
  parameters: LstmParameters,
  { normalization }: RecurrentOptions,
): void {
  const units = parameters.recurrentKernel.shape[0];
  const gates = lstmGates.length * units;
  const normalized = normalization === 'layer';
  requireParameters(
    operation,
    { ...parameters },
    {
      inputKernel: [inputs, gates],
      recurrentKernel: [units, gates],
      bias: [gates],
      inputGain: normalized ? [gates] : undefined,
      recurrentGain: normalized ? [gates] : undefined,
      cellGain: normalized ? [units] : undefined,
      cellBias: normalized ? [units] : undefined,
    },
  );
}
