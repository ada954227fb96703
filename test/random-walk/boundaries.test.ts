import { describe, expect, test } from 'vitest';
import { makeLabelledScenes } from '../../lib/datasets/stand-ins/labelled-scenes.ts';
import type { Measurement } from '../../lib/pipeline/experiment.ts';
import { BoundaryBenchmark } from '../../lib/random-walk/evaluation/boundary-benchmark.ts';
import { countFragments } from '../../lib/random-walk/evaluation/fragments.ts';
import { nearVoid, SegmentationBoundaries } from '../../lib/random-walk/evaluation/segmentation-boundaries.ts';
import { boundaries } from '../../lib/random-walk/experiments/boundaries.ts';
import { boundaryMethods, boundaryMetrics } from '../../lib/random-walk/experiments/boundary-metrics.ts';
import { drawBoundaries } from '../../lib/random-walk/experiments/draw-boundaries.ts';
import { backEndKinds, subjectOf } from '../../lib/random-walk/experiments/refinement-methods.ts';
import {
  trainingPicturesMetric,
  validationPicturesMetric,
} from '../../lib/random-walk/experiments/segmentation-metrics.ts';
import { summarizeBoundaries } from '../../lib/random-walk/experiments/summarize-boundaries.ts';
import { datasetOf, runExperiment } from '../layer-norm/run-experiment.ts';

/** A label map drawn in characters: digits are classes, x is void. */
function draw(...rows: readonly string[]) {
  const labels = Uint8Array.from(rows.join(''), (character) => (character === 'x' ? 255 : Number(character)));
  return { width: rows[0]!.length, height: rows.length, labels };
}

/** Probabilities that are certain of the labels; at void, of class 0. */
function certain({ width, height, labels }: ReturnType<typeof draw>, classes: number) {
  const data = new Float32Array(labels.length * classes);
  for (const [pixel, label] of labels.entries()) data[pixel * classes + (label === 255 ? 0 : label)] = 1;
  return { width, height, classes, data };
}

const halves = draw(...new Array(12).fill('000000111111'));

describe('fragments', () => {
  test('are pieces of one label, connected over sides and corners, without void', () => {
    const labels = draw('0011', '0101', '1x22', 'x122');
    // 0: its left block with the diagonal pixel; 1: the right part with the diagonal, and what it reaches over corners; 2.
    expect(countFragments(labels, 4)).toEqual({ all: 3, small: 0 });
    expect(countFragments(labels, 5)).toEqual({ all: 3, small: 2 });
    expect(countFragments(draw('101', '010', '101'), 100)).toEqual({ all: 2, small: 2 });
    expect(countFragments(draw('xx'), 100)).toEqual({ all: 0, small: 0 });
  });
});

describe('interpolated precision', () => {
  test('is precision times recall of a single point, as in the paper’s Table 4', () => {
    const truth = new Uint8Array(100);
    truth.fill(1, 0, 10);
    const strength = new Float32Array(100);
    // Six of the ten, and nine far away.
    strength.fill(1, 0, 6);
    strength.fill(1, 90, 99);
    const benchmark = new BoundaryBenchmark({ thresholds: [0.5], maximumDistance: 0 });
    benchmark.add({ width: 10, height: 10, strength, truths: [truth] });
    const { averagePrecision, interpolatedPrecision } = benchmark.scores();
    expect(interpolatedPrecision).toBeCloseTo(0.4 * 0.6, 12);
    expect(averagePrecision).toBe(0);
  });

  test('takes the highest precision at a recall of at least r', () => {
    const truth = new Uint8Array(200);
    truth.fill(1, 0, 20);
    const strength = new Float32Array(200);
    // Thinning spares lines: right from 0.9 on for 5 pixels, wrong from 0.8 on for 10, right from 0.5 on for 5 more.
    strength.fill(0.9, 0, 5);
    strength.fill(0.8, 100, 110);
    strength.fill(0.5, 10, 15);
    const benchmark = new BoundaryBenchmark({ thresholds: [0.4, 0.7, 0.85], maximumDistance: 0 });
    benchmark.add({ width: 20, height: 10, strength, truths: [truth] });
    // Precision 1 to a recall of 1/4, then 10/20 to 1/2, which the middle threshold's 5/15 is below.
    expect(benchmark.scores().interpolatedPrecision).toBeCloseTo(0.25 + 0.25 * 0.5, 12);
  });

  test('is the precision of a lower threshold where a higher one has less of both', () => {
    const truth = new Uint8Array(200);
    truth.fill(1, 0, 20);
    const strength = new Float32Array(200);
    strength.fill(0.9, 0, 2);
    strength.fill(0.9, 100, 102);
    strength.fill(0.5, 5, 13);
    const benchmark = new BoundaryBenchmark({ thresholds: [0.4, 0.7], maximumDistance: 0 });
    benchmark.add({ width: 20, height: 10, strength, truths: [truth] });
    // Precision 2/4 at 2/20, and 10/12 at 10/20.
    expect(benchmark.scores().interpolatedPrecision).toBeCloseTo((10 / 12) * 0.5, 12);
  });
});

