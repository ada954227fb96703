/** A trained convolutional network on any number of images: its loss and its errors, and how its units behave by place. */
import * as tf from '@tensorflow/tfjs-core';
import { readTensor } from '../../kernels/tensor-memory.ts';
import type { TensorByName } from '../../training/trainer.ts';
import { type ClassifiedImages, sliceImages } from './classified-images.ts';
import type { ConvnetSettings } from './convnet-shape.ts';
import { crossEntropy, runConvnet } from './convolutional-classifier.ts';
import type { Convolutions } from './convolutions.ts';

/** Enough to keep the backend busy, and few enough for its memory. */
const imagesAtOnce = 250;

/** [count, side, side, colours], 0 to 1 */
export function asImages({ pixels, count, side, colours }: ClassifiedImages): tf.Tensor4D {
  const values = new Float32Array(pixels.length);
  for (let index = 0; index < pixels.length; index++) values[index] = pixels[index]! / 255;
  return tf.tensor4d(values, [count, side, side, colours]);
}

export function asLabels({ labels }: ClassifiedImages): tf.Tensor1D {
  return tf.tensor1d(Int32Array.from(labels), 'int32');
}

/** Mean cross entropy in nats, and the number of images whose highest score is another class's; a tie counts as wrong. */
export function classify(
  parameters: TensorByName,
  state: TensorByName,
  images: ClassifiedImages,
  settings: ConvnetSettings,
  convolutions: Pick<Convolutions, 'convolve'>,
): { readonly loss: number; readonly errors: number } {
  let loss = 0;
  let errors = 0;
  forEachPart(images, (part) => {
    const { scores } = runConvnet(parameters, state, asImages(part), settings, convolutions, false);
    loss += (crossEntropy(scores, asLabels(part)).dataSync()[0]! * part.count) / images.count;
    const values = scores.dataSync();
    const classes = values.length / part.count;
    for (let image = 0; image < part.count; image++) {
      const row = values.subarray(image * classes, (image + 1) * classes);
      const own = row[part.labels[image]!]!;
      if (row.some((score, index) => index !== part.labels[image] && !(score < own))) errors += 1;
    }
  });
  return { loss, errors };
}

/** By distance of a unit's place from the image's edge, 0 at the edge; means over the units at that distance. */
export interface UnitStatistics {
  readonly distance: number;
  /** Of the images, in which a unit is turned on. */
  readonly shareOn: number;
  /** Standard deviation over the images of a unit's input to the rectifier. */
  readonly deviation: number;
}

/** What each layer's units do over images: one list a layer, from the edge inwards. */
export function measureUnits(
  parameters: TensorByName,
  state: TensorByName,
  images: ClassifiedImages,
  settings: ConvnetSettings,
  convolutions: Pick<Convolutions, 'convolve'>,
): readonly (readonly UnitStatistics[])[] {
  interface Sums {
    readonly on: Float64Array;
    readonly sum: Float64Array;
    readonly squares: Float64Array;
    readonly side: number;
    readonly channels: number;
  }
  const layers: Sums[] = [];
  forEachPart(images, (part) => {
    const { preactivations } = runConvnet(parameters, state, asImages(part), settings, convolutions, false);
    for (const [layer, tensor] of preactivations.entries()) {
      const [count, side, , channels] = tensor.shape;
      const units = side * side * channels;
      const zeros = () => new Float64Array(units);
      layers[layer] ??= { on: zeros(), sum: zeros(), squares: zeros(), side, channels };
      const { on, sum, squares } = layers[layer];
      readTensor(tensor, (values) => {
        for (let index = 0; index < count * units; index++) {
          const unit = index % units;
          const value = values[index]!;
          if (value > 0) on[unit]! += 1;
          sum[unit]! += value;
          squares[unit]! += value * value;
        }
      });
    }
  });
  return layers.map(({ on, sum, squares, side, channels }) => {
    const rings = Array.from({ length: side >> 1 }, () => ({ units: 0, on: 0, deviation: 0 }));
    for (let unit = 0; unit < on.length; unit++) {
      const place = Math.floor(unit / channels);
      const [row, column] = [Math.floor(place / side), place % side];
      const ring = rings[Math.min(row, column, side - 1 - row, side - 1 - column)]!;
      const mean = sum[unit]! / images.count;
      ring.units += 1;
      ring.on += on[unit]! / images.count;
      ring.deviation += Math.sqrt(Math.max(0, squares[unit]! / images.count - mean * mean));
    }
    return rings.map((ring, distance) => ({
      distance,
      shareOn: ring.on / ring.units,
      deviation: ring.deviation / ring.units,
    }));
  });
}

function forEachPart(images: ClassifiedImages, visit: (part: ClassifiedImages) => void): void {
  for (let first = 0; first < images.count; first += imagesAtOnce) {
    tf.tidy(() => visit(sliceImages(images, first, Math.min(imagesAtOnce, images.count - first))));
  }
}
