import { describe, expect, test } from 'vitest';
import { makeLabelledScenes } from '../../lib/datasets/stand-ins/labelled-scenes.ts';
import type { Measurement } from '../../lib/pipeline/experiment.ts';
import { affinityBoundaries } from '../../lib/random-walk/affinity-boundaries.ts';
import { gaussianBlur } from '../../lib/random-walk/evaluation/gaussian-blur.ts';
import {
  channelGradient,
  directionOf,
  directions,
  suppressNonMaxima,
} from '../../lib/random-walk/evaluation/oriented-strength.ts';
import { affinityBoundaryExperiment } from '../../lib/random-walk/experiments/affinity-boundaries.ts';
import {
  affinityBoundaryMethodNames,
  maximumFMetric,
  picturesMetric,
} from '../../lib/random-walk/experiments/affinity-boundary-metrics.ts';
import { agreementOf, ranks } from '../../lib/random-walk/experiments/evaluate-affinity-boundaries.ts';
import { findBoundaries } from '../../lib/random-walk/experiments/find-affinity-boundaries.ts';
import { summarizeAffinityBoundaries } from '../../lib/random-walk/experiments/summarize-affinity-boundaries.ts';
import { createNeighbourhood } from '../../lib/random-walk/neighbourhood.ts';
import { affinityWeightsName } from '../../lib/random-walk/parameter-names.ts';
import { pixelAffinities } from '../../lib/random-walk/reference/affinity.ts';
import { datasetOf, runExperiment, trainTrial } from '../layer-norm/run-experiment.ts';

const [width, height] = [24, 20];

/** A bright half plane behind the line through the middle whose normal has this angle. */
function halfPlane(angle: number): Float32Array {
  return Float32Array.from({ length: width * height }, (_, pixel) => {
    const [x, y] = [(pixel % width) - (width - 1) / 2, Math.floor(pixel / width) - (height - 1) / 2];
    return x * Math.cos(angle) + y * Math.sin(angle) > 0 ? 1 : 0;
  });
}

const middle = (height / 2) * width + width / 2;

