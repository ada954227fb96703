import { compile } from 'vega-lite';
import { beforeAll, describe, expect, test } from 'vitest';
import { startTensorFlow } from '../../functions/numeric-backend.ts';
import { voidLabel } from '../../lib/datasets/label-map.ts';
import { detectWasmBackend } from '../../lib/numerics/backend.ts';
import { type Measurement, presetNames } from '../../lib/pipeline/experiment.ts';
import { mostProbableLabels } from '../../lib/random-walk/evaluation/most-probable-labels.ts';
import { chooseShownClass, paintProbability } from '../../lib/random-walk/experiments/draw-walk-steps.ts';
import { judgeWalkSteps } from '../../lib/random-walk/experiments/judge-walk-steps.ts';
import { countDifferentLabels, LabelMeasures, labelMetrics } from '../../lib/random-walk/experiments/label-measures.ts';
import { segmentationTrial } from '../../lib/random-walk/experiments/network-params.ts';
import { validationPictures } from '../../lib/random-walk/experiments/validation-pictures.ts';
import { walkSteps as experiment } from '../../lib/random-walk/experiments/walk-steps.ts';
import { differentLabels, placeOf, type WalkEnd } from '../../lib/random-walk/experiments/walk-steps-metrics.ts';
import { createNeighbourhood } from '../../lib/random-walk/neighbourhood.ts';
import { pixelAffinities } from '../../lib/random-walk/reference/affinity.ts';
import { walkSteps } from '../../lib/random-walk/reference/walk.ts';
import { type Datasets, runExperiment } from '../layer-norm/run-experiment.ts';
import { openScenes } from './scenes.ts';
import { evaluationContext, trainVaried } from './varied-labels.ts';

const { smoke } = experiment.presets;
let scenes: Datasets;
beforeAll(async () => {
  await startTensorFlow(detectWasmBackend());
  scenes = await openScenes();
});

describe('walk-steps', () => {
  test('has valid presets, and trains what the other experiments of these networks train', () => {
    for (const name of presetNames) expect(experiment.params.parse(experiment.presets[name])).toBeTruthy();
    expect(experiment.plan(smoke)).toEqual([segmentationTrial(smoke, 'large-fov', 0)]);
    expect(experiment.datasets).toEqual([{ name: 'voc-segmentation' }]);
    for (const steps of [[1, 2], [0, 5, 5], [0]]) expect(() => experiment.params.parse({ ...smoke, steps })).toThrow();
    expect(() => experiment.params.parse({ ...smoke, steps: [0, 5, 5] })).toThrow('must begin with 0 and rise');
  });

  test('runs; its summary has a row for each count, and a series of pictures to drag through', async () => {
    const { rows, images } = await runExperiment(experiment, smoke, scenes);
    const { verdict, tables, charts, imageSeries } = experiment.summarize(rows, smoke, images);
    expect(verdict.reason).toContain('Wrong scale: 4 pictures to train on and 2');
    expect(tables[0]!.rows.map(([steps]) => steps)).toEqual(['0', '1', '5', '∞']);
    expect(tables[0]!.title).toContain('voc-segmentation (stand-in)');
    for (const { spec } of charts) expect(compile(spec as never).spec.marks).toBeTruthy();
    expect(imageSeries!.map(({ frames }) => frames.map(({ label }) => label))).toEqual([
      ['0 steps', '2 steps', 'converged'],
    ]);
    // Two pictures of 64 × 48 beside each other and two below, and what is between.
    expect(imageSeries![0]!.frames[0]).toMatchObject({ width: 2 * 64 + 4, height: 2 * 48 + 4 });
    expect(imageSeries![0]!.caption).toMatch(/probability of “(sky|ground|disc|box)”/);
    expect(experiment.summarize([], smoke).imageSeries).toEqual([]);
  });

  test('measures the steps of the reference, in float64', async () => {
    const trial = segmentationTrial(smoke, 'large-fov', 0);
    const model = await trainVaried(experiment, trial, scenes);
    const context = evaluationContext(model, scenes);
    const [radius, diffusion, steps] = [2, 0.95, [0, 1, 7]];
    const measured = { trials: [trial.name], trial, diffusion, radius, validationImages: 1 };
    const rows = await experiment.evaluate({ kind: 'labels', name: '', ...measured, steps }, context);
    for await (const { picture, segment } of validationPictures(trial, model, 1, context)) {
      const { height, width, classes, scores, features } = segment('random-walk');
      const grid = { height, width, neighbourhood: createNeighbourhood(radius) };
      const weights = model.tensors['random-walk/affinity/weights']!.data as Float32Array;
      const affinities = pixelAffinities(grid, features, weights);
      const labelsAfter = (count: number) => {
        const y = walkSteps(grid, affinities, scores, classes, { diffusion, steps: count });
        return mostProbableLabels({ height, width, classes, data: Float32Array.from(y) });
      };
      const limit = labelsAfter(250);
      const ends: readonly (readonly [WalkEnd, ReturnType<typeof labelsAfter>])[] = [
        ...steps.map((count) => [count, labelsAfter(count)] as const),
        ['limit', limit],
      ];
      const shares = ends.map(([end, labels]) => {
        const measures = new LabelMeasures(classes);
        measures.add(picture, labels);
        for (const { metric, value } of measures.measurements({ subject: '', step: 0, seed: 0 })) {
          expect(valueAt(rows, metric, end)).toBeCloseTo(value, 3);
        }
        const share = countDifferentLabels(labels, limit) / labels.labels.length;
        expect(valueAt(rows, differentLabels, end)).toBeCloseTo(share, 3);
        return share;
      });
      expect(shares[0]).toBeGreaterThan(shares[1]!);
      expect(shares[1]).toBeGreaterThan(shares[2]!);
      expect(shares[2]).toBeGreaterThan(0.001);
    }
  });
});

