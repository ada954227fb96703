import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { compile } from 'vega-lite';
import { beforeAll, describe, expect, test } from 'vitest';
import { randomStream } from '../../lib/numerics/random.ts';
import { type Measurement, presetNames } from '../../lib/pipeline/experiment.ts';
import { upsampleScores } from '../../lib/random-walk/back-ends/layers.ts';
import { findingsOf, judgeRadius, radiiInInterval } from '../../lib/random-walk/experiments/judge-radius.ts';
import { paperVariant } from '../../lib/random-walk/experiments/network-params.ts';
import { radiusSize } from '../../lib/random-walk/experiments/radius.ts';
import {
  afterSteps,
  betweenScores,
  converged,
  denseCrfRefined,
  pictureTimeMetric,
  subjectOf,
  unrefined,
  variantOf,
} from '../../lib/random-walk/experiments/radius-subjects.ts';
import { meanIoUMetric } from '../../lib/random-walk/experiments/segmentation-metrics.ts';
import { enlargeScores, sampleSegmented } from '../../lib/random-walk/experiments/walk-between-scores.ts';
import type { SegmentedPicture } from '../../lib/random-walk/segmenter.ts';
import { runExperiment } from '../layer-norm/run-experiment.ts';
import { countedPictures } from './counted-pictures.ts';
import { openScenes } from './scenes.ts';

beforeAll(async () => {
  await tf.setBackend('wasm');
});

const { smoke, laptop, overnight, paper } = radiusSize.presets;

describe('walking between scores', () => {
  /** Scores over every eighth pixel, enlarged, and features of every pixel that say where they are. */
  const [height, width, classes] = [21, 34, 3];
  const scores = new Float32Array(3 * 5 * classes);
  randomStream(0, 'scores').fillNormal(scores, 1);
  const enlarge = () =>
    tf.tidy(
      () =>
        upsampleScores(tf.tensor4d(scores, [1, 3, 5, classes]), height, width, 8)
          .dataSync()
          .slice() as Float32Array,
    );
  const features = Float32Array.from({ length: height * width }, (_, pixel) => pixel);

  test('enlarges as the tensors do', () => {
    const enlarged = enlarge();
    const ours = enlargeScores(scores, { height, width, classes });
    for (const [index, value] of ours.entries()) expect(value).toBeCloseTo(enlarged[index]!, 5);
  });

  test('the back-end’s own scores are those of every eighth pixel, beside that pixel’s features', () => {
    const segmented: SegmentedPicture = { height, width, classes, channels: 1, scores: enlarge(), features };
    const sampled = sampleSegmented(segmented);
    expect(sampled).toMatchObject({ height: 3, width: 5, classes, channels: 1 });
    for (const [index, value] of sampled.scores.entries()) expect(value).toBeCloseTo(scores[index]!, 5);
    expect([...sampled.features.slice(0, 6)]).toEqual([0, 8, 16, 24, 32, 8 * width]);
  });
});

