import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { compile } from 'vega-lite';
import { describe, expect, test } from 'vitest';
import type { DatasetReader } from '../../lib/datasets/dataset.ts';
import { makeColourPatches } from '../../lib/datasets/stand-ins/colour-patches.ts';
import { type CifarParams, cifar } from '../../lib/learned-optimizers/experiments/cifar.ts';
import {
  cifarMetric,
  judgeCifar,
  type PanelName,
  panels,
  standInMetric,
} from '../../lib/learned-optimizers/experiments/cifar-summary.ts';
import type { NumericBackend } from '../../lib/numerics/backend.ts';
import type { Checkpoint, TrainedModel, TrainingContext } from '../../lib/pipeline/context.ts';
import { type Measurement, presetNames } from '../../lib/pipeline/experiment.ts';

const patches = makeColourPatches();
const reader = (origin: 'paper' | 'stand-in'): DatasetReader => ({
  manifest: { formatVersion: 1, name: 'cifar-10', version: '0'.repeat(16), origin, description: '', files: [] },
  file: async (name) => patches[name]!,
});

function machineOf(backend: NumericBackend, origin: 'paper' | 'stand-in' = 'stand-in') {
  const startTensorFlow = async () => {
    expect(backend).toBe('node-cpu');
    await tf.setBackend('cpu');
  };
  const dataset = async () => reader(origin);
  return { backend, threads: 1, dataset, startTensorFlow, breathe: async () => {} } as const;
}

type Trial = ReturnType<typeof cifar.plan>[number];

