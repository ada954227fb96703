import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  averageRanks,
  meanSquaredError,
  pearsonCorrelation,
  spearmanCorrelation,
} from '../../lib/numerics/correlation.ts';

const golden = JSON.parse(readFileSync(new URL('../golden/downstream-measures.json', import.meta.url), 'utf8'));

interface GoldenCase {
  readonly x: number[];
  readonly y: number[];
  readonly pearson: number;
  readonly spearman: number;
  readonly meanSquaredError: number;
}

test.each<GoldenCase>(golden.correlations)(
  'Pearson, Spearman and the mean squared error are SciPy’s: case %#',
  ({ x, y, ...expected }) => {
    expect(pearsonCorrelation(x, y)).toBeCloseTo(expected.pearson, 12);
    expect(spearmanCorrelation(x, y)).toBeCloseTo(expected.spearman, 12);
    expect(meanSquaredError(x, y)).toBeCloseTo(expected.meanSquaredError, 12);
  },
);

test('equal values share the mean of their ranks', () => {
  expect([...averageRanks([5, 1, 5, 5, -2])]).toEqual([4, 2, 4, 4, 1]);
});

test('Spearman does not change under a monotone map, Pearson not under an affine one', () => {
  const x = [0.3, -1, 2, 2, 0.7];
  const y = [1, 0, 5, 4, 4];
  expect(spearmanCorrelation(x.map(Math.exp), y)).toBeCloseTo(spearmanCorrelation(x, y), 12);
  expect(
    pearsonCorrelation(
      x.map((value) => 3 * value - 7),
      y,
    ),
  ).toBeCloseTo(pearsonCorrelation(x, y), 12);
  expect(pearsonCorrelation([1, 1], [1, 2])).toBeNaN();
});

test.each([pearsonCorrelation, spearmanCorrelation, meanSquaredError])('%o refuses unequal lengths', (measure) => {
  expect(() => measure([1, 2], [1])).toThrow(/as many values.*2 and 1/);
  expect(() => measure([], [])).toThrow(/0 and 0/);
});
