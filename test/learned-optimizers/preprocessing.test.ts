import { describe, expect, test } from 'vitest';
import { poolImages } from '../../lib/datasets/pool-images.ts';
import { preprocessing } from '../../lib/learned-optimizers/experiments/preprocessing.ts';
import { validationMetric } from '../../lib/learned-optimizers/experiments/summarize-preprocessing.ts';
import type { Measurement } from '../../lib/pipeline/experiment.ts';
import { presetNames } from '../../lib/pipeline/experiment.ts';
import { renderChart } from '../../lib/report/render-chart.ts';
import { runWhole } from './run-whole.ts';

const { laptop, smoke } = preprocessing.presets;

describe('pooled images', () => {
  /** Two images, each pixel its own number. */
  const images = Uint8Array.from({ length: 2 * 784 }, (_, index) => (index * index + 7 * index) % 256);
  const labels = Uint8Array.of(3, 5);

  test.each([8, 12] as const)('of %s pixels a side are means of blocks of the central 24 × 24', (side) => {
    const pooled = poolImages({ images, labels }, side);
    const block = 24 / side;
    expect(pooled.images).toHaveLength(2 * side * side);
    expect(pooled.labels).toBe(labels);
    for (const [image, row, column] of [
      [0, 0, 0],
      [0, side - 1, 1],
      [1, 2, side - 1],
    ] as const) {
      const pixels = Array.from({ length: block * block }, (_, k) => {
        const y = 2 + row * block + Math.floor(k / block);
        return images[784 * image + 28 * y + 2 + column * block + (k % block)]!;
      });
      const mean = Math.round(pixels.reduce((sum, value) => sum + value, 0) / pixels.length);
      expect(pooled.images[(image * side + row) * side + column]).toBe(mean);
    }
  });

  test('of 28 are the originals', () => {
    expect(poolImages({ images, labels }, 28).images).toBe(images);
  });
});

describe('learned-optimizers/preprocessing', () => {
  test.each(presetNames)('the preset %s passes its own schema', (preset) => {
    const params = preprocessing.presets[preset];
    expect(preprocessing.params.parse(params)).toEqual(params);
    const trials = preprocessing.plan(params).map(({ name }) => name);
    expect(new Set(trials).size).toBe(trials.length);
    const { trainingCoreSeconds, evaluationCoreSeconds } = preprocessing.work(params);
    expect(trainingCoreSeconds).toBeGreaterThan(evaluationCoreSeconds);
  });

  test.each([[{ inputScales: [1, 1] }], [{ imageSide: 14 }], [{ lossWeights: 'final-step' }], [{ unrollSteps: 30 }]])(
    'refuses %j',
    (change) => {
      expect(preprocessing.params.safeParse({ ...laptop, ...change }).success).toBe(false);
    },
  );

  test('trains each variant once a seed, alike but for what is compared', () => {
    const learned = preprocessing.plan(laptop).filter((trial) => trial.kind === 'lstm');
    expect(learned).toHaveLength(6 * 5);
    const alike = learned.map(({ problem, metaTraining: { seed: _, lossWeights: __, ...rest } }) => ({
      problem,
      rest,
    }));
    for (const one of alike) expect(one).toEqual(alike[0]);
    const kinds = learned.map(({ name, network, metaTraining: { seed, lossWeights } }) => [
      name,
      'scale' in network.preprocessing
        ? network.preprocessing.scale
        : 'p' in network.preprocessing && network.preprocessing.p,
      lossWeights,
      seed,
    ]);
    expect(kinds).toContainEqual(['log-sign/seed-2', 10, 'every-step', 2]);
    expect(kinds).toContainEqual(['scale-1/seed-0', 1, 'every-step', 0]);
    expect(kinds).toContainEqual(['scale-1000/seed-1', 1000, 'every-step', 1]);
    expect(kinds).toContainEqual(['final-step/seed-0', 10, 'final-step', 0]);
  });

  test('smoke runs from plan to summary, every variant to losses of its own', async () => {
    const rows = await runWhole(preprocessing, smoke);
    const last = rows.filter(({ metric, step }) => metric === 'loss' && step === smoke.horizonSteps);
    expect(last.map(({ subject }) => subject)).toEqual([
      ...['log-sign', 'scale-1', 'scale-100', 'final-step'],
      ...['adam', 'rmsprop', 'nag', 'sgd'],
    ]);
    expect(new Set(last.map(({ value }) => value)).size).toBe(8);
    // All of them start from the same points.
    expect(
      new Set(rows.filter(({ step, metric }) => metric === 'loss' && step === 1).map(({ value }) => value)).size,
    ).toBe(1);
    const { verdict, tables, charts } = preprocessing.summarize(rows, smoke);
    expect(verdict).toMatchObject({ outcome: 'inconclusive', reason: expect.stringContaining('Wrong scale') });
    for (const { columns, rows: cells } of tables) for (const row of cells) expect(row).toHaveLength(columns.length);
    for (const { title, spec } of charts) expect(await renderChart(spec, { title })).toContain('<svg');
  });

  test('summarizes nothing at all without falling over', () => {
    expect(preprocessing.summarize([], laptop).verdict.outcome).toBe('inconclusive');
  });
});

describe('the verdict over preprocessing', () => {
  /** Final losses by variant, one a training. */
  const judge = (losses: Readonly<Record<string, readonly number[]>>) => {
    const rows = Object.entries(losses).flatMap(([subject, values]) =>
      values.flatMap((value, seed): Measurement[] => [
        { metric: 'loss', subject, step: 100, seed, value, unit: 'nats' },
        { metric: validationMetric, subject, step: 0, seed, value: value + 0.01, unit: 'nats' },
      ]),
    );
    return preprocessing.summarize(rows, laptop).verdict;
  };
  const ours = [0.37, 0.38, 0.36];
  const raw = [2.3, 2.2, 0.9];
  const final = [0.48, 0.93, 0.6];

  test('holds where log and sign at every step is below both in every training', () => {
    const { outcome, reason } = judge({
      'log-sign': ours,
      'scale-1': raw,
      'scale-10': [0.5, 0.5, 0.5],
      'scale-1000': [0.33, 0.34, 0.32],
      'final-step': final,
    });
    expect(outcome).toBe('holds');
    expect(reason).toContain('With raw gradients 1.8 ± 0.781 over 3 trainings');
    expect(reason).toContain(
      'The constant factor of the lowest validation loss, 1000, gives 0.33 ± 0.01 over 3 trainings',
    );
    expect(reason).toContain('log and sign minus that is 0.04');
  });

  test('does not hold where one training says otherwise', () => {
    const { outcome, reason } = judge({ 'log-sign': ours, 'scale-1': raw, 'final-step': [0.48, 0.93, 0.35] });
    expect(outcome).toBe('does not hold');
    expect(reason).toContain('With a weight on the last step only');
    expect(judge({ 'log-sign': ours, 'scale-1': [0.36, 2, 2], 'final-step': final }).outcome).toBe('does not hold');
  });

  test('is inconclusive with two trainings, or without one of the variants', () => {
    const two = { 'log-sign': ours.slice(1), 'scale-1': raw, 'final-step': final };
    expect(judge(two).reason).toContain('Too few trainings of each kind: 2');
    expect(judge({ 'log-sign': ours, 'scale-1': raw }).outcome).toBe('inconclusive');
  });
});
