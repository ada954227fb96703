import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { startTensorFlow } from '../../functions/numeric-backend.ts';
import {
  pairFeatures,
  predictRelatedness,
  type ScoredPairs,
  scoreDistribution,
} from '../../lib/layer-norm/experiments/relatedness-regression.ts';
import { detectWasmBackend } from '../../lib/numerics/backend.ts';
import { pearsonCorrelation } from '../../lib/numerics/correlation.ts';
import { randomStream } from '../../lib/numerics/random.ts';

beforeAll(() => startTensorFlow(detectWasmBackend()));

test('features are |u − v| and u ⊙ v', () => {
  expect([...pairFeatures([1, -2], [3, 0.5])]).toEqual([2, 2.5, 3, -1]);
});

test('a score is the mean of its distribution, which the two levels beside it share', () => {
  expect([...scoreDistribution(3.25)]).toEqual([0, 0, 0.75, 0.25, 0]);
  expect([...scoreDistribution(1)]).toEqual([1, 0, 0, 0, 0]);
  expect([...scoreDistribution(4)]).toEqual([0, 0, 0, 1, 0]);
  expect([...scoreDistribution(5)]).toEqual([0, 0, 0, 0, 1]);
});

/** Scores that the first feature tells, as far as the noise lets it. */
function makePairs(name: string, pairs: number, columns: number, noise: number): ScoredPairs {
  const random = randomStream(3, name);
  const features = new Float32Array(pairs * columns);
  random.fillNormal(features, 0.01);
  const scores = Float64Array.from({ length: pairs }, (_, pair) => {
    const signal = 100 * features[pair * columns]! + noise * random.normal();
    return Math.min(5, Math.max(1, 3 + signal));
  });
  return { features, scores };
}

test('finds what the features tell, whatever their scale', () => {
  const [train, development, test] = ['train', 'development', 'test'].map((name) => makePairs(name, 200, 4, 0.1));
  const before = tf.memory().numTensors;
  const predicted = predictRelatedness(train!, development!, test!);
  expect(tf.memory().numTensors).toBe(before);
  expect(pearsonCorrelation(predicted, test!.scores)).toBeGreaterThan(0.97);
  expect(Math.min(...predicted)).toBeGreaterThanOrEqual(1);
  expect(Math.max(...predicted)).toBeLessThanOrEqual(5);
});

test('stops where the development pairs are predicted best: more features than pairs do no harm', () => {
  const [train, development, test] = ['train', 'development', 'test'].map((name) => makePairs(name, 60, 80, 0.3));
  const stopped = pearsonCorrelation(predictRelatedness(train!, development!, test!), test!.scores);
  // Fitted to the end instead: the training pairs themselves are what is predicted best.
  const fitted = pearsonCorrelation(predictRelatedness(train!, train!, test!), test!.scores);
  expect(stopped).toBeGreaterThan(fitted);
});
