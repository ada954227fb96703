/**
 * The segmentation back-ends of §4.1 and their sizes: the published ones, and ones of the same structure that two cores train
 * in minutes. No TensorFlow.js here, so that experiments can plan with them.
 */

export interface LargeFovSettings {
  readonly kind: 'large-fov';
  /** Convolutions of VGG's five blocks; VGG-16's are 2, 2, 3, 3, 3. The first must be 2: conv1_1 and conv1_2. */
  readonly convolutions: readonly number[];
  /** Channels of the five blocks. */
  readonly channels: readonly number[];
  /** Channels of fc6 and fc7, which are convolutions here. */
  readonly fcChannels: number;
  /** Of fc6's 3 × 3 kernel: 12 makes the field of view large. */
  readonly fc6Dilation: number;
  /** Share of the values of fc6 and fc7 that training drops. */
  readonly dropout: number;
  /** Without the background, unless it is one. */
  readonly classes: number;
}

/** LargeFOV at several scales of the image with the same parameters; for every place, attention weighs the scales. */
export interface AttentionSettings {
  readonly kind: 'attention';
  readonly network: LargeFovSettings;
  /** Of the image's sides; the first must be 1. */
  readonly scales: readonly number[];
  /** Channels of the attention's hidden layer. */
  readonly attentionChannels: number;
}

/** A dilated residual network, pyramids of dilated convolutions on top (ASPP), the largest score over several scales. */
export interface ResidualSettings {
  readonly kind: 'deeplab-v2';
  /** Channels of conv1_1, conv1_2 and the layer after, see residual.ts. */
  readonly stemChannels: number;
  /** Bottleneck blocks of the four stages; ResNet-101's are 3, 4, 23, 3. */
  readonly blocks: readonly number[];
  /** Channels of the stages' outputs, multiples of 4: a bottleneck has a quarter of them. */
  readonly channels: readonly number[];
  readonly pyramidDilations: readonly number[];
  /** Of the image's sides; the first must be 1. */
  readonly scales: readonly number[];
  readonly classes: number;
}

export type BackEndSettings = LargeFovSettings | AttentionSettings | ResidualSettings;
export type BackEndKind = BackEndSettings['kind'];

/** `tiny` shows that everything works, and learns nothing. */
export type BackEndSize = 'tiny' | 'small' | 'published';

/** Rows and columns of the image for one of class scores. */
export const scoreStride = 8;

/** As published: Chen et al. 2015 (LargeFOV), 2016 (attention; scale attention), 2016 (v2; ResNet-101, ASPP-L, three scales). */
export function publishedBackEnd(kind: BackEndKind, classes: number): BackEndSettings {
  const network: LargeFovSettings = {
    kind: 'large-fov',
    convolutions: [2, 2, 3, 3, 3],
    channels: [64, 128, 256, 512, 512],
    ...{ fcChannels: 1024, fc6Dilation: 12, dropout: 0.5, classes },
  };
  if (kind === 'large-fov') return network;
  if (kind === 'attention') return { kind, network, scales: [1, 0.5], attentionChannels: 512 };
  return {
    ...{ kind, stemChannels: 64, blocks: [3, 4, 23, 3], channels: [256, 512, 1024, 2048] },
    ...{ pyramidDilations: [6, 12, 18, 24], scales: [1, 0.75, 0.5], classes },
  };
}

/**
 * The same structures for images of about 240 × 180 on two cores: fewer channels and convolutions, and dilations in proportion
 * to scores of 30 × 23 where 12 and 24 of the published ones meet 41 × 41.
 */
export function smallBackEnd(kind: BackEndKind, classes: number): BackEndSettings {
  const network: LargeFovSettings = {
    kind: 'large-fov',
    convolutions: [2, 1, 2, 2, 1],
    channels: [16, 32, 64, 96, 96],
    ...{ fcChannels: 128, fc6Dilation: 6, dropout: 0, classes },
  };
  if (kind === 'large-fov') return network;
  if (kind === 'attention') return { kind, network, scales: [1, 0.5], attentionChannels: 32 };
  return {
    ...{ kind, stemChannels: 16, blocks: [1, 2, 2, 1], channels: [64, 96, 128, 192] },
    ...{ pyramidDilations: [2, 4, 6, 9], scales: [1, 0.75, 0.5], classes },
  };
}

/** A few channels, for runs whose numbers say nothing. */
function tinyBackEnd(kind: BackEndKind, classes: number): BackEndSettings {
  const network: LargeFovSettings = {
    kind: 'large-fov',
    convolutions: [2, 1, 1, 1, 1],
    channels: [4, 4, 4, 8, 8],
    ...{ fcChannels: 8, fc6Dilation: 2, dropout: 0, classes },
  };
  if (kind === 'large-fov') return network;
  if (kind === 'attention') return { kind, network, scales: [1, 0.5], attentionChannels: 4 };
  return {
    ...{ kind, stemChannels: 4, blocks: [1, 1, 1, 1], channels: [8, 8, 8, 8] },
    ...{ pyramidDilations: [1, 2], scales: [1, 0.5], classes },
  };
}

export function backEndOfSize(kind: BackEndKind, size: BackEndSize, classes: number): BackEndSettings {
  return { tiny: tinyBackEnd, small: smallBackEnd, published: publishedBackEnd }[size](kind, classes);
}
