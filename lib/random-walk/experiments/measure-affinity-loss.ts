/** How well affinities fit the labels of a picture: the Euclidean loss that trains them (§4.2). */
import * as tf from '@tensorflow/tfjs-core';
import type { LabelMap } from '../../datasets/label-map.ts';
import { sampleLabels } from '../back-ends/minibatch.ts';
import { clipNeighbourhood, createNeighbourhood } from '../neighbourhood.ts';
import type { SegmentedPicture } from '../segmenter.ts';
import { twoLayerAffinities } from '../two-layer-affinity.ts';
import { affinityLoss, pixelAffinities } from '../walk.ts';

export interface MeasuredAffinities {
  /** R, in units of the stride. */
  readonly radius: number;
  readonly walkStride: number;
  /** θ [channels], or [units] of a hidden layer [units, channels] */
  readonly weights: Float32Array;
  readonly hidden: Float32Array | undefined;
}

/**
 * @param sampled features of every `walkStride`-th pixel
 * @param labels of the whole picture
 */
export function measureAffinityLoss(
  { height, width, channels, features }: Pick<SegmentedPicture, 'height' | 'width' | 'channels' | 'features'>,
  labels: LabelMap,
  { radius, walkStride, weights, hidden }: MeasuredAffinities,
): number {
  const neighbourhood = clipNeighbourhood(createNeighbourhood(radius), height, width);
  const sampled = sampleLabels(labels.labels, labels.height, labels.width, walkStride);
  return tf.tidy(() => {
    const phi = tf.tensor4d(features, [1, height, width, channels]);
    const theta = tf.tensor1d(weights);
    const affinities = hidden
      ? twoLayerAffinities(phi, tf.tensor2d(hidden, [weights.length, channels]), theta, { neighbourhood })
      : pixelAffinities(phi, theta, { neighbourhood });
    const truth = tf.tensor3d(Int32Array.from(sampled), [1, height, width], 'int32');
    return affinityLoss(affinities, truth, neighbourhood).dataSync()[0]!;
  });
}
