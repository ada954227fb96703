import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import {
  type ChannelNormalization,
  normalizeChannelsByStatisticsOnKernel,
  normalizeChannelsOnKernel,
} from '../../lib/kernels/channel-normalization.ts';
import {
  channelStatistics,
  normalizeChannels,
  reverseNormalizeChannels,
} from '../../lib/kernels/channel-normalization-reference.ts';
import type { KernelBuild } from '../../lib/kernels/kernel-instance.ts';
import { checkGradient } from '../../lib/numerics/gradient-checking.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import '../../lib/numerics/register-gradients.ts';

type Shape = readonly [images: number, height: number, width: number, channels: number];

/** Large enough that the variance of two values that happen to be close does not amplify rounding. */
const epsilon = 0.01;
const sizesOf = ([images, height, width, channels]: Shape) => ({ images, places: height * width, channels });

/** y from the definition, one value's whole group at a time, in float64. */
function normalizeInFloat64(
  [, height, width, channels]: Shape,
  kind: ChannelNormalization,
  [x, gain, bias]: readonly ArrayLike<number>[],
): number[] {
  const groupOf = (index: number) =>
    kind === 'layer' ? Math.floor(index / (height * width * channels)) : index % channels;
  const values = Array.from(x!);
  return values.map((value, index) => {
    const group = values.filter((_, other) => groupOf(other) === groupOf(index));
    const mean = group.reduce((sum, member) => sum + member, 0) / group.length;
    const variance = group.reduce((sum, member) => sum + (member - mean) ** 2, 0) / group.length;
    return (gain![index % channels]! * (value - mean)) / Math.sqrt(variance + epsilon) + bias![index % channels]!;
  });
}

function draw(shape: Shape, mean = 0.5) {
  const of = (name: string, length: number, center: number) => {
    const values = new Float32Array(length);
    randomStream(3, 'channels', name).fillNormal(values, 1);
    return values.map((value) => value + center);
  };
  const [size, channels] = [tf.util.sizeFromShape([...shape]), shape[3]];
  return {
    arrays: [of('x', size, mean), of('gain', channels, 1), of('bias', channels, 0)] as const,
    weights: of('weights', size, 0),
  };
}

type Inputs = [tf.Tensor4D, tf.Tensor1D, tf.Tensor1D];
const tensorsOf = (shape: Shape, [x, gain, bias]: readonly Float32Array[]): Inputs => [
  tf.tensor4d(x!, [...shape]),
  tf.tensor1d(gain!),
  tf.tensor1d(bias!),
];

/** y, the statistics, and the gradients of Σ y ⊙ weights, of x, gain and bias. */
function compute(
  shape: Shape,
  kind: ChannelNormalization,
  build: KernelBuild,
  arrays: readonly Float32Array[],
  weights: Float32Array,
) {
  return tf.tidy(() => {
    let statistics: Float32Array[] = [];
    const operation = (...inputs: tf.Tensor[]) => {
      const result = normalizeChannelsOnKernel(...(inputs as Inputs), { kind, epsilon, build });
      statistics = [result.statistics.mean, result.statistics.variance].map((tensor) => tensor.dataSync<'float32'>());
      return result.y as tf.Tensor;
    };
    const { value, grads } = tf.valueAndGrads(operation)(tensorsOf(shape, arrays), tf.tensor4d(weights, [...shape]));
    return {
      y: value.dataSync<'float32'>(),
      gradients: grads.map((gradient) => gradient.dataSync<'float32'>()),
      statistics,
    };
  });
}

/** max |aᵢ − bᵢ| / max(1, max |b|); NaN where one of them has one. */
function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  const most = (values: readonly number[]) => values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  return most(Array.from(a, (value, index) => value - b[index]!)) / Math.max(1, most(Array.from(b)));
}

const kinds = ['layer', 'batch'] as const;
const shapes: readonly Shape[] = [
  ...([1, 2, 3, 4, 5, 6, 7, 8, 11] as const).map((channels): Shape => [3, 2, 3, channels]),
  [5, 1, 1, 6],
  [1, 3, 2, 5],
  [1, 1, 1, 9],
  [1, 1, 1, 1],
];

