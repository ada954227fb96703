import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeRandomFeatures } from '../../../lib/datasets/vgg-features.ts';
import '../../../lib/numerics/register-gradients.ts';
import { checkGradient } from '../../../lib/numerics/gradient-checking.ts';
import { randomStream } from '../../../lib/numerics/random.ts';
import type { NamedTensors, Tensor } from '../../../lib/numerics/safetensors.ts';
import { type BackEnd, createBackEnd } from '../../../lib/random-walk/back-ends/back-end.ts';
import { takeFeatures } from '../../../lib/random-walk/back-ends/image-input.ts';
import { largeFovLayers } from '../../../lib/random-walk/back-ends/large-fov.ts';
import {
  averagePool,
  maxPool,
  resizeTo,
  scaleImages,
  upsampleScores,
} from '../../../lib/random-walk/back-ends/layers.ts';
import { type LargeFovSettings, publishedBackEnd, smallBackEnd } from '../../../lib/random-walk/back-ends/settings.ts';
import { largeFov, smallNetworks } from './small-networks.ts';

beforeAll(async () => {
  await tf.setBackend('wasm');
});

const tensorsOf = (parameters: NamedTensors) =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, { shape, data }]) => [name, tf.tensor(data as Float32Array, [...shape])]),
  );

function drawImages(shape: [number, number, number, number]): tf.Tensor4D {
  const pixels = new Float32Array(shape.reduce((product, size) => product * size, 1));
  randomStream(3, 'image').fillUniform(pixels, 0, 255);
  return tf.tensor4d(pixels, shape);
}

/** Initial parameters without zeros and with larger scores, so that every part counts. */
function drawParameters(backEnd: BackEnd): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(backEnd.initialize(1)).map(([name, { shape, data }]) => {
      const values = data.slice() as Float32Array;
      const deviation = Math.sqrt(2 / (data.length / shape.at(-1)!));
      if (!values.some((value) => Math.abs(value) > 0.05)) randomStream(4, name).fillNormal(values, deviation);
      return [name, { shape, data: values }];
    }),
  );
}

