import { readFileSync } from 'node:fs';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { factorizeCholesky } from '../../lib/numerics/cholesky.ts';
import { createDesignMatrix } from '../../lib/numerics/design-matrix.ts';
import { fitLogisticRegressions } from '../../lib/numerics/logistic-regression.ts';
import { crossValidate } from '../../lib/numerics/nested-cross-validation.ts';
import { startMinimization } from '../../lib/numerics/quasi-newton.ts';
import { randomStream } from '../../lib/numerics/random.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const golden = JSON.parse(readFileSync(new URL('../golden/downstream-measures.json', import.meta.url), 'utf8'));
const features = Float32Array.from(golden.features.flat());
const labels = Uint8Array.from(golden.labels);

test('weights and intercepts are scikit-learn’s, for weak and strong penalties, fitted side by side on all rows or some', () => {
  const problems = golden.regressions.map(
    ({ rows, inverseRegularization }: { rows: number[]; inverseRegularization: number }) => ({
      rows: Int32Array.from(rows),
      inverseRegularization,
    }),
  );
  const before = tf.memory().numTensors;
  const fits = fitLogisticRegressions(features, labels, problems, { tolerance: 1e-12 });
  expect(tf.memory().numTensors).toBe(before);
  expect(fits).toHaveLength(6);
  for (const [index, { weights, intercept }] of fits.entries()) {
    const expected = golden.regressions[index];
    const scale = Math.max(...expected.weights.map(Math.abs));
    for (const [column, weight] of weights.entries()) {
      expect(Math.abs(weight - expected.weights[column]) / scale).toBeLessThan(2e-3);
    }
    expect(Math.abs(intercept - expected.intercept) / Math.max(1, Math.abs(expected.intercept))).toBeLessThan(2e-3);
  }
});

test('the default tolerance gets within a thousandth of the objective, and more problems than fit at once keep their order', () => {
  const all = Int32Array.from(labels.keys());
  const objective = (c: number, { weights, intercept }: { weights: Float64Array; intercept: number }) => {
    let sum = weights.reduce((total, weight) => total + weight ** 2 / 2, 0);
    for (const row of all) {
      const score = weights.reduce((total, weight, column) => total + weight * features[row * 5 + column]!, intercept);
      sum += c * Math.log1p(Math.exp(labels[row] === 1 ? -score : score));
    }
    return sum;
  };
  const candidates = Array.from({ length: 130 }, (_, index) => (index === 129 ? 256 : 1));
  const fits = fitLogisticRegressions(
    features,
    labels,
    candidates.map((inverseRegularization) => ({ rows: all, inverseRegularization })),
  );
  const expected = (c: number) => {
    const found = golden.regressions.find(
      (row: { inverseRegularization: number; rows: number[] }) =>
        row.inverseRegularization === c && row.rows.length === 60,
    );
    return objective(c, { weights: Float64Array.from(found.weights), intercept: found.intercept });
  };
  expect(objective(1, fits[128]!) / expected(1)).toBeCloseTo(1, 3);
  expect(objective(256, fits[129]!) / expected(256)).toBeCloseTo(1, 3);
});

test('refuses a penalty of 0 and a problem without rows', () => {
  const attempt = (rows: number[], inverseRegularization: number) => () =>
    fitLogisticRegressions(features, labels, [{ rows: Int32Array.from(rows), inverseRegularization }]);
  expect(attempt([0, 1], 0)).toThrow('C must be above 0, got 0.');
  expect(attempt([0, 1], Number.NaN)).toThrow('C must be above 0, got NaN.');
  expect(attempt([], 1)).toThrow('at least one row');
  expect(() => createDesignMatrix(new Float32Array(5), 2, 3)).toThrow('[2, 3] needs 6 values, got 5');
});

test('a Cholesky factor solves; a matrix that has none is refused', () => {
  const solve = factorizeCholesky(Float64Array.of(4, 0, 0, 2, 5, 0, -2, 1, 6), 3);
  const x = solve(Float64Array.of(-6, 10, 21));
  // A = [[4, 2, −2], [2, 5, 1], [−2, 1, 6]]
  expect(4 * x[0]! + 2 * x[1]! - 2 * x[2]!).toBeCloseTo(-6, 12);
  expect(2 * x[0]! + 5 * x[1]! + x[2]!).toBeCloseTo(10, 12);
  expect(-2 * x[0]! + x[1]! + 6 * x[2]!).toBeCloseTo(21, 12);
  expect(() => factorizeCholesky(Float64Array.of(1, 0, 2, 1), 2)).toThrow('not positive definite; pivot 1 is -3');
});

test('L-BFGS finds the bottom of Rosenbrock’s valley', () => {
  const minimization = startMinimization(Float64Array.of(-1.2, 1), { tolerance: 0 });
  let evaluations = 0;
  while (!minimization.isDone && evaluations < 200) {
    const [x, y] = minimization.point as unknown as [number, number];
    minimization.observe(
      (1 - x) ** 2 + 100 * (y - x * x) ** 2,
      Float64Array.of(-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)),
    );
    evaluations++;
  }
  expect(evaluations).toBeLessThan(100);
  expect(minimization.best[0]).toBeCloseTo(1, 6);
  expect(minimization.best[1]).toBeCloseTo(1, 6);
});

describe('nested cross-validation', () => {
  const options = { outerFolds: 5, innerFolds: 3, inverseRegularizations: [1 / 256, 1, 16] };
  const validate = (values: Float32Array, classes: Uint8Array) =>
    crossValidate(values, classes, { ...options, random: randomStream(7, 'folds') });

  /** 100 rows in which the first feature tells the class and the second nothing. */
  const random = randomStream(1, 'rows');
  const classes = Uint8Array.from({ length: 100 }, (_, row) => row % 2);
  const values = Float32Array.from({ length: 200 }, (_, index) =>
    index % 2 === 0 ? (classes[index / 2]! ? 1 : -1) + 0.6 * random.normal() : random.normal(),
  );
  const order = new Int32Array(100);
  randomStream(7, 'folds').fillSample(order, 100);

  test('finds what there is to find, and nothing in labels at random', () => {
    expect(validate(values, classes).overallAccuracy).toBeGreaterThan(0.88);
    const random = randomStream(2, 'labels');
    const noise = classes.map(() => random.uniformInteger(2));
    expect(validate(values, noise).overallAccuracy).toBeLessThan(0.65);
  });

  test('no fold’s labels have a part in the penalty or the model that it is tested with', () => {
    const { folds } = validate(values, classes);
    for (const [fold, { accuracy, inverseRegularization }] of folds.entries()) {
      const poisoned = classes.slice();
      for (const row of order.subarray(20 * fold, 20 * (fold + 1))) poisoned[row] = 1 - poisoned[row]!;
      const after = validate(values, poisoned).folds[fold]!;
      // The same predictions of the opposite labels.
      expect(after.accuracy).toBeCloseTo(1 - accuracy, 10);
      expect(after.inverseRegularization).toBe(inverseRegularization);
    }
  });

  test('every row is tested once: the overall accuracy is the folds’ mean, weighted by their rows', () => {
    const odd = validate(values.subarray(0, 2 * 83), classes.subarray(0, 83));
    const sizes = [16, 17, 16, 17, 17];
    const right = odd.folds.reduce((sum, { accuracy }, fold) => sum + accuracy * sizes[fold]!, 0);
    expect(odd.overallAccuracy).toBeCloseTo(right / 83, 10);
  });

  test('refuses fewer rows than folds', () => {
    expect(() => validate(values.subarray(0, 8), classes.subarray(0, 4))).toThrow('got 5 of 4 rows');
  });
});
