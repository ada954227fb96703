/**
 * The random walk network as it is trained (§4.5): a back-end's class scores f, affinities of its early features, one step of
 * the walk between them, and both losses together,
 *
 *   φ = (RGB, conv1_1, conv1_2);   w_ij = exp(θ · |φ(i) − φ(j)|);   ŷ = D⁻¹W f
 *   L = softmax cross entropy of ŷ  +  λ · Euclidean loss of w to same-label pairs  (+ that of single scales' scores)
 *
 * The paper does not say at which resolution: its features are those of every pixel, its f is "of the pixels in the fc8 layer".
 * `walkStride` 8 walks between scores, over features of every eighth pixel, which R = 40 can cover whole; 1 walks between the
 * pixels of the crop, over f enlarged to them.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { RandomStream } from '../numerics/random.ts';
import type { NamedTensors, Tensor } from '../numerics/safetensors.ts';
import { mapRowsAndColumns, samplingMap } from './back-ends/axis-maps.ts';
import { type BackEnd, createBackEnd, type Segmentation } from './back-ends/back-end.ts';
import { InvalidBackEnd } from './back-ends/errors.ts';
import { joinChannels, type TensorByName, upsampleScores } from './back-ends/layers.ts';
import { type SegmentationMinibatch, sampleLabels } from './back-ends/minibatch.ts';
import { segmentationLoss } from './back-ends/segmentation-loss.ts';
import { type BackEndSettings, scoreStride } from './back-ends/settings.ts';
import {
  clipNeighbourhood,
  createNeighbourhood,
  type Neighbourhood,
  type NeighbourhoodShape,
} from './neighbourhood.ts';
import { affinityWeightsName, hiddenWeightsName } from './parameter-names.ts';
import { initializeTwoLayers, twoLayerAffinities } from './two-layer-affinity.ts';
import { affinityLoss, pixelAffinities, walkStep } from './walk.ts';

/**
 * What affinities are of: the paper's 131 channels, or what they are compared with: colours alone, and deeper layers beside them,
 * fc6 and fc7, which are bilinear between scores.
 */
export type AffinityFeatures = 'rgb-conv1' | 'rgb' | 'rgb-conv1-fc';

export interface JointSettings {
  readonly backEnd: BackEndSettings;
  readonly affinityFeatures: AffinityFeatures;
  /** R in units of `walkStride` pixels; 40 in the paper's training. */
  readonly radius: number;
  readonly neighbourhood?: NeighbourhoodShape;
  readonly walkStride: 1 | 8;
  /** λ; 1 in the paper, which names no other. */
  readonly affinityLossWeight: number;
  /** θ of a colour, colours from 0 to 1, before training; those of conv1 begin at 0 and join where they help. */
  readonly initialColourWeight: number;
  /** Of a hidden layer in the affinity branch, see two-layer-affinity.ts; the paper's branch has none. */
  readonly hiddenUnits?: number;
  /** Whether training keeps θ ≤ 0, and affinities ≤ 1 with it; the paper does not. */
  readonly areWeightsNonPositive?: boolean;
}

export interface JointNetwork {
  readonly backEnd: BackEnd;
  /**
   * @param trained of the back-end, which the joint training starts from
   * @param seed of a hidden layer; the rest is no random numbers
   */
  initialize(trained: NamedTensors, seed?: number): NamedTensors;
  /** @param images [images, height, width, 3], RGB from 0 to 255 */
  forward(parameters: TensorByName, images: tf.Tensor4D, dropout?: RandomStream): JointSegmentation;
}

export interface JointSegmentation {
  readonly segmentation: Segmentation;
  /** Of the pixels that are walked between. [images, rows, columns, offsets] */
  readonly affinities: tf.Tensor4D;
  /** Those of the radius that fit into the image: the order of the affinities. */
  readonly neighbourhood: Neighbourhood;
  /** ŷ [images, rows, columns, classes] */
  readonly walked: tf.Tensor4D;
}

