/**
 * The convolutional network of §6.7, of which the paper says no more than that: for each layer
 *
 *   a ← pool(max(0, norm(a ∗ F)))        norm adds a channel's bias, and where it normalizes has a channel's gain
 *
 * pool takes the largest of 2 × 2; then class scores by one linear map. Without normalization the gain is left out.
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  normalizeChannelsByStatisticsOnKernel,
  normalizeChannelsOnKernel,
} from '../../kernels/channel-normalization.ts';
import { randomStream } from '../../numerics/random.ts';
import type { NamedTensors, Tensor } from '../../numerics/safetensors.ts';
import type { TensorByName } from '../../training/trainer.ts';
import { product } from '../product.ts';
import { type ConvnetSettings, convolutionShapes, filterSide } from './convnet-shape.ts';
import type { Convolutions } from './convolutions.ts';

const classes = 10;
const epsilon = 1e-5;
/** Of batch normalization's running statistics. */
const momentum = 0.9;

/** He et al.'s filters; gains 1, biases 0. The same filters for every normalization. */
export function initializeConvnet(seed: number, settings: ConvnetSettings): NamedTensors {
  const normal = (name: string, shape: readonly number[], deviation: number): Tensor => {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    randomStream(seed, 'initial parameters', name).fillNormal(data, deviation);
    return { shape: [...shape], data };
  };
  const constant = (length: number, value: number): Tensor => ({
    shape: [length],
    data: new Float32Array(length).fill(value),
  });
  const parameters: Record<string, Tensor> = {};
  for (const [layer, { inputChannels, outputChannels }] of convolutionShapes(settings, 1).entries()) {
    const inputs = filterSide ** 2 * inputChannels;
    const name = `convolution${layer + 1}`;
    const shape = [filterSide, filterSide, inputChannels, outputChannels];
    parameters[`${name}/filter`] = normal(`${name}/filter`, shape, Math.sqrt(2 / inputs));
    parameters[`${name}/bias`] = constant(outputChannels, 0);
    if (settings.normalization !== 'none') parameters[`${name}/gain`] = constant(outputChannels, 1);
  }
  const { filters, side } = settings;
  const flat = (side >> filters.length) ** 2 * filters.at(-1)!;
  parameters['output/kernel'] = normal('output/kernel', [flat, classes], Math.sqrt(1 / flat));
  parameters['output/bias'] = constant(classes, 0);
  return parameters;
}

/** Running mean 0 and variance 1 of every channel, with batch normalization; nothing without. */
export function initializeRunningStatistics({ normalization, filters }: ConvnetSettings): NamedTensors {
  if (normalization !== 'batch') return {};
  return Object.fromEntries(
    filters.flatMap((channels, layer): [string, Tensor][] => [
      [`convolution${layer + 1}/mean`, { shape: [channels], data: new Float32Array(channels) }],
      [`convolution${layer + 1}/variance`, { shape: [channels], data: new Float32Array(channels).fill(1) }],
    ]),
  );
}

export interface ConvnetResult {
  /** [images, classes] */
  readonly scores: tf.Tensor2D;
  /** The running statistics after this minibatch. */
  readonly state: TensorByName;
  /** Each layer's sums after normalization, gain and bias, before the rectifier. [images, height, width, channels] */
  readonly preactivations: readonly tf.Tensor4D[];
}

/**
 * @param images [images, side, side, colours], 0 to 1
 * @param state running statistics, which batch normalization takes where it does not train
 */
export function runConvnet(
  parameters: TensorByName,
  state: TensorByName,
  images: tf.Tensor4D,
  { normalization, filters }: ConvnetSettings,
  convolutions: Pick<Convolutions, 'convolve'>,
  isTraining: boolean,
): ConvnetResult {
  const nextState: Record<string, tf.Tensor> = { ...state };
  const preactivations: tf.Tensor4D[] = [];
  let activations = images;
  for (let layer = 0; layer < filters.length; layer++) {
    const name = `convolution${layer + 1}`;
    const [filter, bias, gain] = ['filter', 'bias', 'gain'].map((part) => parameters[`${name}/${part}`]!) as [
      tf.Tensor4D,
      tf.Tensor1D,
      tf.Tensor1D,
    ];
    const sums = convolutions.convolve(layer, activations, filter);
    let normalized: tf.Tensor4D;
    if (normalization === 'none') normalized = tf.add(sums, bias);
    else if (normalization === 'layer' || isTraining) {
      const { y, statistics } = normalizeChannelsOnKernel(sums, gain, bias, { kind: normalization, epsilon });
      normalized = y;
      if (normalization === 'batch') {
        for (const kind of ['mean', 'variance'] as const) {
          const now = tf.mul(statistics[kind], 1 - momentum);
          nextState[`${name}/${kind}`] = tf.add(tf.mul(state[`${name}/${kind}`]!, momentum), now);
        }
      }
    } else {
      const [mean, variance] = ['mean', 'variance'].map((part) => state[`${name}/${part}`]!) as [
        tf.Tensor1D,
        tf.Tensor1D,
      ];
      normalized = normalizeChannelsByStatisticsOnKernel(
        sums,
        gain,
        bias,
        { mean, variance },
        { kind: 'batch', epsilon },
      );
    }
    preactivations.push(normalized);
    activations = tf.maxPool(tf.relu(normalized), 2, 2, 'valid');
  }
  const flat = tf.reshape(activations, [images.shape[0], -1]) as tf.Tensor2D;
  const scores = tf.add(product(flat, parameters['output/kernel'] as tf.Tensor2D), parameters['output/bias']!);
  return { scores: scores as tf.Tensor2D, state: nextState, preactivations };
}

/**
 * Mean over the images of −log softmax(scores)[label], in nats.
 *
 * @param labels [images] int32
 */
export function crossEntropy(scores: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar {
  const shifted = tf.sub(scores, tf.max(scores, 1, true));
  const logNormalizers = tf.log(tf.sum(tf.exp(shifted), 1));
  const chosen = tf.sum(tf.mul(shifted, tf.oneHot(labels, classes)), 1);
  return tf.mean(tf.sub(logNormalizers, chosen));
}
