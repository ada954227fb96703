import { describe, expect, it } from 'vitest';
import {
  formatChange,
  formatDollars,
  formatMeanAndDeviation,
  formatSeconds,
  formatSignificant,
  formatTicks,
} from '../../lib/report/format-numbers.ts';

describe('formatSignificant', () => {
  it.each([
    [0.32149, undefined, '0.321'],
    [0.3, 3, '0.300'],
    [0.09996, 3, '0.100'],
    [1234.56, 3, '1235'],
    [15910, 3, '15910'],
    [-2.5, 2, '−2.5'],
    [-0, 3, '0'],
    [1.234e-7, 2, '1.2×10⁻⁷'],
    [12_345_678.9, 3, '1.23×10⁷'],
    [Number.NaN, 3, '–'],
    [null, 3, '–'],
    [Number.POSITIVE_INFINITY, 3, '∞'],
  ])('%s to %s digits is %s', (value, digits, text) => {
    expect(formatSignificant(value, digits)).toBe(text);
  });
});

describe('formatMeanAndDeviation', () => {
  it.each([
    [0.32149, 0.01234, '0.321 ± 0.012'],
    [99.96, 0.5, '99.96 ± 0.50'],
    [1234, 56, '1234 ± 56'],
    [0.5, 0, '0.500 ± 0'],
    [0.5, null, '0.500'],
    [null, null, '–'],
    [2e-6, 3e-7, '2.00×10⁻⁶ ± 3.0×10⁻⁷'],
  ])('%s with %s is %s', (mean, deviation, text) => {
    expect(formatMeanAndDeviation(mean, deviation)).toBe(text);
  });
});

it('seconds go up to days, without a unit of zero', () => {
  const texts = [0.04, 9.94, 9.96, 59.6, 200, 3600, 3599.6, 7500, 200_000].map(formatSeconds);
  expect(texts).toEqual(['0.0 s', '9.9 s', '10 s', '1 min', '3 min 20 s', '1 h', '1 h', '2 h 5 min', '2 d 8 h']);
});

it('dollars keep what a small bill has', () => {
  expect([0, 0.00003, 0.00312, 0.5, 12.3].map(formatDollars)).toEqual([
    '$0',
    'under $0.0001',
    '$0.0031',
    '$0.50',
    '$12.30',
  ]);
});

it('a change is relative to the size of what was before', () => {
  expect([formatChange(2, 2.1), formatChange(-2, -3), formatChange(1, 1.0001), formatChange(0, 1)]).toEqual([
    '+5.0 %',
    '−50 %',
    '±0.0 %',
    '–',
  ]);
});

describe('formatTicks', () => {
  it.each([
    [
      [0, 0.5, 1],
      ['0', '0.500', '1'],
    ],
    [
      [543.1, 543.2, 543.3],
      ['543.1', '543.2', '543.3'],
    ],
    [
      [1e-7, null, 1e-5],
      ['1.00×10⁻⁷', '', '1.00×10⁻⁵'],
    ],
    [[], []],
  ])('%j are %j', (ticks, expected) => {
    expect(formatTicks(ticks)).toEqual(expected);
  });
});