describe('the plan', () => {
  test.each(presetNames)(
    'the preset %s passes its own schema, and no two trials or evaluations have one name',
    (preset) => {
      const params = radiusSize.params.parse(radiusSize.presets[preset]);
      expect(params).toEqual(radiusSize.presets[preset]);
      const trials = radiusSize.plan(params);
      const evaluations = radiusSize.evaluations(params, trials);
      for (const named of [trials, evaluations]) expect(new Set(named.map(({ name }) => name)).size).toBe(named.length);
      const work = radiusSize.work(params);
      expect(Math.min(work.trainingCoreSeconds, work.evaluationCoreSeconds)).toBeGreaterThan(0);
    },
  );

  test.each([
    [{ convergedRadii: [2, 3] }, 'convergedRadii must have 5'],
    [{ wideSteps: [2] }, 'wideSteps must have 1'],
    [{ wideRadius: 0 }, 'wideRadius'],
  ])('refuses %s', (change, problem) => {
    expect(JSON.stringify(radiusSize.params.safeParse({ ...laptop, ...change }).error?.issues)).toContain(problem);
  });

  test('the default networks are those of every experiment, the others differ in R and stride alone', () => {
    const trials = radiusSize.plan(laptop);
    expect(trials.map(({ name }) => name).slice(0, 3)).toEqual([
      'large-fov/seed-0',
      'radius/large-fov/seed-0',
      'deeplab-v2/seed-0',
    ]);
    const standard = paperVariant(laptop);
    expect(trials[0]!.variants).toEqual([standard]);
    expect(trials[1]!.variants).toEqual([
      { ...standard, name: 'radius-5-stride-1', network: { ...standard.network, radius: 5, walkStride: 1 } },
    ]);
    expect(standard.network).toMatchObject({ radius: 40, walkStride: 8 });
    expect(variantOf(paper, paper.trainedWalks[0]!).network).toMatchObject({ radius: 5, walkStride: 1 });
  });

  test('the wide radius is the paper’s 40 in proportion, and the converged ones cover its interval', () => {
    expect(Math.round((laptop.wideRadius * 500) / laptop.longestSide)).toBe(40);
    expect(paper.wideRadius).toBe(40);
    expect(radiiInInterval(laptop.convergedRadii, laptop.longestSide)).toEqual([2, 3, 5, 9]);
    expect(radiiInInterval(overnight.convergedRadii, overnight.longestSide)).toEqual([2, 3, 5, 7, 9]);
    expect(radiiInInterval(paper.convergedRadii, paper.longestSide)).toEqual([4, 5, 10, 15, 19]);
  });
});

test('smoke runs from plan to summary', async () => {
  const { rows } = await runExperiment(radiusSize, smoke, await openScenes());
  const values = (metric: string, subject: string) =>
    rows.filter((row) => row.metric === metric && row.subject === subject).map(({ step }) => step);
  expect(values(meanIoUMetric, subjectOf('large-fov', converged))).toEqual([2, 3]);
  expect(values(meanIoUMetric, subjectOf('large-fov', afterSteps(2)))).toEqual([4]);
  expect(values(meanIoUMetric, subjectOf('large-fov', betweenScores))).toEqual([4]);
  expect(values(meanIoUMetric, subjectOf('large-fov/radius-2-stride-1', converged))).toEqual([2]);
  expect(values(meanIoUMetric, subjectOf('deeplab-v2', denseCrfRefined))).toEqual([0]);
  expect(values(meanIoUMetric, subjectOf('large-fov', denseCrfRefined))).toEqual([]);
  for (const { metric, value } of rows)
    if (metric !== pictureTimeMetric) expect(value, metric).toBeGreaterThanOrEqual(0);

  const { verdict, tables, charts } = radiusSize.summarize(rows, smoke);
  expect(verdict.outcome).toBe('inconclusive');
  expect(verdict.reason).toContain('Wrong scale: 4 pictures to train on and 2 to validate on');
  for (const { title, columns, rows: cells } of tables) {
    expect(title).toContain('voc-segmentation (stand-in), 4 pictures to train on and 2 to validate on');
    expect(cells.length).toBeGreaterThan(0);
    for (const row of cells) expect(row).toHaveLength(columns.length);
  }
  const paperCells = tables[0]!.rows.map((row) => row.slice(-2).join());
  for (const numbers of ['73.8,76', '75.8,77.9', '75.5,77.6', '81.9,84.2', '82.2,'])
    expect(paperCells).toContain(numbers);
  expect(charts).toHaveLength(1);
  for (const { spec } of charts) expect(() => compile(spec as never)).not.toThrow();
}, 60_000);

