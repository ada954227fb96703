/** The initializer of recurrent kernels. */
import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import { beforeAll, expect, test } from 'vitest';
import { startTensorFlow } from '../../../functions/numeric-backend.ts';
import { orthogonal } from '../../../lib/layer-norm/layers/index.ts';

beforeAll(() => startTensorFlow('wasm-plain'));

const difference = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!;

test('an orthogonal matrix for each gate, each another, times the gain', () => {
  const gates = tf.split(orthogonal({ gain: 2 }).apply([6, 18]), 3, 1);
  for (const gate of gates) {
    expect(difference(tf.matMul(gate, gate, true), tf.mul(4, tf.eye(6)))).toBeLessThan(1e-5);
  }
  expect(difference(gates[0]!, gates[1]!)).toBeGreaterThan(0.1);
});

test('the same from a seed, another from another, and without one', () => {
  const draw = (seed?: number) => orthogonal(seed === undefined ? {} : { seed }).apply([4, 8]);
  expect(difference(draw(3), draw(3))).toBe(0);
  expect(difference(draw(3), draw(4))).toBeGreaterThan(0.01);
  expect(difference(draw(), draw())).toBeGreaterThan(0.01);
});

test('in layers of TensorFlow.js’s own, through a config', () => {
  const lstm = layers.lstm({ units: 3, recurrentInitializer: orthogonal({ seed: 5 }) });
  const { recurrentInitializer } = JSON.parse(JSON.stringify(lstm.getConfig()));
  expect(recurrentInitializer).toEqual({ className: 'StepwiseOrthogonal', config: { gain: 1, seed: 5 } });
  const copy = layers.lstm({ units: 3, recurrentInitializer });
  copy.apply(tf.zeros([1, 2, 4]));
  expect(difference(copy.getWeights()[1]!, orthogonal({ seed: 5 }).apply([3, 12]))).toBe(0);
});

test('refuses what is no recurrent kernel', () => {
  expect(() => orthogonal().apply([4, 6])).toThrow(/recurrent kernels, \[units, gates·units\], got the shape \[4,6\]/);
  expect(() => orthogonal().apply([4])).toThrow(/got the shape \[4\]/);
});