describe('Gaussian blur', () => {
  test('keeps constants, and the sum of what lies inside', () => {
    expect([...gaussianBlur(new Float32Array(30).fill(0.5), 6, 5, 1, 2)].every((x) => Math.abs(x - 0.5) < 1e-6)).toBe(
      true,
    );
    const point = new Float32Array(21 * 21 * 2);
    point[2 * (10 * 21 + 10) + 1] = 1;
    const blurred = gaussianBlur(point, 21, 21, 2, 1.5);
    expect(blurred.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
    expect(blurred[2 * (10 * 21 + 10)]).toBe(0);
    // exp(−(3² + 2²) / 2σ²) of the middle's, whichever way one goes.
    const at = (x: number, y: number) => blurred[2 * (y * 21 + x) + 1]! / blurred[2 * (10 * 21 + 10) + 1]!;
    expect(at(13, 12)).toBeCloseTo(Math.exp(-13 / 4.5), 5);
    expect(at(8, 7)).toBeCloseTo(Math.exp(-13 / 4.5), 5);
    expect(gaussianBlur(point, 21, 21, 2, 0)).toEqual(point);
  });
});

describe('directions across boundaries', () => {
  test('are the nearest of four, whichever way a vector points', () => {
    for (const [index, { rows, columns }] of directions.entries()) {
      expect([directionOf(rows, columns), directionOf(-rows, -columns)]).toEqual([index, index]);
    }
    expect(directionOf(1, 4)).toBe(0);
    expect(directionOf(-4, 1)).toBe(2);
  });

  test.each([0, 1, 2, 3])('are found by gradients and by affinities alike: %i eighths of a turn', (eighths) => {
    const values = halfPlane((eighths * Math.PI) / 4);
    const gradient = channelGradient(values, width, height, 1, 1);
    expect(gradient.across[middle]).toBe(eighths);
    const grid = { width, height, neighbourhood: createNeighbourhood(4) };
    const found = affinityBoundaries(grid, pixelAffinities(grid, values, [-5]), 0.5);
    expect(found.across[middle]).toBe(eighths);
    // Nearly all pairs across it differ, and far from it none does.
    expect(found.strength[middle]).toBeGreaterThan(0.5);
    expect(found.strength[[middle - 11, 0, 0, width - 1][eighths]!]).toBeCloseTo(0, 3);
  });
});

test('a gradient is that of a ramp, summed over channels by squares', () => {
  const ramp = Float32Array.from({ length: 2 * width * height }, (_, at) => {
    const pixel = at >> 1;
    return at % 2 === 0 ? 3 * (pixel % width) : 4 * Math.floor(pixel / width);
  });
  const { strength, across } = channelGradient(ramp, width, height, 2, 0);
  expect(strength[middle]).toBeCloseTo(5, 5);
  expect(across[middle]).toBe(2);
});

test('crests are one pixel wide, also where two neighbours are equally strong', () => {
  const strength = Float32Array.from([0, 1, 3, 3, 1, 0]);
  expect([...suppressNonMaxima({ width: 6, height: 1, strength, across: new Uint8Array(6) })]).toEqual([
    0, 0, 3, 0, 0, 0,
  ]);
  // Along the line nothing is compared.
  expect(suppressNonMaxima({ width: 6, height: 1, strength, across: new Uint8Array(6).fill(2) })).toEqual(strength);
});

describe('thresholds', () => {
  test('rise, with equally many crests from one to the next', () => {
    const strengths = [Float32Array.of(0, 0.1, 0.2, 0.3), Float32Array.of(0.4, 0, 0.5, 0.6)];
    expect(ranks(strengths, 3)).toEqual([0.1, 0.3, 0.5].map(Math.fround));
    expect(ranks([new Float32Array(4)], 3)).toEqual([1]);
    expect(ranks([new Float32Array(4).fill(0.5)], 3)).toEqual([0.5]);
  });
});

describe('a photograph of two halves', () => {
  const half = halfPlane(0);
  const rgb = Uint8Array.from({ length: 3 * half.length }, (_, at) => (half[Math.floor(at / 3)] ? 200 : 50));
  const settings = { weights: [-8, -8, -8], initialWeight: -5, radius: 4, pooling: 1, diffusion: 0.9 };

  test.each(affinityBoundaryMethodNames)('has its boundary between them: %s', (method) => {
    const crests = findBoundaries(method, { width, height, rgb }, settings);
    const row = [...crests.subarray(10 * width, 11 * width)];
    const strongest = row.indexOf(Math.max(...row));
    // Between columns 11 and 12; a gradient upside down finds it here too: the photograph is the same from both sides.
    expect([11, 12]).toContain(strongest);
  });

  test('people agree as far as they drew the same', () => {
    const line = (column: number) => ({
      labels: new Uint8Array(half.length),
      boundaries: Uint8Array.from({ length: half.length }, (_, pixel) => (pixel % width === column ? 1 : 0)),
    });
    const picture = { width, height, rgb };
    expect(agreementOf([{ ...picture, people: [line(11), line(11)] }], 0.01)).toBe(1);
    expect(agreementOf([{ ...picture, people: [line(3), line(20)] }], 0.01)).toBe(0);
    expect(agreementOf([{ ...picture, people: [line(3)] }], 0.01)).toBeUndefined();
  });
});

describe('the verdict', () => {
  /** Learned affinities above the best gradient, whose MF is 0.6, by these, seed by seed. */
  const verdictOf = (differences: readonly number[], pictures = 10) => {
    const rows: Measurement[] = differences.flatMap((difference, seed) => {
      const row = (metric: string, subject: string, value: number) => ({
        metric,
        subject,
        step: 0,
        seed,
        value,
        unit: '1',
      });
      return [
        row(picturesMetric, 'bsds500 (stand-in)', pictures),
        row(maximumFMetric, 'affinities', 0.6 + difference),
        row(maximumFMetric, 'gradient-1', 0.4),
        row(maximumFMetric, 'gradient-2', 0.6),
        row(maximumFMetric, 'chance', 0.3),
      ];
    });
    return summarizeAffinityBoundaries(rows).verdict;
  };

  test('compares with the best of the gradients', () => {
    expect(verdictOf([0.03, 0.04, 0.05])).toMatchObject({
      outcome: 'holds',
      reason: expect.stringContaining('best gradient (gradient of colours, σ = 2) 0.600'),
    });
    expect(verdictOf([-0.03, -0.04, -0.05]).outcome).toBe('does not hold');
    expect(verdictOf([-0.03, 0.04, 0.01]).outcome).toBe('inconclusive');
  });

  test('is inconclusive for few seeds, few pictures or none', () => {
    expect(verdictOf([0.03, 0.04])).toMatchObject({
      outcome: 'inconclusive',
      reason: expect.stringMatching(/^Too few/),
    });
    expect(verdictOf([0.03, 0.04, 0.05], 2).reason).toMatch(/^Wrong scale: 6 validation pictures/);
    expect(verdictOf([]).reason).toMatch(/^Not measured/);
  });
});

describe('the experiment', () => {
  const params = affinityBoundaryExperiment.presets.smoke;
  const open = async () => {
    const files: Record<string, Uint8Array> = {};
    for (const file of makeLabelledScenes().files) {
      for await (const bytes of file.open()) files[file.name] = bytes;
    }
    return datasetOf('voc-segmentation', files);
  };

  test('measures every method, and draws a picture', async () => {
    const dataset = await open();
    const { rows, images } = await runExperiment(affinityBoundaryExperiment, params, async () => dataset);
    for (const method of affinityBoundaryMethodNames) {
      const value = rows.find(({ metric, subject }) => metric === maximumFMetric && subject === method)!.value;
      expect(value).toBeGreaterThan(0);
      expect(value).toBeLessThanOrEqual(1);
    }
    expect(images.map(({ name, width, height }) => [name, width, height])).toEqual([
      ['seed-0/0', 2 * 64 + 4, 2 * 48 + 4],
    ]);
    expect(affinityBoundaryExperiment.summarize(rows, params, images).verdict.reason).toMatch(/^Wrong scale: 2/);
  });

  test('trains to the same bits after it was killed, and lowers the loss', async () => {
    const dataset = await open();
    const [trial] = affinityBoundaryExperiment.plan({ ...params, updates: 12 });
    const whole = await trainTrial(affinityBoundaryExperiment, trial!, async () => dataset);
    const resumed = await trainTrial(affinityBoundaryExperiment, trial!, async () => dataset, 5);
    expect(resumed.tensors[affinityWeightsName]).toEqual(whole.tensors[affinityWeightsName]);
    const weights = [...whole.tensors[affinityWeightsName]!.data];
    expect(weights).toHaveLength(3);
    expect(weights.every((weight) => weight !== params.initialWeight)).toBe(true);
    const losses = whole.metrics.map(({ trainingLoss }) => Number(trainingLoss));
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(losses.slice(-4))).toBeLessThan(mean(losses.slice(0, 4)));
  });
});