/** Throws InvalidBackEnd and InvalidWalkSetting. */
export function createJointNetwork(settings: JointSettings): JointNetwork {
  const { walkStride, radius, initialColourWeight, hiddenUnits } = settings;
  const backEnd = createBackEnd(settings.backEnd);
  const whole = createNeighbourhood(radius, settings.neighbourhood);
  return {
    backEnd,
    initialize(trained, seed = 0) {
      const channels = affinityChannels(settings.affinityFeatures, trained);
      if (hiddenUnits !== undefined) {
        const { hidden, weights } = initializeTwoLayers({ units: hiddenUnits, channels, initialColourWeight }, seed);
        return { ...trained, [hiddenWeightsName]: hidden, [affinityWeightsName]: weights };
      }
      const weights: Tensor = { shape: [channels], data: new Float32Array(channels).fill(initialColourWeight, 0, 3) };
      return { ...trained, [affinityWeightsName]: weights };
    },
    forward(parameters, images, dropout) {
      const [, height, width] = images.shape;
      const segmentation = backEnd.forward(parameters, images, dropout);
      const features = affinityFeatures(settings.affinityFeatures, images, segmentation, walkStride);
      const [, rows, columns] = features.shape;
      const neighbourhood = clipNeighbourhood(whole, rows, columns);
      const weights = parameters[affinityWeightsName] as tf.Tensor1D;
      const affinities =
        hiddenUnits === undefined
          ? pixelAffinities(features, weights, { neighbourhood })
          : twoLayerAffinities(features, parameters[hiddenWeightsName] as tf.Tensor2D, weights, { neighbourhood });
      const f =
        walkStride === scoreStride
          ? segmentation.scores
          : upsampleScores(segmentation.scores, height, width, scoreStride);
      return { segmentation, affinities, neighbourhood, walked: walkStep(f, affinities, { neighbourhood }) };
    },
  };
}

/**
 * φ of every `stride`-th pixel: colours from 0 to 1, then conv1_1 and conv1_2, then fc6 and fc7. Throws InvalidBackEnd where
 * the back-end has no such layers.
 *
 * @param images [images, height, width, 3], 0 to 255
 * @returns [images, ⌈height/stride⌉, ⌈width/stride⌉, channels]
 */
export function affinityFeatures(
  kind: AffinityFeatures,
  images: tf.Tensor4D,
  { conv1_1, conv1_2, deep }: Pick<Segmentation, 'conv1_1' | 'conv1_2' | 'deep'>,
  stride: number,
): tf.Tensor4D {
  const [, height, width] = images.shape;
  const colours = tf.mul(images, 1 / 255) as tf.Tensor4D;
  const parts = kind === 'rgb' ? [colours] : [colours, conv1_1, conv1_2];
  // Before they are joined: most pixels of a larger stride are nobody's.
  const [rows, columns] = [samplingMap(height, stride), samplingMap(width, stride)];
  const sampled = stride === 1 ? parts : parts.map((part) => mapRowsAndColumns(part, rows, columns));
  if (kind !== 'rgb-conv1-fc') return joinChannels(sampled);
  if (!deep) throw new InvalidBackEnd(noDeepLayers);
  const enlarge = (layer: tf.Tensor4D) =>
    stride === scoreStride ? layer : upsampleScores(layer, height, width, scoreStride);
  return joinChannels([...sampled, enlarge(deep.fc6), enlarge(deep.fc7)]);
}

const noDeepLayers =
  'Affinities of fc6 and fc7 need a back-end that has these layers: LargeFOV or attention, not deeplab-v2.';

/** Channels of φ, by the parameters of the back-end. Throws InvalidBackEnd where it has no such layers. */
function affinityChannels(kind: AffinityFeatures, trained: NamedTensors): number {
  const outputs = (layer: string) => {
    const bias = trained[`${layer}/bias`];
    if (!bias) throw new InvalidBackEnd(noDeepLayers);
    return bias.shape[0]!;
  };
  if (kind === 'rgb') return 3;
  const early = 3 + outputs('conv1_1') + outputs('conv1_2');
  return kind === 'rgb-conv1' ? early : early + outputs('fc6') + outputs('fc7');
}

export interface JointLoss {
  readonly total: tf.Scalar;
  /** By their columns' names in the learning curve. */
  readonly parts: { readonly segmentationLoss: tf.Scalar; readonly affinityLoss: tf.Scalar };
}

/** L of one minibatch. */
export function jointLoss(
  network: JointNetwork,
  { walkStride, affinityLossWeight }: JointSettings,
  parameters: TensorByName,
  { images, labels, batchSize, cropHeight, cropWidth }: SegmentationMinibatch,
  dropout?: RandomStream,
): JointLoss {
  const pixels = tf.tensor4d(images, [batchSize, cropHeight, cropWidth, 3]);
  const { segmentation, affinities, neighbourhood, walked } = network.forward(parameters, pixels, dropout);
  const walkedLabels = sampleLabels(labels, cropHeight, cropWidth, walkStride);
  const ofWalk = segmentationLoss(walked, walkedLabels);
  const [, rows, columns] = walked.shape;
  const labelTensor = tf.tensor3d(Int32Array.from(walkedLabels), [batchSize, rows, columns], 'int32');
  const ofAffinity = affinityLoss(affinities, labelTensor, neighbourhood);
  const scoreLabels = sampleLabels(labels, cropHeight, cropWidth, scoreStride);
  const ofScales = segmentation.scaleScores.map((scores) => segmentationLoss(scores, scoreLabels));
  return {
    total: tf.addN([ofWalk, tf.mul(ofAffinity, affinityLossWeight), ...ofScales]) as tf.Scalar,
    parts: { segmentationLoss: ofWalk, affinityLoss: ofAffinity },
  };
}