describe.each(['cpu', 'wasm'])('on the backend %s', (backend) => {
  describe.each(['wasm-relaxed', 'wasm-plain'] as const)('build %s', (build) => {
    describe.each(kinds)('%s normalization', (kind) => {
      test.each(shapes)('[%i, %i, %i, %i]: values, statistics and gradients', async (...shape) => {
        await tf.setBackend(backend);
        const tensors = tf.memory().numTensors;
        const { arrays, weights } = draw(shape);
        const { y, statistics, gradients } = compute(shape, kind, build, arrays, weights);
        expect(tf.memory().numTensors).toBe(tensors);

        const [x, gain, bias] = arrays;
        const own = channelStatistics(x, sizesOf(shape), kind);
        expect.soft(farthest(statistics[0]!, own.mean)).toBeLessThan(1e-7);
        expect.soft(farthest(statistics[1]!, own.variance)).toBeLessThan(1e-7);
        const expected = normalizeChannels(x, gain, bias, own, sizesOf(shape), kind, epsilon);
        expect.soft(farthest(y, expected)).toBeLessThan(5e-7);
        const reversed = reverseNormalizeChannels(weights, x, gain, own, sizesOf(shape), kind, epsilon);
        for (const [index, reference] of [reversed.x, reversed.gain, reversed.bias].entries()) {
          expect.soft(farthest(gradients[index]!, reference), `${index}`).toBeLessThan(2e-6);
        }

        expect.soft(farthest(y, normalizeInFloat64(shape, kind, arrays))).toBeLessThan(5e-7);
        for (const [index, gradient] of gradients.entries()) {
          const weighted = (values: Float64Array) =>
            normalizeInFloat64(
              shape,
              kind,
              arrays.map((array, other) => (other === index ? values : array)),
            ).reduce((sum, value, place) => sum + value * weights[place]!, 0);
          expect.soft(checkGradient(weighted, arrays[index]!, gradient).error, `${index}`).toBeLessThan(2e-6);
        }
      });

      test('a mean of 10⁴ and a deviation of 1 keep their digits, in values, statistics and gradients', async () => {
        await tf.setBackend(backend);
        const shape: Shape = [2, 16, 16, 5];
        const { arrays, weights } = draw(shape, 1e4);
        const { y, statistics, gradients } = compute(shape, kind, build, arrays, weights);
        const [x, gain, bias] = arrays;
        const own = channelStatistics(x, sizesOf(shape), kind);
        expect.soft(farthest(statistics[0]!, own.mean)).toBeLessThan(1e-7);
        expect.soft(farthest(statistics[1]!, own.variance)).toBeLessThan(1e-7);
        expect
          .soft(farthest(y, normalizeChannels(x, gain, bias, own, sizesOf(shape), kind, epsilon)))
          .toBeLessThan(1e-6);
        const reversed = reverseNormalizeChannels(weights, x, gain, own, sizesOf(shape), kind, epsilon);
        for (const [index, reference] of [reversed.x, reversed.gain, reversed.bias].entries()) {
          expect.soft(farthest(gradients[index]!, reference), `${index}`).toBeLessThan(2e-6);
        }
      });

      test('by given statistics: values are the reference’s, and no gradient goes unnoticed', async () => {
        await tf.setBackend(backend);
        const shape: Shape = [3, 2, 2, 6];
        const { arrays } = draw(shape);
        const groups = kind === 'layer' ? 3 : 6;
        const mean = Float32Array.from({ length: groups }, (_, group) => group - 2);
        const variance = Float32Array.from({ length: groups }, (_, group) => 0.5 + group);
        const tensors = tf.memory().numTensors;
        tf.tidy(() => {
          const statistics = { mean: tf.tensor1d(mean), variance: tf.tensor1d(variance) };
          const operation = (...inputs: tf.Tensor[]) =>
            normalizeChannelsByStatisticsOnKernel(...(inputs as Inputs), statistics, {
              kind,
              epsilon,
              build,
            }) as tf.Tensor;
          const y = operation(...tensorsOf(shape, arrays)).dataSync();
          const expected = normalizeChannels(...arrays, { mean, variance }, sizesOf(shape), kind, epsilon);
          expect(farthest(y, expected)).toBeLessThan(5e-7);
          expect(() => tf.grads(operation)(tensorsOf(shape, arrays))).toThrow('has no gradient');
        });
        expect(tf.memory().numTensors).toBe(tensors);
      });

      test('of constant sums gives the bias, with a gradient of zero for gains', async () => {
        await tf.setBackend(backend);
        const shape: Shape = [3, 2, 2, 5];
        const { arrays, weights } = draw(shape);
        const constant = [arrays[0].map(() => 7), arrays[1], arrays[2]];
        const { y, gradients } = compute(shape, kind, build, constant, weights);
        expect([...y.subarray(0, 5)]).toEqual([...arrays[2]]);
        expect(gradients[0]!.every(Number.isFinite)).toBe(true);
        expect([...gradients[1]!]).toEqual([0, 0, 0, 0, 0]);
      });

      test('a NaN makes its whole group NaN, and no other', async () => {
        await tf.setBackend(backend);
        const shape: Shape = [3, 2, 2, 5];
        const { arrays, weights } = draw(shape);
        const place = 20 + 7;
        arrays[0][place] = Number.NaN;
        const { y, statistics, gradients } = compute(shape, kind, build, arrays, weights);
        const isTold = (index: number) => (kind === 'layer' ? Math.floor(index / 20) === 1 : index % 5 === place % 5);
        const expected = Array.from(y, (_, index) => isTold(index));
        expect(Array.from(y, Number.isNaN)).toEqual(expected);
        expect(Array.from(gradients[0]!, Number.isNaN)).toEqual(expected);
        expect(Array.from(gradients[1]!, Number.isNaN)).toEqual(
          Array.from({ length: 5 }, (_, channel) => kind === 'layer' || channel === place % 5),
        );
        const groups = kind === 'layer' ? 3 : 5;
        for (const statistic of statistics) {
          const told = kind === 'layer' ? 1 : place % 5;
          expect(Array.from(statistic, Number.isNaN)).toEqual(
            Array.from({ length: groups }, (_, group) => group === told),
          );
        }
      });
    });
  });
});

