import { describe, expect, test } from 'vitest';
import { openLabelledPictures } from '../../lib/datasets/labelled-pictures.ts';
import { createRandomWalkKernel } from '../../lib/kernels/random-walk-kernel.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import { type Measurement, presetNames } from '../../lib/pipeline/experiment.ts';
import { solverArrays } from '../../lib/random-walk/converge.ts';
import { measureSeconds } from '../../lib/random-walk/experiments/measure-seconds.ts';
import { plainWalkStep } from '../../lib/random-walk/experiments/plain-walk-step.ts';
import { makeTimedScene, pictureOfSeed } from '../../lib/random-walk/experiments/timed-scene.ts';
import { timing } from '../../lib/random-walk/experiments/timing.ts';
import { gridOf, nonZeros } from '../../lib/random-walk/experiments/timing-grids.ts';
import { timingMetrics, timingSubjects } from '../../lib/random-walk/experiments/timing-metrics.ts';
import { fitPower } from '../../lib/random-walk/experiments/timing-numbers.ts';
import { createNeighbourhood, forEachPair } from '../../lib/random-walk/neighbourhood.ts';
import { walkStep } from '../../lib/random-walk/reference/walk.ts';
import { resizeBilinear } from '../../lib/random-walk/resize-bilinear.ts';
import { solverBytes, stepBytes } from '../../lib/random-walk/walk-memory.ts';
import { renderChart } from '../../lib/report/render-chart.ts';
import { runExperiment } from '../layer-norm/run-experiment.ts';
import { openScenes } from './scenes.ts';

const { smoke, laptop } = timing.presets;
const datasets = await openScenes();
const scenes = await datasets('voc-segmentation');
const breathe = async () => {};

describe('random-walk/timing', () => {
  test.each(presetNames)('the preset %s passes its own schema', (preset) => {
    const params = timing.presets[preset];
    expect(timing.params.parse(params)).toEqual(params);
    expect(timing.plan(params)).toEqual([]);
    expect(timing.evaluations(params, [])).toHaveLength(params.seeds);
    expect(timing.work(params).evaluationCoreSeconds).toBeGreaterThan(0);
  });

  test.each([{ seeds: 0 }, { alphas: [1] }, { tolerance: 1e-4 }, { radii: [5] }, { pixelShares: [0.5, 2] }])(
    'refuses %j',
    (change) => expect(timing.params.safeParse({ ...smoke, ...change }).success).toBe(false),
  );

  test('as smoke: every figure is there for every picture, and stands in the tables', async () => {
    const { rows } = await runExperiment(timing, { ...smoke, wholeLargeStep: true }, datasets);
    for (const { value } of rows) expect(value).toBeGreaterThan(0);
    const count = (metric: string) => rows.filter((row) => row.metric === metric).length / smoke.seeds;
    // Steps on two grids in two ways and one over all pixels, two affinities, two CRFs, a filter, and four walks for each α.
    expect(count(timingMetrics.seconds)).toBe(2 * 2 + 1 + 2 + 2 + 1 + 2 * 4);
    expect(count(timingMetrics.products)).toBe(2 * 3);
    expect(count(timingMetrics.stepByPixels)).toBe(2);
    expect(count(timingMetrics.stepByRadius)).toBe(2);
    for (const row of rows)
      if (row.metric === timingMetrics.bound) expect(row.value).toBeLessThanOrEqual(smoke.tolerance);

    const { verdict, tables, charts, remarks } = timing.summarize(rows, smoke);
    expect(verdict).toMatchObject({ outcome: 'inconclusive' });
    expect(verdict.reason).toMatch(/^Measured are 3 of 3 ratios on 2 pictures/);
    expect(tables.map(({ rows }) => rows.length)).toEqual([12, 6]);
    for (const table of tables) {
      expect(table.title).toContain('voc-segmentation');
      for (const row of table.rows) expect(row).toHaveLength(table.columns.length);
    }
    expect(charts).toHaveLength(2);
    for (const { spec } of charts) expect(await renderChart(spec)).toContain('<svg');
    expect(remarks!.join(' ')).toMatch(/a step at R = 2 keeps [\d.]+ MB/);
  });
});

