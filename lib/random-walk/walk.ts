/**
 * The affinity branch (§4.2) and the random walk layer (§4.3) on TensorFlow.js. Features, f and ŷ are [images, height, width,
 * channels or classes]; affinities are [images, height, width, offsets], see neighbourhood.ts: with n pixels and k neighbours,
 * n·k/2 numbers stand for the n × n matrix A, and no n × k × channels differences are made on the kernel.
 */
import * as tf from '@tensorflow/tfjs-core';
import { affinityLossOnKernel } from '../kernels/affinity-loss.ts';
import { type Compute, onKernelOrTensors } from '../kernels/compute.ts';
import { pixelAffinitiesOnKernel, walkStepOnKernel } from '../kernels/random-walk.ts';
import { InvalidWalkInput } from './errors.ts';
import type { Neighbourhood, Offset } from './neighbourhood.ts';

export interface WalkOptions {
  readonly neighbourhood: Neighbourhood;
  /** See `Compute`; `auto` by default. */
  readonly compute?: Compute;
}

/**
 * w_ij = exp(Σ_k θ_k |φ_k(i) − φ_k(j)|) for the pairs within the neighbourhood, 0 where a pair leaves the image.
 *
 * @param features φ [images, height, width, channels]
 * @param weights θ [channels], the 1 × 1 × k convolution without a bias; ≤ 0 where affinities shall be ≤ 1
 * @returns [images, height, width, offsets]
 * @throws InvalidWalkInput for shapes that do not match
 */
export function pixelAffinities(
  features: tf.Tensor4D,
  weights: tf.Tensor1D,
  { neighbourhood, compute = 'auto' }: WalkOptions,
): tf.Tensor4D {
  const channels = features.shape.at(-1);
  if (features.rank !== 4 || weights.rank !== 1 || weights.size !== channels || features.size === 0) {
    throw new InvalidWalkInput(
      `Features must be [images, height, width, channels] with a weight for each channel, got [${features.shape}] and [${weights.shape}].`,
    );
  }
  const kernel = () => pixelAffinitiesOnKernel(features, weights, neighbourhood);
  return onKernelOrTensors(compute, kernel, () => {
    const inside = tf.onesLike(tf.slice(features, [0, 0, 0, 0], [-1, -1, -1, 1]));
    const planes = neighbourhood.offsets.map((offset) => {
      const difference = tf.sub(features, shift(features, offset));
      // |x| as x · sign x: its gradient is 0 at 0, where TensorFlow.js's own abs has −1.
      const distances = tf.mul(difference, tf.sign(difference)); // F_ij,k
      const exponent = tf.sum(tf.mul(distances, weights), -1, true);
      // Behind the image's edge there is no pair, and an exponential there could overflow; so could the exponent itself.
      const pairs = shift(inside, offset);
      return tf.mul(tf.exp(tf.where(tf.cast(pairs, 'bool'), exponent, tf.zerosLike(exponent))), pairs);
    });
    return tf.concat(planes, -1) as tf.Tensor4D;
  });
}

/**
 * ŷ = A f with A = D⁻¹W: one step of the random walk. Its gradients are exact: ∂L/∂f = Aᵀ ∂L/∂ŷ, and by the affinities that of
 * ∂L/∂A = ∂L/∂ŷ fᵀ on A's entries, through the normalization by D.
 *
 * @param f [images, height, width, classes], any finite values
 * @param affinities [images, height, width, offsets]
 * @throws InvalidWalkInput for shapes that do not match
 */
