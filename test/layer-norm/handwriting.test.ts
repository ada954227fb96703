import { compile } from 'vega-lite';
import { describe, expect, test } from 'vitest';
import { handwritingImporter } from '../../lib/datasets/handwriting-importer.ts';
import { compareSeeds, updatesToReach } from '../../lib/layer-norm/experiments/compare-handwriting.ts';
import { handwriting } from '../../lib/layer-norm/experiments/handwriting.ts';
import {
  sourceMetric,
  strokesFromRows,
  strokesToRows,
  validationMetric,
} from '../../lib/layer-norm/experiments/handwriting-metrics.ts';
import { updateTimeMetric } from '../../lib/layer-norm/experiments/learning-curves.ts';
import { readHandwritingModel } from '../../lib/layer-norm/training/handwriting.ts';
import type { Measurement } from '../../lib/pipeline/experiment.ts';
import { presetNames } from '../../lib/pipeline/experiment.ts';
import { renderChart } from '../../lib/report/render-chart.ts';
import { datasetOf, runExperiment, trainTrial } from './run-experiment.ts';

const { smoke, laptop } = handwriting.presets;

const datasets = async (name: string) => {
  const files: Record<string, Uint8Array> = {};
  for (const file of handwritingImporter.makeStandIn!().files) {
    const pieces: Uint8Array[] = [];
    for await (const piece of file.open()) pieces.push(piece);
    files[file.name] = Buffer.concat(pieces);
  }
  return datasetOf(name, files);
};

test.each(presetNames)('the preset %s passes its own schema', (preset) => {
  const params = handwriting.presets[preset];
  expect(handwriting.params.parse(params)).toEqual(params);
  const trials = handwriting.plan(params);
  expect(new Set(trials.map(({ name }) => name)).size).toBe(2 * params.seeds);
  const { trainingCoreSeconds, evaluationCoreSeconds } = handwriting.work(params);
  expect(trainingCoreSeconds).toBeGreaterThan(0);
  expect(evaluationCoreSeconds).toBeGreaterThan(0);
});

test.each([
  [{ seeds: 0 }],
  [{ units: 10 }],
  [{ layers: 0 }],
  [{ updates: 1.5 }],
  [{ prompts: [] }],
  [{ prompts: [''] }],
  [{ bias: -1 }],
  [{ batchsize: 8 }],
])('refuses %s', (change) => {
  expect(handwriting.params.safeParse({ ...laptop, ...change }).success).toBe(false);
});

describe('smoke', () => {
  test('runs from plan to summary, and writes what it was told to, twice', async () => {
    const { rows } = await runExperiment(handwriting, smoke, datasets);
    const curves = rows.filter(({ metric }) => metric === validationMetric);
    expect(curves.map(({ subject, step }) => [subject, step])).toEqual(
      ['none', 'layer'].flatMap((subject) => [0, 2, 4].map((step) => [subject, step])),
    );
    expect(rows.every(({ value }) => Number.isFinite(value))).toBe(true);
    expect(rows.filter(({ metric }) => metric === updateTimeMetric)).toHaveLength(2);
    const written = strokesFromRows(rows);
    expect(written.map(({ subject, text, hand }) => [subject, text, hand])).toEqual(
      ['none', 'layer'].flatMap((subject) =>
        [0, 1].flatMap((hand) => ['ab', 'c'].map((text) => [subject, text, hand])),
      ),
    );
    const { verdict, tables, charts } = handwriting.summarize(rows, smoke);
    expect(verdict).toMatchObject({ outcome: 'inconclusive', reason: expect.stringContaining('Too few seeds: 1') });
    for (const { columns, rows: cells } of tables) for (const row of cells) expect(row).toHaveLength(columns.length);
    expect(charts.map(({ title }) => title)).toEqual([
      'Negative log likelihood of held-out lines',
      'Negative log likelihood of the lines that are trained on',
      'Written by the networks',
    ]);
    for (const { spec } of charts) expect(() => compile(spec as never)).not.toThrow();
    // The strokes are vectors: paths of the picture, as many as there are strokes of more than one point.
    const svg = await renderChart(charts[2]!.spec);
    const drawn = written.reduce((sum, { points }) => sum + new Set(points.map(({ stroke }) => stroke)).size, 0);
    expect(svg.match(/stroke="#(d55e00|0b84c4)"/g)!.length).toBe(drawn);
  });

  test('a training that was killed goes on to the same bits', async () => {
    const [, trial] = handwriting.plan(smoke);
    const whole = await trainTrial(handwriting, trial!, datasets);
    expect(await trainTrial(handwriting, trial!, datasets, 2)).toEqual(whole);
    const { network, encoding } = readHandwritingModel(whole);
    expect(network).toEqual(trial!.network);
    expect(encoding.alphabet).toHaveLength(27);
    expect(() => readHandwritingModel({ ...whole, metadata: { kind: 'other' } })).toThrow(/its kind is 'other'/);
  });
});

