import { compile } from 'vega-lite';
import { describe, expect, test } from 'vitest';
import { subjectOf } from '../../lib/layer-norm/experiments/evaluate-permutation-invariant-mnist.ts';
import { updateTimeMetric } from '../../lib/layer-norm/experiments/learning-curves.ts';
import {
  permutationInvariantMnist as experiment,
  type PerceptronParams,
} from '../../lib/layer-norm/experiments/permutation-invariant-mnist.ts';
import { judgePerceptrons } from '../../lib/layer-norm/experiments/summarize-permutation-invariant-mnist.ts';
import type { PerceptronTrial } from '../../lib/layer-norm/training/permutation-invariant-mnist.ts';
import type { Checkpoint, TrainedModel, TrainingContext } from '../../lib/pipeline/context.ts';
import { type Measurement, presetNames } from '../../lib/pipeline/experiment.ts';
import { dataset } from '../learned-optimizers/run-whole.ts';

const machine = {
  backend: 'wasm-plain',
  threads: 1,
  dataset,
  startTensorFlow: async () => expect.unreachable('nothing here needs TensorFlow.js'),
  breathe: async () => {},
} as const;

/** `killAt` ends the training at its so-many-th chance for a checkpoint, and returns that. */
async function trainOne(trial: PerceptronTrial, checkpoint?: Checkpoint, killAt = Number.POSITIVE_INFINITY) {
  let model: TrainedModel | undefined;
  let metrics: TrainedModel['metrics'] = [];
  let saved: Checkpoint | undefined;
  let chances = 0;
  const context: TrainingContext = {
    ...machine,
    checkpoint,
    checkpointDue: () => ++chances === killAt,
    saveCheckpoint: async (state) => {
      // As it comes back from the store.
      saved = { ...state, state: JSON.parse(JSON.stringify(state.state)) };
      throw new Error('killed');
    },
    writeMetrics: async (rows) => {
      metrics = rows;
    },
    writeModel: async (tensors, metadata) => {
      model = { tensors, metadata, metrics };
    },
    progress: ({ share }) => expect(share).toBeLessThanOrEqual(1),
  };
  await experiment.train(trial, context).catch((error) => {
    if (error.message !== 'killed') throw error;
  });
  return { model, saved };
}

async function runWhole(params: PerceptronParams): Promise<readonly Measurement[]> {
  const trials = experiment.plan(params);
  const models = new Map<string, TrainedModel>();
  for (const trial of trials) models.set(trial.name, (await trainOne(trial)).model!);
  const rows: Measurement[] = [];
  for (const evaluation of experiment.evaluations(params, trials)) {
    const model = async (name: string) => {
      expect(evaluation.trials).toContain(name);
      return models.get(name)!;
    };
    rows.push(...(await experiment.evaluate(evaluation, { ...machine, model, writeImage: () => {} })));
  }
  return rows;
}

/** Of Vega-Lite, which remarks on the axes that the charts of all tasks share. */
const logger = {
  level: () => logger,
  error: () => logger,
  warn: () => logger,
  info: () => logger,
  debug: () => logger,
} as never;

const { smoke, laptop } = experiment.presets;

test.each(presetNames)('the preset %s passes its own schema', (preset) => {
  const params = experiment.presets[preset];
  expect(experiment.params.parse(params)).toEqual(params);
  const trials = experiment.plan(params);
  expect(new Set(trials.map(({ name }) => name)).size).toBe(6 * params.seeds);
  expect(experiment.work(params).trainingCoreSeconds).toBeGreaterThan(
    experiment.work(params).evaluationCoreSeconds / 10,
  );
});

test.each([
  [{ seeds: 0 }],
  [{ hiddenUnits: [] }],
  [{ hiddenUnits: [10] }],
  [{ batchSizes: [4, 128] }],
  [{ batchSizes: [128, 1] }],
  [{ trainingImages: 60_000 }],
  [{ runningDecay: 1 }],
  [{ learningRates: [0.001, 0.001] }],
])('refuses %s', (change) => expect(experiment.params.safeParse({ ...laptop, ...change }).success).toBe(false));

test('batch normalization has the unbiased variance with the smaller minibatches only', () => {
  for (const trial of experiment.plan(laptop)) {
    expect(trial.batchVariance).toBe(trial.batchSize === 4 ? 'unbiased' : 'biased');
  }
});

test('smoke runs from plan to summary, twice to the same numbers but those of the clock', async () => {
  const rows = await runWhole(smoke);
  const untimed = (all: readonly Measurement[]) => all.filter(({ metric }) => metric !== updateTimeMetric);
  expect(untimed(await runWhole(smoke))).toEqual(untimed(rows));
  const seconds = rows.filter(({ metric }) => metric === updateTimeMetric);
  expect(seconds).toHaveLength(6);
  for (const { value } of seconds) expect(value).toBeGreaterThan(0);
  for (const batchSize of smoke.batchSizes) {
    const curve = (metric: string, normalization: 'layer' | 'batch') =>
      rows.filter((row) => row.metric === metric && row.subject === subjectOf(batchSize, normalization));
    // At the start, and twice in each of two epochs; of 184 images one epoch has a single minibatch of 128.
    expect(curve('testError', 'batch')).toHaveLength(batchSize === 4 ? 5 : 3);
    const losses = curve('trainingLoss', 'layer');
    expect(losses.at(-1)!.value).toBeLessThan(losses[0]!.value);
    expect(curve('testErrorByLargeStatistics', 'batch')).toHaveLength(1);
    expect(curve('testErrorByLargeStatistics', 'layer')).toHaveLength(0);
  }
  const { verdict, tables, charts } = experiment.summarize(rows, smoke);
  expect(verdict).toMatchObject({ outcome: 'inconclusive', reason: expect.stringContaining('Too few seeds: 1') });
  expect(verdict.reason).not.toContain('NaN');
  expect(tables.map((table) => table.rows.length)).toEqual([8, 6]);
  for (const { columns, rows: cells } of tables) for (const row of cells) expect(row).toHaveLength(columns.length);
  expect(charts).toHaveLength(6);
  for (const { spec } of charts) expect(() => compile(spec as never, { logger })).not.toThrow();
});

