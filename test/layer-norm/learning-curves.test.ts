import { compile } from 'vega-lite';
import { expect, test } from 'vitest';
import { chartLearningCurves } from '../../lib/layer-norm/experiments/chart-learning-curves.ts';
import {
  bestOf,
  curveMeasurements,
  firstStepAt,
  shareOfBaselineTime,
  updateTimeMetric,
} from '../../lib/layer-norm/experiments/learning-curves.ts';
import { measureUpdateTime } from '../../lib/layer-norm/experiments/measure-update-time.ts';
import type { Measurement } from '../../lib/pipeline/experiment.ts';
import { pairedDifference } from '../../lib/pipeline/over-seeds.ts';

/** Two seeds of two models; the normalized one is as good at update 10 as the plain one ever is, at 20. */
const curves: Measurement[] = [
  { subject: 'plain', seed: 0, values: [1, 0.8, 0.4, 0.5] },
  { subject: 'plain', seed: 1, values: [1, 0.6, 0.4, 0.5] },
  { subject: 'layer', seed: 0, values: [1, 0.5, 0.2, 0.1] },
  { subject: 'layer', seed: 1, values: [1, 0.3, 0.2, 0.2] },
].flatMap(({ subject, seed, values }) =>
  curveMeasurements(
    { metrics: values.map((error, index) => ({ update: 10 * index, error })) },
    { error: 'share', loss: 'nats' },
    { subject, seed },
  ),
);
const times = [
  { metric: updateTimeMetric, subject: 'plain', step: 0, seed: 0, value: 2, unit: 's' },
  { metric: updateTimeMetric, subject: 'layer', step: 0, seed: 0, value: 3, unit: 's' },
];

test('curves become rows, and are compared by seed', () => {
  expect(curves).toHaveLength(16);
  expect(curves[1]).toEqual({ metric: 'error', subject: 'plain', step: 10, seed: 0, value: 0.8, unit: 'share' });
  expect(bestOf(curves, { metric: 'error', subject: 'plain' }, 'lower')).toEqual({ step: 20, mean: 0.4 });
  expect(firstStepAt(curves, { metric: 'error', subject: 'layer' }, 0.4, 'lower')).toBe(10);
  expect(firstStepAt(curves, { metric: 'error', subject: 'plain' }, 0.1, 'lower')).toBeUndefined();
  const difference = pairedDifference(curves, 'error', { subject: 'layer', baseline: 'plain', step: 30 });
  expect(difference.mean).toBeCloseTo(-0.35, 12);
  expect(difference.standardError).toBeCloseTo(0.05, 12);
});

test('time to the baseline’s best is half its updates, three quarters of its seconds', () => {
  const share = shareOfBaselineTime([...curves, ...times], 'error', {
    subject: 'layer',
    baseline: 'plain',
    better: 'lower',
  });
  expect(share).toEqual({ steps: 0.5, seconds: 0.75 });
  const never = { subject: 'plain', baseline: 'layer', better: 'lower' } as const;
  expect(shareOfBaselineTime([...curves, ...times], 'error', never)).toBeUndefined();
});

test('updates are timed in turn, the first round not counted', async () => {
  const order: string[] = [];
  const rows = await measureUpdateTime(
    { plain: () => order.push('plain'), layer: () => order.push('layer') },
    { rounds: 2, breathe: async () => {} },
  );
  expect(order).toEqual(['plain', 'layer', 'plain', 'layer', 'plain', 'layer']);
  expect(rows.map(({ subject }) => subject)).toEqual(['plain', 'layer']);
  expect(rows.every(({ value }) => value >= 0)).toBe(true);
});

test('charts show updates, and seconds where updates were timed', () => {
  const chart = {
    title: 'Figure',
    caption: '',
    metric: 'error',
    yTitle: 'error',
    subjects: { layer: 'LN', plain: 'plain' },
  };
  const untimed = chartLearningCurves(curves, chart).spec as { hconcat: unknown[] };
  const timed = chartLearningCurves([...curves, ...times], chart).spec as {
    hconcat: { data: { values: { model: string; x: number }[] } }[];
  };
  expect([untimed.hconcat.length, timed.hconcat.length]).toEqual([1, 2]);
  expect(timed.hconcat[1]!.data.values.find(({ model, x }) => model === 'LN' && x === 90)).toMatchObject({
    mean: 0.15,
  });
  expect(() => compile(timed as never)).not.toThrow();
});
