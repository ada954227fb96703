import { expect, it } from 'vitest';
import { compareMeasurements } from '../../../lib/pipeline/regressions/comparison.ts';

const row = (subject: string, step: number, seed: number, value: number) => ({
  metric: 'loss',
  subject,
  step,
  seed,
  value,
  unit: 'nats',
});

it('compares means over seeds at the last common step, largest relative change first, equal ones left out', () => {
  const before = [
    row('lstm', 100, 0, 1),
    row('lstm', 100, 1, 3),
    row('lstm', 50, 0, 9),
    row('adam', 100, 0, 4),
    row('sgd', 100, 0, 5),
    row('gone', 1, 0, 1),
  ];
  const now = [
    row('lstm', 100, 0, 1),
    row('lstm', 100, 1, 2),
    row('lstm', 200, 0, 7),
    row('adam', 100, 0, 8),
    row('sgd', 100, 0, 5),
    row('new', 1, 0, 1),
  ];
  expect(compareMeasurements(before, now)).toEqual([
    { metric: 'loss', subject: 'adam', step: 100, before: 4, now: 8, spread: null, exceedsSpread: null },
    // Standard errors of 1 and 0.5.
    { metric: 'loss', subject: 'lstm', step: 100, before: 2, now: 1.5, spread: Math.sqrt(1.25), exceedsSpread: false },
  ]);
});
