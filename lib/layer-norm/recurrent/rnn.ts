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
import { onKernelOrTensors } from '../compute.ts';
import { defaultEpsilon, layerNormalization } from '../normalization.ts';
import {
  asSequence,
  carryMasked,
  computeFor,
  constant,
  glorotGates,
  lastOutput,
  maskForKernel,
  orthogonalGates,
  type RecurrentOptions,
  type RecurrentShape,
  requireMask,
  requireParameters,
  type SequenceOptions,
  stepOptions,
  unstackSteps,
} from './recurrent-options.ts';

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

interface RnnResult {
  /** [time, batch, units] h after every step. */
  readonly outputs: tf.Tensor3D;
  /** After the last step. */
  readonly state: RnnState;
}

/**
 * The layer over whole sequences.
 *
 * @param inputs [time, batch, inputs]
 * @throws LayerNormShapeError
 */
export function rnn(inputs: tf.Tensor3D, parameters: RnnParameters, options: SequenceOptions<RnnState>): RnnResult {
  requireRnnParameters('rnn', inputs.shape[2], parameters, options);
  requireMask('rnn', inputs, options.mask);
  return onKernelOrTensors(
    computeFor(inputs, options),
    () => onKernel(inputs, parameters, options),
    () => onTensors(inputs, parameters, options),
  );
}

function onTensors(inputs: tf.Tensor3D, parameters: RnnParameters, options: SequenceOptions<RnnState>): RnnResult {
  const [, batch] = inputs.shape;
  const units = parameters.recurrentKernel.shape[0];
  let state = options.initialState ?? { hidden: tf.zeros([batch, units]) as tf.Tensor2D };
  const outputs: tf.Tensor2D[] = [];
  for (const { x, mask } of unstackSteps(inputs, options.mask)) {
    state = step(x, state, parameters, options, mask);
    outputs.push(state.hidden);
  }
  return {
    outputs: outputs.length > 0 ? (tf.stack(outputs) as tf.Tensor3D) : tf.zeros([0, batch, units]),
    state,
  };
}

/**
 * One step, for models that do something between steps.
 *
 * @param x [batch, inputs]
 */
export function rnnStep(
  x: tf.Tensor2D,
  state: RnnState,
  parameters: RnnParameters,
  options: RecurrentOptions,
): RnnState {
  requireRnnParameters('rnnStep', x.shape[1], parameters, options);
  return onKernelOrTensors(
    computeFor(x, options),
    () => onKernel(asSequence(x), parameters, stepOptions(options, state)).state,
    () => step(x, state, parameters, options, undefined),
  );
}

function onKernel(inputs: tf.Tensor3D, parameters: RnnParameters, options: SequenceOptions<RnnState>): RnnResult {
  const { inputKernel, recurrentKernel, bias, gain } = parameters;
  const { normalization, epsilon = defaultEpsilon } = options;
  const hidden = options.initialState?.hidden ?? tf.zeros([inputs.shape[1], recurrentKernel.shape[0]]);
  const { outputs } = runRecurrent(
    'tanh',
    {
      ...{ inputs, ...maskForKernel(options), initialHidden: hidden },
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
