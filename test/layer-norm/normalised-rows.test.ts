import { expect, test } from 'vitest';
import {
  applyColumnStatistics,
  normalizeColumns,
  normalizeRows,
  reverseNormalizeRows,
} from '../../lib/layer-norm/models/normalised-rows.ts';

test('ε lies inside the root: a row of little variance v is divided by √(v + ε), one of none becomes zero', () => {
  // Variances 4e-5 and 0.
  const rows = Float64Array.of(1 - 0.002 * Math.sqrt(10), 1 + 0.002 * Math.sqrt(10), 7, 7);
  const rstd = new Float64Array(2);
  normalizeRows(rows, rstd, { rows: 2, width: 2 }, 1e-5);
  expect(rstd[0]).toBeCloseTo(1 / Math.sqrt(5e-5), 6);
  expect(rows[1]).toBeCloseTo(Math.sqrt(4 / 5), 9);
  expect([...rows.subarray(2)]).toEqual([0, 0]);
  const gradient = Float64Array.of(0, 0, 1, -2);
  reverseNormalizeRows(gradient, rows, rstd, { rows: 2, width: 2 });
  for (const value of gradient) expect(Number.isFinite(value)).toBe(true);
});

test('columns: the same by batch, and by given statistics', () => {
  const columns = Float64Array.of(1, 5, 3, 5);
  const statistics = { mean: new Float64Array(2), variance: new Float64Array(2) };
  normalizeColumns(columns, statistics, { rows: 2, width: 2 }, 1, 2);
  expect([...statistics.mean, ...statistics.variance]).toEqual([2, 5, 2, 0]);
  expect([...columns]).toEqual([-0.5, 0, 0.5, 0]);
  const given = Float64Array.of(1, 5);
  applyColumnStatistics(given, { mean: [2, 4], variance: [2, 7] }, { rows: 1, width: 2 }, 2);
  expect(given[0]).toBe(-0.5);
  expect(given[1]).toBeCloseTo(1 / 3, 12);
});

test('float32 with a mean of 10⁴ and a deviation of 1 keeps four digits', () => {
  const width = 1000;
  const noise = Float64Array.from({ length: width }, (_, k) => Math.sin(k * k));
  const row = Float32Array.from(noise, (value) => 10_000 + value);
  normalizeRows(row, new Float64Array(1), { rows: 1, width }, 0);
  const exact = noise.slice();
  normalizeRows(exact, new Float64Array(1), { rows: 1, width }, 0);
  for (const [k, value] of exact.entries()) expect(Math.abs(row[k]! - value)).toBeLessThan(2e-3);
});
