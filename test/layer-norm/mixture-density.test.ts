import '@tensorflow/tfjs-backend-cpu';
// Registers the gradients of all operations.
import '@tensorflow/tfjs-layers';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  mixtureNegativeLogLikelihood,
  mixtureOutputs,
  sampleMixture,
} from '../../lib/layer-norm/models/mixture-density.ts';
import { checkGradient } from '../../lib/numerics/gradient-checking.ts';
import { randomStream } from '../../lib/numerics/random.ts';

beforeAll(() => tf.setBackend('cpu'));

const components = 3;
const width = mixtureOutputs(components);

/** ŷ of one point, of the size that a trained network gives. */
function makeOutputs(seed: number): Float64Array {
  const random = randomStream(seed, 'outputs');
  return Float64Array.from({ length: width }, () => 0.7 * random.normal());
}

/** −log p(x) in float64 from the covariance matrix itself: its determinant and its inverse. */
function referenceNegativeLogLikelihood(outputs: ArrayLike<number>, [x, y, ended]: readonly number[]): number {
  const at = (part: number, k: number) => outputs[part * components + k]!;
  const total = Array.from({ length: components }, (_, k) => Math.exp(at(0, k))).reduce((a, b) => a + b);
  let density = 0;
  for (let k = 0; k < components; k++) {
    const [sx, sy, rho] = [Math.exp(at(3, k)), Math.exp(at(4, k)), Math.tanh(at(5, k))];
    const covariance = [sx * sx, rho * sx * sy, sy * sy] as const;
    const determinant = covariance[0] * covariance[2] - covariance[1] ** 2;
    const [dx, dy] = [x! - at(1, k), y! - at(2, k)];
    const quadratic = (covariance[2] * dx * dx - 2 * covariance[1] * dx * dy + covariance[0] * dy * dy) / determinant;
    density += ((Math.exp(at(0, k)) / total) * Math.exp(-quadratic / 2)) / (2 * Math.PI * Math.sqrt(determinant));
  }
  const ending = 1 / (1 + Math.exp(-outputs[width - 1]!));
  return -Math.log(density) - Math.log(ended === 1 ? ending : 1 - ending);
}

const negativeLogLikelihood = (outputs: readonly ArrayLike<number>[], targets: readonly (readonly number[])[]) =>
  tf.tidy(() =>
    mixtureNegativeLogLikelihood(
      tf.tensor2d(outputs.map((row) => Array.from(row))),
      tf.tensor2d(targets.map((row) => [...row])),
    ).dataSync(),
  );

