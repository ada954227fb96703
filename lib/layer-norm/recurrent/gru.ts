/**
 * The layer-normalized GRU of Layer Normalization (arXiv 1607.06450, supplement, Eqs 26–28), and the plain one:
 *
 *   (z, r) = LN(W_h h₋₁; α₁) + LN(W_x x; α₂) + b            Eq. 26
 *   ĥ = tanh(LN(W x; α₃, β₃) + σ(r) ⊙ LN(U h₋₁; α₄, β₄))    Eq. 27
 *   h = (1 − σ(z)) ⊙ h₋₁ + σ(z) ⊙ ĥ                         Eq. 28
 *
 * The statistics run over both gates together, and over the candidate by itself. β₁ + β₂ of Eq. 26 is the one bias b. The
 * plain layer leaves out every LN: the reset gate is applied after the product, as in the authors' code, PyTorch and
 * Keras's `reset_after`.
 */
import * as tf from '@tensorflow/tfjs-core';
import { runRecurrent } from '../../kernels/recurrent.ts';
import type { RandomStream } from '../../numerics/random.ts';
import type { NamedTensors } from '../../numerics/safetensors.ts';
import { defaultEpsilon, layerNormalization } from '../normalization.ts';
import { type GruGate, gateColumns, gruGates } from './gates.ts';
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

/** Gates and candidate lie side by side in the order of `gruGates`. */
export interface GruParameters {
  /** [inputs, 3·units] W_xᵀ and Wᵀ */
  readonly inputKernel: tf.Tensor2D;
  /** [units, 3·units] W_hᵀ and Uᵀ */
  readonly recurrentKernel: tf.Tensor2D;
  /** [3·units] b of Eq. 26 and β₃ */
  readonly bias: tf.Tensor1D;
  /** [units] β₄, inside the reset gate's product */
  readonly candidateRecurrentBias: tf.Tensor1D;
  /** [3·units] α₂ and α₃ */
  readonly inputGain?: tf.Tensor1D;
  /** [3·units] α₁ and α₄ */
  readonly recurrentGain?: tf.Tensor1D;
}

/** [batch, units] h */
export interface GruState {
  readonly hidden: tf.Tensor2D;
}

/**
 * The layer over whole sequences.
 *
 * @param inputs [time, batch, inputs]
 * @returns outputs [time, batch, units], h after every step, and the state after the last
 * @throws LayerNormShapeError
 */
export function gru(
  inputs: tf.Tensor3D,
  parameters: GruParameters,
  options: SequenceOptions<GruState>,
): RecurrentResult<GruState> {
  return runSequence('gru', layer, inputs, parameters, options);
}

/**
 * One step, for models that do something between steps.
 *
 * @param x [batch, inputs]
 * @throws LayerNormShapeError
 */
export function gruStep(
  x: tf.Tensor2D,
  state: GruState,
  parameters: GruParameters,
  options: RecurrentOptions,
): GruState {
  return runStep('gruStep', layer, x, state, parameters, options);
}

const layer: RecurrentLayer<GruParameters, GruState> = {
  requireParameters: requireGruParameters,
  zeroState: zeroGruState,
  step,
  runKernel,
};

function runKernel(
  inputs: tf.Tensor3D,
  initial: GruState,
  parameters: GruParameters,
  options: SequenceOptions<GruState>,
): RecurrentResult<GruState> {
  const { inputKernel, recurrentKernel, bias, candidateRecurrentBias, inputGain, recurrentGain } = parameters;
  const { normalization, epsilon = defaultEpsilon } = options;
  const { outputs } = runRecurrent(
    'gru',
    {
      ...{ inputs, ...maskForKernel(options), initialHidden: initial.hidden },
      ...{ inputKernel, recurrentKernel, bias, candidateBias: candidateRecurrentBias },
      ...(normalization === 'layer' && { inputGain, recurrentGain }),
    },
    { gates: gruGates, epsilon },
  );
  return { outputs, state: { hidden: lastOutput(outputs) } };
}

