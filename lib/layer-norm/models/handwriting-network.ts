/**
 * The handwriting synthesis network (Graves 2013, §5; layer-normalised: 1607.06450, §6.5): a stack of LSTMs, each of which
 * sees the pen's last offset and the window on the text, and the layer below it; all of them make the next offset's
 * mixture density together. The first layer moves the window (Eqs 48–53).
 */
import * as tf from '@tensorflow/tfjs-core';
import type { RandomStream } from '../../numerics/random.ts';
import type { NamedTensors } from '../../numerics/safetensors.ts';
import { prefix, withPrefix } from '../../numerics/tensor-names.ts';
import { product } from '../product.ts';
import { initializeLstm, type LstmParameters, type LstmState, lstm, lstmStep } from '../recurrent/lstm.ts';
import {
  type MovedWindow,
  moveWindow,
  type WindowParameters,
  type WindowPosition,
  type WindowText,
} from './attention-window.ts';
import { clipDerivative } from './clip-derivative.ts';
import { mixtureOutputs } from './mixture-density.ts';

export interface HandwritingSettings {
  readonly normalization: 'none' | 'layer';
  readonly layers: number;
  /** Of each layer. */
  readonly units: number;
  readonly windowComponents: number;
  readonly mixtureComponents: number;
}

/** Δx, Δy, end of stroke. */
const pointSize = 3;

type Parameters = Readonly<Record<string, tf.Tensor>>;

/** What the network knows after a point. */
export interface HandwritingState {
  readonly layers: readonly LstmState[];
  readonly window: tf.Tensor2D;
  readonly position: WindowPosition;
}

/** Derivatives beyond these are clipped; what is on each layer's outputs, and what is on ŷ. */
export interface DerivativeLimits {
  readonly layers: number;
  readonly outputs: number;
}

/**
 * Weights drawn with a deviation of 1/√(inputs), biases 0.
 *
 * @param charactersPerPoint how fast a pen writes; the window starts at that speed, where exp(0) would take it past the
 *   end of the text in as many points as the text has characters
 */
export function initializeHandwriting(
  random: RandomStream,
  settings: HandwritingSettings,
  alphabetSize: number,
  charactersPerPoint: number,
): NamedTensors {
  const { layers, units, normalization, windowComponents, mixtureComponents } = settings;
  const parameters: Record<string, NamedTensors[string]> = {};
  for (let layer = 0; layer < layers; layer++) {
    const inputs = pointSize + alphabetSize + (layer === 0 ? 0 : units);
    Object.assign(parameters, prefix(layerName(layer), initializeLstm(random, { inputs, units, normalization })));
  }
  const dense = (name: string, inputs: number, outputs: number) => {
    const data = new Float32Array(inputs * outputs);
    random.fillNormal(data, 1 / Math.sqrt(inputs));
    parameters[`${name}/kernel`] = { shape: [inputs, outputs], data };
    parameters[`${name}/bias`] = { shape: [outputs], data: new Float32Array(outputs) };
  };
  dense('window', units, 3 * windowComponents);
  parameters['window/bias']!.data.fill(Math.log(charactersPerPoint), 2 * windowComponents);
  dense('output', layers * units, mixtureOutputs(mixtureComponents));
  return parameters;
}

/** Before the first point: all zero. */
export function startHandwriting(settings: HandwritingSettings, batch: number, alphabetSize: number): HandwritingState {
  const { layers, units, windowComponents } = settings;
  return {
    layers: Array.from({ length: layers }, () => ({
      hidden: tf.zeros([batch, units]),
      cell: tf.zeros([batch, units]),
    })),
    window: tf.zeros([batch, alphabetSize]),
    position: tf.zeros([batch, windowComponents]),
  };
}

/** All tensors of a state, to keep or to dispose of. */
export function stateTensors({ layers, window, position }: HandwritingState): tf.Tensor[] {
  return [...layers.flatMap(({ hidden, cell }) => [hidden, cell]), window, position];
}

/**
 * ŷ after every point of whole sequences.
 *
 * @param points x₁ … x_T, [points, batch, 3]
 * @returns [points, batch, 6M + 1]
 */
