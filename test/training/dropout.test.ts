import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { randomStream } from '../../lib/numerics/random.ts';
import { dropOut } from '../../lib/training/dropout.ts';
import '../../lib/numerics/register-gradients.ts';

beforeAll(() => tf.setBackend('cpu'));

test.each([0.25, 0.5, 0.9])('at a rate of %f drops that share, scales the rest, and so does its gradient', (rate) => {
  const count = 20_003;
  const { values, gradient } = tf.tidy(() => {
    const drop = (x: tf.Tensor) => dropOut(x, rate, randomStream(1, 'dropout'));
    return {
      values: drop(tf.fill([count], 2)).dataSync() as Float32Array,
      gradient: tf
        .grad((x) => tf.sum(drop(x)))(tf.ones([count]))
        .dataSync(),
    };
  });
  const kept = values.filter((value) => value !== 0);
  // The rate is a 256th, rounded; three standard deviations of a share are 0.011 at most.
  expect(Math.abs(1 - kept.length / count - rate)).toBeLessThan(0.013);
  for (const value of kept) expect(Math.abs(value - 2 / (1 - rate))).toBeLessThan(0.02 * value);
  // Without bias: what is dropped and how the rest is scaled fit each other.
  expect(Math.abs(values.reduce((sum, value) => sum + value, 0) / count - 2)).toBeLessThan(
    6 * Math.sqrt(rate / (1 - rate) / count),
  );
  for (const [index, value] of values.entries()) expect(gradient[index]).toBeCloseTo(value / 2, 5);
});

test('leaves everything at a rate of 0, and refuses what is no rate', () => {
  const x = tf.tensor1d([1, 2]);
  expect(dropOut(x, 0, randomStream(1, 'dropout'))).toBe(x);
  for (const rate of [1, -0.1, Number.NaN]) {
    expect(() => dropOut(x, rate, randomStream(1, 'dropout'))).toThrow(`rate must be in [0, 1), got ${rate}`);
  }
});
