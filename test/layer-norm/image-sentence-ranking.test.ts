import { compile } from 'vega-lite';
import { describe, expect, test } from 'vitest';
import { makeCaptionedShapes } from '../../lib/datasets/stand-ins/captioned-shapes.ts';
import { imageSentenceRanking as experiment } from '../../lib/layer-norm/experiments/image-sentence-ranking.ts';
import { updateTimeMetric } from '../../lib/layer-norm/experiments/learning-curves.ts';
import {
  curveMeanMetric,
  keptUpdateMetric,
  picturesMetric,
  type RankingSubject,
  rankingModels,
  selectionMetric,
  testSumMetric,
} from '../../lib/layer-norm/experiments/ranking-metrics.ts';
import { summarizeRanking } from '../../lib/layer-norm/experiments/summarize-image-sentence-ranking.ts';
import { type Measurement, presetNames } from '../../lib/pipeline/experiment.ts';
import { datasetOf, runExperiment, trainTrial } from './run-experiment.ts';

const files = makeCaptionedShapes();
const datasets = async (name: string) => datasetOf(name, files);
const { smoke, laptop } = experiment.presets;

describe('parameters', () => {
  test.each(presetNames)('the preset %s passes its own schema', (preset) => {
    expect(experiment.params.parse(experiment.presets[preset])).toEqual(experiment.presets[preset]);
    const trials = experiment.plan(experiment.presets[preset]);
    expect(new Set(trials.map(({ name }) => name)).size).toBe(trials.length);
  });

  test.each([
    [{ seeds: 0 }],
    [{ batchSize: 1 }],
    [{ margin: -0.1 }],
    [{ validateEveryUpdates: laptop.updates + 1 }],
    [{ units: 3 }],
  ])('refuses %s', (change) => {
    expect(experiment.params.safeParse({ ...laptop, ...change }).success).toBe(false);
  });

  test('models of a seed differ in similarity, margin and normalization alone', () => {
    const strip = experiment.plan(laptop).map(({ name, settings, margin, ...rest }) => rest);
    expect(strip[1]).toEqual(strip[0]);
    expect(strip[2]).toEqual(strip[0]);
  });
});

test('smoke runs from plan to summary, and decides nothing on shapes made in code', async () => {
  const { rows } = await runExperiment(experiment, smoke, datasets);
  const again = await runExperiment(experiment, smoke, datasets);
  const timeless = (all: readonly Measurement[]) => all.filter(({ metric }) => metric !== updateTimeMetric);
  expect(timeless(again.rows)).toEqual(timeless(rows));
  for (const { subject } of rankingModels) {
    const seconds = rows.filter((row) => row.metric === updateTimeMetric && row.subject === subject);
    expect(seconds).toHaveLength(1);
    expect(seconds[0]!.value).toBeGreaterThan(0);
    const validated = rows.filter((row) => row.metric === selectionMetric && row.subject === subject);
    expect(validated.map(({ step }) => step)).toEqual([0, 4, 8]);
  }
  const { verdict, tables, charts } = experiment.summarize(rows, smoke);
  expect(verdict.outcome).toBe('inconclusive');
  expect(verdict.reason).toMatch(/Wrong scale: at least 11000 .* Trained on 120 pictures/);
  for (const { columns, rows: cells } of tables) for (const row of cells) expect(row).toHaveLength(columns.length);
  expect(charts).toHaveLength(3);
  for (const { spec } of charts) expect(() => compile(spec as never)).not.toThrow();
});

test('a training that was killed ends in the same bits', async () => {
  const trial = experiment.plan(smoke).find(({ settings }) => settings.normalization === 'layer')!;
  const whole = await trainTrial(experiment, trial, datasets);
  expect(await trainTrial(experiment, trial, datasets, 3)).toEqual(whole);
  expect(whole.metrics.map(({ update }) => update)).toEqual([0, 4, 8]);
});

test('learns: after some updates a shape’s picture is found by its caption', async () => {
  const trial = experiment.plan({
    ...smoke,
    dimensions: 24,
    updates: 60,
    learningRate: 0.01,
    validateEveryUpdates: 60,
  })[0]!;
  const { metrics } = await trainTrial(experiment, trial, datasets);
  const [first, last] = [metrics[0]!, metrics.at(-1)!];
  expect(Number(last.imageRecallAt5)).toBeGreaterThan(Number(first.imageRecallAt5) + 20);
  expect(Number(last.imageMeanRank)).toBeLessThan(Number(first.imageMeanRank) - 3);
});

/** Rows of a run: per seed and subject a validation curve, the best update, and one value for all six test recalls. */
function rowsOf(
  values: Readonly<Partial<Record<RankingSubject, (seed: number) => { curve: number[]; test: number }>>>,
  seeds = 5,
) {
  const rows: Measurement[] = [];
  for (const [subject, of] of Object.entries(values)) {
    for (let seed = 0; seed < seeds; seed++) {
      const { curve, test } = of(seed);
      const row = (metric: string, step: number, value: number) =>
        rows.push({ metric, subject, step, seed, value, unit: '' });
      for (const [index, value] of curve.entries()) row(selectionMetric, 10 * index, value);
      row(keptUpdateMetric, 0, 10 * curve.indexOf(Math.max(...curve)));
      row(picturesMetric, 0, 20_000);
      row(
        curveMeanMetric,
        0,
        curve.reduce((sum, value) => sum + value / curve.length, 0),
      );
      row(testSumMetric, 0, test);
    }
  }
  return rows;
}

describe('the verdict', () => {
  const plain = (seed: number) => ({ curve: [0, 40, 80, 70], test: 30 + seed });

  test('holds where layer normalization is ahead on the curve and on the test folds', () => {
    const { verdict } = summarizeRanking(
      rowsOf({ plain, 'layer-normalized': (seed) => ({ curve: [0, 80, 85, 80], test: 32 + 1.1 * seed }) }),
    );
    expect(verdict.outcome).toBe('holds');
    expect(verdict.reason).toContain('as high as OE’s ever is after 50 % of OE’s updates');
  });

  test('does not hold where it is behind on either', () => {
    const { verdict } = summarizeRanking(
      rowsOf({ plain, 'layer-normalized': (seed) => ({ curve: [0, 80, 85, 80], test: 28 + seed }) }),
    );
    expect(verdict.outcome).toBe('does not hold');
  });

  test('is open where differences are within two standard errors, seeds are few, or a model is missing', () => {
    const noisy = (seed: number) => ({
      curve: [0, 40, seed % 2 === 1 ? 92 : 72, 70],
      test: 28 + seed + 5 * (seed % 2),
    });
    expect(summarizeRanking(rowsOf({ plain, 'layer-normalized': noisy })).verdict.outcome).toBe('inconclusive');
    const ahead = () => ({ curve: [0, 80, 85, 80], test: 50 });
    expect(summarizeRanking(rowsOf({ plain, 'layer-normalized': ahead }, 4)).verdict.reason).toContain(
      'Too few seeds: 4',
    );
    expect(summarizeRanking(rowsOf({ plain })).verdict.reason).toContain('Not measured');
    expect(summarizeRanking([]).verdict.outcome).toBe('inconclusive');
  });

  test('says where the baseline’s best is never reached', () => {
    const late = () => ({ curve: [0, 40, 79, 60], test: 50 });
    const { verdict, tables } = summarizeRanking(rowsOf({ plain, 'layer-normalized': late, symmetric: late }));
    expect(verdict.reason).toContain('never as high as OE’s best');
    expect(tables[1]!.rows.map((row) => row[4])).toEqual(['never', 100, 'never', undefined]);
  });
});
