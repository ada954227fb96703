import { compile } from 'vega-lite';
import { describe, expect, test } from 'vitest';
import { mnist } from '../../lib/learned-optimizers/experiments/mnist.ts';
import { longRunMetric } from '../../lib/learned-optimizers/experiments/optimizer-comparison.ts';
import { quadratics } from '../../lib/learned-optimizers/experiments/quadratics.ts';
import type { AnyExperiment, Measurement } from '../../lib/pipeline/experiment.ts';
import { presetNames } from '../../lib/pipeline/experiment.ts';
import { runWhole } from './run-whole.ts';

const experiments: readonly AnyExperiment[] = [quadratics, mnist];

describe.each(experiments)('$name', (experiment) => {
  test.each(presetNames)('the preset %s passes its own schema', (preset) => {
    expect(experiment.params.parse(experiment.presets[preset])).toEqual(experiment.presets[preset]);
    const trials = experiment.plan(experiment.presets[preset]);
    expect(new Set(trials.map((trial) => trial.name)).size).toBe(trials.length);
    const { trainingCoreSeconds, evaluationCoreSeconds } = experiment.work(experiment.presets[preset]);
    expect(trainingCoreSeconds).toBeGreaterThan(evaluationCoreSeconds / 100);
  });

  test.each([
    [{ seeds: 0 }],
    [{ episodes: 1.5 }],
    [{ metaLearningRate: '0.1' }],
    [{ metaLearningRate: 10 }],
    [{ hiddenUnits: 21 }],
    [{ unrollSteps: 30 }],
    [{ evaluationSteps: 50 }],
    [{ episode: 10 }],
  ])('refuses %s', (change) => {
    expect(experiment.params.safeParse({ ...experiment.presets.laptop, ...change }).success).toBe(false);
  });

  test('smoke runs from plan to summary, twice to the same numbers', async () => {
    const params = experiment.presets.smoke;
    const rows = await runWhole(experiment, params);
    expect(await runWhole(experiment, params)).toEqual(rows);
    const losses = rows.filter((row) => row.metric === 'loss');
    const { seeds, evaluationSteps } = params;
    // Steps 1, 5, 10, … of every seed and subject.
    expect(losses).toHaveLength(5 * seeds * (1 + evaluationSteps / 5));
    const starts = losses.filter((row) => row.step === 1 && row.seed === 1);
    expect(new Set(starts.map((row) => row.value)).size).toBe(1);
    expect(new Set(losses.filter((row) => row.step === 1).map((row) => row.value)).size).toBe(seeds);
    expect(losses.every((row) => Number.isFinite(row.value))).toBe(true);

    const { verdict, tables, charts } = experiment.summarize(rows, params);
    expect(verdict.outcome).toBe('inconclusive');
    expect(verdict.reason).toContain("the paper's horizon is 100 steps");
    for (const { columns, rows: cells } of tables) for (const row of cells) expect(row).toHaveLength(columns.length);
    for (const { spec } of charts) expect(() => compile(spec as never)).not.toThrow();
  });

  test('computes about the same in plain TensorFlow.js, where a backend asks for it', async () => {
    // As few steps as show every path: rounding differs, and training amplifies it.
    const small = { seeds: 1, episodes: 1, horizonSteps: 2, evaluationSteps: 4, unrollSteps: 2, tuningProblems: 1 };
    const narrow = experiment === mnist ? { optimizeeHiddenUnits: [2], batchSize: 4 } : {};
    const params = { ...experiment.presets.smoke, ...small, ...narrow };
    const ours = await runWhole(experiment, params);
    const theirs = await runWhole(experiment, params, 'node-cpu');
    for (const [index, { subject, step, value }] of theirs.entries()) {
      expect(ours[index]).toMatchObject({ subject, step });
      if (subject === 'lstm') expect(Math.abs(value - ours[index]!.value)).toBeLessThan(1e-3 * value);
    }
  });

  test('summarizes nothing at all without falling over', () => {
    expect(experiment.summarize([], experiment.presets.laptop).verdict.outcome).toBe('inconclusive');
  });
});

test('a search over the meta-learning rate trains every candidate, and evaluates the best', async () => {
  const rows = await runWhole(quadratics, { ...quadratics.presets.smoke, metaLearningRateCandidates: 3 });
  const plain = await runWhole(quadratics, quadratics.presets.smoke);
  const losses = (all: readonly Measurement[], subject: string) =>
    all.filter((row) => row.metric === 'loss' && row.subject === subject).map(({ value }) => value);
  expect(losses(rows, 'adam')).toEqual(losses(plain, 'adam'));
  expect(losses(rows, 'lstm')).toHaveLength(losses(plain, 'lstm').length);
  const search = quadratics.summarize(rows, quadratics.presets.smoke).tables.at(-1)!;
  expect(search.title).toBe('Random search over the meta-learning rate');
  expect(search.rows.filter(([, , choice]) => choice === 'chosen')).toHaveLength(1);
  expect(search.rows).toHaveLength(3);
});

describe('the verdict', () => {
  /** Losses at steps 100 and 200 by subject, each seed off by `noise` times itself. */
  const measure = (levels: Record<string, number>, seeds: number, noise = 0.001): Measurement[] =>
    Object.entries(levels).flatMap(([subject, level]) =>
      Array.from({ length: seeds }, (_, seed) => seed).flatMap((seed) =>
        [100, 200].flatMap((step) =>
          [
            ['loss', 0],
            [longRunMetric, -0.01],
          ].map(([metric, shift]) => ({
            metric: metric as string,
            subject,
            step,
            seed,
            value: level + (shift as number) + noise * Math.sin(7 * seed + subject.length),
            unit: 'nats',
          })),
        ),
      ),
    );
  const judge = (rows: Measurement[]) => mnist.summarize(rows, mnist.presets.laptop).verdict;
  const others = { adam: 0.36, rmsprop: 0.37, nag: 0.32, sgd: 0.47 };

  test('holds below the best baseline, and says by how much and against which', () => {
    const { outcome, reason } = judge(measure({ lstm: 0.29, ...others }, 20));
    expect(outcome).toBe('holds');
    expect(reason).toMatch(
      /At step 100 the LSTM's mean loss over 20 seeds is 0\.29 ± .*best tuned baseline's \(NAG\) 0\.32 ±/,
    );
    expect(reason).toMatch(/At step 200 .*\(NAG\) 0\.31 ±/);
  });

  test('does not hold above it, nor below the others only', () => {
    expect(judge(measure({ lstm: 0.33, ...others }, 20)).outcome).toBe('does not hold');
  });

  test('does not hold where the difference drowns in its own spread', () => {
    expect(judge(measure({ lstm: 0.319, ...others }, 20, 0.1)).outcome).toBe('does not hold');
  });

  test('is inconclusive with too few seeds or a missing baseline', () => {
    expect(judge(measure({ lstm: 0.29, ...others }, 4))).toMatchObject({
      outcome: 'inconclusive',
      reason: expect.stringContaining('Too few seeds: 4'),
    });
    const { nag: _, ...rest } = others;
    expect(judge(measure({ lstm: 0.29, ...rest }, 20)).reason).toContain('Not measured: nag');
  });
});
