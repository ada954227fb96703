import { expect, it } from 'vitest';
import { chartLosses } from '../../lib/learned-optimizers/experiments/chart-losses.ts';
import {
  describeValues,
  judgeComparison,
  tabulateLosses,
} from '../../lib/learned-optimizers/experiments/summarize-comparison.ts';
import type { Measurement } from '../../lib/pipeline/experiment.ts';

/** Each method's loss by seed, the same at steps 1 and 100. */
function measure(losses: Readonly<Record<string, readonly number[]>>): readonly Measurement[] {
  return Object.entries(losses).flatMap(([subject, values]) =>
    [1, 100].flatMap((step) =>
      values.map((value, seed) => ({ metric: 'loss', subject, step, seed, value, unit: 'nats' })),
    ),
  );
}

const level = [0.5, 0.5, 0.5, 0.5, 0.5];
const diverged = [0.2, 0.2, Number.MAX_VALUE, 0.2, 0.2];
const others = { adam: level, rmsprop: level, sgd: level };
const horizon = { horizonSteps: 100, evaluationSteps: 100 };

it('a run that diverged makes the mean infinite, its table cell too, and a gap in the chart', () => {
  expect(describeValues(diverged)).toMatchObject({ count: 5, mean: Number.POSITIVE_INFINITY });
  const rows = measure({ lstm: level, nag: diverged });
  expect(tabulateLosses(rows, [100], {}, undefined).rows.map((row) => row.slice(1, 3))).toEqual([
    ['LSTM', 0.5],
    ['NAG', Number.POSITIVE_INFINITY],
  ]);
  const { spec } = chartLosses(rows, {
    title: '',
    caption: '',
    yTitle: 'loss',
    steps: [1, 100],
    baselineMetric: 'loss',
    paper: {},
  });
  expect(JSON.stringify(spec)).toContain('"method":"LSTM"');
  expect(JSON.stringify(spec)).not.toContain('"method":"NAG"');
});

it('a baseline that diverged once is not the best, and a learned optimizer that did is not ahead', () => {
  const better = level.map((loss) => loss - 0.1);
  expect(judgeComparison(measure({ lstm: better, nag: diverged, ...others }), horizon).outcome).toBe('holds');
  const verdict = judgeComparison(measure({ lstm: diverged, nag: level, ...others }), horizon);
  expect(verdict.outcome).toBe('does not hold');
  expect(verdict.reason).toContain('∞');
});
