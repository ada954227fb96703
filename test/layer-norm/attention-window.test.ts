import '@tensorflow/tfjs-backend-cpu';
// Registers the gradients of all operations.
import '@tensorflow/tfjs-layers';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { moveWindow } from '../../lib/layer-norm/models/attention-window.ts';
import { checkGradient } from '../../lib/numerics/gradient-checking.ts';
import { randomStream } from '../../lib/numerics/random.ts';

beforeAll(() => tf.setBackend('cpu'));

const components = 2;
const alphabet = 5;
const texts = [
  [0, 3, 1, 4],
  [2, 2],
];

function makeProjection(seed: number): Float64Array {
  const random = randomStream(seed, 'projection');
  return Float64Array.from({ length: texts.length * 3 * components }, () => 0.5 * random.normal());
}

/** Eqs 46 to 51 in float64, one sum at a time. Returns w, then κ, then φ, row by row. */
function referenceWindow(projection: ArrayLike<number>, position: readonly number[]) {
  const window = new Float64Array(texts.length * alphabet);
  const moved = new Float64Array(position.length);
  const weights: number[][] = [];
  for (const [row, text] of texts.entries()) {
    const part = (index: number, k: number) => Math.exp(projection[row * 3 * components + index * components + k]!);
    const own: number[] = [];
    for (let k = 0; k < components; k++) moved[row * components + k] = position[row * components + k]! + part(2, k);
    for (let u = 1; u <= text.length + 1; u++) {
      let phi = 0;
      for (let k = 0; k < components; k++) {
        phi += part(0, k) * Math.exp(-part(1, k) * (moved[row * components + k]! - u) ** 2);
      }
      own.push(phi);
      const character = text[u - 1];
      if (character !== undefined) window[row * alphabet + character]! += phi;
    }
    weights.push(own);
  }
  return { window, moved, weights };
}

const text = { texts, alphabetSize: alphabet };
const tensor2d = (projection: Float64Array) => tf.tensor2d([...projection], [2, 6]);

const position = [0.5, 1.5, 0, 3];

test('gives the window, its position and its weights by the formula', () => {
  const projection = makeProjection(0);
  const expected = referenceWindow(projection, position);
  tf.tidy(() => {
    const actual = moveWindow(tensor2d(projection), tf.tensor2d(position, [2, 2]), text);
    for (const [tensor, values] of [
      [actual.window, expected.window],
      [actual.position, expected.moved],
    ] as const) {
      const data = tensor.dataSync();
      expect(data).toHaveLength(values.length);
      for (const [index, value] of values.entries()) expect(data[index]).toBeCloseTo(value, 5);
    }
    const weights = actual.weights.map((row) => [...row]);
    for (const [row, own] of expected.weights.entries()) {
      expect(weights[row]).toHaveLength(texts[row]!.length + 1);
      for (const [place, weight] of own.entries()) expect(weights[row]![place]).toBeCloseTo(weight, 5);
    }
  });
});

test('has the gradient of finite differences in float64, through the window and the position', () => {
  const projection = makeProjection(1);
  const random = randomStream(0, 'direction');
  const direction = Float64Array.from({ length: 14 }, () => random.normal());
  const gradient = tf.tidy(() => {
    return tf
      .grad((p: tf.Tensor) => {
        const { window, position: moved } = moveWindow(p as tf.Tensor2D, tf.tensor2d(position, [2, 2]), text);
        return tf.sum(
          tf.mul(tf.concat([tf.reshape(window, [10]), tf.reshape(moved, [4])]), tf.tensor1d([...direction])),
        );
      })(tensor2d(projection))
      .dataSync();
  });
  const f = (p: Float64Array) => {
    const { window, moved } = referenceWindow(p, position);
    return [...window, ...moved].reduce((sum, value, index) => sum + value * direction[index]!, 0);
  };
  expect(checkGradient(f, projection, gradient).error).toBeLessThan(1e-5);
});

test('never moves back, whatever it is told', () => {
  let at = tf.tensor2d(position, [2, 2]);
  for (let step = 0; step < 20; step++) {
    const projection = Float64Array.from(makeProjection(step), (value) => 20 * value - 10);
    const next = moveWindow(tensor2d(projection), at, text).position;
    const [before, after] = [at.dataSync(), next.dataSync()];
    expect(after.every((value, index) => value >= before[index]!)).toBe(true);
    at = next;
  }
});

test('sees nothing beyond the end of the shorter text', () => {
  tf.tidy(() => {
    const beyond = moveWindow(tf.fill([2, 6], 0), tf.fill([2, 2], 3), text);
    const [first, second] = beyond.window.arraySync();
    expect(Math.max(...first!)).toBeGreaterThan(1);
    // Its two characters are one and the same.
    const [, weights] = beyond.weights;
    expect(weights).toHaveLength(3);
    expect(second![2]).toBeCloseTo(weights![0]! + weights![1]!, 5);
    expect(second!.filter((value) => value > 0)).toHaveLength(1);
  });
});

test('says which shapes belong together', () => {
  expect(() => moveWindow(tf.zeros([2, 5]), tf.zeros([2, 2]), text)).toThrow(
    /2 Gaussians over 2 texts takes a projection \[2, 6\], got \[2,5\] and 2 texts/,
  );
});
