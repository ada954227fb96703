import { expect, test } from 'vitest';
import { spreadOf } from '../../lib/numerics/spread.ts';

test('mean, sample deviation and error of the mean', () => {
  expect(spreadOf([2, 4, 4, 4, 5, 5, 7, 9])).toEqual({
    count: 8,
    mean: 5,
    standardDeviation: Math.sqrt(32 / 7),
    standardError: Math.sqrt(32 / 7) / Math.sqrt(8),
  });
  expect(spreadOf([3])).toEqual({ count: 1, mean: 3, standardDeviation: 0, standardError: 0 });
  expect(spreadOf([])).toBeUndefined();
});
