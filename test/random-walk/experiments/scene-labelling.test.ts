import { beforeAll, describe, expect, test } from 'vitest';
import { startTensorFlow } from '../../../functions/numeric-backend.ts';
import { detectWasmBackend } from '../../../lib/numerics/backend.ts';
import { type Measurement, presetNames } from '../../../lib/pipeline/experiment.ts';
import { mayBeMadeFor } from '../../../lib/pipeline/resolve.ts';
import { sceneLabelling } from '../../../lib/random-walk/experiments/scene-labelling.ts';
import { sceneLabellingDatasets } from '../../../lib/random-walk/experiments/scene-labelling-datasets.ts';
import { segmentation } from '../../../lib/random-walk/experiments/segmentation.ts';
import {
  microIoUMetric,
  trainingPicturesMetric,
  validationPicturesMetric,
} from '../../../lib/random-walk/experiments/segmentation-metrics.ts';
import {
  judgeSceneLabelling,
  summarizeSceneLabelling,
} from '../../../lib/random-walk/experiments/summarize-scene-labelling.ts';
import { runExperiment } from '../../layer-norm/run-experiment.ts';
import { madeScenes } from './scene-datasets.ts';

const { smoke, laptop, paper } = sceneLabelling.presets;
beforeAll(() => startTensorFlow(detectWasmBackend()));

test.each(presetNames)('the preset %s passes its own schema, and its datasets are all required', (preset) => {
  const params = sceneLabelling.presets[preset];
  expect(sceneLabelling.params.parse(params)).toEqual(params);
  const required = sceneLabelling.datasets.filter(({ presets }) => presets?.includes(preset) ?? true);
  expect(required.map(({ name }) => name)).toEqual(params.datasets);
  expect(sceneLabelling.plan(params)).toHaveLength(params.seeds * params.datasets.length);
});

test('refuses a dataset twice', () => {
  const { error } = sceneLabelling.params.safeParse({ ...laptop, datasets: ['sift-flow', 'sift-flow'] });
  expect(JSON.stringify(error?.issues)).toContain('datasets must differ');
});

test('stand-ins hold the place of the paper’s two datasets, except in `paper`, and no other experiment’s', () => {
  const made = (preset: (typeof presetNames)[number]) => mayBeMadeFor(sceneLabelling, 'sift-flow', preset);
  expect(presetNames.map(made)).toEqual([true, true, true, false]);
  expect(mayBeMadeFor(sceneLabelling, 'voc-segmentation', 'laptop')).toBe(false);
  expect(presetNames.map((preset) => mayBeMadeFor(segmentation, 'voc-segmentation', preset))).toEqual([
    true,
    false,
    false,
    false,
  ]);
});

test('the stand-ins are not the same pictures', async () => {
  const versions = await Promise.all(
    sceneLabellingDatasets.map(async (name) =>
      Buffer.from(await (await madeScenes(name)).file('images/scene-00.jpg')).toString('base64'),
    ),
  );
  expect(new Set(versions).size).toBe(3);
});

test('smoke runs from plan to summary on all three, and decides nothing', async () => {
  const { rows } = await runExperiment(sceneLabelling, smoke, madeScenes);
  const { verdict, tables } = sceneLabelling.summarize(rows, smoke);
  expect(verdict.outcome).toBe('inconclusive');
  expect(verdict.reason).toContain('No dataset can be judged');
  const [table] = tables;
  expect(table!.rows.map(([dataset]) => dataset)).toEqual(
    ['Stanford Background', 'SIFT Flow', 'voc-segmentation'].flatMap((name) => Array(3).fill(`${name} (stand-in)`)),
  );
  for (const row of table!.rows) expect(row).toHaveLength(table!.columns.length);
});

describe('the verdict', () => {
  /** Micro IoU beyond that of the back-end, and pictures to train on. */
  function rowsOf(gains: Record<string, readonly [gain: number, pictures: number]>, seeds = 3): Measurement[] {
    return Object.entries(gains).flatMap(([dataset, [gain, pictures]]) => {
      const subject = `${dataset} (stand-in)`;
      const row = (metric: string, of: string, seed: number, value: number) => ({
        metric,
        subject: of,
        step: 0,
        seed,
        value,
        unit: '',
      });
      return [
        row(trainingPicturesMetric, subject, 0, pictures),
        row(validationPicturesMetric, subject, 0, 51),
        ...Array.from({ length: seeds }, (_, seed) => [
          row(microIoUMetric, `${dataset}/alone`, seed, 0.6 + 0.02 * seed),
          row(microIoUMetric, `${dataset}/walked`, seed, 0.6 + gain + 0.021 * seed),
        ]).flat(),
      ];
    });
  }

  test('is by the datasets that are large enough, and names them', () => {
    const verdict = judgeSceneLabelling(rowsOf({ 'sift-flow': [-0.1, 12], 'voc-segmentation': [0.02, 367] }));
    expect(verdict.outcome).toBe('holds');
    expect(verdict.reason).toContain('Judged by voc-segmentation (stand-in). ');
    expect(verdict.reason).toContain('Wrong scale: 12 pictures');
  });

  test('needs all of them to be better; one that is worse refutes', () => {
    const both = (gain: number) => rowsOf({ 'sift-flow': [gain, 2488], 'stanford-background': [0.02, 600] });
    expect(judgeSceneLabelling(both(0.02)).outcome).toBe('holds');
    expect(judgeSceneLabelling(both(-0.02)).outcome).toBe('does not hold');
    expect(judgeSceneLabelling(both(-0.001)).outcome).toBe('inconclusive');
    expect(judgeSceneLabelling(rowsOf({ 'sift-flow': [0.02, 2488] }, 2)).reason).toContain('Too few seeds: 2');
    expect(judgeSceneLabelling([]).outcome).toBe('inconclusive');
  });

  test('the table has the paper’s numbers, and our difference', () => {
    const [table] = summarizeSceneLabelling(rowsOf({ 'stanford-background': [0.02, 600] })).tables;
    expect(table!.rows.at(-1)).toEqual([
      'Stanford Background (stand-in)',
      '600, 51',
      'random walk network',
      '64.1 ± 1.21',
      '+2.10 ± 0.06',
      undefined,
      undefined,
      undefined,
      '68.31',
    ]);
  });
});

test('`paper` trains on the paper’s two', () => {
  expect(paper.datasets).toEqual(['stanford-background', 'sift-flow']);
});
