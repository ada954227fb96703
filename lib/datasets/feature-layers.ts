/**
 * The convolutional layers of VGG-16 (Simonyan & Zisserman 2015, configuration D) from conv1_1 to conv5_1: 3 × 3 kernels,
 * ReLU, and a pooling before every block but the first. Neural art needs no layer after that.
 */
import type { NamedTensors } from '../numerics/safetensors.ts';

/** Convolutions of each block. */
export const layersOfBlocks = [2, 2, 3, 3, 1] as const;
/** VGG-16's channels, block by block. */
export const vggChannels = [64, 128, 256, 512, 512] as const;

/** An image's side must be a multiple of it: four poolings halve it. */
export const sideMultiple = 2 ** (layersOfBlocks.length - 1);

export interface FeatureLayer {
  /** `conv1_1` */
  readonly name: string;
  readonly inputChannels: number;
  readonly outputChannels: number;
  /** The image's side divided by this layer's: 1, 2, 4, 8, 16. */
  readonly shrinkage: number;
  /** Whether the layer before is pooled first. */
  readonly isAfterPooling: boolean;
}

/** The layers in their order, with so many channels in each of the five blocks. */
export function featureLayers(channels: readonly number[] = vggChannels): readonly FeatureLayer[] {
  return layersOfBlocks.flatMap((count, block) =>
    Array.from({ length: count }, (_, index) => ({
      name: `conv${block + 1}_${index + 1}`,
      inputChannels: index > 0 ? channels[block]! : block > 0 ? channels[block - 1]! : 3,
      outputChannels: channels[block]!,
      shrinkage: 2 ** block,
      isAfterPooling: block > 0 && index === 0,
    })),
  );
}

/** Weights of all layers, for images in RGB from 0 to 255. */
export interface FeatureWeights {
  /** What a network is subtracted before its first layer, [3], RGB. */
  readonly meanColour: readonly number[];
  readonly channels: readonly number[];
  /** `conv1_1/kernel` [3, 3, inputs, outputs] and `conv1_1/bias` [outputs] of every layer. */
  readonly tensors: NamedTensors;
}

/** One layer's kernel and bias. */
export function layerWeights({ tensors }: FeatureWeights, name: string) {
  return {
    kernel: tensors[`${name}/kernel`]!.data as Float32Array,
    bias: tensors[`${name}/bias`]!.data as Float32Array,
  };
}
