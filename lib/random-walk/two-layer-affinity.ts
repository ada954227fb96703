/**
 * An affinity branch of two convolution layers, which the paper tried as well (§4.2) and describes no further. Here both are
 * 1 × 1, without biases, so that pixels with the same features keep an affinity of 1:
 *
 *   w_ij = exp(Σ_u θ_u max(0, Σ_k H_uk |φ_k(i) − φ_k(j)|))
 *
 * The first layer's sums are logarithms of what the fused kernel makes of one unit's weights, so that no differences of features
 * are made here either: it takes as long as one layer times the units.
 */
import * as tf from '@tensorflow/tfjs-core';
import { randomStream } from '../numerics/random.ts';
import type { NamedTensors } from '../numerics/safetensors.ts';
import { InvalidWalkInput } from './errors.ts';
import type { Neighbourhood } from './neighbourhood.ts';
import { hiddenWeightsName } from './parameter-names.ts';
import { pixelAffinities, type WalkOptions } from './walk.ts';

/**
 * H and θ as the same function as one layer with weights `initialColourWeight` of colours: one unit is that layer, the others
 * are random and do not count yet. Where that weight is 0 all are random.
 */
export function initializeTwoLayers(
  { units, channels, initialColourWeight }: Readonly<Record<'units' | 'channels' | 'initialColourWeight', number>>,
  seed: number,
): { readonly hidden: NamedTensors[string]; readonly weights: NamedTensors[string] } {
  const hidden = new Float32Array(units * channels);
  randomStream(seed, 'initial parameters', hiddenWeightsName).fillNormal(hidden, Math.sqrt(2 / channels));
  const weights = new Float32Array(units);
  if (initialColourWeight !== 0) {
    hidden.fill(0, 0, channels).fill(Math.abs(initialColourWeight), 0, 3);
    weights[0] = Math.sign(initialColourWeight);
  }
  return { hidden: { shape: [units, channels], data: hidden }, weights: { shape: [units], data: weights } };
}

/** The kernel holds logarithms within these: what leaves them does not change the affinity any more. */
const [leastExponent, largestExponent] = [-87.3, 88.3];
/** Below the least affinity of a pair, above the 0 that stands for none. */
const leastAffinity = 1.2e-38;

/**
 * @param features φ [images, height, width, channels]
 * @param hidden H [units, channels]
 * @param weights θ [units]
 * @returns [images, height, width, offsets], 0 where a pair leaves the image
 * @throws InvalidWalkInput for shapes that do not match
 */
export function twoLayerAffinities(
  features: tf.Tensor4D,
  hidden: tf.Tensor2D,
  weights: tf.Tensor1D,
  options: WalkOptions,
): tf.Tensor4D {
  const units = hidden.shape[0];
  if (hidden.rank !== 2 || weights.rank !== 1 || weights.size !== units || units === 0) {
    throw new InvalidWalkInput(
      `The hidden layer must be [units, channels] with a weight for each unit, got [${hidden.shape}] and [${weights.shape}].`,
    );
  }
  let pairs: tf.Tensor | undefined;
  const terms = tf.unstack(hidden).map((row, unit) => {
    const exponentials = pixelAffinities(features, row as tf.Tensor1D, options);
    pairs ??= tf.step(exponentials);
    const activations = tf.relu(tf.log(tf.maximum(exponentials, leastAffinity)));
    return tf.mul(activations, tf.slice(weights, unit, 1));
  });
  const exponent = tf.clipByValue(tf.addN(terms), leastExponent, largestExponent);
  return tf.mul(tf.exp(exponent), pairs!) as tf.Tensor4D;
}

/** The same of one picture, from plain arrays: for prediction. */
export function twoLayerAffinitiesOfPicture(
  {
    height,
    width,
    channels,
    features,
  }: Readonly<Record<'height' | 'width' | 'channels', number>> & {
    readonly features: Float32Array;
  },
  hidden: Float32Array,
  weights: Float32Array,
  neighbourhood: Neighbourhood,
): Float32Array {
  return tf.tidy(() => {
    const phi = tf.tensor4d(features, [1, height, width, channels]);
    const affinities = twoLayerAffinities(phi, tf.tensor2d(hidden, [weights.length, channels]), tf.tensor1d(weights), {
      neighbourhood,
    });
    return affinities.dataSync().slice() as Float32Array;
  });
}