test.each(['batch-4/batch/seed-0', 'batch-128/layer/seed-0'])(
  'the training of %s, killed, goes on to the same bits',
  async (name) => {
    const trial = experiment.plan({ ...smoke, epochs: 3 }).find((planned) => planned.name === name)!;
    const { model } = await trainOne(trial);
    const { saved } = await trainOne(trial, undefined, 2);
    expect(saved!.step).toBe(2);
    expect((await trainOne(trial, saved)).model).toEqual(model);
    expect(model!.metadata.kind).toBe('normalised-perceptron');
  },
);

test('a training whose loss is no number ends as such, not as a network without errors', async () => {
  const [trial] = experiment.plan(smoke);
  const training = trainOne({ ...trial!, normalization: 'none', learningRate: 1e30 });
  await expect(training).rejects.toThrow(/not finite. Lower learningRate/);
});

describe('the verdict', () => {
  const [large, small] = laptop.batchSizes;
  /** Curves that fall to given test errors; `speed` is how much sooner layer normalization's training curve falls. */
  const measure = (
    finals: Record<string, readonly [number, number]>,
    speed = 2,
    seeds = 3,
    noise = 0.0001,
  ): Measurement[] =>
    Object.entries(finals).flatMap(([kind, errors]) =>
      [large, small].flatMap((size, index) =>
        Array.from({ length: seeds }, (_, seed) =>
          Array.from({ length: 11 }, (_, k) => {
            const common = { subject: subjectOf(size, kind as 'layer'), step: 100 * k, seed };
            const progress = kind === 'layer' ? speed * k : k;
            const value = errors[index]! + noise * Math.sin(3 * seed * kind.charCodeAt(0) + k);
            return [
              { ...common, metric: 'testError', value, unit: 'share' },
              { ...common, metric: 'testLoss', value: 2 * value, unit: 'nats' },
              { ...common, metric: 'trainingLoss', value: 1 / (1 + progress), unit: 'nats' },
            ];
          }).flat(),
        ).flat(),
      ),
    );
  const ours = { layer: [0.02, 0.021], none: [0.021, 0.022] } as const;

  test('holds where layer normalization errs less with small minibatches and trains faster, and says by how much', () => {
    const { outcome, reason } = judgePerceptrons(measure({ ...ours, batch: [0.019, 0.04] }), laptop);
    expect(outcome).toBe('holds');
    expect(reason).toMatch(
      /with minibatches of 4 the test error is 2\.\d+ % with layer normalization, [34]\.?\d* % with batch/,
    );
    expect(reason).toContain('minibatches of 128: 0.5; of 4: 0.5.');
  });

  test.each([
    ['err less', measure({ ...ours, batch: [0.019, 0.0211] }, 2, 3, 0.01)],
    ['loses as much', measure({ ...ours, batch: [0.0399, 0.04] })],
    ['does not train faster', measure({ ...ours, batch: [0.019, 0.04] }, 1)],
    ['does not train faster', measure({ ...ours, batch: [0.019, 0.04] }, 0.5)],
  ])('does not hold where it does not: %s', (reason, rows) => {
    expect(judgePerceptrons(rows, laptop)).toMatchObject({
      outcome: 'does not hold',
      reason: expect.stringContaining(reason),
    });
  });

  test('is inconclusive with too few seeds, without a network, and with nothing at all', () => {
    const few = judgePerceptrons(measure({ ...ours, batch: [0.019, 0.04] }, 2, 2), laptop);
    expect(few).toMatchObject({ outcome: 'inconclusive', reason: expect.stringContaining('Too few seeds: 2') });
    expect(judgePerceptrons(measure(ours), laptop).reason).toBe('Not measured: batch normalization.');
    expect(experiment.summarize([], laptop).verdict.outcome).toBe('inconclusive');
  });

  test('the table has the roughness of the curve after the first epoch, the other the share of updates and time', () => {
    const rows = measure({ layer: [0.02, 0.02], batch: [0.02, 0.02] }, 2, 3, 0);
    // A first epoch of four measurements, then a saw of ±0.01.
    const saw = rows.map((row) => {
      if (row.metric !== 'testLoss' || row.subject !== subjectOf(small, 'batch')) return row;
      return { ...row, value: row.step < 400 ? 5 : row.step % 200 === 0 ? 0.05 : 0.06 };
    });
    const times = (['layer', 'batch'] as const).flatMap((kind, index) => {
      const common = { subject: subjectOf(small, kind), step: 0, seed: 0 };
      return [
        { ...common, metric: updateTimeMetric, value: 2e-4 / (index + 1), unit: 's' },
        { ...common, metric: 'updatesPerEpoch', value: 400, unit: 'updates' },
      ];
    });
    const { tables } = experiment.summarize([...saw, ...times], laptop);
    const ofSmall = tables[0]!.rows.filter(([size]) => size === small);
    expect(ofSmall.map((row) => row[6])).toEqual([0, expect.closeTo(0.01, 10)]);
    expect(tables[1]!.rows.filter(([size]) => size === small)).toEqual([
      [small, 'layer normalization', expect.closeTo(200), 500, 0.5, expect.closeTo(1)],
      [small, 'batch normalization', expect.closeTo(100), 1000, 1, 1],
      [small, 'no normalization', undefined, undefined, undefined, undefined],
    ]);
  });
});