describe('mixture density', () => {
  const cases = [0, 1, 2, 3].map((seed) => {
    const random = randomStream(seed, 'target');
    return { outputs: makeOutputs(seed), target: [random.normal(), random.normal(), seed % 2] };
  });

  test('is the likelihood that the covariance matrices give', () => {
    const values = negativeLogLikelihood(
      cases.map(({ outputs }) => outputs),
      cases.map(({ target }) => target),
    );
    for (const [index, { outputs, target }] of cases.entries()) {
      expect(values[index]).toBeCloseTo(referenceNegativeLogLikelihood(outputs, target), 4);
    }
  });

  test.each(cases)('has the gradient of finite differences in float64 ($target)', ({ outputs, target }) => {
    const gradient = tf.tidy(() =>
      tf
        .grad((y: tf.Tensor) => tf.sum(mixtureNegativeLogLikelihood(y as tf.Tensor2D, tf.tensor2d([[...target]]))))(
          tf.tensor2d([Array.from(outputs)]),
        )
        .dataSync(),
    );
    const { error } = checkGradient((x) => referenceNegativeLogLikelihood(x, target), outputs, gradient);
    expect(error).toBeLessThan(1e-5);
  });

  test('integrates to 1 over the plane and over whether the stroke ends', () => {
    // No deviation so large that the square of 24 × 24 would miss some of it.
    const outputs = makeOutputs(5).map((value) => 0.5 * value);
    const step = 0.1;
    const side = 240;
    const grid = Array.from({ length: side * side }, (_, index) => [
      (Math.floor(index / side) - side / 2) * step,
      ((index % side) - side / 2) * step,
    ]);
    let integral = 0;
    for (const ended of [0, 1]) {
      const values = tf.tidy(() =>
        mixtureNegativeLogLikelihood(
          tf.tile(tf.tensor2d([Array.from(outputs)]), [grid.length, 1]),
          tf.tensor2d(grid.map((place) => [...place, ended])),
        ).dataSync(),
      );
      for (const value of values) integral += Math.exp(-value) * step * step;
    }
    expect(integral).toBeCloseTo(1, 4);
  });

  test('stays finite where a component is as narrow, as far away and as correlated as can be', () => {
    const outputs = Float64Array.from(makeOutputs(6), (value, index) => (index >= 5 * components ? 30 : value));
    const far = [40, -40, 1];
    const [value] = negativeLogLikelihood([outputs], [[outputs[components]!, outputs[2 * components]!, 0]]);
    expect(Number.isFinite(value)).toBe(true);
    const wide = makeOutputs(6);
    const gradient = tf.tidy(() =>
      tf
        .grad((y: tf.Tensor) => tf.sum(mixtureNegativeLogLikelihood(y as tf.Tensor2D, tf.tensor2d([far]))))(
          tf.tensor2d([Array.from(wide)]),
        )
        .dataSync(),
    );
    expect(gradient.every(Number.isFinite)).toBe(true);
  });

  test('says what it needs', () => {
    expect(() => negativeLogLikelihood([[1, 2, 3]], [[0, 0, 0]])).toThrow(/6M \+ 1 outputs a point, got 3/);
    expect(() => negativeLogLikelihood([makeOutputs(0)], [[0, 0]])).toThrow(/Targets must be \[1, 3\].*got \[1,2\]/);
  });
});

describe('sampling', () => {
  const draw = (bias: number, count: number, outputs = makeOutputs(7)) => {
    const random = randomStream(1, 'samples');
    return Array.from({ length: count }, () => sampleMixture(outputs, bias, random));
  };

  test('is the same from the same stream', () => {
    expect(draw(0.5, 20)).toEqual(draw(0.5, 20));
  });

  test('has the moments of the density', () => {
    const outputs = makeOutputs(7);
    const count = 40_000;
    const samples = draw(0, count, outputs);
    const at = (part: number, k: number) => outputs[part * components + k]!;
    const ks = Array.from({ length: components }, (_, k) => k);
    const total = ks.reduce((sum, k) => sum + Math.exp(at(0, k)), 0);
    const expectation = (f: (k: number) => number) =>
      ks.reduce((sum, k) => sum + (Math.exp(at(0, k)) / total) * f(k), 0);
    const mean = (f: (sample: (typeof samples)[number]) => number) =>
      samples.reduce((sum, sample) => sum + f(sample), 0) / count;
    const near = (actual: number, expected: number) => expect(Math.abs(actual - expected)).toBeLessThan(0.06);
    near(
      mean(({ x }) => x),
      expectation((k) => at(1, k)),
    );
    near(
      mean(({ y }) => y),
      expectation((k) => at(2, k)),
    );
    near(
      mean(({ x, y }) => x * y),
      expectation((k) => at(1, k) * at(2, k) + Math.tanh(at(5, k)) * Math.exp(at(3, k) + at(4, k))),
    );
    near(
      mean(({ y }) => y * y),
      expectation((k) => at(2, k) ** 2 + Math.exp(2 * at(4, k))),
    );
    near(
      mean(({ ended }) => Number(ended)),
      1 / (1 + Math.exp(-outputs[width - 1]!)),
    );
  });

  test('with a large bias takes the mean of the heaviest component', () => {
    const outputs = makeOutputs(7);
    const heaviest = [0, 1, 2].sort((a, b) => outputs[b]! - outputs[a]!)[0]!;
    for (const { x, y } of draw(12, 20, outputs)) {
      expect(x).toBeCloseTo(outputs[components + heaviest]!, 3);
      expect(y).toBeCloseTo(outputs[2 * components + heaviest]!, 3);
    }
  });
});
