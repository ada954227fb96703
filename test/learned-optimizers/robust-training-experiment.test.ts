import { compile } from 'vega-lite';
import { describe, expect, test } from 'vitest';
import { mnist } from '../../lib/learned-optimizers/experiments/mnist.ts';
import { recordedSteps } from '../../lib/learned-optimizers/experiments/robust-evaluation.ts';
import { robustTraining } from '../../lib/learned-optimizers/experiments/robust-training.ts';
import type { Checkpoint, TrainedModel, TrainingContext } from '../../lib/pipeline/context.ts';
import { type Measurement, presetNames } from '../../lib/pipeline/experiment.ts';
import { dataset } from './run-whole.ts';

type Params = typeof robustTraining.presets.smoke;

const machine = {
  backend: 'wasm-plain',
  threads: 1,
  dataset,
  startTensorFlow: async () => {},
  breathe: async () => {},
} as const;

async function trainOne(
  trial: ReturnType<typeof robustTraining.plan>[number],
  { checkpoint, dieAt }: { readonly checkpoint?: Checkpoint; readonly dieAt?: number } = {},
) {
  let model: TrainedModel | undefined;
  let metrics: TrainedModel['metrics'] = [];
  let saved: Checkpoint | undefined;
  const context: TrainingContext = {
    ...machine,
    checkpoint,
    checkpointDue: () => true,
    async saveCheckpoint(next) {
      saved = { ...next, state: JSON.parse(JSON.stringify(next.state)) };
      if (next.step === dieAt) throw new Error('killed');
    },
    writeMetrics: async (rows) => {
      metrics = rows;
    },
    writeModel: async (tensors, metadata) => {
      model = { tensors, metadata, metrics };
    },
    progress: () => {},
  };
  await robustTraining.train(trial, context).catch((error: Error) => {
    if (error.message !== 'killed') throw error;
  });
  return { model, saved };
}

async function runWhole(params: Params): Promise<readonly Measurement[]> {
  const trials = robustTraining.plan(params);
  const models = new Map<string, TrainedModel>();
  for (const trial of trials) models.set(trial.name, (await trainOne(trial)).model!);
  const rows: Measurement[] = [];
  for (const evaluation of robustTraining.evaluations(params, trials)) {
    const model = async (name: string) => {
      expect(evaluation.trials).toContain(name);
      return models.get(name)!;
    };
    rows.push(...(await robustTraining.evaluate(evaluation, { ...machine, model, writeImage: () => {} })));
  }
  return rows;
}

test.each(presetNames)('the preset %s passes its own schema, and its names are unique', (preset) => {
  const params = robustTraining.presets[preset];
  expect(robustTraining.params.parse(params)).toEqual(params);
  const trials = robustTraining.plan(params);
  expect(new Set(trials.map(({ name }) => name)).size).toBe(trials.length);
  const evaluations = robustTraining.evaluations(params, trials);
  expect(new Set(evaluations.map(({ name }) => name)).size).toBe(evaluations.length);
  expect(robustTraining.work(params).trainingCoreSeconds).toBeGreaterThan(0);
});

test.each([
  [{ unrollSteps: 30 }, /unrollSteps must divide horizonSteps \(100\)/],
  [{ measuredSteps: [100, 1000, 1000] }, /measuredSteps must ascend/],
  [{ measuredSteps: [200, 1000] }, /measuredSteps must ascend from horizonSteps \(100\)/],
  [{ recipes: ['lstm'] }, /recipes must name 'learned-step-sizes'/],
  [{ longRunSeeds: 51 }, /longRunSeeds must be at most seeds \(50\)/],
])('refuses %j', (change, message) => {
  const parsed = robustTraining.params.safeParse({ ...robustTraining.presets.laptop, ...change });
  expect(parsed.error?.message).toMatch(message);
});

test("the paper's optimizer is the very trial of learned-optimizers/mnist, so that it is trained once", () => {
  const [theirs] = mnist.plan(mnist.presets.laptop);
  const ours = robustTraining.plan(robustTraining.presets.laptop).find(({ name }) => name === 'lstm');
  expect(ours).toEqual({ ...theirs, experiment: 'learned-optimizers/mnist' });
  expect(robustTraining.trainingModule).toBe(mnist.trainingModule);
});

