import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { moveWindow } from '../../lib/layer-norm/models/attention-window.ts';
import { checkGradient } from '../../lib/numerics/gradient-checking.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import '../../lib/numerics/register-gradients.ts';

beforeAll(() => tf.setBackend('cpu'));

const components = 2;
const units = 3;
const outputs = 3 * components;
const alphabetSize = 5;
const texts = [
  [0, 3, 1, 4],
  [2, 2],
];
const text = { texts, alphabetSize };
/** h, W, b and κ₋₁, one after the other. */
const sizes = { hidden: [2, units], kernel: [units, outputs], bias: [outputs], position: [2, components] } as const;
const names = Object.keys(sizes) as (keyof typeof sizes)[];

function makeValues(seed: number, scale = 0.5): Float64Array {
  const random = randomStream(seed, 'values');
  const count = names.reduce((sum, name) => sum + tf.util.sizeFromShape([...sizes[name]]), 0);
  const values = Float64Array.from({ length: count }, () => scale * random.normal());
  values.set([0.5, 1.5, 0, 3], count - 4);
  return values;
}

function split(values: Float64Array): Record<keyof typeof sizes, number[]> {
  let at = 0;
  const parts = names.map((name) => {
    const size = tf.util.sizeFromShape([...sizes[name]]);
    at += size;
    return [name, [...values.subarray(at - size, at)]];
  });
  return Object.fromEntries(parts);
}

const tensorsOf = (values: Float64Array) => {
  const parts = split(values);
  return names.map((name) => tf.tensor(parts[name], [...sizes[name]]));
};
const move = ([hidden, kernel, bias, position]: readonly tf.Tensor[]) =>
  moveWindow(
    hidden as tf.Tensor2D,
    { kernel: kernel as tf.Tensor2D, bias: bias as tf.Tensor1D },
    position as tf.Tensor2D,
    text,
  );

/** Eqs 46 to 51 in float64, one sum at a time. */
function referenceWindow(values: Float64Array) {
  const { hidden, kernel, bias, position } = split(values);
  const window = new Float64Array(texts.length * alphabetSize);
  const moved = new Float64Array(position.length);
  const weights: number[][] = [];
  for (const [row, own] of texts.entries()) {
    const part = (index: number, k: number) => {
      const column = index * components + k;
      let sum = bias[column]!;
      for (let unit = 0; unit < units; unit++) sum += hidden[row * units + unit]! * kernel[unit * outputs + column]!;
      return Math.exp(sum);
    };
    for (let k = 0; k < components; k++) moved[row * components + k] = position[row * components + k]! + part(2, k);
    const phis: number[] = [];
    for (let u = 1; u <= own.length + 1; u++) {
      let phi = 0;
      for (let k = 0; k < components; k++) {
        phi += part(0, k) * Math.exp(-part(1, k) * (moved[row * components + k]! - u) ** 2);
      }
      phis.push(phi);
      const character = own[u - 1];
      if (character !== undefined) window[row * alphabetSize + character]! += phi;
    }
    weights.push(phis);
  }
  return { window, moved, weights };
}

test('gives the window, its position and its weights by the formula', () => {
  const values = makeValues(0);
  const expected = referenceWindow(values);
  tf.tidy(() => {
    const actual = move(tensorsOf(values));
    for (const [tensor, all] of [
      [actual.window, expected.window],
      [actual.position, expected.moved],
    ] as const) {
      const data = tensor.dataSync();
      expect(data).toHaveLength(all.length);
      for (const [index, value] of all.entries()) expect(data[index]).toBeCloseTo(value, 5);
    }
    for (const [row, own] of expected.weights.entries()) {
      expect(actual.weights[row]).toHaveLength(texts[row]!.length + 1);
      for (const [place, weight] of own.entries()) expect(actual.weights[row]![place]).toBeCloseTo(weight, 5);
    }
  });
});

test('has the gradient of finite differences in float64, in all that it takes and through all that it gives', () => {
  const values = makeValues(1);
  const random = randomStream(0, 'direction');
  const direction = Float64Array.from({ length: 14 }, () => random.normal());
  const gradients = tf.tidy(() => {
    const f = (...tensors: tf.Tensor[]) => {
      const { window, position } = move(tensors);
      return tf.sum(
        tf.mul(tf.concat([tf.reshape(window, [10]), tf.reshape(position, [4])]), tf.tensor1d([...direction])),
      );
    };
    return tf
      .grads(f)(tensorsOf(values))
      .flatMap((gradient) => [...gradient.dataSync()]);
  });
  const f = (at: Float64Array) => {
    const { window, moved } = referenceWindow(at);
    return [...window, ...moved].reduce((sum, value, index) => sum + value * direction[index]!, 0);
  };
  expect(checkGradient(f, values, gradients).error).toBeLessThan(1e-5);
});

test('never moves back, whatever it is told', () => {
  for (let seed = 0; seed < 20; seed++) {
    const values = makeValues(seed, 8);
    const before = split(values).position;
    const after = tf.tidy(() => move(tensorsOf(values)).position.dataSync());
    expect(after.every((value, index) => value >= before[index]!)).toBe(true);
  }
});

test('sees nothing beyond the end of the shorter text', () => {
  tf.tidy(() => {
    const values = makeValues(0, 0);
    const { window, weights } = move(tensorsOf(values));
    const [, second] = window.arraySync();
    // Its two characters are one and the same.
    expect(second![2]).toBeCloseTo(weights[1]![0]! + weights[1]![1]!, 5);
    expect(second!.filter((value) => value > 0)).toHaveLength(1);
  });
});

test('says which shape is wrong', () => {
  const [hidden, kernel, bias, position] = tensorsOf(makeValues(0));
  expect(() => move([hidden!, tf.zeros([3, 5]), bias!, position!])).toThrow(
    /kernel must have the shape \[3,6\].* got \[3,5\]/,
  );
  expect(() => move([tf.zeros([4, 3]), kernel!, bias!, position!])).toThrow(/hidden must have the shape \[2,3\]/);
});
