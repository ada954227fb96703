/** What the back-ends are made of: convolutions, poolings and resizing whose output p lies over input stride · p. */
import * as tf from '@tensorflow/tfjs-core';
import { type Compute, onKernelOrTensors } from '../../kernels/compute.ts';
import { convolveDilated, type DilatedConvolutionSettings } from '../../kernels/dilated-convolution.ts';
import { convolveByPlaces } from '../../kernels/dilated-convolution-reference.ts';
import { joinChannelsOnKernel } from '../../kernels/join-channels.ts';
import { maxPoolOnKernel } from '../../kernels/max-pooling.ts';
import { randomStream } from '../../numerics/random.ts';
import type { Tensor } from '../../numerics/safetensors.ts';
import { mapRowsAndColumns, meanOfThreeMap, resizingMap, upsamplingMap } from './axis-maps.ts';
import { InvalidBackEnd } from './errors.ts';

export type TensorByName = Readonly<Record<string, tf.Tensor>>;

/** A convolutional layer's parameters: `{name}/kernel` [side, side, inputs, outputs] and `{name}/bias` [outputs]. */
export interface LayerShape {
  readonly name: string;
  /** Of the kernel; odd. */
  readonly side: number;
  readonly inputs: number;
  readonly outputs: number;
  /**
   * `he`: normal with variance 2 / inputs of a sum (He et al. 2015). `scores`: normal with deviation 0.01, as DeepLab's last
   * layer. `zero`: of a residual branch's last layer, so that every block begins as the identity (Zhang et al. 2019).
   */
  readonly initial: 'he' | 'scores' | 'zero';
}

/** Kernels from streams of the seed and the layer's name, biases 0. */
export function initializeLayers(layers: readonly LayerShape[], seed: number): Record<string, Tensor> {
  const parameters: Record<string, Tensor> = {};
  for (const { name, side, inputs, outputs, initial } of layers) {
    const kernel = new Float32Array(side ** 2 * inputs * outputs);
    const deviation = { he: Math.sqrt(2 / (side ** 2 * inputs)), scores: 0.01, zero: 0 }[initial];
    if (deviation > 0) randomStream(seed, 'initial parameters', name).fillNormal(kernel, deviation);
    parameters[`${name}/kernel`] = { shape: [side, side, inputs, outputs], data: kernel };
    parameters[`${name}/bias`] = { shape: [outputs], data: new Float32Array(outputs) };
  }
  return parameters;
}

export function convolveLayer(
  parameters: TensorByName,
  name: string,
  input: tf.Tensor4D,
  settings: DilatedConvolutionSettings,
  compute: Compute = 'auto',
): tf.Tensor4D {
  const kernel = parameters[`${name}/kernel`] as tf.Tensor4D;
  const bias = parameters[`${name}/bias`] as tf.Tensor1D;
  return onKernelOrTensors(
    compute,
    () => convolveDilated(input, kernel, bias, settings),
    () => convolveByPlaces(input, kernel, bias, settings),
  );
}

/** The largest of 3 × 3, as Caffe pads it: [n, h, w, c] → [n, ⌈h/stride⌉, ⌈w/stride⌉, c]. */
export function maxPool(x: tf.Tensor4D, stride: 1 | 2, compute: Compute = 'auto'): tf.Tensor4D {
  return onKernelOrTensors(
    compute,
    () => maxPoolOnKernel(x, stride),
    () => tf.maxPool(x, 3, stride, 1, 'floor'),
  );
}

/** [images, height, width, channels] of each, as one image of all their channels. */
export function joinChannels(parts: readonly tf.Tensor4D[], compute: Compute = 'auto'): tf.Tensor4D {
  if (parts.length === 1) return parts[0]!;
  return onKernelOrTensors(
    compute,
    () => joinChannelsOnKernel(parts),
    () => tf.concat([...parts], 3) as tf.Tensor4D,
  );
}

/** The mean of 3 × 3 pixels, those outside the image counted as 0. */
export function averagePool(x: tf.Tensor4D): tf.Tensor4D {
  return mapRowsAndColumns(x, meanOfThreeMap(x.shape[1]), meanOfThreeMap(x.shape[2]));
}

/** Bilinear, corner pixels on corner pixels. */
export function resizeTo(x: tf.Tensor4D, height: number, width: number): tf.Tensor4D {
  if (x.shape[1] === height && x.shape[2] === width) return x;
  return mapRowsAndColumns(x, resizingMap(x.shape[1], height), resizingMap(x.shape[2], width));
}

/** An image whose sides are so many times as long, as distances between the centres of its corner pixels. */
export function scaleImages(images: tf.Tensor4D, scale: number): tf.Tensor4D {
  const side = (length: number) => Math.round((length - 1) * scale) + 1;
  return resizeTo(images, side(images.shape[1]), side(images.shape[2]));
}

/** Throws InvalidBackEnd. */
export function requireScales(scales: readonly number[]): void {
  if (scales[0] === 1 && scales.every((scale) => scale > 0 && scale <= 1)) return;
  throw new InvalidBackEnd(
    `The scales of a network must be above 0 and at most 1, the first 1, whose resolution the scores have, got [${scales}].`,
  );
}

/**
 * Scores of every pixel, bilinear between scores, which lie over every `stride`-th pixel; beyond the last one, that one's.
 *
 * @param scores [images, ⌈height/stride⌉, ⌈width/stride⌉, classes]
 * @returns [images, height, width, classes]
 */
export function upsampleScores(scores: tf.Tensor4D, height: number, width: number, stride: number): tf.Tensor4D {
  const [, rows, columns] = scores.shape;
  return mapRowsAndColumns(scores, upsamplingMap(rows, height, stride), upsamplingMap(columns, width, stride));
}