describe('boundaries of segmentations', () => {
  const options = { classes: 3, thresholds: [0.1, 0.5], maximumDistance: 0.06 };

  test('are found where a prediction is the truth', () => {
    const measured = new SegmentationBoundaries(options);
    measured.add(halves, certain(halves, 3));
    expect(measured.scores()).toMatchObject({
      ...{ precision: 1, recall: 1, maximumF: 1, averagePrecision: 1, classMaximumF: 1, classAveragePrecision: 1 },
      ...{ sweptMaximumF: 1, sweptAveragePrecision: 1, fragments: 2, trueFragments: 2, smallFragments: 0 },
    });
  });

  test('of another class count where it does not matter which, and not for the classes', () => {
    const measured = new SegmentationBoundaries(options);
    const other = { ...halves, labels: halves.labels.map((label) => (label === 1 ? 2 : label)) };
    measured.add(halves, certain(other, 3));
    const { maximumF, classMaximumF } = measured.scores();
    expect(maximumF).toBe(1);
    // Class 0 has its boundary, class 1 has none; class 2 has none in the truth and is left out.
    expect(classMaximumF).toBe(0.5);
  });

  test('that fragments add take precision and not recall', () => {
    const measured = new SegmentationBoundaries(options);
    const labels = halves.labels.slice();
    labels[12 * 5 + 10] = 0;
    measured.add(halves, certain({ ...halves, labels }, 3));
    const { precision, recall, fragments, smallFragments } = measured.scores();
    expect(recall).toBe(1);
    // A line of twelve pixels, and one that thinning leaves of what is around the fragment.
    expect(precision).toBeCloseTo(12 / 13, 12);
    expect(fragments).toBe(3);
    // A thousandth of 144 pixels is less than one.
    expect(smallFragments).toBe(0);
  });

  test('at void count for neither side', () => {
    const truth = draw(...new Array(12).fill('0000xx111111'));
    const measured = new SegmentationBoundaries(options);
    const wrong = draw(...new Array(12).fill('000001111111'));
    measured.add(truth, certain(wrong, 3));
    expect(measured.scores()).toMatchObject({ precision: 0, recall: 0, fragments: 2 });
    expect([...nearVoid(truth, 1).subarray(0, 12)]).toEqual([0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0]);
    expect(nearVoid(halves, 5)).toEqual(new Uint8Array(144));
  });

  test('are drawn in blue where they have a partner, in orange where they have none, in black for the truth', () => {
    const photograph = { width: 12, height: 12, rgb: new Uint8Array(3 * 144) };
    const prediction = draw(...new Array(12).fill('000000111000'));
    const image = drawBoundaries('x', photograph, halves, [prediction], 1, new Uint8Array(144));
    expect([image.width, image.height]).toEqual([28, 12]);
    const rgba = Buffer.from(image.rgba, 'base64');
    const at = (x: number) => [...rgba.subarray(4 * (5 * 28 + x), 4 * (5 * 28 + x) + 4)];
    expect(at(5)).toEqual([0, 0, 0, 255]);
    expect(at(12)[3]).toBe(0);
    expect(at(16 + 5)).toEqual([0, 90, 160, 255]);
    expect(at(16 + 8)).toEqual([213, 60, 0, 255]);
    expect(at(16 + 0)).toEqual([140, 140, 140, 255]);
  });
});