describe('the verdict', () => {
  /** Seconds of pictures that are all alike. */
  function measured(change: Readonly<Record<string, number>> = {}, pictures = 3): readonly Measurement[] {
    const { step, plainStep, refine, crf } = timingSubjects;
    const seconds: Record<string, number> = {
      ...{ [step('scores')]: 0.01, [plainStep('scores')]: 0.02, [step('picture')]: 0.02, [plainStep('picture')]: 0.04 },
      ...{ [refine(0.9)]: 0.1, [refine(0.99)]: 0.4, [crf(5)]: 1.5, [crf(10)]: 3 },
      ...change,
    };
    return Object.entries(seconds).flatMap(([subject, value]) =>
      Array.from({ length: pictures }, (_, seed) => ({
        ...{ metric: timingMetrics.seconds, subject, step: 0, seed, value, unit: 's' },
      })),
    );
  }
  const judge = (rows: readonly Measurement[], params = laptop) => timing.summarize(rows, params).verdict;

  test('holds where the walk keeps its lead without SIMD', () => {
    const { outcome, reason } = judge(measured());
    expect(outcome).toBe('holds');
    expect(reason).toContain(
      'takes 300 (300 to 300) times as long as a step over the scores at R = 40 (the paper: 100), 150 (150 to 150) times',
    );
    expect(reason).toContain('7.50 (7.50 to 7.50) times as long as the walk to its limit within 0.001 at α = 0.99');
  });

  test('does not hold where a step, or the walk to its limit, takes too long with it', () => {
    const slowStep = { [timingSubjects.step('scores')]: 0.04, [timingSubjects.plainStep('scores')]: 0.04 };
    expect(judge(measured(slowStep)).outcome).toBe('does not hold');
    const slowLimit = judge(measured({ [timingSubjects.refine(0.99)]: 1 }));
    expect(slowLimit.outcome).toBe('does not hold');
    expect(slowLimit.reason).toContain('less than the paper says');
  });

  test('is inconclusive where it hangs on SIMD, on few pictures, on what was not measured, or at another size', () => {
    const slow = judge(measured({ [timingSubjects.plainStep('scores')]: 0.1 }));
    expect(slow.outcome).toBe('inconclusive');
    expect(slow.reason).toContain('hangs on what each is compiled to');
    expect(judge(measured({}, 2)).reason).toMatch(/^Measured are 3 of 3 ratios on 2 pictures; at least 3/);
    const without = measured().filter(({ subject }) => subject !== timingSubjects.crf(10));
    expect(judge(without)).toMatchObject({ outcome: 'inconclusive' });
    expect(judge(without).reason).toMatch(/^Measured are 0 of 3 ratios;/);
    expect(judge(measured(), { ...laptop, width: 400 }).reason).toMatch(/these are of 400 × 375 and 21\./);
  });

  test('one slow picture of three leaves it open', () => {
    const rows = measured().map((row) =>
      row.subject === timingSubjects.refine(0.99) && row.seed === 1 ? { ...row, value: 1 } : row,
    );
    expect(judge(rows).outcome).toBe('inconclusive');
  });
});