function step(
  x: tf.Tensor2D,
  last: GruState,
  parameters: GruParameters,
  { normalization, epsilon }: RecurrentOptions,
  mask: tf.Tensor1D | undefined,
  seen = last.hidden,
): GruState {
  const { inputKernel, recurrentKernel, bias, candidateRecurrentBias, inputGain, recurrentGain } = parameters;
  const units = recurrentKernel.shape[0];
  const fromState = tf.matMul(seen, recurrentKernel);
  const fromInput = tf.matMul(x, inputKernel);
  const columns = (values: tf.Tensor, from: GruGate, to: GruGate) => {
    const begin = gateColumns(gruGates, from, units)[0];
    const size = gateColumns(gruGates, to, units)[1] - begin;
    return values.rank === 1 ? tf.slice(values, [begin], [size]) : tf.slice(values, [0, begin], [-1, size]);
  };
  /** Some gates' part of a fused sum, normalized over exactly these gates. */
  const part = (values: tf.Tensor, gain: tf.Tensor | undefined, from: GruGate, to: GruGate) => {
    const sums = columns(values, from, to);
    return normalization === 'layer'
      ? layerNormalization(sums, gain && columns(gain, from, to), undefined, epsilon, 'tensors')
      : sums;
  };

  const gates = tf.sigmoid(
    tf.addN([
      part(fromState, recurrentGain, 'update', 'reset'),
      tf.add(part(fromInput, inputGain, 'update', 'reset'), columns(bias, 'update', 'reset')),
    ]),
  ); // Eq. 26
  const update = columns(gates, 'update', 'update');
  const reset = columns(gates, 'reset', 'reset');
  const recurrentCandidate = tf.add(part(fromState, recurrentGain, 'candidate', 'candidate'), candidateRecurrentBias);
  const inputCandidate = tf.add(
    part(fromInput, inputGain, 'candidate', 'candidate'),
    columns(bias, 'candidate', 'candidate'),
  );
  const candidate = tf.tanh(tf.add(inputCandidate, tf.mul(reset, recurrentCandidate))); // Eq. 27
  const hidden = tf.add(last.hidden, tf.mul(update, tf.sub(candidate, last.hidden))) as tf.Tensor2D; // Eq. 28
  return { hidden: carryMasked(hidden, last.hidden, mask) };
}

/**
 * One step where W_h and U see something else than h₋₁, as with recurrent dropout: Eq. 28 carries h₋₁ all the same.
 *
 * @param seen [batch, units]
 */
export function gruStepSeeing(
  seen: tf.Tensor2D,
  x: tf.Tensor2D,
  state: GruState,
  parameters: GruParameters,
  options: RecurrentOptions,
): GruState {
  requireGruParameters('gruStepSeeing', x.shape[1], parameters, options);
  return step(x, state, parameters, options, undefined, seen);
}

export function zeroGruState(batch: number, units: number): GruState {
  return { hidden: tf.zeros([batch, units]) };
}

/** Parameters to start from: Glorot's input weights, orthogonal recurrent weights, biases 0, gains as asked. */
export function initializeGru(
  random: RandomStream,
  { inputs, units, normalization, gain = 1 }: RecurrentShape,
): NamedTensors {
  const gates = gruGates.length;
  return {
    inputKernel: glorotGates(random, inputs, units, gates),
    recurrentKernel: orthogonalGates(random, units, gates),
    bias: constant(gates * units, 0),
    candidateRecurrentBias: constant(units, 0),
    ...(normalization === 'layer' && {
      inputGain: constant(gates * units, gain),
      recurrentGain: constant(gates * units, gain),
    }),
  };
}

function requireGruParameters(
  operation: string,
  inputs: number,
  parameters: GruParameters,
  { normalization }: RecurrentOptions,
): void {
  const units = parameters.recurrentKernel.shape[0];
  const gates = gruGates.length * units;
  const gains = normalization === 'layer' ? [gates] : undefined;
  requireParameters(
    operation,
    { ...parameters },
    {
      inputKernel: [inputs, gates],
      recurrentKernel: [units, gates],
      bias: [gates],
      candidateRecurrentBias: [units],
      inputGain: gains,
      recurrentGain: gains,
    },
  );
}
