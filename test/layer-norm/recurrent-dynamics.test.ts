import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { startTensorFlow } from '../../functions/numeric-backend.ts';
import { cellSubject, dynamicsCells, dynamicsMetrics } from '../../lib/layer-norm/experiments/dynamics-metrics.ts';
import { logGrowth } from '../../lib/layer-norm/experiments/evaluate-dynamics.ts';
import { measureDynamics } from '../../lib/layer-norm/experiments/measure-dynamics.ts';
import { recurrentDynamics } from '../../lib/layer-norm/experiments/recurrent-dynamics.ts';
import { testClassifier } from '../../lib/layer-norm/experiments/test-classifier.ts';
import { digitSide, digitSteps, drawDigitStreams, stepFeatures } from '../../lib/layer-norm/models/digit-streams.ts';
import { accuracy, initializeClassifier, streamLoss } from '../../lib/layer-norm/models/stream-classifier.ts';
import { initializeRunningStatistics } from '../../lib/layer-norm/recurrent/batch-statistics.ts';
import { detectWasmBackend } from '../../lib/numerics/backend.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import { prefix } from '../../lib/numerics/tensor-names.ts';
import { type Measurement, presetNames } from '../../lib/pipeline/experiment.ts';
import { renderChart } from '../../lib/report/render-chart.ts';
import { datasetOf, runExperiment, trainTrial } from './run-experiment.ts';

beforeAll(() => startTensorFlow(detectWasmBackend()));

/** Pictures in the owners' format: digit d has a bright bar that begins at row 2 + 2 d. */
function idx(kind: 'images' | 'labels', count = 60): Uint8Array {
  const header = kind === 'images' ? [0x803, count, 28, 28] : [0x801, count];
  const bytes = new Uint8Array(4 * header.length + (kind === 'images' ? 784 * count : count));
  header.forEach((value, index) => {
    new DataView(bytes.buffer).setUint32(4 * index, value);
  });
  const data = bytes.subarray(4 * header.length);
  for (let image = 0; image < count; image++) {
    if (kind === 'labels') data[image] = image % 10;
    else data.fill(250, 784 * image + 28 * (2 + 2 * (image % 10)), 784 * image + 28 * (4 + 2 * (image % 10)));
  }
  return bytes;
}
const files = Object.fromEntries(
  ['train', 't10k'].flatMap((split) => [
    [`${split}-images-idx3-ubyte`, idx('images')],
    [`${split}-labels-idx1-ubyte`, idx('labels')],
  ]),
);
const digits = async () => datasetOf('mnist', files);
const { smoke, laptop } = recurrentDynamics.presets;

describe('digit streams', () => {
  const pictures = {
    images: Uint8Array.from(
      { length: 3 * digitSide ** 2 },
      (_, index) => 80 * (1 + Math.floor(index / digitSide ** 2)),
    ),
    labels: Uint8Array.of(4, 7, 9),
  };
  const draw = (steps: number, longestPause: number) =>
    drawDigitStreams(randomStream(1, 'test'), pictures, { streams: 5, steps, longestPause });

  test('without pauses a digit ends every sixth step, and every step is its picture’s', () => {
    const { inputs, labels } = draw(20, 0);
    for (let step = 0; step < 20; step++) {
      for (let stream = 0; stream < 5; stream++) {
        const end = Math.floor(step / digitSteps) * digitSteps + digitSteps - 1;
        const label = end < 20 ? labels[end * 5 + stream]! : -1;
        expect(labels[step * 5 + stream]).toBe(step % digitSteps === digitSteps - 1 ? label : -1);
        const picture = pictures.labels.indexOf(label);
        const brightness = inputs[(step * 5 + stream) * stepFeatures]!;
        expect(brightness).toBeCloseTo(label < 0 ? 0 : (80 * (1 + picture)) / 255, 6);
      }
    }
  });

  test('with pauses at most so many empty steps come before a digit, and some do', () => {
    const { labels } = draw(200, 3);
    const gaps = Array.from({ length: 5 }, (_, stream) => {
      const ends = Array.from({ length: 200 }, (_, step) => step).filter((step) => labels[step * 5 + stream]! >= 0);
      return ends.slice(1).map((end, index) => end - ends[index]! - digitSteps);
    }).flat();
    expect([...new Set(gaps)].sort()).toEqual([0, 1, 2, 3]);
  });
});

