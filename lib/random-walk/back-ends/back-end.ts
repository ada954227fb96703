/** One interface to the segmentation back-ends of §4.1: parameters, class scores, and the features of the affinity branch. */
import type * as tf from '@tensorflow/tfjs-core';
import type { FeatureWeights } from '../../datasets/feature-layers.ts';
import type { RandomStream } from '../../numerics/random.ts';
import type { NamedTensors } from '../../numerics/safetensors.ts';
import { createAttention } from './attention.ts';
import { createLargeFov } from './large-fov.ts';
import type { TensorByName } from './layers.ts';
import { createResidual } from './residual.ts';
import type { BackEndSettings } from './settings.ts';

export interface Segmentation {
  /** f, the activations of fc8 before any softmax, over every eighth pixel: [images, ⌈height/8⌉, ⌈width/8⌉, classes] */
  readonly scores: tf.Tensor4D;
  /** Of single scales, as large, which training supervises beside the fused ones; empty where there is one scale. */
  readonly scaleScores: readonly tf.Tensor4D[];
  /** Of every pixel, rectified: [images, height, width, channels] */
  readonly conv1_1: tf.Tensor4D;
  readonly conv1_2: tf.Tensor4D;
  /**
   * The layers below the scores, rectified and at their resolution; of the first scale where there are several. A residual
   * back-end has none: its scores come right after its last stage.
   */
  readonly deep?: Readonly<Record<'fc6' | 'fc7', tf.Tensor4D>>;
}

export interface BackEnd {
  readonly settings: BackEndSettings;
  /** @param features weights of VGG-16, which layers of the same shape begin with, in the back-ends that are made of VGG */
  initialize(seed: number, features?: FeatureWeights): NamedTensors;
  /**
   * @param images [images, height, width, 3], RGB from 0 to 255
   * @param dropout the minibatch's stream while training; nothing is dropped without
   */
  forward(parameters: TensorByName, images: tf.Tensor4D, dropout?: RandomStream): Segmentation;
}

/** Throws InvalidBackEnd for settings that no network has. */
export function createBackEnd(settings: BackEndSettings): BackEnd {
  switch (settings.kind) {
    case 'large-fov':
      return createLargeFov(settings);
    case 'attention':
      return createAttention(settings);
    case 'deeplab-v2':
      return createResidual(settings);
  }
}