test('strokes go through measurements and back', () => {
  const one = {
    subject: 'layer',
    text: 'a: of b',
    hand: 1,
    points: [
      { x: 0, y: 0, stroke: 0 },
      { x: 1.5, y: -2, stroke: 1 },
    ],
  };
  const other = { subject: 'none', text: 'c', hand: 0, points: [{ x: 0, y: 0, stroke: 0 }] };
  expect(strokesFromRows([...strokesToRows(one, 0), ...strokesToRows(other, 0)])).toEqual([one, other]);
});

describe('the verdict', () => {
  /** The plain network comes down by 0.1 a measurement, the other `faster` times as fast, to `floor`. */
  const measure = (faster: number, floor = 1, seeds = 3, source = 'iam-ondb' as const): Measurement[] => [
    ...Array.from({ length: seeds }, (_, seed) => seed).flatMap((seed) =>
      (['none', 'layer'] as const).flatMap((subject) =>
        Array.from({ length: 11 }, (_, index) => {
          const speed = subject === 'layer' ? faster : 1;
          const value = Math.max(subject === 'layer' ? floor : 1, 2 - 0.1 * index * speed) + 0.01 * seed;
          return { metric: validationMetric, subject, step: 10 * index, seed, value, unit: 'nats' };
        }),
      ),
    ),
    ...(['none', 'layer'] as const).map((subject) => ({
      metric: updateTimeMetric,
      subject,
      step: 0,
      seed: 0,
      value: subject === 'layer' ? 0.12 : 0.1,
      unit: 's',
    })),
    { metric: sourceMetric(source), subject: 'none', step: 0, seed: 0, value: 1, unit: '1' },
  ];
  const judge = (rows: readonly Measurement[]) => handwriting.summarize(rows, handwriting.presets.paper).verdict;

  test('holds where the normalised network is as low in half the updates, and says in how much of the time', () => {
    const { outcome, reason } = judge(measure(2));
    expect(outcome).toBe('holds');
    expect(reason).toContain(
      'after 50 ± 0 % of the updates that the LSTM needed, and, an update taking 1.2 times as long, 60 % of the time',
    );
    expect(reason).toContain('400 units a layer on IAM-OnDB');
  });

  test('does not hold where it is hardly faster, never as low, or higher', () => {
    expect(judge(measure(1.1)).outcome).toBe('does not hold');
    const never = judge(measure(2, 1.3));
    expect(never.outcome).toBe('does not hold');
    expect(never.reason).toContain("does not come to the LSTM's lowest in 3 of 3 seeds");
  });

  test('is inconclusive with too few seeds, on other lines than the paper’s, in a small network, or without measurements', () => {
    expect(judge(measure(2, 1, 2)).reason).toMatch(/^Too few seeds: 2/);
    const letters = measure(2).map((row) => ({ ...row, metric: row.metric.replace('iam-ondb', 'omniglot') }));
    expect(judge(letters)).toMatchObject({ outcome: 'inconclusive', reason: expect.stringMatching(/^Stand-in data/) });
    expect(handwriting.summarize(measure(2), laptop).verdict.reason).toMatch(/^Wrong scale/);
    expect(judge([])).toMatchObject({ outcome: 'inconclusive', reason: expect.stringContaining('Not measured') });
  });

  test('a level is reached between two measurements, or at the first, or never', () => {
    const curve = [10, 8, 4].map((value, index) => ({ step: 5 * index, value }));
    expect(updatesToReach(curve, 6)).toBe(7.5);
    expect(updatesToReach(curve, 12)).toBe(0);
    expect(updatesToReach(curve, 3)).toBeUndefined();
    expect(compareSeeds(measure(2))[0]!.reachedAfter).toBeCloseTo(50, 5);
  });
});
