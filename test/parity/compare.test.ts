import { describe, expect, test } from 'vitest';
import { compareMeasurements } from './compare.ts';

const measured = (metric: string, step: number, value: number | null, unit = 'nats') => ({
  metric,
  subject: 'lstm',
  step,
  seed: 0,
  value,
  unit,
});

describe('comparing two backends', () => {
  test('a difference is a share of its metric’s largest magnitude, and the largest comes first', () => {
    const differences = compareMeasurements(
      [measured('loss', 1, -8), measured('loss', 2, 0.5), measured('accuracy', 1, 0.5, 'share')],
      [measured('accuracy', 1, 0.25, 'share'), measured('loss', 2, 1), measured('loss', 1, -8)],
    );
    expect(differences.map(({ metric, relative }) => [metric, relative])).toEqual([
      ['accuracy', 0.5],
      ['loss', 0.0625],
    ]);
    expect(differences[1]).toMatchObject({ values: [0.5, 1], place: 'loss of lstm, step 2, seed 0' });
  });

  test('what is finite on one backend only differs infinitely, what diverges on both does not', () => {
    const compare = (a: number | null, b: number | null) =>
      compareMeasurements([measured('loss', 1, a)], [measured('loss', 1, b)])[0]?.relative;
    expect([compare(1, null), compare(null, 1), compare(null, null)]).toEqual([Infinity, Infinity, 0]);
    expect(compareMeasurements([measured('loss', 1, 1)], [])[0]?.relative).toBe(Infinity);
  });

  test('a value where there is none on the other side is refused', () => {
    expect(() => compareMeasurements([], [measured('loss', 1, 1)])).toThrow('must measure the same');
  });

  test('wall time is left out', () => {
    expect(compareMeasurements([measured('a step', 1, 3, 's')], [measured('a step', 1, 4, 's')])).toEqual([]);
  });
});
