import { describe, expect, test } from 'vitest';
import type { Measurement } from '../../lib/pipeline/experiment.ts';
import { valuesBySeed } from '../../lib/pipeline/over-seeds.ts';
import {
  alphaMetrics,
  readingsOf,
  subjectOf,
  sweptDiffusions,
} from '../../lib/random-walk/experiments/alpha-metrics.ts';
import { judgeAlpha } from '../../lib/random-walk/experiments/judge-alpha.ts';
import { labelMetrics } from '../../lib/random-walk/experiments/label-measures.ts';
import { pairedSpread, writeSpread } from '../../lib/random-walk/experiments/over-seeds.ts';

interface MadeUp {
  /** By seed. */
  readonly gain: readonly number[];
  readonly changedLate: number;
}

const params = { diffusion: 0.99 };

function measured(
  { printed, other }: Readonly<Record<'printed' | 'other', MadeUp>>,
  { seeds = 3, pictures = 51 } = {},
): Measurement[] {
  const subject = subjectOf('trained', 'scores');
  const rows: Measurement[] = [];
  for (let seed = 0; seed < seeds; seed++) {
    const before = 0.5 + 0.03 * seed;
    const add = (metric: string, step: number, value: number) =>
      rows.push({ metric, subject, step, seed, value, unit: 'share' });
    add(labelMetrics.meanIoU, 0, before);
    for (const [step, { gain, changedLate }] of [[0.01, printed] as const, [0.99, other] as const]) {
      add(labelMetrics.meanIoU, step, before + gain[seed]!);
      add(alphaMetrics.changed, step, 0.01 + changedLate);
      add(alphaMetrics.changedLate, step, changedLate * (1 + 0.1 * seed));
      add(alphaMetrics.fixedPointSteps, step, step > 0.5 ? 400 : 1);
    }
    for (const [metric, value] of [['training pictures', 367] as const, ['validation pictures', pictures] as const]) {
      rows.push({ metric, subject: 'streets', step: 0, seed, value, unit: 'pictures' });
    }
  }
  return rows;
}

const idle: MadeUp = { gain: [0, 1e-5, 0], changedLate: 0 };
const refining: MadeUp = { gain: [0.011, 0.012, 0.01], changedLate: 0.03 };

describe('readings of α', () => {
  test('0.01 weighs the walk, or leaves it 0.99', () => {
    expect(readingsOf(params)).toEqual({ alpha: 0.01, printed: 0.01, other: 0.99 });
  });

  test('are swept with the other weights, from no walk up, none twice', () => {
    expect(sweptDiffusions({ ...params, otherDiffusions: [0.9, 0.5, 0.99] })).toEqual([0, 0.01, 0.5, 0.9, 0.99]);
  });
});

describe('the verdict', () => {
  test('is against the printed equation where only the other walk goes on, and better', () => {
    const { outcome, reason } = judgeAlpha(measured({ printed: idle, other: refining }), params);
    expect(outcome).toBe('does not hold');
    expect(reason).toContain('supports that α weighs f');
    expect(reason).toContain('1e-12 and 0.94 after 5');
    expect(reason).toContain('by 1.10 ± 0.06 percentage points');
  });

  test('says so where the other walk goes on, but gains nothing', () => {
    const other = { ...refining, gain: [0.01, -0.012, 0.001] };
    const { outcome, reason } = judgeAlpha(measured({ printed: idle, other }), params);
    expect(outcome).toBe('does not hold');
    expect(reason).toContain('here that walk does not raise the mean IoU');
  });

  test('holds where the walk as printed refines over many steps', () => {
    expect(judgeAlpha(measured({ printed: refining, other: refining }), params).outcome).toBe('holds');
  });

  test('is open where neither walk goes on, and where the printed one does without gaining', () => {
    expect(judgeAlpha(measured({ printed: idle, other: idle }), params).outcome).toBe('inconclusive');
    const aimless = { ...refining, gain: [0.01, -0.012, 0.001] };
    expect(judgeAlpha(measured({ printed: aimless, other: refining }), params).outcome).toBe('inconclusive');
  });

  test('is open without measurements, with few seeds, with few pictures', () => {
    const rows = { printed: idle, other: refining };
    expect(judgeAlpha([], params).reason).toContain('Not measured');
    expect(judgeAlpha(measured(rows, { seeds: 2 }), params)).toMatchObject({
      outcome: 'inconclusive',
      reason: expect.stringContaining('Too few seeds: 2'),
    });
    expect(judgeAlpha(measured(rows, { pictures: 6 }), params)).toMatchObject({
      outcome: 'inconclusive',
      reason: expect.stringContaining('367 pictures to train on and 6 to validate on'),
    });
  });
});

test('differences are paired by seed, and a seed without its partner does not count', () => {
  const row = (subject: string, seed: number, value: number) => ({
    ...{ metric: 'm', subject, step: 1, seed, value, unit: '1' },
  });
  const rows = [row('a', 0, 3), row('a', 1, 5), row('a', 2, 100), row('b', 1, 4), row('b', 0, 1)];
  const at = (subject: string) => ({ metric: 'm', subject, step: 1 });
  expect(pairedSpread(rows, at('a'), at('b'))).toMatchObject({ count: 2, mean: 1.5, standardError: 0.5 });
  expect(pairedSpread(rows, at('a'), at('c'))).toBeUndefined();
  expect([...valuesBySeed(rows, at('b'), at('b').step)]).toEqual([
    [1, 4],
    [0, 1],
  ]);
  expect(writeSpread(pairedSpread(rows, at('a'), at('b')), 10, 1)).toBe('15.0 ± 5.0');
  const one = { count: 1, mean: -0.004, standardDeviation: 0, standardError: 0 };
  expect([writeSpread(one), writeSpread(one, 1, 3), writeSpread(undefined)]).toEqual(['0.00', '−0.004', undefined]);
});