test('layer normalization of an image does not depend on the others, batch normalization does', async () => {
  await tf.setBackend('wasm');
  const shape: Shape = [3, 2, 2, 5];
  const { arrays, weights } = draw(shape);
  const others = [arrays[0].map((value, index) => (index < 20 ? value : 3 * value)), arrays[1], arrays[2]];
  const first = (inputs: readonly Float32Array[], kind: ChannelNormalization) =>
    compute(shape, kind, 'wasm-plain', inputs, weights).y.slice(0, 20);
  expect(first(others, 'layer')).toEqual(first(arrays, 'layer'));
  expect(first(others, 'batch')).not.toEqual(first(arrays, 'batch'));
});

test('refuses vectors of other lengths, no elements, and a gradient of its gradient', async () => {
  await tf.setBackend('cpu');
  const x = tf.ones([2, 3, 3, 4]) as tf.Tensor4D;
  const [three, four] = [tf.ones([3]), tf.ones([4])] as [tf.Tensor1D, tf.Tensor1D];
  const options = { kind: 'layer', epsilon } as const;
  expect(() => normalizeChannelsOnKernel(x, three, four, options)).toThrow(
    'The gain of a normalization over channels of [2,3,3,4] must have the shape [4], got [3].',
  );
  expect(() => normalizeChannelsOnKernel(x, four, tf.ones([1, 4]) as unknown as tf.Tensor1D, options)).toThrow(
    'The bias of a normalization over channels of [2,3,3,4] must have the shape [4], got [1,4].',
  );
  expect(() => normalizeChannelsByStatisticsOnKernel(x, four, four, { mean: four, variance: four }, options)).toThrow(
    'The mean of a normalization over channels of [2,3,3,4] must have the shape [2], got [4].',
  );
  expect(() =>
    normalizeChannelsByStatisticsOnKernel(
      x,
      four,
      four,
      { mean: four, variance: three },
      { ...options, kind: 'batch' },
    ),
  ).toThrow('The variance of a normalization over channels of [2,3,3,4] must have the shape [4], got [3].');
  expect(() => normalizeChannelsOnKernel(tf.zeros([0, 3, 3, 4]), four, four, options)).toThrow('got [0,3,3,4]');
  expect(() => normalizeChannelsOnKernel(tf.zeros([3, 4]) as unknown as tf.Tensor4D, four, four, options)).toThrow(
    'got [3,4]',
  );
  const once = tf.grad((at) => normalizeChannelsOnKernel(at as tf.Tensor4D, four, four, options).y as tf.Tensor);
  expect(() => tf.grad(once)(x)).toThrow('differentiable once');
});