export function walkStep(
  f: tf.Tensor4D,
  affinities: tf.Tensor4D,
  { neighbourhood, compute = 'auto' }: WalkOptions,
): tf.Tensor4D {
  const expected = [...f.shape.slice(0, 3), neighbourhood.offsets.length];
  if (f.rank !== 4 || f.size === 0 || `${affinities.shape}` !== `${expected}`) {
    throw new InvalidWalkInput(
      `f must be [images, height, width, classes] and the affinities of its pixels [${expected}], got [${f.shape}] and [${affinities.shape}].`,
    );
  }
  const kernel = () => walkStepOnKernel(f, affinities, neighbourhood);
  return onKernelOrTensors(compute, kernel, () => {
    const degrees = affinityProduct(tf.onesLike(tf.slice(f, [0, 0, 0, 0], [-1, -1, -1, 1])), affinities, neighbourhood);
    return tf.div(affinityProduct(f, affinities, neighbourhood), degrees);
  });
}

/** W v: every pair adds to both of its pixels, and every pixel is its own neighbour. */
function affinityProduct(v: tf.Tensor4D, affinities: tf.Tensor4D, { offsets }: Neighbourhood): tf.Tensor4D {
  const planes = tf.split(affinities, offsets.length, -1);
  return offsets.reduce<tf.Tensor4D>((sum, offset, place) => {
    const w = planes[place]!;
    const there: Offset = { rows: -offset.rows, columns: -offset.columns };
    const both = tf.add(tf.mul(w, shift(v, offset)), shift(tf.mul(w, v) as tf.Tensor4D, there));
    return tf.add(sum, both);
  }, v);
}

/** The image that has at every pixel what `x` has at pixel + offset, and 0 where that lies outside. */
function shift(x: tf.Tensor4D, { rows, columns }: Offset): tf.Tensor4D {
  const [, height, width] = x.shape;
  if (Math.abs(rows) >= height || Math.abs(columns) >= width) return tf.zerosLike(x);
  const begin = [0, Math.max(0, rows), Math.max(0, columns), 0];
  const part = tf.slice(x, begin, [-1, height - Math.abs(rows), width - Math.abs(columns), -1]);
  const along = (offset: number): [number, number] => [Math.max(0, -offset), Math.max(0, offset)];
  return tf.pad(part, [[0, 0], along(rows), along(columns), [0, 0]]) as tf.Tensor4D;
}

/**
 * The Euclidean loss of affinities to {0, 1}, whether two pixels have the same label: ½ mean (w_ij − [label_i = label_j])²
 * over the pairs of which both labels are known. (Caffe's layer divides the sum by the batch, not by the pairs.)
 *
 * @param affinities [images, height, width, offsets]
 * @param labels int32 [images, height, width]
 * @param ignoredLabel a label that says nothing; 255 in the datasets of the paper
 * @throws InvalidWalkInput for shapes that do not match
 */
export function affinityLoss(
  affinities: tf.Tensor4D,
  labels: tf.Tensor3D,
  neighbourhood: Neighbourhood,
  ignoredLabel = 255,
  compute: Compute = 'auto',
): tf.Scalar {
  const expected = [...labels.shape, neighbourhood.offsets.length];
  if (affinities.size === 0 || `${affinities.shape}` !== `${expected}`) {
    throw new InvalidWalkInput(
      `The affinities of pixels with labels [${labels.shape}] must be [${expected}], got [${affinities.shape}].`,
    );
  }
  const kernel = () => affinityLossOnKernel(affinities, labels, neighbourhood, ignoredLabel);
  return onKernelOrTensors(compute, kernel, () => {
    const own = tf.expandDims(tf.cast(labels, 'float32'), -1) as tf.Tensor4D;
    const known = tf.cast(tf.notEqual(own, ignoredLabel), 'float32') as tf.Tensor4D;
    // A pixel outside is as unknown as one of the ignored label.
    const both = tf.concat(
      neighbourhood.offsets.map((offset) => tf.mul(known, shift(known, offset))),
      -1,
    );
    const same = tf.concat(
      neighbourhood.offsets.map((offset) => tf.cast(tf.equal(own, shift(own, offset)), 'float32')),
      -1,
    );
    const squares = tf.mul(both, tf.square(tf.sub(affinities, same)));
    return tf.div(tf.sum(squares), tf.mul(2, tf.maximum(tf.sum(both), 1))) as tf.Scalar;
  });
}
