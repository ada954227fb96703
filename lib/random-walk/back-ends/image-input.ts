/** What the networks see of an image, and how VGG-16's weights, which saw something else, begin as the same function. */
import * as tf from '@tensorflow/tfjs-core';
import { type FeatureWeights, layersOfBlocks } from '../../datasets/feature-layers.ts';
import type { Tensor } from '../../numerics/safetensors.ts';

/** ImageNet's mean colour, RGB, which VGG-16 was trained with. */
const meanColour = [122.67892, 116.66877, 104.00699] as const;
/** About the standard deviation of a colour: initial weights are made for inputs of variance 1. */
const colourDeviation = 58;

/** (image − mean)/deviation of RGB from 0 to 255. */
export function normalizeColours(images: tf.Tensor4D): tf.Tensor4D {
  return tf.mul(tf.sub(images, tf.tensor1d([...meanColour])), 1 / colourDeviation);
}

/**
 * Replaces the parameters of layers that VGG-16 has in the same shape, by `conv1_1` … `conv5_1`; returns their names. Of
 * conv1_1, whose inputs are colours whatever the width, a narrower network takes the first filters.
 */
export function takeFeatures(parameters: Record<string, Tensor>, { tensors, ...features }: FeatureWeights): string[] {
  const names = layersOfBlocks.flatMap((count, block) =>
    Array.from({ length: count }, (_, index) => `conv${block + 1}_${index + 1}`),
  );
  return names.filter((name) => {
    const kernel = parameters[`${name}/kernel`];
    const theirs = tensors[`${name}/kernel`];
    if (!kernel || !theirs) return false;
    const outputs = kernel.shape.at(-1)!;
    const theirOutputs = theirs.shape.at(-1)!;
    const isFirst = name === 'conv1_1';
    if (isFirst ? outputs > theirOutputs : kernel.shape.join() !== theirs.shape.join()) return false;
    const bias = parameters[`${name}/bias`]!.data;
    for (let output = 0; output < outputs; output++) {
      bias[output] = tensors[`${name}/bias`]!.data[output]!;
      for (let row = 0; row < kernel.data.length / outputs; row++) {
        const weight = theirs.data[row * theirOutputs + output]! as number;
        kernel.data[row * outputs + output] = isFirst ? weight * colourDeviation : weight;
        // They subtract another mean: exact wherever the kernel lies inside the image.
        if (isFirst) bias[output]! += weight * (meanColour[row % 3]! - features.meanColour[row % 3]!);
      }
    }
    return true;
  });
}