function valueAt(rows: readonly Measurement[], metric: string, end: WalkEnd): number {
  const { subject, step } = placeOf(metric, end);
  return rows.find((row) => row.metric === metric && row.subject === subject && row.step === step)!.value;
}

describe('the verdict on mean IoU against steps', () => {
  /** By place of the axis, of three seeds that differ by more than any walk changes. */
  function measured(curve: readonly (readonly [WalkEnd, number])[], noise: readonly number[] = [0, 0, 0]) {
    const rows: Measurement[] = noise.flatMap((shift, seed) => [
      ...curve.map(([end, value], place) => ({
        ...placeOf(labelMetrics.meanIoU, end),
        ...{ seed, value: value + 0.04 * seed + shift * (-1) ** place + 1e-4 * seed * place, unit: 'share' },
      })),
      { metric: 'training pictures', subject: 'streets', step: 0, seed, value: 367, unit: 'pictures' },
      { metric: 'validation pictures', subject: 'streets', step: 0, seed, value: 51, unit: 'pictures' },
    ]);
    return rows;
  }
  const rising = [
    [0, 0.7],
    [5, 0.71],
    [50, 0.715],
    ['limit', 0.717],
  ] as const;

  test('holds where the curve rises to the limit', () => {
    const { outcome, reason } = judgeWalkSteps(measured(rising));
    expect(outcome).toBe('holds');
    expect(reason).toContain('a change of 1.73 ± 0.02 points');
  });

  test('does not hold where the limit is below a count of steps, or below none', () => {
    const early = [
      [0, 0.7],
      [5, 0.72],
      [50, 0.71],
      ['limit', 0.705],
    ] as const;
    const { outcome, reason } = judgeWalkSteps(measured(early));
    expect(outcome).toBe('does not hold');
    expect(reason).toContain('the best count of steps is 5');
    expect(reason).toContain('It falls from 5 steps to 50 steps by');
    const falling = [
      [0, 0.7],
      [5, 0.699],
      ['limit', 0.69],
    ] as const;
    expect(judgeWalkSteps(measured(falling)).outcome).toBe('does not hold');
  });

  test('is open where it falls on the way, or noise hides the rise', () => {
    const dented = [
      [0, 0.7],
      [5, 0.71],
      [50, 0.705],
      ['limit', 0.717],
    ] as const;
    expect(judgeWalkSteps(measured(dented)).outcome).toBe('inconclusive');
    expect(judgeWalkSteps(measured(rising, [0.02, -0.02, 0.01])).outcome).toBe('inconclusive');
  });

  test('is open with few seeds, few pictures, or nothing', () => {
    const rows = measured(rising);
    expect(judgeWalkSteps(rows.filter(({ seed }) => seed < 2)).reason).toContain('Too few seeds: 2');
    const few = rows.map((row) => (row.metric === 'validation pictures' ? { ...row, value: 6 } : row));
    expect(judgeWalkSteps(few).reason).toContain('Wrong scale');
    expect(judgeWalkSteps([]).reason).toContain('Not measured');
    expect(judgeWalkSteps(rows.filter(({ subject }) => subject !== 'limit')).reason).toContain('Not measured');
  });
});

describe('Figure 6', () => {
  /** Rows of labels, one digit a pixel, `.` for void. */
  function mapOf(...rows: readonly string[]) {
    const labels = [...rows.join('')].map((label) => (label === '.' ? voidLabel : Number(label)));
    return { width: rows[0]!.length, height: rows.length, labels: Uint8Array.from(labels) };
  }
  const truth = mapOf('00001122', '00001122', '000033..', '00000000');

  test('shows the class that is found most, of those that cover at most a quarter', () => {
    expect(chooseShownClass(truth, mapOf('00001132', '00000022', '00000022', '00000000'))).toBe(2);
    expect(chooseShownClass(truth, mapOf('00001132', '00001122', '00000022', '00000000'))).toBe(1);
  });

  test('shows a large class where no small one is found, and the first where none is', () => {
    expect(chooseShownClass(truth, mapOf('00000000', '00000000', '00000000', '00000000'))).toBe(0);
    const halves = mapOf('33331111', '33331111');
    expect(chooseShownClass(halves, mapOf('33111111', '33311111'))).toBe(1);
    expect(chooseShownClass(halves, mapOf('00000000', '00000000'))).toBe(0);
  });

  test('paints a probability of 0 black, 1/3 red, 2/3 yellow, 1 white', () => {
    const data = Float32Array.from([0, 1, 1 / 3, 2 / 3, 2 / 3, 1 / 3, 1, 0]);
    expect([...paintProbability({ width: 4, height: 1, classes: 2, data }, 0).rgb]).toEqual([
      ...[0, 0, 0],
      ...[255, 0, 0],
      ...[255, 255, 0],
      ...[255, 255, 255],
    ]);
  });
});