/** Made-up measurements: the walk's MF and AP minus the CRF's, which are 0.6 and 0.4, by seed. */
function madeUp(differences: readonly number[], { pictures = 50, of = backEndKinds } = {}): Measurement[] {
  const row = { step: 0, unit: '1' };
  return differences.flatMap((difference, seed) => [
    { ...row, metric: trainingPicturesMetric, subject: 'streets (paper)', seed, value: 400 },
    { ...row, metric: validationPicturesMetric, subject: 'streets (paper)', seed, value: pictures },
    ...of.flatMap((backEnd) =>
      (['maximumF', 'averagePrecision', 'sweptMaximumF', 'sweptAveragePrecision'] as const).flatMap((name) => {
        const crf = name.endsWith('F') ? 0.6 : 0.4;
        const metric = boundaryMetrics[name];
        return [
          { ...row, metric, subject: subjectOf(backEnd, 'crf'), seed, value: crf },
          { ...row, metric, subject: subjectOf(backEnd, 'walked'), seed, value: crf + difference },
        ];
      }),
    ),
  ]);
}

describe('the verdict on Table 4', () => {
  const verdictOf = (rows: readonly Measurement[]) => summarizeBoundaries(rows).verdict;

  test('holds where the walk is better by more than two standard errors with every back-end', () => {
    const { outcome, reason } = verdictOf(madeUp([0.02, 0.03, 0.04]));
    expect(outcome).toBe('holds');
    expect(reason).toContain(
      'DeepLab-LargeFOV: MF 0.030 ± 0.006, AP 0.030 ± 0.006, over thresholds of the strength 0.030 ± 0.006 and',
    );
  });

  test('does not hold where it is worse with one of them', () => {
    const worse = madeUp([-0.02, -0.03, -0.04], { of: ['attention'] });
    const better = madeUp([0.02, 0.03, 0.04], { of: ['large-fov', 'deeplab-v2'] });
    expect(verdictOf([...better, ...worse]).outcome).toBe('does not hold');
  });

  test.each([
    ['differences within their errors', madeUp([-0.02, 0.03, 0.01]), /^Random walk network minus/],
    ['too few seeds', madeUp([0.02, 0.03]), /^Too few seeds: 2/],
    [
      'a place holder of few pictures',
      madeUp([0.02, 0.03, 0.04], { pictures: 6 }),
      /^Wrong scale: 400 pictures to train on and 6/,
    ],
    ['a back-end that is missing', madeUp([0.02, 0.03, 0.04], { of: ['large-fov'] }), /^Not measured.*attention.*v2/],
    ['nothing', [], /^Not measured/],
  ])('is inconclusive for %s', (_, rows, reason) => {
    expect(verdictOf(rows)).toMatchObject({ outcome: 'inconclusive', reason: expect.stringMatching(reason) });
  });

  test('stands beside tables that name the dataset and the paper’s numbers', () => {
    const { tables } = summarizeBoundaries(madeUp([0.02, 0.03, 0.04]));
    for (const { title } of tables)
      expect(title).toContain('streets (paper), 400 pictures to train on and 50 to validate on');
    const walk = tables[0]!.rows.find(
      ([backEnd, method]) => backEnd === 'DeepLab-v2' && method === 'random walk network',
    );
    expect(walk!.slice(2, 6)).toEqual(['0.630 ± 0.006', '0.430 ± 0.006', 0.773, 0.595]);
  });
});

test('the smoke run measures three methods on three back-ends, and draws one picture of each', async () => {
  const files: Record<string, Uint8Array> = {};
  for (const file of makeLabelledScenes().files) {
    for await (const bytes of file.open()) files[file.name] = bytes;
  }
  const dataset = datasetOf('voc-segmentation', files);
  const params = boundaries.presets.smoke;
  const { rows, images } = await runExperiment(boundaries, params, async () => dataset);
  for (const backEnd of backEndKinds) {
    for (const method of boundaryMethods) {
      const of = rows.filter(({ subject }) => subject === subjectOf(backEnd, method));
      // Eleven numbers, and precision and recall at each threshold.
      expect(of).toHaveLength(11 + 2 * params.thresholds);
      expect(of.every(({ value }) => Number.isFinite(value))).toBe(true);
    }
  }
  expect(images.map(({ name }) => name)).toEqual(backEndKinds.map((kind) => `${kind}/seed-0/0`));
  const summary = boundaries.summarize(rows, params, images);
  expect(summary.verdict).toMatchObject({
    outcome: 'inconclusive',
    reason: expect.stringMatching(/^Wrong scale: 4 pictures to train on and 2/),
  });
  expect(summary.images).toHaveLength(3);
});
