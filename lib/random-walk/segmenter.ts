/** A trained network on whole pictures: the class scores f and the features φ of every pixel, in plain arrays. */
import * as tf from '@tensorflow/tfjs-core';
import type { Picture } from '../datasets/decode-picture.ts';
import type { NamedTensors } from '../numerics/safetensors.ts';
import { asTensors } from '../training/trainer.ts';
import { createBackEnd } from './back-ends/back-end.ts';
import { upsampleScores } from './back-ends/layers.ts';
import { type BackEndSettings, scoreStride } from './back-ends/settings.ts';
import { type AffinityFeatures, affinityFeatures } from './joint-network.ts';

export interface SegmentedPicture {
  readonly height: number;
  readonly width: number;
  readonly classes: number;
  /** f [height, width, classes], before any softmax, enlarged to the picture. */
  readonly scores: Float32Array;
  /** φ [height, width, channels], colours from 0 to 1 first. */
  readonly features: Float32Array;
  readonly channels: number;
}

/** @param parameters of the back-end; others are not looked at */
export function segmentPicture(
  backEnd: BackEndSettings,
  parameters: NamedTensors,
  picture: Picture,
  features: AffinityFeatures,
): SegmentedPicture {
  const { height, width, rgb } = picture;
  let segmented: SegmentedPicture | undefined;
  tf.tidy(() => {
    const images = tf.tensor4d(Float32Array.from(rgb), [1, height, width, 3]);
    const segmentation = createBackEnd(backEnd).forward(asTensors(parameters), images);
    const scores = upsampleScores(segmentation.scores, height, width, scoreStride);
    const phi = affinityFeatures(features, images, segmentation, 1);
    // Not what `tidy` returns: it would look for tensors in every number of the arrays, for longer than the network takes.
    segmented = {
      ...{ height, width, classes: scores.shape[3], channels: phi.shape[3] },
      scores: scores.dataSync().slice() as Float32Array,
      features: phi.dataSync().slice() as Float32Array,
    };
  });
  return segmented!;
}
