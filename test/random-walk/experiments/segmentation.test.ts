import { compile } from 'vega-lite';
import { beforeAll, describe, expect, test } from 'vitest';
import { startTensorFlow } from '../../../functions/numeric-backend.ts';
import { detectWasmBackend } from '../../../lib/numerics/backend.ts';
import type { TrainedModel } from '../../../lib/pipeline/context.ts';
import type { EvaluationImage } from '../../../lib/pipeline/evaluation-image.ts';
import { type Measurement, presetNames } from '../../../lib/pipeline/experiment.ts';
import { trimapWidths } from '../../../lib/random-walk/evaluation/trimap-error.ts';
import { groupOfChannel, tabulateAffinityWeights } from '../../../lib/random-walk/experiments/affinity-weights.ts';
import { crfCandidates } from '../../../lib/random-walk/experiments/choose-rivals.ts';
import { trimapErrorMetric } from '../../../lib/random-walk/experiments/evaluate-trimap.ts';
import { backEndKinds, methodsOf, subjectOf } from '../../../lib/random-walk/experiments/refinement-methods.ts';
import { segmentation } from '../../../lib/random-walk/experiments/segmentation.ts';
import {
  affinityWeightMetric,
  classNamesOf,
  meanIoUMetric,
  microIoUMetric,
  trainingPicturesMetric,
  validationPicturesMetric,
} from '../../../lib/random-walk/experiments/segmentation-metrics.ts';
import { judgeSegmentation } from '../../../lib/random-walk/experiments/summarize-segmentation.ts';
import { judgeTrimap } from '../../../lib/random-walk/experiments/summarize-trimap.ts';
import { tabulateDifferences, tabulateScores } from '../../../lib/random-walk/experiments/tabulate-segmentation.ts';
import { trimap } from '../../../lib/random-walk/experiments/trimap.ts';
import { runExperiment } from '../../layer-norm/run-experiment.ts';
import { madeScenes } from './scene-datasets.ts';

const { smoke, laptop } = segmentation.presets;

describe.each([segmentation, trimap])('$name', (experiment) => {
  test.each(presetNames)('the preset %s passes its own schema', (preset) => {
    const params = experiment.presets[preset];
    expect(experiment.params.parse(params)).toEqual(params);
    expect(experiment.plan(params as never)).toHaveLength(3 * params.seeds);
  });
});

test('trimap plans the very trials of segmentation: what one trained, the other has', () => {
  expect(trimap.plan(trimap.presets.laptop)).toEqual(segmentation.plan(laptop));
});

describe('smoke', () => {
  /** Both experiments’. */
  const models = new Map<string, TrainedModel>();
  let rows: readonly Measurement[];
  let images: readonly EvaluationImage[];
  beforeAll(async () => {
    await startTensorFlow(detectWasmBackend());
    ({ rows, images } = await runExperiment(segmentation, smoke, madeScenes, models));
  });
  const find = (metric: string, subject: string) =>
    rows.find((row) => row.metric === metric && row.subject === subject)?.value;

  test('measures every method of every back-end on the same pictures', () => {
    for (const backEnd of backEndKinds) {
      for (const method of methodsOf(backEnd)) {
        const share = find(meanIoUMetric, subjectOf(backEnd, method))!;
        expect(share).toBeGreaterThan(0);
        expect(share).toBeLessThan(1);
      }
    }
    expect(classNamesOf(rows)).toEqual(['sky', 'ground', 'disc', 'box']);
    expect(find(trainingPicturesMetric, 'voc-segmentation (stand-in)')).toBe(4);
    expect(find(validationPicturesMetric, 'voc-segmentation (stand-in)')).toBe(2);
    const colourScales = crfCandidates(smoke.longestSide).map(({ bilateral }) => bilateral.colourScale);
    expect(colourScales).toContain(find('chosen: θβ of the CRF', 'attention'));
  });

  test('keeps curves, weights, pictures and affinities', () => {
    const subjects = rows.filter(({ metric }) => metric === affinityWeightMetric).map(({ subject }) => subject);
    expect(subjects).toHaveLength(3 * 11);
    const curve = rows.filter(
      ({ metric, subject }) => metric === 'random-walk: affinityLoss' && subject === 'attention',
    );
    expect(curve.map(({ step }) => step)).toEqual([1, 2]);
    expect(images.map(({ name }) => name)).toEqual(
      backEndKinds.flatMap((backEnd) => {
        return ['picture', 'affinities'].map((kind) => `${backEnd}/seed-0/${kind}/scene-16`);
      }),
    );
    const picture = images.find(({ name }) => name.includes('/picture/'))!;
    expect([picture.width, picture.height]).toEqual([5 * 64 + 4 * 4, 48]);
  });

  test('is summarized into whole tables, charts that compile and described pictures', () => {
    const { verdict, tables, charts, images: shown } = segmentation.summarize(rows, smoke, images);
    expect(verdict).toMatchObject({
      outcome: 'inconclusive',
      reason: expect.stringContaining('Wrong scale: 4 pictures'),
    });
    for (const { columns, rows: cells } of tables) {
      expect(cells.length).toBeGreaterThan(0);
      for (const row of cells) expect(row).toHaveLength(columns.length);
    }
    expect(charts).toHaveLength(4);
    for (const { spec } of charts) expect(() => compile(spec as never)).not.toThrow();
    expect(shown!.map(({ title }) => title)).toContain('DeepLab-LargeFOV, seed 0: scene-16');
  });

  test('trimap: errors at every width, of the same predictions', async () => {
    const params = trimap.presets.smoke;
    const { rows: errors } = await runExperiment(trimap, params, madeScenes, models);
    for (const backEnd of backEndKinds) {
      const of = errors.filter(
        ({ metric, subject }) => metric === trimapErrorMetric && subject === `${backEnd}/walked`,
      );
      expect(of.map(({ step }) => step)).toEqual(trimapWidths);
      for (const { value } of of) expect(value).toBeLessThanOrEqual(1);
    }
    const { verdict, tables, charts } = trimap.summarize(errors, params);
    expect(verdict.outcome).toBe('inconclusive');
    for (const { columns, rows: cells } of tables) for (const row of cells) expect(row).toHaveLength(columns.length);
    for (const { spec } of charts) expect(() => compile(spec as never)).not.toThrow();
  });
});