/** Trains one trial; `checkpointAfter` makes it stop with what it had saved after so many chances. */
async function trainOne(
  trial: Trial,
  machine: ReturnType<typeof machineOf>,
  checkpoint?: Checkpoint,
  checkpointAfter = Number.POSITIVE_INFINITY,
): Promise<TrainedModel | Checkpoint> {
  let model: TrainedModel | undefined;
  let metrics: TrainedModel['metrics'] = [];
  let saved: Checkpoint | undefined;
  let chances = 0;
  const context: TrainingContext = {
    ...machine,
    checkpoint,
    checkpointDue: () => ++chances === checkpointAfter,
    saveCheckpoint: async (state) => {
      saved = state;
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
  await cifar.train(trial, context).catch((error) => {
    if (error.message !== 'killed') throw error;
  });
  return (saved ?? model)!;
}

/** All stages in this process, without a store; of panels and methods, those that `isWanted`. */
async function runWhole(
  params: CifarParams,
  machine: ReturnType<typeof machineOf>,
  isWanted: (trial: string) => boolean = () => true,
): Promise<readonly Measurement[]> {
  const models = new Map<string, TrainedModel>();
  const trials = cifar.plan(params).filter(({ name }) => isWanted(name));
  for (const trial of trials) models.set(trial.name, (await trainOne(trial, machine)) as TrainedModel);
  const rows: Measurement[] = [];
  for (const evaluation of cifar.evaluations(params, trials)) {
    if (!isWanted(evaluation.trials[0]!)) continue;
    rows.push(
      ...(await cifar.evaluate(evaluation, {
        ...machine,
        model: async (name) => models.get(name)!,
        writeImage: () => {},
      })),
    );
  }
  return rows;
}

const { smoke } = cifar.presets;

test.each(presetNames)(
  'the preset %s passes its own schema, and plans two learned optimizers and twelve rates',
  (preset) => {
    const params = cifar.presets[preset];
    expect(cifar.params.parse(params)).toEqual(params);
    const trials = cifar.plan(params);
    expect(new Set(trials.map(({ name }) => name)).size).toBe(14);
    expect(cifar.work(params).trainingCoreSeconds).toBeGreaterThan(cifar.work(params).evaluationCoreSeconds / 100);
  },
);

test('no learned optimizer is trained on test images, and LSTM-sub on no label that it is judged on', () => {
  const [lstm, sub] = cifar.plan(cifar.presets.overnight).filter(({ kind }) => kind === 'lstm');
  expect([lstm!.problem.split, sub!.problem.split]).toEqual(['train', 'train']);
  expect(lstm!.problem.labels).toHaveLength(10);
  for (const label of [...panels['CIFAR-5'], ...panels['CIFAR-2']]) expect(sub!.problem.labels).not.toContain(label);
  expect(sub!.problem.labels).toHaveLength(5);
  for (const { problem } of cifar.evaluations(cifar.presets.overnight, [])) expect(problem.split).toBe('test');
});

test.each([
  [{ seeds: 0 }],
  [{ filters: [20] }],
  [{ batchSize: 1 }],
  [{ unrollSteps: 30 }],
  [{ evaluationSteps: 50 }],
  [{ metaLearningRateCandidates: 2 }],
])('refuses %s', (change) =>
  expect(cifar.params.safeParse({ ...cifar.presets.laptop, ...change }).success).toBe(false),
);

test('smoke runs from plan to summary, twice to the same numbers', async () => {
  const rows = await runWhole(smoke, machineOf('wasm-plain'));
  const lstmOnly = await runWhole(smoke, machineOf('wasm-plain'), (name) => name === 'lstm');
  expect(lstmOnly).toEqual(rows.filter(({ subject }) => subject === 'lstm'));
  const losses = rows.filter(({ metric }) => metric.startsWith('loss on'));
  expect(losses).toHaveLength(3 * 6 * smoke.seeds * (1 + smoke.evaluationSteps));
  expect(losses.every(({ value }) => Number.isFinite(value))).toBe(true);
  for (const panel of Object.keys(panels)) {
    // Every method starts from the same point on the same minibatch.
    const starts = losses.filter(
      ({ metric, step, seed }) => metric === cifarMetric(panel as PanelName) && step === 0 && seed === 1,
    );
    expect(starts).toHaveLength(6);
    expect(new Set(starts.map(({ value }) => value)).size).toBe(1);
  }
  const { verdict, tables, charts } = cifar.summarize(rows, smoke);
  expect(verdict).toMatchObject({ outcome: 'inconclusive', reason: expect.stringContaining('Stand-in data') });
  expect(tables[0]!.rows).toHaveLength(18);
  for (const { columns, rows: cells } of tables) for (const row of cells) expect(row).toHaveLength(columns.length);
  expect(charts.map(({ title }) => title)).toEqual(['CIFAR-10', 'CIFAR-5', 'CIFAR-2']);
  for (const { spec } of charts) expect(() => compile(spec as never)).not.toThrow();
});

test('what was trained runs about the same in plain TensorFlow.js, where a backend asks for it', async () => {
  const params = { ...smoke, seeds: 1, episodes: 1, horizonSteps: 2, evaluationSteps: 2, hiddenUnits: 4 };
  const model = (await trainOne(cifar.plan(params)[0]!, machineOf('wasm-plain'))) as TrainedModel;
  const [evaluation] = cifar.evaluations(params, []);
  const [ours, theirs] = await Promise.all(
    (['wasm-plain', 'node-cpu'] as const).map((backend) =>
      cifar.evaluate(evaluation!, { ...machineOf(backend), model: async () => model, writeImage: () => {} }),
    ),
  );
  expect(theirs).toHaveLength(4);
  for (const [index, { metric, step, value }] of theirs!.entries()) {
    expect(ours![index]).toMatchObject({ metric, step });
    expect(Math.abs(value - ours![index]!.value)).toBeLessThan(1e-3 * value);
  }
});

test.each([
  ['lstm', 2],
  ['CIFAR-2/sgd', 5],
])('the training of %s, killed, goes on to the same bits from step %i', async (name, step) => {
  const trial = cifar.plan({ ...smoke, episodes: 3, evaluationSteps: 2 }).find((planned) => planned.name === name)!;
  const undisturbed = await trainOne(trial, machineOf('wasm-plain'));
  const checkpoint = (await trainOne(trial, machineOf('wasm-plain'), undefined, step)) as Checkpoint;
  expect(checkpoint.step).toBe(step);
  // As it comes back from the store.
  const stored = { ...checkpoint, state: JSON.parse(JSON.stringify(checkpoint.state)) };
  let evaluated = 0;
  const machine = { ...machineOf('wasm-plain'), breathe: async () => void evaluated++ };
  expect(await trainOne(trial, machine, stored)).toEqual(undisturbed);
  let inAll = 0;
  await trainOne(trial, { ...machineOf('wasm-plain'), breathe: async () => void inAll++ });
  expect(evaluated).toBeLessThan(inAll);
});

describe('the verdict', () => {
  /** Losses by subject on every panel at 1000 steps, each seed off by its own noise. */
  const measure = (levels: Readonly<Record<string, number>>, seeds = 6, noise = 0.01): Measurement[] =>
    Object.keys(panels).flatMap((panel) =>
      Object.entries(levels).flatMap(([subject, level]) =>
        Array.from({ length: seeds }, (_, seed) =>
          [0, 500, 1000].map((step) => ({
            metric: cifarMetric(panel as PanelName),
            subject,
            step,
            seed,
            // Half of it at the end; step 0 belongs to nobody.
            value: step === 0 ? 100 : (level + noise * Math.sin(5 * seed + subject.length)) / (step / 500),
            unit: 'nats',
          })),
        ).flat(),
      ),
    );
  const others = { adam: 1.2, rmsprop: 1.3, nag: 1.1, sgd: 1.5 };

  test('holds where both learned optimizers are below the best baseline everywhere, with the numbers', () => {
    const { outcome, reason } = judgeCifar(measure({ lstm: 0.9, 'lstm-sub': 0.95, ...others }), 1000);
    expect(outcome).toBe('holds');
    expect(reason).toMatch(/CIFAR-10, over all steps: LSTM 0\.6\d+ ± .*, NAG 0\.8\d+ ± .*, paired difference -0\.1/);
    expect(reason).toContain('CIFAR-2, over the last tenth: LSTM-sub 0.47');
    expect(reason).not.toContain('CIFAR-10, over all steps: LSTM-sub');
  });

  test('does not hold where LSTM-sub suffers, or where the difference drowns in its spread', () => {
    const behind = judgeCifar(measure({ lstm: 0.9, 'lstm-sub': 1.15, ...others }), 1000);
    expect(behind).toMatchObject({
      outcome: 'does not hold',
      reason: expect.stringContaining('in 4 of 10 comparisons'),
    });
    expect(judgeCifar(measure({ lstm: 1.09, 'lstm-sub': 1.09, ...others }, 6, 0.2), 1000).outcome).toBe(
      'does not hold',
    );
  });

  test.each([
    ['another number of steps', 100, measure({ lstm: 0.9, 'lstm-sub': 0.9, ...others }), "this run's 100"],
    ['too few seeds', 1000, measure({ lstm: 0.9, 'lstm-sub': 0.9, ...others }, 4), 'Too few seeds: 4'],
    ['a missing method', 1000, measure({ lstm: 0.9, ...others }), 'Not measured: LSTM-sub on CIFAR-10'],
    ['nothing at all', 1000, [], 'Not measured: LSTM on CIFAR-10'],
    [
      'other images',
      1000,
      [
        ...measure({ lstm: 0.9, 'lstm-sub': 0.9, ...others }),
        { metric: standInMetric, subject: 'lstm', step: 0, seed: 0, value: 1, unit: '1' },
      ],
      'Stand-in data',
    ],
  ] as const)('is inconclusive with %s', (_, steps, rows, reason) => {
    expect(judgeCifar(rows, steps)).toMatchObject({ outcome: 'inconclusive', reason: expect.stringContaining(reason) });
  });
});
