import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import '../../lib/numerics/register-gradients.ts';
import { checkGradient } from '../../lib/numerics/gradient-checking.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import { clipNeighbourhood, createNeighbourhood, forEachPair } from '../../lib/random-walk/neighbourhood.ts';
import { startWalk, startWalkAlong, walkToLimit } from '../../lib/random-walk/predict.ts';
import {
  initializeTwoLayers,
  twoLayerAffinities,
  twoLayerAffinitiesOfPicture,
} from '../../lib/random-walk/two-layer-affinity.ts';
import { pixelAffinities } from '../../lib/random-walk/walk.ts';

beforeAll(async () => {
  await tf.setBackend('wasm');
});

const [height, width, channels, units] = [4, 5, 3, 2];
const pixels = height * width;
const neighbourhood = clipNeighbourhood(createNeighbourhood(2), height, width);
const offsets = neighbourhood.offsets.length;

function normal(length: number, name: string, deviation = 1): Float32Array {
  const values = new Float32Array(length);
  randomStream(4, name).fillNormal(values, deviation);
  return values;
}
const features = normal(pixels * channels, 'features');
const hidden = normal(units * channels, 'hidden');
const weights = Float32Array.of(-0.7, 0.4);

/** The equation, in float64 and without any of the project's operations. */
function reference(phi: ArrayLike<number>, h: ArrayLike<number>, theta: ArrayLike<number>): Float64Array {
  const w = new Float64Array(pixels * offsets);
  forEachPair({ height, width, neighbourhood }, (i, j, place) => {
    let exponent = 0;
    for (let unit = 0; unit < units; unit++) {
      let sum = 0;
      for (let k = 0; k < channels; k++) {
        sum += h[unit * channels + k]! * Math.abs(phi[i * channels + k]! - phi[j * channels + k]!);
      }
      exponent += theta[unit]! * Math.max(0, sum);
    }
    w[i * offsets + place] = Math.exp(exponent);
  });
  return w;
}

describe.each(['kernel', 'tensors'] as const)('two layers on %s', (compute) => {
  const run = (phi: tf.Tensor, h: tf.Tensor, theta: tf.Tensor) =>
    twoLayerAffinities(phi as tf.Tensor4D, h as tf.Tensor2D, theta as tf.Tensor1D, { neighbourhood, compute });
  const given = () => [
    tf.tensor4d(features, [1, height, width, channels]),
    tf.tensor2d(hidden, [units, channels]),
    tf.tensor1d(weights),
  ];

  test('are the equation, and 0 where a pair leaves the image', () => {
    const expected = reference(features, hidden, weights);
    const actual = tf.tidy(() => run(...(given() as [tf.Tensor, tf.Tensor, tf.Tensor])).dataSync());
    for (const [index, value] of actual.entries()) expect(value).toBeCloseTo(expected[index]!, 4);
    expect(expected.some((value) => value === 0)).toBe(true);
  });

  test('have the gradients of finite differences, to features and to both layers', () => {
    const factors = normal(pixels * offsets, 'factors');
    const gradients = tf.tidy(() =>
      tf
        .grads((a, b, c) => tf.sum(tf.mul(run(a!, b!, c!), tf.tensor(factors, [1, height, width, offsets]))))(given())
        .flatMap((gradient) => [...gradient.dataSync()]),
    );
    const sum = (at: ArrayLike<number>) => {
      const all = Array.from(at);
      const [first, second] = [features.length, features.length + hidden.length];
      const w = reference(all.slice(0, first), all.slice(first, second), all.slice(second));
      return w.reduce((total, value, index) => total + value * factors[index]!, 0);
    };
    const { error } = checkGradient(sum, [...features, ...hidden, ...weights], gradients, 1e-6);
    expect(error).toBeLessThan(1e-4);
  });
});

test('training begins with the function of one layer; where that is constant, no unit is dead', () => {
  const start = initializeTwoLayers({ units: 3, channels: 5, initialColourWeight: -5 }, 1);
  const phi = normal(pixels * 5, 'five channels', 0.1);
  tf.tidy(() => {
    const at = tf.tensor4d(phi, [1, height, width, 5]);
    const two = twoLayerAffinities(
      at,
      tf.tensor2d(start.hidden.data as Float32Array, [3, 5]),
      tf.tensor1d(start.weights.data as Float32Array),
      { neighbourhood },
    ).dataSync();
    const one = pixelAffinities(at, tf.tensor1d([-5, -5, -5, 0, 0]), { neighbourhood }).dataSync();
    for (const [index, value] of two.entries()) expect(value).toBeCloseTo(one[index]!, 5);
  });
  expect([...start.weights.data]).toEqual([-1, 0, 0]);
  const constant = initializeTwoLayers({ units: 3, channels: 5, initialColourWeight: 0 }, 1);
  expect([...constant.weights.data]).toEqual([0, 0, 0]);
  expect(constant.hidden.data.every((value) => value !== 0)).toBe(true);
  expect(initializeTwoLayers({ units: 3, channels: 5, initialColourWeight: 0 }, 1)).toEqual(constant);
});

test('layers that do not match are refused', () => {
  tf.tidy(() => {
    const phi = tf.zeros([1, 2, 2, 3]) as tf.Tensor4D;
    const options = { neighbourhood: createNeighbourhood(1) };
    expect(() => twoLayerAffinities(phi, tf.zeros([2, 3]), tf.zeros([3]), options)).toThrow(
      'a weight for each unit, got [2,3] and [3]',
    );
    expect(() => twoLayerAffinities(phi, tf.zeros([2, 4]), tf.zeros([2]), options)).toThrow('got [1,2,2,3] and [4]');
  });
});

describe('a walk along affinities that were made elsewhere', () => {
  const segmented = { height, width, classes: 2, channels, scores: normal(pixels * 2, 'scores'), features };

  test('is the walk along its own, where they are the same', () => {
    const theta = [-1, -0.5, -0.2];
    const made = twoLayerAffinitiesOfPicture(
      segmented,
      Float32Array.from(theta, (value) => -value),
      Float32Array.of(-1),
      neighbourhood,
    );
    const theirs = walkToLimit(startWalkAlong(segmented, made, neighbourhood), 0.9).scores;
    const own = walkToLimit(startWalk(segmented, { weights: theta, radius: 2 }), 0.9).scores;
    for (const [index, value] of theirs.entries()) expect(value).toBeCloseTo(own[index]!, 2);
  });

  test('needs one for each pair, and none that overflow', () => {
    expect(() => startWalkAlong(segmented, new Float32Array(3), neighbourhood)).toThrow(
      `each of 20 pixels and ${offsets} offsets, got 3`,
    );
    const huge = new Float32Array(pixels * offsets).fill(3e38);
    expect(() => startWalkAlong(segmented, huge, neighbourhood)).toThrow('must not overflow');
  });
});
