import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { BoundaryBenchmark, fMeasure } from '../../lib/random-walk/evaluation/boundary-benchmark.ts';
import { boundaryStrength, labelBoundaries } from '../../lib/random-walk/evaluation/boundary-strength.ts';
import { ConfusionMatrix } from '../../lib/random-walk/evaluation/confusion-matrix.ts';
import { squaredDistances } from '../../lib/random-walk/evaluation/distance-transform.ts';
import { InvalidSegmentation } from '../../lib/random-walk/evaluation/errors.ts';
import { matchBoundaries } from '../../lib/random-walk/evaluation/match-boundaries.ts';
import { mostProbableLabels } from '../../lib/random-walk/evaluation/most-probable-labels.ts';
import { thinBoundaries } from '../../lib/random-walk/evaluation/thin-boundaries.ts';
import { TrimapError } from '../../lib/random-walk/evaluation/trimap-error.ts';

/** By numpy, scipy and scikit-image (test/golden/segmentation-measures.py). */
const golden = JSON.parse(
  readFileSync(new URL('../golden/segmentation-measures.json', import.meta.url), 'utf8'),
) as Golden;
interface Scores {
  readonly classIoU: readonly (number | null)[];
  readonly meanIoU: number;
  readonly microIoU: number;
  readonly frequencyWeightedIoU: number;
  readonly pixelAccuracy: number;
}
interface Golden {
  readonly classes: number;
  readonly thresholds: readonly number[];
  readonly maximumDistance: number;
  readonly images: readonly {
    readonly width: number;
    readonly height: number;
    readonly truth: string;
    readonly prediction: string;
    readonly probabilities: string;
    readonly scores: Scores;
    readonly trimap: readonly (readonly [number, number])[];
    readonly boundaries: string;
    readonly thinned: string;
    readonly thinnedEven: string;
    readonly matched: number;
  }[];
  readonly scores: Scores;
  readonly benchmark: {
    readonly precision: readonly number[];
    readonly recall: readonly number[];
    readonly maximumF: number;
    readonly averagePrecision: number;
  };
}

const unpack = (text: string) => new Uint8Array(inflateSync(Buffer.from(text, 'base64')));

const images = golden.images.map((image) => {
  const { width, height } = image;
  const bytes = unpack(image.probabilities);
  const data = new Float32Array(bytes.length);
  for (let first = 0; first < bytes.length; first += golden.classes) {
    const sum = bytes.subarray(first, first + golden.classes).reduce((total, value) => total + value, 0);
    for (let at = first; at < first + golden.classes; at++) data[at] = bytes[at]! / sum;
  }
  return {
    ...image,
    truth: { width, height, labels: unpack(image.truth) },
    prediction: { width, height, labels: unpack(image.prediction) },
    probabilities: { width, height, classes: golden.classes, data },
  };
});

function expectScores(matrix: ConfusionMatrix, { classIoU, ...expected }: Scores): void {
  const { classIoU: ours, ...scores } = matrix.scores();
  for (const [label, value] of classIoU.entries()) {
    if (value === null) expect(ours[label]).toBeUndefined();
    else expect(ours[label]).toBeCloseTo(value, 12);
  }
  for (const [name, value] of Object.entries(expected)) {
    expect(scores[name as keyof typeof scores], name).toBeCloseTo(value, 12);
  }
}

test('the most probable labels are those of numpy’s argmax, of equal ones the first', () => {
  for (const { probabilities, prediction } of images) expect(mostProbableLabels(probabilities)).toEqual(prediction);
  const two = { width: 1, height: 2, classes: 3, data: Float32Array.of(-1, 0, 0, 0, 0, Number.NaN) };
  expect(() => mostProbableLabels(two)).toThrow(/row 1, column 0, class 2 there is NaN/);
});

const map = (width: number, ...labels: number[]) => ({
  width,
  height: labels.length / width,
  labels: Uint8Array.from(labels),
});

