import { expect, test } from 'vitest';
import { median } from '../../lib/numerics/median.ts';

test('the middle value, of an even number the mean of two, whatever their order', () => {
  expect(median([10, 9, 100])).toBe(10);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([7])).toBe(7);
  expect(median([])).toBeNaN();
});