describe.each(smallNetworks.map((settings) => [settings.kind, settings] as const))('%s', (_, settings) => {
  test('scores lie over every eighth pixel, features over every one, at odd sizes too; a seed is a network', () => {
    const backEnd = createBackEnd(settings);
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const parameters = tensorsOf(backEnd.initialize(5));
      for (const [height, width] of [
        [37, 50],
        [8, 17],
        [1, 3],
      ] as const) {
        const result = backEnd.forward(parameters, drawImages([2, height, width, 3]));
        const scoresShape = [2, Math.ceil(height / 8), Math.ceil(width / 8), 3];
        expect(result.scores.shape).toEqual(scoresShape);
        for (const scores of result.scaleScores) expect(scores.shape).toEqual(scoresShape);
        expect(result.scaleScores).toHaveLength({ 'large-fov': 0, attention: 2, 'deeplab-v2': 3 }[settings.kind]);
        for (const feature of [result.conv1_1, result.conv1_2]) {
          expect(feature.shape).toEqual([2, height, width, 4]);
          expect(tf.min(feature).dataSync()[0]).toBeGreaterThanOrEqual(0);
        }
        expect(result.scores.dataSync().every(Number.isFinite)).toBe(true);
      }
    });
    expect(tf.memory().numTensors).toBe(before);
    expect(backEnd.initialize(5)).toEqual(backEnd.initialize(5));
    expect(backEnd.initialize(6)).not.toEqual(backEnd.initialize(5));
  });

  test('a mirrored image has mirrored scores by mirrored kernels', () => {
    const backEnd = createBackEnd(settings);
    tf.tidy(() => {
      const parameters = tensorsOf(drawParameters(backEnd));
      const mirrored = Object.fromEntries(
        Object.entries(parameters).map(([name, tensor]) => [name, tensor.rank === 4 ? tf.reverse(tensor, 1) : tensor]),
      );
      const image = drawImages([1, 17, 33, 3]);
      const { scores } = backEnd.forward(parameters, image);
      const other = backEnd.forward(mirrored, tf.reverse(image, 2)).scores;
      const difference = tf.max(tf.abs(tf.sub(tf.reverse(other, 2), scores))).dataSync()[0]!;
      const spread = tf.sub(tf.max(scores), tf.min(scores)).dataSync()[0]!;
      expect(spread).toBeGreaterThan(0.01);
      expect(difference / spread).toBeLessThan(1e-5);
      // Not so by the same kernels: the test above has something to find.
      const wrong = tf.max(
        tf.abs(tf.sub(tf.reverse(backEnd.forward(parameters, tf.reverse(image, 2)).scores, 2), scores)),
      );
      expect(wrong.dataSync()[0]! / spread).toBeGreaterThan(0.01);
    });
  });

  test('the gradient is that of finite differences, along a direction in every tensor', () => {
    const backEnd = createBackEnd(settings);
    tf.tidy(() => {
      const parameters = tensorsOf(drawParameters(backEnd));
      const names = Object.keys(parameters);
      const image = drawImages([1, 9, 17, 3]);
      const run = (values: readonly tf.Tensor[]) => {
        const given = Object.fromEntries(names.map((name, index) => [name, values[index]!]));
        const { scores, scaleScores, conv1_2 } = backEnd.forward(given, image);
        return [scores, ...scaleScores, conv1_2];
      };
      const weights = run(Object.values(parameters)).map((tensor, index) => {
        const values = new Float32Array(tensor.size);
        randomStream(8, index).fillNormal(values, 1 / tensor.size);
        return tf.tensor(values, tensor.shape);
      });
      const f = (...values: tf.Tensor[]) =>
        tf.addN(run(values).map((tensor, index) => tf.sum(tf.mul(tensor, weights[index]!)))) as tf.Scalar;
      const values = Object.values(parameters);
      const gradients = tf.grads(f)(values);
      for (const [index, name] of names.entries()) {
        // Along the gradient itself: the largest of all differences, and the sum of it in float64.
        const gradient = gradients[index]!;
        const norm = tf.norm(gradient).dataSync()[0]!;
        expect(norm, name).toBeGreaterThan(0);
        const size = tf.norm(values[index]!).dataSync()[0]!;
        // A large step meets kinks of rectifiers and poolings, a small one the rounding of float32: what this finds is a path
        // that is missing. Each operation has an exact test of its own.
        const errors = [1e-2, 1e-3, 1e-4, 1e-5].map((share) => {
          const step = (share * size) / norm;
          const outputs = (sign: number) =>
            run(values.map((value, k) => (k === index ? tf.add(value, tf.mul(gradient, sign * step)) : value)));
          const [above, below] = [outputs(1), outputs(-1)];
          let difference = 0;
          for (const [k, weight] of weights.entries()) {
            const [high, low] = [above[k]!.dataSync(), below[k]!.dataSync()];
            for (const [place, w] of weight.dataSync().entries()) difference += w * (high[place]! - low[place]!);
          }
          return Math.abs(difference / (2 * step * norm ** 2) - 1);
        });
        expect(Math.min(...errors), name).toBeLessThan(0.1);
      }
    });
  });
});

test('the published LargeFOV has its 20.5 million parameters', () => {
  const layers = largeFovLayers(publishedBackEnd('large-fov', 21) as LargeFovSettings);
  const count = layers.reduce((sum, { side, inputs, outputs }) => sum + (side ** 2 * inputs + 1) * outputs, 0);
  // 14,714,688 of VGG-16's convolutions; fc6, fc7, fc8.
  expect(count).toBe(14_714_688 + 4_719_616 + 1_049_600 + 21_525);
});

test('small networks train in minutes: less than half a million parameters each', () => {
  for (const kind of ['large-fov', 'attention', 'deeplab-v2'] as const) {
    const parameters = createBackEnd(smallBackEnd(kind, 11)).initialize(0);
    const count = Object.values(parameters).reduce((sum, { data }) => sum + data.length, 0);
    expect(count).toBeLessThan(500_000);
  }
});

test('VGG’s weights begin as the same function of the image, in the layers that have its shape', () => {
  const settings = { ...largeFov, channels: [4, 6, 6, 8, 8] };
  const theirs = makeRandomFeatures([6, 6, 6, 8, 8]);
  const features = {
    channels: [6, 6, 6, 8, 8],
    tensors: theirs,
    meanColour: [...theirs['mean-colour']!.data] as number[],
  };
  const backEnd = createBackEnd(settings);
  const parameters = backEnd.initialize(1, features);
  const taken = takeFeatures({ ...parameters } as Record<string, Tensor>, features);
  // conv2_1 has another number of inputs, and theirs ends with conv5_1.
  expect(taken).toEqual(['conv1_1', 'conv3_1', 'conv4_1', 'conv5_1']);
  expect(parameters['conv3_1/kernel']!.data).toEqual(theirs['conv3_1/kernel']!.data);
  tf.tidy(() => {
    const image = drawImages([1, 6, 7, 3]);
    const { conv1_1 } = backEnd.forward(tensorsOf(parameters), image);
    const centred = tf.sub(image, features.meanColour) as tf.Tensor4D;
    const kernel = tf.slice(tensorsOf(theirs)['conv1_1/kernel'] as tf.Tensor4D, [0, 0, 0, 0], [3, 3, 3, 4]);
    const expected = tf.relu(tf.conv2d(centred, kernel, 1, 'same'));
    const inside = (tensor: tf.Tensor) => tf.slice(tensor, [0, 1, 1, 0], [1, 4, 5, 4]);
    const difference = tf.max(tf.abs(tf.sub(inside(conv1_1), inside(expected)))).dataSync()[0]!;
    expect(difference / tf.max(expected).dataSync()[0]!).toBeLessThan(1e-5);
  });
});