test('nothing measured is summarized as such', () => {
  for (const experiment of [segmentation, trimap]) {
    const { verdict, charts } = experiment.summarize([], experiment.presets.smoke as never);
    expect(verdict.reason).toContain('Not measured: DeepLab-LargeFOV, DeepLab-attention, DeepLab-v2');
    expect(charts).toEqual([]);
  }
});

const counts = (training: number, validation: number): Measurement[] =>
  [[trainingPicturesMetric, training] as const, [validationPicturesMetric, validation] as const].map(
    ([metric, value]) => ({ metric, subject: 'voc-segmentation (stand-in)', step: 0, seed: 0, value, unit: '' }),
  );

describe('the verdict of segmentation', () => {
  /** Mean IoU beyond that of the back-end alone, of walk and CRF, a little different for each seed. */
  function rowsOf(gains: Record<string, readonly [walked: number, crf: number]>, seeds = 3, training = 367) {
    const rows = counts(training, 51);
    for (const [backEnd, [walked, crf]] of Object.entries(gains)) {
      for (let seed = 0; seed < seeds; seed++) {
        const alone = 0.4 + 0.03 * seed;
        const values = { alone, walked: alone + walked + 0.001 * seed, crf: alone + crf - 0.001 * seed };
        for (const [method, value] of Object.entries(values)) {
          for (const metric of [meanIoUMetric, microIoUMetric]) {
            rows.push({ metric, subject: `${backEnd}/${method}`, step: 0, seed, value, unit: 'share' });
          }
        }
      }
    }
    return rows;
  }
  const all = (gain: readonly [number, number]) => ({ 'large-fov': gain, attention: gain, 'deeplab-v2': gain });

  test.each<[string, Record<string, readonly [number, number]>, string]>([
    ['better than back-end and CRF', all([0.02, 0.01]), 'holds'],
    ['better than the back-end, as good as the CRF', all([0.02, 0.022]), 'holds'],
    ['worse than the CRF', all([0.02, 0.05]), 'does not hold'],
    ['worse than one back-end', { ...all([0.02, 0]), attention: [-0.01, -0.01] }, 'does not hold'],
    ['no better than one back-end', { ...all([0.02, 0]), 'deeplab-v2': [-0.001, -0.001] }, 'inconclusive'],
  ])('%s', (_, gains, outcome) => {
    expect(judgeSegmentation(rowsOf(gains)).outcome).toBe(outcome);
  });

  test('says its numbers', () => {
    const { reason } = judgeSegmentation(rowsOf(all([0.02, 0.01])));
    expect(reason).toContain('DeepLab-v2: 43.0 ± 1.73 alone');
    expect(reason).toContain('+2.10 ± 0.06 points against the back-end (higher in 3 of 3 seeds');
  });

  test('needs seeds, pictures and all three back-ends', () => {
    expect(judgeSegmentation(rowsOf(all([0.02, 0]), 2)).reason).toContain('Too few seeds: 2');
    expect(judgeSegmentation(rowsOf(all([0.02, 0]), 3, 12)).reason).toContain('Wrong scale: 12 pictures');
    expect(judgeSegmentation(rowsOf({ attention: [0.02, 0] })).reason).toContain(
      'Not measured: DeepLab-LargeFOV, DeepLab-v2',
    );
  });

  test('tables have the paper’s numbers beside ours, and differences of both', () => {
    const rows = rowsOf(all([0.02, 0.01]));
    const walked = tabulateScores(rows).rows.find(
      (row) => row[0] === 'DeepLab-v2' && row[1] === 'random walk network',
    )!;
    expect([walked[2], ...walked.slice(6)]).toEqual(['45.1 ± 1.79', '82.1', '84.3']);
    const [against] = tabulateDifferences(rows).rows;
    expect(against).toEqual([
      'DeepLab-LargeFOV',
      'the network against its back-end',
      '+2.10 ± 0.06',
      '3 of 3',
      '+2.10 ± 0.06',
      undefined,
      '+2.00',
    ]);
  });
});

