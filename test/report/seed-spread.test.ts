import { expect, it } from 'vitest';
import { spreadAtKeySteps, spreadOverSeeds } from '../../lib/report/seed-spread.ts';

const row = (subject: string, step: number, seed: number, value: number | null) => ({
  metric: 'loss',
  subject,
  step,
  seed,
  value,
  unit: 'nats',
});

it('takes seeds together, and leaves out of the mean what diverged', () => {
  const spreads = spreadOverSeeds([row('a', 1, 0, 1), row('b', 1, 0, 7), row('a', 1, 1, 4), row('a', 1, 2, null)]);
  const common = { metric: 'loss', step: 1, unit: 'nats' };
  expect(spreads).toEqual([
    // Deviation by hand: √((1.5² + 1.5²) / 1)
    { ...common, subject: 'a', count: 2, diverged: 1, mean: 2.5, deviation: Math.sqrt(4.5), least: 1, greatest: 4 },
    { ...common, subject: 'b', count: 1, diverged: 0, mean: 7, deviation: null, least: 7, greatest: 7 },
  ]);
  expect(spreadOverSeeds([row('c', 1, 0, null)])).toMatchObject([{ count: 0, diverged: 1, mean: null, least: null }]);
});

it('shows four steps of a curve, the last among them, and all of a few', () => {
  const steps = (count: number) =>
    spreadAtKeySteps(Array.from({ length: count }, (_, index) => row('a', index, 0, 1))).map(({ step }) => step);
  expect(steps(101)).toEqual([25, 50, 75, 100]);
  expect(steps(3)).toEqual([0, 1, 2]);
});