/** Values that differ by more than any finite difference makes of them, in random order. */
function drawApart(shape: [number, number, number, number]): tf.Tensor4D {
  const order = new Int32Array(tf.util.sizeFromShape(shape));
  randomStream(6, 'apart').fillSample(order, order.length);
  return tf.tensor4d(
    Float32Array.from(order, (place) => place / 64),
    shape,
  );
}

test.each<[string, (x: tf.Tensor4D) => tf.Tensor4D, [number, number, number, number]]>([
  ['pooling by 2, odd sides', (x) => maxPool(x, 2), [2, 5, 7, 2]],
  ['pooling by 2, even sides', (x) => maxPool(x, 2), [1, 6, 4, 3]],
  ['pooling in place', (x) => maxPool(x, 1), [1, 4, 5, 2]],
  ['means', averagePool, [1, 4, 3, 2]],
  ['enlarging', (x) => resizeTo(x, 7, 4), [2, 3, 2, 2]],
  ['shrinking to a point', (x) => resizeTo(x, 1, 1), [1, 3, 2, 2]],
  ['shrinking', (x) => scaleImages(x, 0.5), [1, 9, 6, 2]],
  ['every pixel’s scores', (x) => upsampleScores(x, 12, 17, 8), [1, 2, 3, 2]],
])('%s: the gradient is that of finite differences', (_, operation, shape) => {
  tf.tidy(() => {
    const x = drawApart(shape);
    const weights = tf.randomNormal(operation(x).shape, 0, 1, 'float32', 5);
    const w = weights.dataSync();
    const f = (values: Float64Array) =>
      (operation(tf.tensor4d(Float32Array.from(values), shape)).dataSync() as Float32Array).reduce(
        (sum, value, index) => sum + value * w[index]!,
        0,
      );
    const gradient = tf
      .grad((values) => tf.sum(tf.mul(operation(values as tf.Tensor4D), weights)))(x)
      .dataSync();
    // A step that float32 holds exactly.
    expect(checkGradient(f, x.dataSync(), gradient, 2 ** -8).error).toBeLessThan(1e-4);
  });
});

test('a mean counts what is outside the image as zero', () => {
  const values = tf.tidy(() => averagePool(tf.ones([1, 3, 2, 1])).arraySync());
  const expected = [4, 6, 4].map((count) => [[count / 9], [count / 9]]);
  for (const [row, columns] of expected.entries()) {
    for (const [column, [value]] of columns.entries()) expect(values[0]![row]![column]![0]).toBeCloseTo(value!, 6);
  }
});

test('scores of every pixel are bilinear between those of every eighth, and the last one’s beyond', () => {
  tf.tidy(() => {
    const scores = tf.tensor4d([0, 8, 16, 24], [1, 2, 2, 1]);
    const all = upsampleScores(scores, 12, 14, 8).arraySync() as number[][][][];
    expect(all[0]).toHaveLength(12);
    for (const [row, column] of [
      [0, 0],
      [0, 8],
      [3, 5],
      [8, 3],
      [11, 13],
      [4, 12],
    ] as const) {
      expect(all[0]![row]![column]![0]).toBeCloseTo(2 * Math.min(row, 8) + Math.min(column, 8), 5);
    }
  });
});

test('refuses networks that there are none of', () => {
  const make = (settings: object) => expect(() => createBackEnd(settings as LargeFovSettings));
  make({ ...largeFov, convolutions: [1, 1, 1, 1, 1] }).toThrow('the first of two convolutions');
  make({ ...largeFov, fc6Dilation: 0 }).toThrow('fc6Dilation 0');
  make({ ...smallNetworks[1], scales: [0.5, 1] }).toThrow('the first 1, whose resolution the scores have, got [0.5,1]');
  make({ ...smallNetworks[2], channels: [8, 8, 10, 12] }).toThrow('channels multiples of 4, and one dilation or more');
});