describe('the stream classifier', () => {
  const logits = [2, 0, -1, 0, 0, 0, 0, 0, 0, 0];
  const tensor = () => tf.tensor3d([...logits, ...logits, ...logits], [3, 1, 10]);

  test('is scored where a digit ends, and nowhere else', () => {
    const total = Math.log(logits.reduce((sum, value) => sum + Math.exp(value), 0));
    const labels = Int32Array.of(0, -1, 2);
    expect(streamLoss(tensor(), labels).dataSync()[0]).toBeCloseTo(total - (2 - 1) / 2, 5);
    expect(accuracy(tensor(), labels)).toBe(0.5);
    expect(streamLoss(tensor(), Int32Array.of(-1, -1, -1)).dataSync()[0]).toBeCloseTo(0, 12);
  });

  test('recurrent batch norm beyond training takes the last step’s statistics, or the minibatch’s own', () => {
    const parameters = initializeClassifier(0, 'batch', 6);
    const state = prefix('state', initializeRunningStatistics(6, 6));
    const settings = { streams: 4, steps: 12, longestPause: 0 };
    const pictures = {
      images: Uint8Array.from({ length: 10 * digitSide ** 2 }, (_, index) => (index * index) % 251),
      labels: Uint8Array.from({ length: 10 }, (_, index) => index),
    };
    const streams = drawDigitStreams(randomStream(0, 'test'), pictures, settings);
    const before = tf.memory().numTensors;
    const windows = testClassifier({ ...parameters, ...state }, streams, settings, 6, 'batch');
    expect(windows.map(({ end }) => end)).toEqual([6, 12]);
    // Statistics of 12 steps whose last seven are alike say the same as of 6.
    const longer = prefix('state', initializeRunningStatistics(12, 6));
    expect(testClassifier({ ...parameters, ...longer }, streams, settings, 6, 'batch')).toEqual(windows);
    // The minibatch's own do not read what training gathered.
    const other = { ...state, 'state/cellVariance': { shape: [6, 6], data: new Float32Array(36).fill(9) } };
    const own = testClassifier({ ...parameters, ...state }, streams, settings, 6, 'batch-own');
    expect(testClassifier({ ...parameters, ...other }, streams, settings, 6, 'batch-own')).toEqual(own);
    expect(testClassifier({ ...parameters, ...other }, streams, settings, 6, 'batch')).not.toEqual(windows);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('the dynamics of an untrained network', () => {
  const steps = 24;
  const inputs = new Float32Array(steps * 3 * stepFeatures);
  randomStream(0, 'test').fillUniform(inputs.subarray(0, 6 * 3 * stepFeatures), 0, 0.1);
  const measure = (
    cell: (typeof dynamicsCells)[number],
    normalization: 'none' | 'layer',
    scale: number,
    scaled: 'recurrent' | 'all' = 'recurrent',
  ) => measureDynamics({ cell, normalization, scaled, scale, units: 16, seed: 0 }, inputs, steps);

  test('a plain RNN of small states shrinks by its orthogonal weights’ factor, forwards and backwards', () => {
    const { summedInputs, gradient } = measure('rnn', 'none', 0.5);
    expect(logGrowth(summedInputs, 8)).toBeCloseTo(Math.log(0.5), 2);
    expect(-logGrowth(gradient, 8)).toBeCloseTo(Math.log(0.5), 2);
  });

  test('under layer normalization an RNN does not see a factor of all its weights', () => {
    const [small, large] = [measure('rnn', 'layer', 0.5, 'all'), measure('rnn', 'layer', 2, 'all')];
    for (const [step, value] of small.hidden.entries()) expect(large.hidden[step]).toBeCloseTo(value, 2);
    for (const [step, value] of small.gradient.entries()) expect(large.gradient[step]! / value).toBeCloseTo(1, 1);
    expect(large.summedInputs.at(-1)! / small.summedInputs.at(-1)!).toBeCloseTo(4, 1);
  });

  test.each(dynamicsCells)(
    'the gradient of the %s ends as the projection, all is finite, and no tensor is left',
    (cell) => {
      // The last gradient is the projection itself, of norm 1 for each part of the state.
      const before = tf.memory().numTensors;
      const { gradient, hidden, summedInputs } = measure(cell, 'layer', 1);
      expect(gradient.at(-1)).toBeCloseTo(cell === 'lstm' ? Math.SQRT2 : 1, 0);
      expect([gradient, hidden, summedInputs].map(({ length }) => length)).toEqual([steps, steps, steps]);
      expect([...gradient, ...hidden, ...summedInputs].every(Number.isFinite)).toBe(true);
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  test('growth is the slope of logarithms, without what is too small to have digits', () => {
    expect(logGrowth([5, 1, 2, 4, 8], 1)).toBeCloseTo(Math.LN2, 12);
    expect(logGrowth([1, 0.1, 0.01, 0, 1e-20], 0)).toBeCloseTo(-Math.LN10, 12);
  });
});

describe('layer-norm/recurrent-dynamics', () => {
  test.each(presetNames)('the preset %s passes its own schema', (preset) => {
    const params = recurrentDynamics.presets[preset];
    expect(recurrentDynamics.params.parse(params)).toEqual(params);
    const trials = recurrentDynamics.plan(params).map(({ name }) => name);
    expect(new Set(trials).size).toBe(3 * (params.pauses.length + 1) * params.seeds);
    const { trainingCoreSeconds, evaluationCoreSeconds } = recurrentDynamics.work(params);
    expect(trainingCoreSeconds).toBeGreaterThan(evaluationCoreSeconds / 10);
  });

  test.each([
    [{ testSteps: 40 }, 'testSteps'],
    [{ drivenSteps: 58 }, 'dynamicsSteps'],
    [{ pauses: [0, 0] }, 'pauses'],
    [{ batchSize: 1 }, 'batchSize'],
  ])('refuses %j', (change, path) => {
    const { error } = recurrentDynamics.params.safeParse({ ...laptop, ...change });
    expect(error!.issues[0]!.path).toEqual([path]);
  });

  test('smoke runs from plan to summary', async () => {
    const { rows } = await runExperiment(recurrentDynamics, smoke, digits);
    expect(rows.every(({ value }) => Number.isFinite(value))).toBe(true);
    const { verdict, tables, charts } = recurrentDynamics.summarize(rows, smoke);
    expect(verdict.outcome).toBe('inconclusive');
    expect(verdict.reason).toMatch(/^The digits stand in for MNIST\. Too few seeds: 1, at least 3 are needed\./);
    expect(tables).toHaveLength(4);
    for (const { columns, rows: cells } of tables) for (const row of cells) expect(row).toHaveLength(columns.length);
    expect(charts).toHaveLength(4);
    for (const { spec } of charts) expect(await renderChart(spec)).toContain('<svg');
  });

  test.each(recurrentDynamics.plan(smoke).slice(0, 3))(
    '$normalization: a killed training ends with the same bits',
    async (trial) => {
      const whole = await trainTrial(recurrentDynamics, trial, digits);
      expect(whole.metrics.map(({ update }) => update)).toEqual([0, 2, 4]);
      expect(await trainTrial(recurrentDynamics, trial, digits, 2)).toEqual(whole);
    },
  );
});

describe('the verdict', () => {
  const { scales, steps, testSteps, pauses } = laptop;
  /** What the claim would have: plain growth by the scale, none with layer norm; a fall with batch norm alone. */
  const measure = (
    change: Partial<Record<'growth' | 'layerFall' | 'batchFall' | 'online', number>> = {},
  ): Measurement[] => {
    const { growth = 0.05, layerFall = 0, batchFall = 0.3, online = 0.8 } = change;
    const row = (metric: string, subject: string, seed: number, value: number, step = 0): Measurement => ({
      metric,
      subject,
      step,
      seed,
      value: value + 0.001 * seed,
      unit: '1',
    });
    return [0, 1, 2].flatMap((seed) => [
      ...dynamicsCells.flatMap((cell) =>
        scales.flatMap((scale) =>
          (['summedGrowth', 'gradientGrowth'] as const).flatMap((quantity) => [
            row(dynamicsMetrics[quantity]('recurrent', scale), cellSubject(cell, 'none'), seed, Math.log(scale)),
            row(dynamicsMetrics[quantity]('recurrent', scale), cellSubject(cell, 'layer'), seed, growth),
          ]),
        ),
      ),
      ...pauses.flatMap((pause) =>
        Array.from({ length: testSteps / steps }, (_, index) => (index + 1) * steps).flatMap((end) => [
          row(dynamicsMetrics.accuracy(pause), 'layer', seed, end === steps ? 0.95 : 0.95 - layerFall, end),
          row(dynamicsMetrics.accuracy(pause), 'none', seed, 0.9, end),
          row(dynamicsMetrics.accuracy(pause), 'batch', seed, end === steps ? 0.93 : 0.93 - batchFall, end),
        ]),
      ),
      row(dynamicsMetrics.online(1), 'layer', seed, online),
      row(dynamicsMetrics.online(1), 'none', seed, 0.7),
      row(dynamicsMetrics.online(1), 'batch', seed, 0.1),
    ]);
  };
  const judge = (rows: readonly Measurement[]) => recurrentDynamics.summarize(rows, laptop).verdict;

  test('holds where all five statements do, and says the numbers', () => {
    const { outcome, reason } = judge(measure());
    expect(outcome).toBe('holds');
    expect(reason).toContain('RNN ×÷ 2.30 plain, 1.05 normalised');
    expect(reason).toContain('layer norm’s accuracy goes from 0.951 to 0.951');
    expect(reason).toMatch(/it loses 0\.300 ± .* more than layer norm/);
  });

  test.each([
    [{ growth: 2 }, 'Not so: From step to step summed inputs'],
    [{ layerFall: 0.1, batchFall: 0.5 }, 'Not so: Layer normalization is not in trouble'],
    [{ batchFall: 0.01 }, 'Not so: Recurrent batch normalization is'],
    [{ online: 0.3 }, 'Not so: Layer normalization can be trained with a batch size of 1'],
  ])('does not hold with %j', (change, reason) => {
    expect(judge(measure(change))).toMatchObject({
      outcome: 'does not hold',
      reason: expect.stringContaining(reason),
    });
  });

  test('is inconclusive with too few seeds, on a stand-in, and without a model', () => {
    const rows = measure();
    expect(judge(rows.filter(({ seed }) => seed < 2)).reason).toMatch(/^Too few seeds: 2/);
    const standIn = { metric: dynamicsMetrics.standIn, subject: 'layer', step: 0, seed: 0, value: 1, unit: '1' };
    expect(judge([...rows, standIn]).outcome).toBe('inconclusive');
    expect(judge(rows.filter(({ subject }) => subject !== 'batch')).reason).toMatch(/^Measured are 3 of 5 statements/);
    expect(judge([]).outcome).toBe('inconclusive');
  });
});
