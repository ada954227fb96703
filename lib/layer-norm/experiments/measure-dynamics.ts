/**
 * How summed inputs and gradients grow or shrink from step to step in an untrained recurrent network (§3.1), with the
 * recurrent weights × `scale`. A stream of digits drives the network for its first steps, then there is silence, so that
 * what is left is the network's own.
 */
import * as tf from '@tensorflow/tfjs-core';
import { randomStream } from '../../numerics/random.ts';
import type { NamedTensors } from '../../numerics/safetensors.ts';
import { asTensors, type TensorByName } from '../../training/trainer.ts';
import { stepFeatures } from '../models/digit-streams.ts';
import { type GruParameters, gruStep, initializeGru } from '../recurrent/gru.ts';
import { initializeLstm, type LstmParameters, lstmStep } from '../recurrent/lstm.ts';
import type { RecurrentNormalization } from '../recurrent/recurrent-options.ts';
import { initializeRnn, type RnnParameters, rnnStep } from '../recurrent/rnn.ts';
import type { DynamicsCell, ScaledWeights } from './dynamics-metrics.ts';

export interface DynamicsSettings {
  readonly cell: DynamicsCell;
  readonly normalization: RecurrentNormalization;
  readonly scaled: ScaledWeights;
  readonly scale: number;
  readonly units: number;
  readonly seed: number;
}

/** One value a step. */
export interface Dynamics {
  /** Root mean square of W_h h + W_x x, before any normalization */
  readonly summedInputs: readonly number[];
  /** Root mean square of h */
  readonly hidden: readonly number[];
  /** ‖∂L/∂(state after the step)‖, with L a random projection of the last state; the state of an LSTM is h and c. */
  readonly gradient: readonly number[];
}

type State = Readonly<Record<string, tf.Tensor2D>>;

/** @param inputs [steps, streams, stepFeatures] */
export function measureDynamics(settings: DynamicsSettings, inputs: Float32Array, steps: number): Dynamics {
  const { units, seed } = settings;
  const streams = inputs.length / (steps * stepFeatures);
  const summedInputs: number[] = [];
  const hidden: number[] = [];
  const gradient: number[] = [];
  tf.tidy(() => {
    const parameters = asTensors(scaleKernels(drawParameters(settings), settings));
    const xs = tf.unstack(tf.tensor3d(inputs, [steps, streams, stepFeatures])) as tf.Tensor2D[];
    const projection = new Float32Array(streams * units);
    randomStream(seed, 'dynamics', 'projection').fillNormal(projection, 1 / Math.sqrt(projection.length));
    const names = settings.cell === 'lstm' ? ['hidden', 'cell'] : ['hidden'];

    // Zeros that are added to every state: the gradients with respect to them are those with respect to the states.
    const run = (...zeros: tf.Tensor[]): tf.Scalar => {
      let state: State = Object.fromEntries(names.map((name) => [name, tf.zeros([streams, units])]));
      for (const [step, x] of xs.entries()) {
        const sum = tf.add(
          tf.matMul(state.hidden!, parameters.recurrentKernel!),
          tf.matMul(x, parameters.inputKernel!),
        );
        summedInputs.push(rootMeanSquare(sum));
        const next = applyStep(settings, x, state, parameters);
        state = Object.fromEntries(
          names.map((name, index) => [name, tf.add(next[name]!, zeros[step * names.length + index]!)]),
        );
        hidden.push(rootMeanSquare(state.hidden!));
      }
      const last = names.map((name) => tf.mul(state[name]!, tf.tensor2d(projection, [streams, units])));
      return tf.sum(tf.addN(last));
    };
    const zeros = Array.from({ length: steps * names.length }, () => tf.zeros([streams, units]));
    const { grads } = tf.valueAndGrads(run)(zeros);
    for (let step = 0; step < steps; step++) {
      const ofStep = names.map((_, index) => grads[step * names.length + index]!);
      gradient.push(Math.sqrt(ofStep.reduce((sum, grad) => sum + tf.sum(tf.square(grad)).dataSync()[0]!, 0)));
    }
  });
  return { summedInputs, hidden, gradient };
}

function drawParameters({ cell, normalization, units, seed }: DynamicsSettings): NamedTensors {
  const random = randomStream(seed, 'dynamics', cell);
  const shape = { inputs: stepFeatures, units, normalization };
  if (cell === 'lstm') return initializeLstm(random, shape);
  return cell === 'gru' ? initializeGru(random, shape) : initializeRnn(random, shape);
}

function scaleKernels(parameters: NamedTensors, { scale, scaled }: DynamicsSettings): NamedTensors {
  const chosen = scaled === 'all' ? ['inputKernel', 'recurrentKernel'] : ['recurrentKernel'];
  return Object.fromEntries(
    Object.entries(parameters).map(([name, { shape, data }]) => [
      name,
      { shape, data: chosen.includes(name) ? (data as Float32Array).map((value) => scale * value) : data },
    ]),
  );
}

function applyStep(
  { cell, normalization }: DynamicsSettings,
  x: tf.Tensor2D,
  state: State,
  parameters: TensorByName,
): State {
  const options = { normalization };
  const [hidden, memory] = [state.hidden!, state.cell!];
  if (cell === 'lstm') {
    return { ...lstmStep(x, { hidden, cell: memory }, parameters as unknown as LstmParameters, options) };
  }
  if (cell === 'gru') return { ...gruStep(x, { hidden }, parameters as unknown as GruParameters, options) };
  return { ...rnnStep(x, { hidden }, parameters as unknown as RnnParameters, options) };
}

function rootMeanSquare(values: tf.Tensor): number {
  return Math.sqrt(tf.mean(tf.square(values)).dataSync()[0]!);
}