describe('scenes', () => {
  test('probabilities sum to one, and are of the class that fills a cell', async () => {
    const pictures = await openLabelledPictures(scenes);
    const labelled = await pictureOfSeed(pictures, 0);
    const { scores, probabilities, picture } = makeTimedScene(labelled, { height: 48, width: 64, classes: 5 });
    expect([scores.height, scores.width, picture.data.length]).toEqual([6, 8, 3 * 48 * 64]);
    // Of its own size, a picture stays as it is.
    expect(picture.data).toEqual(labelled.rgb);
    for (const { data } of [scores, probabilities])
      for (let at = 0; at < data.length; at += 5)
        expect(data.subarray(at, at + 5).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
    // The sky in the top row's second cell: nothing else reaches it, or the test would say so.
    const cell = labelled.labels.filter((_, pixel) => pixel < 8 * 64 && Math.floor((pixel % 64) / 8) === 1);
    const share = cell.filter((label) => label === 0).length / cell.length;
    expect(scores.data[5]).toBeCloseTo(0.04 + 0.8 * share, 6);
    expect(scores.data[9]).toBeCloseTo(0.04, 6);
  });

  test('every seed is another picture, and there are only so many', async () => {
    const pictures = await openLabelledPictures(scenes);
    const names = await Promise.all([0, 1, 2, 3, 4, 5].map(async (seed) => (await pictureOfSeed(pictures, seed)).name));
    expect(new Set(names)).toEqual(new Set(pictures.validation));
    await expect(pictureOfSeed(pictures, 6)).rejects.toThrow(
      'Every seed is another picture, and there are 6 to validate on; seed 6 has none. Set fewer seeds.',
    );
  });

  test('a label that there is no class for is refused', async () => {
    const labelled = await pictureOfSeed(await openLabelledPictures(scenes), 0);
    expect(() => makeTimedScene(labelled, { height: 48, width: 64, classes: 1 })).toThrow(
      /There must be more than \d classes, got 1\./,
    );
  });
});

describe('resizing by interpolation', () => {
  const ramp = Float32Array.from({ length: 4 * 6 * 2 }, (_, at) => {
    const [row, column] = [Math.floor(at / 12), Math.floor(at / 2) % 6];
    return at % 2 === 0 ? row + 10 * column : 1;
  });
  const whole = { height: 4, width: 6, data: ramp };

  test('to the same size changes nothing; to half of it gives the mean of four', () => {
    expect(resizeBilinear(whole, 4, 6)).toEqual(ramp);
    const half = resizeBilinear(whole, 2, 3);
    expect(half[0]).toBeCloseTo((0 + 1 + 10 + 11) / 4, 5);
    expect(half[10]).toBeCloseTo((42 + 52 + 43 + 53) / 4, 5);
  });

  test('what is linear stays linear between the outer centres, and a constant stays one', () => {
    const large = resizeBilinear(whole, 8, 12);
    const at = (row: number, column: number) => large[(row * 12 + column) * 2]!;
    for (let row = 1; row < 7; row++)
      for (let column = 1; column < 11; column++)
        expect(at(row, column)).toBeCloseTo((row + 0.5) / 2 - 0.5 + 10 * ((column + 0.5) / 2 - 0.5), 4);
    expect(at(0, 0)).toBe(0);
    expect(large.filter((_, index) => index % 2 === 1)).toEqual(new Float32Array(96).fill(1));
  });
});

describe('what is counted and fitted', () => {
  test.each([
    [3, 5, 7],
    [40, 7, 9],
  ])('entries of A at R = %i on %i × %i are those of its pairs', (radius, height, width) => {
    const grid = gridOf(height, width, radius);
    let pairs = 0;
    forEachPair(grid, () => {
      pairs += 1;
    });
    expect(nonZeros(grid)).toBe(2 * pairs + height * width);
  });

  test('the exponent and the factor of a power', () => {
    const { exponent, factor } = fitPower([1, 2, 5, 40].map((x) => ({ x, y: 3 * x ** 1.7 })))!;
    expect(exponent).toBeCloseTo(1.7, 10);
    expect(factor).toBeCloseTo(3, 10);
    expect(fitPower([{ x: 2, y: 1 }])).toBeUndefined();
  });

  test('rounds are interleaved, and what is fast is called more than once', async () => {
    const calls: string[] = [];
    const wait = (milliseconds: number) => {
      const end = performance.now() + milliseconds;
      while (performance.now() < end);
    };
    const contestants = {
      slow: () => {
        calls.push('slow');
        wait(60);
      },
      fast: () => {
        calls.push('fast');
        wait(5);
      },
    };
    const seconds = await measureSeconds(contestants, { rounds: 2, breathe });
    expect(calls.filter((name) => name === 'slow')).toHaveLength(2);
    expect(calls.indexOf('fast')).toBe(1);
    expect(calls.lastIndexOf('slow')).toBe(calls.indexOf('slow', 1));
    expect(calls[calls.indexOf('slow', 1) - 1]).toBe('fast');
    expect(seconds.slow).toBeGreaterThan(0.06 - 1e-3);
    expect(seconds.fast).toBeGreaterThan(0.005 - 1e-3);
  });
});

test('a step in plain JavaScript is the reference’s', () => {
  const grid = gridOf(5, 7, 2);
  const walk = createRandomWalkKernel({ ...grid, classes: 3, channels: 1 }, 2);
  randomStream(1, 'affinities').fillUniform(walk.affinities, 0, 1);
  walk.normalize();
  const { affinities, inverseDegrees } = walk;
  const [f, y] = walk.values as [Float32Array, Float32Array];
  randomStream(1, 'f').fillUniform(f, -1, 1);
  plainWalkStep(grid, { affinities, inverseDegrees, f, y });
  const expected = walkStep(grid, affinities, f, 3);
  for (const [index, value] of y.entries()) expect(value).toBeCloseTo(expected[index]!, 5);
});

test('a step over 500 × 375 pixels keeps 32 MB beside the picture, f and ŷ, Chebyshev’s iteration 48 MB, conjugate gradients 80 MB', () => {
  const options = { height: 375, width: 500, neighbourhood: createNeighbourhood(5), classes: 21, channels: 3 };
  const megabytes = (bytes: number) => Math.round(bytes / 1e6);
  expect(megabytes(stepBytes(options))).toBe(32);
  expect(megabytes(solverBytes(options, 'chebyshev'))).toBe(48);
  expect(megabytes(solverBytes(options, 'conjugate-gradients'))).toBe(80);
  // What the kernel really has, but for the pages that memory comes in and the ends of arrays.
  const walk = createRandomWalkKernel(options, solverArrays.chebyshev);
  const given = [walk.features, ...walk.values.slice(0, 2)].reduce((sum, { byteLength }) => sum + byteLength, 0);
  const really = walk.affinities.buffer.byteLength - given;
  expect(Math.abs(really - solverBytes(options, 'chebyshev'))).toBeLessThan(2 * 2 ** 16);
});
