/** What holds for every walk, whatever the picture: rows of A sum to one, and no step leaves the range of f. */
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { createRandomWalkKernel } from '../../lib/kernels/random-walk-kernel.ts';
import { type RandomStream, randomStream } from '../../lib/numerics/random.ts';
import { randomWalk } from '../../lib/random-walk/layers/index.ts';
import {
  clipNeighbourhood,
  createNeighbourhood,
  type NeighbourhoodShape,
} from '../../lib/random-walk/neighbourhood.ts';
import { startWalk, walkSteps } from '../../lib/random-walk/predict.ts';
import { pixelAffinities, walkStep } from '../../lib/random-walk/walk.ts';

beforeAll(async () => {
  await tf.setBackend('wasm');
});

interface Picture {
  readonly name: string;
  readonly fill: (features: Float32Array, random: RandomStream) => void;
  readonly weight: number;
}

const noise: Picture['fill'] = (features, random) => random.fillUniform(features, 0, 1);
const pictures: readonly Picture[] = [
  { name: 'noise', fill: noise, weight: -3 },
  { name: 'one colour, all affinities one', fill: (features) => features.fill(0.4), weight: -15 },
  { name: 'affinities that underflow', fill: noise, weight: -1e6 },
  // exp(−88) to exp(−103) are no normal numbers in float32.
  { name: 'affinities among the denormal', fill: noise, weight: -60 },
  { name: 'affinities up to 1e12', fill: noise, weight: 9 },
  {
    name: 'colours near the largest float32',
    fill: (features, random) => {
      for (let index = 0; index < features.length; index++) features[index] = (random.uniform() < 0.5 ? -1 : 1) * 3e38;
    },
    weight: -1,
  },
];

const sizes: readonly (readonly [height: number, width: number, radius: number, shape: NeighbourhoodShape])[] = [
  [1, 1, 3, 'disc'],
  [1, 40, 5, 'disc'],
  [37, 1, 5, 'square'],
  [3, 4, 255, 'square'],
  [17, 23, 5, 'disc'],
  [41, 41, 40, 'disc'],
];

/** How far from one the sums are at most; NaN where one is not finite. */
const farthestFromOne = (sums: ArrayLike<number>) =>
  Array.from(sums).reduce((most, sum) => Math.max(most, Math.abs(sum - 1)), 0);

describe.each(pictures)('$name: rows of A sum to one within 1e-5', ({ fill, weight }) => {
  test.each(sizes)('%i × %i, R = %i, %s', (height, width, radius, shape) => {
    const whole = createNeighbourhood(radius, shape);
    for (const build of ['wasm-relaxed', 'wasm-plain'] as const) {
      const neighbourhood = clipNeighbourhood(whole, height, width);
      const walk = createRandomWalkKernel({ height, width, neighbourhood, classes: 1, channels: 3, build }, 2);
      fill(walk.features, randomStream(height, 'picture'));
      walk.weights.fill(weight);
      walk.computeAffinities();
      const [ones, sums] = walk.values as [Float32Array, Float32Array];
      walk.step(ones.fill(1), sums);
      expect(farthestFromOne(sums), build).toBeLessThan(1e-5);
    }
  });

  test.each(['kernel', 'tensors'] as const)('on the operations of TensorFlow.js, by %s', (compute) => {
    const neighbourhood = createNeighbourhood(3);
    const features = new Float32Array(2 * 6 * 7 * 3);
    fill(features, randomStream(6, 'picture'));
    const sums = tf.tidy(() => {
      const phi = tf.tensor4d(features, [2, 6, 7, 3]);
      const affinities = pixelAffinities(phi, tf.fill([3], weight) as tf.Tensor1D, { neighbourhood, compute });
      return walkStep(tf.ones([2, 6, 7, 1]), affinities, { neighbourhood, compute }).dataSync();
    });
    expect(farthestFromOne(sums)).toBeLessThan(1e-5);
  });
});

test('rows of A sum to one within 1e-5 at 500 × 375 pixels', () => {
  const walk = createRandomWalkKernel(
    { height: 375, width: 500, neighbourhood: createNeighbourhood(5), classes: 1, channels: 3 },
    2,
  );
  noise(walk.features, randomStream(1, 'picture'));
  walk.weights.fill(-2);
  walk.computeAffinities();
  const [ones, sums] = walk.values as [Float32Array, Float32Array];
  walk.step(ones.fill(1), sums);
  expect(farthestFromOne(sums)).toBeLessThan(1e-5);
});

describe('a walk by the fixed point', () => {
  const [height, width, classes] = [16, 19, 5];
  /** Scores of any sign and, in one class, far from zero, where rounding is largest; an extreme pixel in each. */
  function drawScores(): Float32Array {
    const f = new Float32Array(height * width * classes);
    randomStream(5, 'f').fillNormal(f, 2);
    for (let pixel = 0; pixel < height * width; pixel++) f[pixel * classes + 3]! += 1000;
    return f;
  }
  const rangesOf = (values: ArrayLike<number>) =>
    Array.from({ length: classes }, (_, k) => {
      const own = Array.from(values).filter((_, index) => index % classes === k);
      return [Math.min(...own), Math.max(...own)] as const;
    });
  /** What float32 may add in all steps together: the same units that `converge` counts. */
  const rounding = (diffusion: number, [low, high]: readonly [number, number]) =>
    (8 * 2 ** -24 * Math.max(-low, high)) / (1 - diffusion);

  test.each([0.5, 0.9, 0.99])('at α = %d never leaves [min f, max f] of a class, but for rounding', (diffusion) => {
    const features = new Float32Array(height * width * 3);
    noise(features, randomStream(5, 'picture'));
    const f = drawScores();
    const walk = startWalk(
      { height, width, classes, channels: 3, scores: f, features },
      { weights: [-3, -2, -1], radius: 4 },
    );
    const ranges = rangesOf(f);
    for (const { steps, scores } of walkSteps(walk, diffusion, [1, 2, 5, 20, 100, 300])) {
      for (const [k, [low, high]] of rangesOf(scores).entries()) {
        const slack = rounding(diffusion, ranges[k]!);
        expect(low, `class ${k} after ${steps} steps`).toBeGreaterThanOrEqual(ranges[k]![0] - slack);
        expect(high, `class ${k} after ${steps} steps`).toBeLessThanOrEqual(ranges[k]![1] + slack);
        // It does move: the range gets smaller with every step, as an average's does.
        if (k !== 3) expect(high - low).toBeLessThan(ranges[k]![1] - ranges[k]![0]);
      }
    }
  });

  test('as a layer of ten steps neither', () => {
    const f = drawScores();
    const walked = tf.tidy(() => {
      const phi = tf.randomUniform<tf.Rank.R4>([1, height, width, 3], 0, 1, 'float32', 5);
      const neighbourhood = createNeighbourhood(4);
      const affinities = pixelAffinities(phi, tf.tensor1d([-3, -2, -1]), { neighbourhood });
      const scores = tf.tensor4d(f, [1, height, width, classes]);
      return (
        randomWalk({ radius: 4, steps: 10, alpha: 0.9 }).apply([scores, affinities]) as tf.Tensor
      ).dataSync() as Float32Array;
    });
    const ranges = rangesOf(f);
    for (const [k, [low, high]] of rangesOf(walked).entries()) {
      expect(low).toBeGreaterThanOrEqual(ranges[k]![0] - rounding(0.9, ranges[k]!));
      expect(high).toBeLessThanOrEqual(ranges[k]![1] + rounding(0.9, ranges[k]!));
    }
  });
});