describe('the verdict of trimap', () => {
  function rowsOf(differenceOf: (backEnd: string, width: number) => number, seeds = 3) {
    const rows = counts(367, 51);
    for (const backEnd of backEndKinds) {
      for (const width of trimapWidths) {
        for (let seed = 0; seed < seeds; seed++) {
          const alone = 0.4 - 0.01 * width + 0.02 * seed;
          const walked = alone + differenceOf(backEnd, width) + 0.001 * seed;
          for (const [method, value] of Object.entries({ alone, walked, crf: alone })) {
            rows.push({
              metric: trimapErrorMetric,
              subject: `${backEnd}/${method}`,
              step: width,
              seed,
              value,
              unit: '',
            });
          }
        }
      }
    }
    return rows;
  }

  test('holds with fewer errors at every width, does not with more at one', () => {
    expect(judgeTrimap(rowsOf(() => -0.02)).outcome).toBe('holds');
    expect(
      judgeTrimap(rowsOf((backEnd, width) => (backEnd === 'attention' && width === 20 ? 0.02 : -0.02))).outcome,
    ).toBe('does not hold');
    expect(judgeTrimap(rowsOf((_, width) => (width === 1 ? -0.001 : -0.02))).outcome).toBe('inconclusive');
    expect(judgeTrimap(rowsOf(() => -0.02, 2)).reason).toContain('Too few seeds: 2');
    expect(judgeTrimap(rowsOf(() => -0.02)).reason).toContain('certainly fewer errors at 20 of 20 widths');
  });
});

describe('θ', () => {
  test('is of colours, then of conv1_1, then of conv1_2, as many of each', () => {
    const groups = (channels: number) =>
      Object.entries(
        Object.groupBy(
          Array.from({ length: channels }, (_, k) => groupOfChannel(k, channels)),
          (name) => name,
        ),
      ).map(([name, all]) => [name, all!.length]);
    expect(groups(131)).toEqual([
      ['RGB', 3],
      ['conv1_1', 64],
      ['conv1_2', 64],
    ]);
    expect(groups(35)).toEqual([
      ['RGB', 3],
      ['conv1_1', 16],
      ['conv1_2', 16],
    ]);
    expect(groups(3)).toEqual([['RGB', 3]]);
  });

  test('is tabulated with the share that is positive', () => {
    const weights = [-5, -4, -3, 0.5, -1, 0, 0.25];
    const rows = [
      ...counts(367, 51),
      ...weights.map((value, step) => ({
        metric: affinityWeightMetric,
        subject: 'attention',
        step,
        seed: 4,
        value,
        unit: '',
      })),
    ];
    expect(tabulateAffinityWeights(rows).rows).toEqual([
      ['DeepLab-attention', 4, 'RGB', 3, 0, -4, -5, -3],
      ['DeepLab-attention', 4, 'conv1_1', 2, 50, -0.25, -1, 0.5],
      ['DeepLab-attention', 4, 'conv1_2', 2, 50, 0.125, 0, 0.25],
      ['DeepLab-attention', 4, 'all', 7, (100 * 2) / 7, -12.25 / 7, -5, 0.5],
    ]);
  });
});