test('smoke runs from plan to summary, twice to the same numbers', async () => {
  const params = robustTraining.presets.smoke;
  const rows = await runWhole(params);
  expect(await runWhole(params)).toEqual(rows);
  const last = rows.filter((row) => row.step === 40 && row.metric === 'loss (relu)' && row.seed === 0);
  expect(last.map(({ subject }) => subject).sort()).toEqual([...params.recipes, 'nominal', 'adam'].sort());
  const starts = rows.filter((row) => row.step === 1 && row.metric === 'loss (sigmoid)' && row.seed === 0);
  expect(starts.length).toBe(params.recipes.length + 1);
  expect(new Set(starts.map(({ value }) => value)).size).toBe(1);

  const { verdict, tables, charts } = robustTraining.summarize(rows, params);
  expect(verdict).toMatchObject({ outcome: 'inconclusive', reason: expect.stringContaining('steps 100 and 10,000') });
  for (const { columns, rows: cells } of tables) for (const row of cells) expect(row).toHaveLength(columns.length);
  expect(charts).toHaveLength(2);
  for (const { spec } of charts) expect(() => compile(spec as never)).not.toThrow();
});

test.each(['curriculum', 'all-four', 'learned-step-sizes'])(
  '%s goes on from a checkpoint to the same bits',
  async (recipe) => {
    const params = { ...robustTraining.presets.smoke, episodes: 4, defaultEpisodes: 4 };
    const trial = robustTraining.plan(params).find(({ name }) => name === recipe)!;
    const { model } = await trainOne(trial);
    const { model: none, saved } = await trainOne(trial, { dieAt: 2 });
    expect(none).toBeUndefined();
    expect((await trainOne(trial, { checkpoint: saved! })).model).toEqual(model);
  },
);

test('records in decades, and every measured step within the run', () => {
  expect(recordedSteps(40, [10, 30, 60])).toEqual([1, 2, 5, 10, 20, 30]);
});

describe('the verdict', () => {
  const params = robustTraining.presets.laptop;
  /** What makes the claim hold, with ratios that can be changed one by one. */
  const measure = ({ at100 = 0.9, at10k = 1.05, relu = 1.05, seeds = 50, noise = 0.001, diverged = 0 } = {}) => {
    const rows: Measurement[] = [];
    for (const activation of ['sigmoid', 'relu']) {
      for (let seed = 0; seed < seeds; seed++) {
        for (const step of params.measuredSteps) {
          const ratio = activation === 'relu' ? relu : step === 100 ? at100 : step === 10_000 ? at10k : 1;
          const row = { metric: `loss (${activation})`, step, seed, unit: 'nats' };
          rows.push({ ...row, subject: 'adam', value: 0.3 });
          rows.push({ ...row, subject: 'learned-step-sizes', value: 0.3 * ratio + noise * Math.sin(7 * seed) });
        }
        const value = activation === 'relu' && seed < diverged ? 1 : 0;
        const run = {
          metric: `diverged (${activation})`,
          subject: 'learned-step-sizes',
          step: 10_000,
          seed,
          unit: '1',
        };
        rows.push({ ...run, value });
      }
    }
    return robustTraining.summarize(rows, params).verdict;
  };

  test('holds where all four parts do, and says the numbers', () => {
    const { outcome, reason } = measure();
    expect(outcome).toBe('holds');
    expect(reason).toContain("At step 100 the default's mean loss is 0.27, ADAM's 0.3 (50 seeds");
    expect(reason).toContain('at step 10000 the ratio is 1.05');
    expect(reason).toContain('0 of 50 runs on ReLU diverged');
  });

  test.each([[{ at100: 1 }], [{ at100: 0.99, noise: 0.1 }], [{ at10k: 1.12 }], [{ relu: 1.12 }], [{ diverged: 1 }]])(
    'does not hold with %j',
    (change) => {
      expect(measure(change).outcome).toBe('does not hold');
    },
  );

  test('is inconclusive with too few seeds or runs, and with nothing', () => {
    expect(measure({ seeds: 2 })).toMatchObject({
      outcome: 'inconclusive',
      reason: expect.stringContaining('Too few seeds: 2'),
    });
    expect(measure({ seeds: 49 })).toMatchObject({
      outcome: 'inconclusive',
      reason: expect.stringContaining('Fewer than 50 runs'),
    });
    expect(robustTraining.summarize([], params)).toMatchObject({ verdict: { outcome: 'inconclusive' }, charts: [] });
  });
});
