import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { startTensorFlow } from '../../functions/numeric-backend.ts';
import {
  channelNormalization,
  channelStatistics,
  normalizeChannels,
} from '../../lib/layer-norm/models/channel-normalization.ts';
import { detectWasmBackend } from '../../lib/numerics/backend.ts';
import { checkGradient } from '../../lib/numerics/gradient-checking.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import '../../lib/numerics/register-gradients.ts';

beforeAll(() => startTensorFlow(detectWasmBackend()));

const shape = [3, 2, 2, 4] as const;
const sizes = { images: 3, places: 4, channels: 4 };
const random = randomStream(0, 'channels');
const x = Float32Array.from({ length: 48 }, () => 1 + 2 * random.normal());
const gain = Float32Array.from({ length: 4 }, () => random.normal());
const bias = Float32Array.from({ length: 4 }, () => random.normal());
const weights = Float32Array.from({ length: 48 }, () => random.normal());
const epsilon = 1e-5;

/** Every value's group and its normalization, from the definition, in float64. */
function definition(at: ArrayLike<number>, kind: 'layer' | 'batch'): number[] {
  const [values, gains, biases] = [0, 48, 52, 56]
    .slice(0, 3)
    .map((start, index) => Array.from({ length: [48, 4, 4][index]! }, (_, k) => at[start + k]!)) as [
    number[],
    number[],
    number[],
  ];
  return values.map((value, index) => {
    const group = values.filter((_, other) =>
      kind === 'layer' ? Math.floor(other / 16) === Math.floor(index / 16) : other % 4 === index % 4,
    );
    const mean = group.reduce((a, b) => a + b) / group.length;
    const variance = group.reduce((sum, member) => sum + (member - mean) ** 2, 0) / group.length;
    return (gains[index % 4]! * (value - mean)) / Math.sqrt(variance + epsilon) + biases[index % 4]!;
  });
}

describe.each(['layer', 'batch'] as const)('%s normalization of channels', (kind) => {
  const point = [...x, ...gain, ...bias];

  test('is what its definition says, and so are its gradients', () => {
    const { y, gradients } = tf.tidy(() => {
      const run = (a: tf.Tensor, b: tf.Tensor, c: tf.Tensor) =>
        channelNormalization(a as tf.Tensor4D, b, c, kind, epsilon).y;
      const inputs = [tf.tensor4d(x, [...shape]), tf.tensor1d(gain), tf.tensor1d(bias)] as const;
      const loss = (a: tf.Tensor, b: tf.Tensor, c: tf.Tensor) =>
        tf.sum(tf.mul(run(a, b, c), tf.tensor(weights, [...shape])));
      return {
        y: [...run(...inputs).dataSync()],
        gradients: tf
          .grads(loss)([...inputs])
          .flatMap((gradient) => [...gradient.dataSync()]),
      };
    });
    for (const [index, value] of definition(point, kind).entries()) expect(y[index]).toBeCloseTo(value, 4);
    const objective = (at: Float64Array) =>
      definition(at, kind).reduce((sum, value, index) => sum + value * weights[index]!, 0);
    expect(checkGradient(objective, point, gradients, 1e-4).error).toBeLessThan(1e-5);
  });

  test('keeps its digits where the mean is 10⁴ and the deviation 1', () => {
    const shifted = Float32Array.from(x, (value) => Math.round(value * 64) / 64 + 1e4);
    const plain = shifted.map((value) => value - 1e4);
    const ones = new Float32Array(4).fill(1);
    const zeros = new Float32Array(4);
    const normalize = (values: Float32Array) =>
      normalizeChannels(values, ones, zeros, channelStatistics(values, sizes, kind), sizes, kind, epsilon);
    const expected = normalize(plain);
    for (const [index, value] of normalize(shifted).entries()) expect(value).toBeCloseTo(expected[index]!, 4);
  });

  test('of constant sums gives the bias, with finite gradients', () => {
    const gradient = tf.tidy(() => {
      const run = (a: tf.Tensor) =>
        channelNormalization(a as tf.Tensor4D, tf.tensor1d(gain), tf.tensor1d(bias), kind, epsilon).y;
      const constant = tf.fill([...shape], 7);
      expect([...run(constant).dataSync()].slice(0, 4)).toEqual([...bias]);
      return tf
        .grad((a) => tf.sum(tf.mul(run(a), tf.tensor(weights, [...shape]))))(constant)
        .dataSync();
    });
    expect(gradient.every(Number.isFinite)).toBe(true);
  });
});

test('layer normalization of an image does not depend on the others, batch normalization does', () => {
  const others = x.map((value, index) => (index < 16 ? value : 3 * value));
  const first = (values: Float32Array, kind: 'layer' | 'batch') =>
    normalizeChannels(values, gain, bias, channelStatistics(values, sizes, kind), sizes, kind, epsilon).slice(0, 16);
  expect(first(others, 'layer')).toEqual(first(x, 'layer'));
  expect(first(others, 'batch')).not.toEqual(first(x, 'batch'));
});