export function predictPoints(
  parameters: Parameters,
  settings: HandwritingSettings,
  points: tf.Tensor3D,
  text: WindowText,
  limits?: DerivativeLimits,
): tf.Tensor3D {
  const [length, batch] = points.shape;
  const { layers, units, normalization } = settings;
  const clip = <T extends tf.Tensor>(x: T) => (limits ? clipDerivative(x, limits.layers) : x);
  const start = startHandwriting(settings, batch, text.alphabetSize);
  let state = start.layers[0]!;
  let at: Pick<HandwritingState, 'window' | 'position'> = start;
  const hidden: tf.Tensor2D[] = [];
  const windows: tf.Tensor2D[] = [];
  for (const point of tf.unstack(points) as tf.Tensor2D[]) {
    const next = stepFirstLayer(parameters, settings, point, at.window, state);
    // What comes back from the layers above and from later points alike passes here.
    state = { ...next, hidden: clip(next.hidden) };
    at = readText(parameters, state.hidden, at.position, text);
    hidden.push(state.hidden);
    windows.push(at.window);
  }
  const seen = tf.concat3d([points, tf.stack(windows) as tf.Tensor3D], 2);
  const outputs = [tf.stack(hidden) as tf.Tensor3D];
  for (let layer = 1; layer < layers; layer++) {
    const inputs = tf.concat3d([seen, outputs[layer - 1]!], 2);
    outputs.push(clip(lstm(inputs, lstmOf(parameters, layer), { normalization }).outputs)); // Eq. 53
  }
  const all = tf.reshape(tf.concat3d(outputs, 2), [length * batch, layers * units]) as tf.Tensor2D;
  const predicted = tf.reshape(predictOutputs(parameters, all), [length, batch, -1]) as tf.Tensor3D;
  return limits ? clipDerivative(predicted, limits.outputs) : predicted;
}

/**
 * One point of each of a batch, for writing.
 *
 * @param point x_t, [batch, 3]
 * @returns ŷ [batch, 6M + 1], the state after the point, and the window's weights φ
 */
export function stepHandwriting(
  parameters: Parameters,
  settings: HandwritingSettings,
  point: tf.Tensor2D,
  state: HandwritingState,
  text: WindowText,
): { readonly outputs: tf.Tensor2D; readonly state: HandwritingState } & Pick<MovedWindow, 'weights'> {
  const { normalization } = settings;
  const layers = [stepFirstLayer(parameters, settings, point, state.window, state.layers[0]!)];
  const { window, position, weights } = readText(parameters, layers[0]!.hidden, state.position, text);
  for (let layer = 1; layer < settings.layers; layer++) {
    const inputs = tf.concat2d([point, window, layers[layer - 1]!.hidden], 1);
    layers.push(lstmStep(inputs, state.layers[layer]!, lstmOf(parameters, layer), { normalization })); // Eq. 53
  }
  const hidden = layers.map((layer) => layer.hidden);
  const outputs = predictOutputs(parameters, tf.concat2d(hidden, 1));
  return { outputs, state: { layers, window, position }, weights };
}

/** The first layer reads the window where the point before left it. */
function stepFirstLayer(
  parameters: Parameters,
  { normalization }: HandwritingSettings,
  point: tf.Tensor2D,
  window: tf.Tensor2D,
  state: LstmState,
): LstmState {
  return lstmStep(tf.concat2d([point, window], 1), state, lstmOf(parameters, 0), { normalization }); // Eq. 52
}

function readText(parameters: Parameters, hidden: tf.Tensor2D, position: WindowPosition, text: WindowText) {
  return moveWindow(hidden, withPrefix('window', parameters) as unknown as WindowParameters, position, text);
}

/** Eqs 17 and 53: ŷ of the outputs of all layers. */
function predictOutputs(parameters: Parameters, hidden: tf.Tensor2D): tf.Tensor2D {
  return tf.add(product(hidden, parameters['output/kernel'] as tf.Tensor2D), parameters['output/bias']!);
}

function lstmOf(parameters: Parameters, layer: number): LstmParameters {
  return withPrefix(layerName(layer), parameters) as unknown as LstmParameters;
}

function layerName(layer: number): string {
  return `layer-${layer + 1}`;
}