describe('the verdict', () => {
  const params = { longestSide: 240, convergedRadii: [1, 2, 3, 5, 9], radius: 5, wideRadius: 19, wideSteps: [1, 10] };
  /** Mean IoU by subject and R, of which each seed is as far as of the others. */
  const asInPaper: Readonly<Record<string, number>> = {
    'large-fov: converged 1': 0.7,
    'large-fov: converged 2': 0.757,
    'large-fov: converged 3': 0.759,
    'large-fov: converged 5': 0.758,
    'large-fov: converged 9': 0.756,
    'large-fov: one step 19': 0.755,
    'large-fov: 10 steps 19': 0.753,
    'deeplab-v2: one step 19': 0.822,
    'deeplab-v2: dense CRF 0': 0.819,
  };
  function rowsOf(change: Readonly<Record<string, number>> = {}, { seeds = 3, noise = 0.0003 } = {}): Measurement[] {
    return Array.from({ length: seeds }, (_, seed) => [
      ...countedPictures(seed),
      ...Object.entries({ ...asInPaper, ...change }).map(([key, value], index) => {
        const place = key.lastIndexOf(' ');
        const varied = value + 0.02 * seed + noise * ((seed + index) % 3);
        const of = { subject: key.slice(0, place), step: Number(key.slice(place + 1)) };
        return { metric: meanIoUMetric, ...of, seed, value: varied, unit: 'share' };
      }),
    ]).flat();
  }
  const judge = (...args: Parameters<typeof rowsOf>) => judgeRadius(rowsOf(...args), params);

  test('holds with the paper’s numbers, of which R = 1 is outside the interval', () => {
    const { outcome, reason } = judge();
    expect(outcome).toBe('holds');
    expect(reason).toContain('R = 9: −0.2');
    expect(reason).not.toContain('R = 1:');
  });

  test.each([
    ['a radius of the interval that is worse', { 'large-fov: converged 2': 0.74 }],
    ['a radius of the interval that is better', { 'large-fov: converged 9': 0.78 }],
    ['one wide step that is far from converged', { 'large-fov: one step 19': 0.73, 'large-fov: 10 steps 19': 0.73 }],
    ['more steps that help', { 'large-fov: 10 steps 19': 0.775 }],
    ['a CRF that is better', { 'deeplab-v2: dense CRF 0': 0.83 }],
  ])('%s refutes it', (_, change: Readonly<Record<string, number>>) => {
    expect(judge(change).outcome).toBe('does not hold');
  });

  test('a step that is better than converging, and more steps that harm, do not', () => {
    expect(judge({ 'large-fov: one step 19': 0.79 }).outcome).toBe('holds');
    expect(judge({ 'large-fov: 10 steps 19': 0.6 }).outcome).toBe('holds');
  });

  test('differences within two standard errors, few seeds and few pictures decide nothing', () => {
    expect(judge({}, { noise: 0.02 }).outcome).toBe('inconclusive');
    expect(judge({ 'deeplab-v2: dense CRF 0': 0.822 }).outcome).toBe('inconclusive');
    expect(judge({}, { seeds: 2 }).reason).toContain('Too few seeds: 2');
    const few = rowsOf().map((row) => (row.metric === 'validation pictures' ? { ...row, value: 6 } : row));
    expect(judgeRadius(few, params).reason).toContain('6 to validate on');
    expect(judgeRadius([], params).outcome).toBe('inconclusive');
    const without = rowsOf().filter(({ subject }) => !subject.startsWith('deeplab-v2'));
    expect(judgeRadius(without, params).reason).toContain('Not all is measured');
    expect(findingsOf(without, params).findings).toHaveLength(3);
  });

  test('the back-end alone stands beside the paper’s in the table', () => {
    const rows = rowsOf({ [`${subjectOf('large-fov', unrefined)} 0`]: 0.738 });
    const { tables } = radiusSize.summarize(rows, { ...laptop, ...params });
    const row = tables[0]!.rows.find(([network, prediction]) => network === 'large-fov' && prediction === unrefined)!;
    expect(row.slice(-2)).toEqual([73.8, 76.0]);
    expect(row[4]).toMatch(/^75\.8\d ± /);
  });
});