describe('confusion matrix', () => {
  test('gives the scores that numpy gives, for each of 20 images and for all of them together', () => {
    const all = new ConfusionMatrix(golden.classes);
    for (const { truth, prediction, scores } of images) {
      const one = new ConfusionMatrix(golden.classes);
      one.add(truth, prediction);
      all.add(truth, prediction);
      expectScores(one, scores);
    }
    expectScores(all, golden.scores);
  });

  test('leaves void out, and classes that are nowhere', () => {
    const matrix = new ConfusionMatrix(4);
    matrix.add(map(3, 0, 0, 255), map(3, 0, 1, 3));
    expect(matrix.scores()).toEqual({
      classIoU: [0.5, 0, undefined, undefined],
      meanIoU: 0.25,
      microIoU: 1 / 3,
      frequencyWeightedIoU: 0.5,
      pixelAccuracy: 0.5,
    });
  });

  test.each([
    ['another size', map(2, 0, 1), map(1, 0, 1), /truth's size, 2 × 1, and has 1 × 2/],
    ['a label that is no class', map(2, 0, 2), map(2, 0, 1), /ground truth must be 0 to 1.*row 0, column 1 is 2/],
    ['a predicted one', map(1, 0, 1), map(1, 0, 7), /prediction must be 0 to 1.*row 1, column 0 is 7/],
    ['a void prediction', map(2, 0, 1), map(2, 0, 255), /row 0, column 1 is void/],
    ['too few labels', { ...map(2, 0, 1), height: 2 }, map(2, 0, 1), /2 labels for 2 × 2 pixels/],
  ])('refuses %s, and counts nothing of it', (_, truth, prediction, message) => {
    const matrix = new ConfusionMatrix(2);
    expect(() => matrix.add(truth, prediction)).toThrow(InvalidSegmentation);
    expect(() => matrix.add(truth, prediction)).toThrow(message);
    expect(matrix.counts.every((count) => count === 0)).toBe(true);
    expect(() => matrix.scores()).toThrow(/nothing to score/);
  });
});

describe('trimap error', () => {
  test('counts the pixels that scipy’s distance transform counts, at widths from 1 to 20', () => {
    for (const { truth, prediction, trimap } of images) {
      const error = new TrimapError();
      error.add(truth, prediction);
      expect(error.measurements().map(({ pixels, misclassified }) => [pixels, misclassified])).toEqual(trimap);
    }
  });

  test('of one boundary: width 1 is the pixels on both its sides', () => {
    const error = new TrimapError([1, 2]);
    error.add(map(6, 0, 0, 0, 1, 1, 1), map(6, 0, 0, 1, 1, 0, 0));
    expect(error.measurements()).toEqual([
      { width: 1, pixels: 2, misclassified: 1, error: 0.5 },
      { width: 2, pixels: 4, misclassified: 2, error: 0.5 },
    ]);
  });

  test('of an image without boundaries is undefined', () => {
    const error = new TrimapError([3]);
    error.add(map(2, 1, 1), map(2, 0, 0));
    expect(error.measurements()).toEqual([{ width: 3, pixels: 0, misclassified: 0, error: undefined }]);
    expect([...squaredDistances(new Uint8Array(2), 2, 1)]).toEqual([Infinity, Infinity]);
  });
});

describe('boundaries', () => {
  test('lie where a pixel differs from its E, S or SE neighbour, and are thinned as scikit-image thins them', () => {
    for (const { truth, width, height, boundaries, thinned, thinnedEven } of images) {
      const mask = labelBoundaries(truth);
      expect(mask).toEqual(unpack(boundaries));
      expect(thinBoundaries(mask, width, height)).toEqual(unpack(thinned));
      const even = truth.labels.map((label) => (label % 2 === 0 ? 1 : 0));
      expect(thinBoundaries(even, width, height)).toEqual(unpack(thinnedEven));
    }
  });

  test('of certain probabilities have strength 1 where labels have boundaries, and 0 elsewhere', () => {
    const { prediction, width, height } = images[0]!;
    const data = new Float32Array(width * height * golden.classes);
    for (const [pixel, label] of prediction.labels.entries()) data[pixel * golden.classes + label] = 1;
    const certain = { width, height, classes: golden.classes, data };
    expect([...boundaryStrength(certain)]).toEqual([...labelBoundaries(prediction)]);
    expect([...boundaryStrength(certain, 1)]).toEqual([...labelBoundaries(prediction, 1)]);
    expect(() => boundaryStrength(certain, 9)).toThrow(/0 to 4, got 9/);
    expect(() => boundaryStrength({ ...certain, classes: 3 })).toThrow(InvalidSegmentation);
  });

  test('are matched one to one, as many as scipy’s maximum matching finds', () => {
    for (const { truth, prediction, width, height, matched } of images) {
      const [predicted, drawn] = [labelBoundaries(prediction), labelBoundaries(truth)];
      const reach = golden.maximumDistance * Math.hypot(width, height);
      const { pairs, matchedPredicted, matchedTrue } = matchBoundaries(predicted, drawn, width, height, reach);
      expect(pairs).toBe(matched);
      expect(matchedPredicted.filter((value) => value).length).toBe(pairs);
      expect(matchedTrue.filter((value) => value).length).toBe(pairs);
      expect(matchedPredicted.every((value, at) => value <= predicted[at]!)).toBe(true);
    }
  });

  test('that a greedy choice leaves alone find their partner', () => {
    // Predicted 1 takes true 1, its nearest; predicted 2 has no other than 1, so 1 must go to true 0.
    const [predicted, truth] = [Uint8Array.of(0, 1, 1, 0), Uint8Array.of(1, 1, 0, 0)];
    expect(matchBoundaries(predicted, truth, 4, 1, 1).pairs).toBe(2);
    expect(matchBoundaries(predicted, truth, 4, 1, 0).pairs).toBe(1);
  });

  test('have the precision, recall, MF and AP that numpy and scipy give', () => {
    const { thresholds, maximumDistance, benchmark } = golden;
    const ours = new BoundaryBenchmark({ thresholds, maximumDistance });
    for (const { truth, width, height, probabilities } of images) {
      ours.add({
        width,
        height,
        strength: boundaryStrength(probabilities),
        truths: [labelBoundaries(truth)],
        ignored: truth.labels.map((label) => (label === 255 ? 1 : 0)),
      });
    }
    const { curve, maximumF, averagePrecision } = ours.scores();
    for (const [index, { threshold, precision, recall }] of curve.entries()) {
      expect(threshold).toBe(thresholds[index]);
      expect(precision).toBeCloseTo(benchmark.precision[index]!, 12);
      expect(recall).toBeCloseTo(benchmark.recall[index]!, 12);
    }
    expect(maximumF).toBeCloseTo(benchmark.maximumF, 12);
    expect(averagePrecision).toBeCloseTo(benchmark.averagePrecision, 12);
    expect(maximumF).toBeGreaterThan(
      Math.max(...curve.map(({ precision, recall }) => fMeasure(precision, recall))) - 1e-12,
    );
  });

  test('of several people: right is what one of them drew, missed is what each of them drew', () => {
    const benchmark = new BoundaryBenchmark({ thresholds: [0.5], maximumDistance: 0 });
    const strength = Float32Array.of(1, 1, 1, 0, 0);
    const truths = [Uint8Array.of(1, 0, 0, 0, 1), Uint8Array.of(1, 1, 0, 0, 0)];
    benchmark.add({ width: 5, height: 1, strength, truths });
    expect(benchmark.scores().curve).toEqual([{ threshold: 0.5, precision: 2 / 3, recall: 3 / 4 }]);
    // One recall has no area under it, as in BSDS500's benchmark.
    expect(benchmark.scores().averagePrecision).toBe(0);
  });

  test('refuse masks of another size and thresholds that do not rise', () => {
    const benchmark = new BoundaryBenchmark();
    const strength = new Float32Array(4);
    expect(() => benchmark.add({ width: 2, height: 2, strength, truths: [new Uint8Array(3)] })).toThrow(/2 × 2 pixels/);
    expect(() => new BoundaryBenchmark({ thresholds: [0.5, 0.5] })).toThrow(InvalidSegmentation);
    expect(() => new BoundaryBenchmark({ thresholds: [0, 0.5] })).toThrow(InvalidSegmentation);
  });
});
