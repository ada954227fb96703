/**
 * The layer-normalized recurrent network of Layer Normalization (arXiv 1607.06450, §3.1), and the plain one:
 *
 *   a = W_hh h₋₁ + W_xh x
 *   h = tanh(LN(a; g, b))     Eq. 4: one normalization over the sum
 *
 * The plain layer is h = tanh(a + b).
 */
import * as tf from '@tensorflow/tfjs-core';
import { runRecurrent } from '../../kernels/recurrent.ts';
import { kernelGates } from '../../kernels/recurrent-tensors.ts';
import type { RandomStream } from '../../numerics/random.ts';
import type { NamedTensors } from '../../numerics/safetensors.ts';
import { defaultEpsilon, layerNormalization } from '../normalization.ts';
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

export interface RnnParameters {
  /** [inputs, units] W_xhᵀ */
  readonly inputKernel: tf.Tensor2D;
  /** [units, units] W_hhᵀ */
  readonly recurrentKernel: tf.Tensor2D;
  /** [units] b */
  readonly bias: tf.Tensor1D;
  /** [units] g */
  readonly gain?: tf.Tensor1D;
}

/** [batch, units] h */
export interface RnnState {
  readonly hidden: tf.Tensor2D;
}

/**
 * The layer over whole sequences.
 *
 * @param inputs [time, batch, inputs]
 * @returns outputs [time, batch, units], h after every step, and the state after the last
 * @throws LayerNormShapeError
 */
export function rnn(
  inputs: tf.Tensor3D,
  parameters: RnnParameters,
  options: SequenceOptions<RnnState>,
): RecurrentResult<RnnState> {
  return runSequence('rnn', layer, inputs, parameters, options);
}

/**
 * One step, for models that do something between steps.
 *
 * @param x [batch, inputs]
 * @throws LayerNormShapeError
 */
export function rnnStep(
  x: tf.Tensor2D,
  state: RnnState,
  parameters: RnnParameters,
  options: RecurrentOptions,
): RnnState {
  return runStep('rnnStep', layer, x, state, parameters, options);
}

const layer: RecurrentLayer<RnnParameters, RnnState> = {
  requireParameters: requireRnnParameters,
  zeroState: zeroRnnState,
  step,
  runKernel,
};

function runKernel(
  inputs: tf.Tensor3D,
  initial: RnnState,
  parameters: RnnParameters,
  options: SequenceOptions<RnnState>,
): RecurrentResult<RnnState> {
  const { inputKernel, recurrentKernel, bias, gain } = parameters;
  const { normalization, epsilon = defaultEpsilon } = options;
  const { outputs } = runRecurrent(
    'tanh',
    {
      ...{ inputs, ...maskForKernel(options), initialHidden: initial.hidden },
      ...{ inputKernel, recurrentKernel, bias },
      ...(normalization === 'layer' && { inputGain: gain }),
    },
    { gates: kernelGates.tanh, epsilon },
  );
  return { outputs, state: { hidden: lastOutput(outputs) } };
}

function step(
  x: tf.Tensor2D,
  last: RnnState,
  { inputKernel, recurrentKernel, bias, gain }: RnnParameters,
  { normalization, epsilon }: RecurrentOptions,
  mask: tf.Tensor1D | undefined,
): RnnState {
  const a = tf.add(tf.matMul(last.hidden, recurrentKernel), tf.matMul(x, inputKernel));
  const summed = normalization === 'layer' ? layerNormalization(a, gain, bias, epsilon, 'tensors') : tf.add(a, bias);
  const hidden = tf.tanh(summed) as tf.Tensor2D; // Eq. 4
  return { hidden: carryMasked(hidden, last.hidden, mask) };
}

export function zeroRnnState(batch: number, units: number): RnnState {
  return { hidden: tf.zeros([batch, units]) };
}

/** Parameters to start from: Glorot's input weights, orthogonal recurrent weights, bias 0, gain as asked. */
export function initializeRnn(
  random: RandomStream,
  { inputs, units, normalization, gain = 1 }: RecurrentShape,
): NamedTensors {
  return {
    inputKernel: glorotGates(random, inputs, units, 1),
    recurrentKernel: orthogonalGates(random, units, 1),
    bias: constant(units, 0),
    ...(normalization === 'layer' && { gain: constant(units, gain) }),
  };
}

function requireRnnParameters(
  operation: string,
  inputs: number,
  parameters: RnnParameters,
  { normalization }: RecurrentOptions,
): void {
  const units = parameters.recurrentKernel.shape[0];
  requireParameters(
    operation,
    { ...parameters },
    {
      inputKernel: [inputs, units],
      recurrentKernel: [units, units],
      bias: [units],
      gain: normalization === 'layer' ? [units] : undefined,
    },
  );
}
