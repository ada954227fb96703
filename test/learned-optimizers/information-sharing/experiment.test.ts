import { compile } from 'vega-lite';
import { describe, expect, test } from 'vitest';
import { informationSharing } from '../../../lib/learned-optimizers/experiments/information-sharing.ts';
import {
  type LearnedName,
  learnedNames,
  lossMetric,
} from '../../../lib/learned-optimizers/experiments/information-sharing-subjects.ts';
import { groupCoordinates } from '../../../lib/learned-optimizers/information-sharing/coordinate-groups.ts';
import {
  createSharingOptimizer,
  joinSharingParameters,
} from '../../../lib/learned-optimizers/information-sharing/sharing-optimizer.ts';
import { initializeSharingParameters } from '../../../lib/learned-optimizers/information-sharing/sharing-parameters.ts';
import { splitTensors } from '../../../lib/learned-optimizers/parameter-tensors.ts';
import { startTuned, tunedNames } from '../../../lib/learned-optimizers/training/information-sharing.ts';
import { randomStream } from '../../../lib/numerics/random.ts';
import type { Checkpoint, TrainedModel, TrainingContext } from '../../../lib/pipeline/context.ts';
import { type Measurement, presetNames } from '../../../lib/pipeline/experiment.ts';

const { smoke, laptop } = informationSharing.presets;
const breathe = async () => {};
const machine = {
  backend: 'wasm-plain' as const,
  threads: 1,
  breathe,
  dataset: () => Promise.reject(new Error('no dataset is needed')),
  startTensorFlow: () => Promise.reject(new Error('TensorFlow.js is not needed')),
};
type Trial = ReturnType<typeof informationSharing.plan>[number];

class Killed extends Error {}

async function trainTrial(
  trial: Trial,
  {
    backend = machine.backend,
    checkpoint,
    dieAt,
  }: Partial<Pick<TrainingContext, 'backend' | 'checkpoint'>> & { dieAt?: number } = {},
): Promise<TrainedModel | Checkpoint> {
  let model: TrainedModel | undefined;
  let metrics: TrainedModel['metrics'] = [];
  let last: Checkpoint | undefined;
  const context: TrainingContext = {
    ...machine,
    backend,
    checkpoint,
    checkpointDue: () => dieAt !== undefined,
    async saveCheckpoint(saved) {
      last = { ...saved, state: JSON.parse(JSON.stringify(saved.state)) };
      if (saved.step === dieAt) throw new Killed();
    },
    writeMetrics: async (rows) => {
      metrics = rows;
    },
    writeModel: async (tensors, metadata) => {
      model = { tensors, metadata, metrics };
    },
    progress: ({ share }) => expect(share).toBeLessThanOrEqual(1),
  };
  try {
    await informationSharing.train(trial, context);
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
    return last!;
  }
  return model!;
}

async function runWhole(): Promise<readonly Measurement[]> {
  const models = new Map<string, TrainedModel>();
  const trials = informationSharing.plan(smoke);
  for (const trial of trials) models.set(trial.name, (await trainTrial(trial)) as TrainedModel);
  const rows: Measurement[] = [];
  for (const evaluation of informationSharing.evaluations(smoke, trials)) {
    const model = async (name: string) => {
      expect(evaluation.trials).toContain(name);
      return models.get(name)!;
    };
    rows.push(...(await informationSharing.evaluate(evaluation, { ...machine, model, writeImage: () => {} })));
  }
  return rows;
}

describe('the experiment', () => {
  test.each(presetNames)('the preset %s passes its own schema and plans each trial once', (preset) => {
    const params = informationSharing.presets[preset];
    expect(informationSharing.params.parse(params)).toEqual(params);
    const trials = informationSharing.plan(params);
    expect(new Set(trials.map(({ name }) => name)).size).toBe(trials.length);
    const { trainingCoreSeconds, evaluationCoreSeconds } = informationSharing.work(params);
    expect(trainingCoreSeconds).toBeGreaterThan(evaluationCoreSeconds / 10);
  });

  test.each([
    [{ unrollSteps: 7 }, 'unrollSteps must divide horizonSteps (60), and 7 does not'],
    [{ averagingCells: 13 }, 'a layer has 12 cells, and 13 of them cannot be averaged'],
    [{ conditionNumbers: [10, 1] }, 'conditionNumbers must ascend, got 10, 1'],
    [{ hiddenUnits: 10 }, 'multiple of 4'],
    [{ learningRate: 1 }, 'learningRate'],
  ])('refuses %s', (change, message) => {
    const parsed = informationSharing.params.safeParse({ ...laptop, ...change });
    expect(parsed.error?.message).toContain(message);
  });

  test('smoke runs from plan to summary, twice to the same numbers', async () => {
    const rows = await runWhole();
    expect(await runWhole()).toEqual(rows);
    const { conditionNumbers, dimensions, seeds, horizonSteps } = smoke;
    const subjects = [...learnedNames, ...tunedNames];
    const final = rows.filter(({ step, metric }) => step === horizonSteps && metric.startsWith('loss'));
    expect(final).toHaveLength(subjects.length * seeds * dimensions.length * conditionNumbers.length);
    expect(rows.every(({ value }) => Number.isFinite(value))).toBe(true);
    // Step 1 is the initial point, the same for everyone.
    for (const row of rows.filter(({ step }) => step === 1)) expect(row.value).toBeCloseTo(1, 6);
    // A quadratic of condition number 1 takes BFGS one step, whoever carries it out.
    for (const subject of ['l-bfgs', 'bfgs-by-hand'])
      for (const row of final.filter((row) => row.subject === subject && row.metric === lossMetric(1, 5)))
        expect(row.value).toBeLessThan(1e-8);

    const { verdict, tables, charts } = informationSharing.summarize(rows, smoke);
    expect(verdict.outcome).toBe('inconclusive');
    expect(verdict.reason).toContain('10 steps, and at least 50 are needed');
    for (const { columns, rows: cells } of tables) for (const row of cells) expect(row).toHaveLength(columns.length);
    expect(tables[0]!.rows.map((row) => row[0])).toHaveLength(subjects.length);
    expect(charts).toHaveLength(conditionNumbers.length);
    for (const { spec } of charts) expect(() => compile(spec as never)).not.toThrow();
  });

  test('a trial goes on from its checkpoint to the same bits, memory or not', async () => {
    const episodes = 4;
    for (const trial of informationSharing.plan({ ...smoke, seeds: 1, episodes, metaLearningRates: [0.02] })) {
      if (trial.kind !== 'learned') continue;
      const undisturbed = await trainTrial(trial);
      const checkpoint = (await trainTrial(trial, { dieAt: 3 })) as Checkpoint;
      expect(checkpoint.step).toBe(3);
      expect(await trainTrial(trial, { checkpoint })).toEqual(undisturbed);
    }
  });

  test('computes about the same in plain TypeScript, where the backend has no kernel of ours', async () => {
    const trials = informationSharing.plan({ ...smoke, seeds: 1, episodes: 1, metaLearningRates: [0.02] });
    const trial = trials.find(({ name }) => name.startsWith('ntm-bfgs/'))!;
    const ours = (await trainTrial(trial)) as TrainedModel;
    const theirs = (await trainTrial(trial, { backend: 'node-cpu' })) as TrainedModel;
    for (const [name, { data }] of Object.entries(theirs.tensors))
      for (const [k, value] of data.entries())
        expect(Math.abs(ours.tensors[name]!.data[k]! - value)).toBeLessThan(2e-3);
  });

  test('summarizes nothing at all without falling over', () => {
    expect(informationSharing.summarize([], laptop).verdict.outcome).toBe('inconclusive');
  });
});

describe('the verdict', () => {
  const measure = (levels: Partial<Record<LearnedName, number>>, seeds: number, noise = 0.02): Measurement[] =>
    Object.entries(levels).flatMap(([subject, level]) =>
      Array.from({ length: seeds }, (_, seed) => seed).flatMap((seed) =>
        laptop.conditionNumbers.flatMap((conditionNumber) =>
          laptop.dimensions.map((dimension) => ({
            metric: lossMetric(conditionNumber, dimension),
            subject,
            step: laptop.horizonSteps,
            seed,
            value: level * 10 ** (noise * Math.sin(7 * seed + subject.length)),
            unit: '',
          })),
        ),
      ),
    );
  const judge = (rows: Measurement[]) => informationSharing.summarize(rows, laptop).verdict;
  const better = { 'lstm-gac': 5e-4, 'ntm-bfgs': 1e-4, 'ntm-l-bfgs': 2e-4 } as const;

  test('holds where all three are below the LSTM, and says by how many decades', () => {
    const { outcome, reason } = judge(measure({ lstm: 1e-3, ...better }, 10));
    expect(outcome).toBe('holds');
    expect(reason).toMatch(
      /At condition number 1000 .*over 10 training seeds: LSTM\+GAC −0\.3\d? ± .*NTM-BFGS −(1|0\.99|1\.0) ±/,
    );
  });

  test('does not hold where one is not, and names those that are', () => {
    const { outcome, reason } = judge(measure({ lstm: 1e-3, ...better, 'ntm-bfgs': 2e-3 }, 10));
    expect(outcome).toBe('does not hold');
    expect(reason).toContain('Better than the LSTM by two standard errors: LSTM+GAC, NTM-L-BFGS.');
  });

  test('does not hold where a difference drowns in its spread', () => {
    expect(judge(measure({ lstm: 1e-3, ...better, 'lstm-gac': 0.95e-3 }, 10, 0.5)).outcome).toBe('does not hold');
  });

  test('is inconclusive with too few seeds or an optimizer missing', () => {
    expect(judge(measure({ lstm: 1e-3, ...better }, 9)).reason).toContain('Too few seeds: 9');
    const { 'ntm-bfgs': _, ...rest } = better;
    expect(judge(measure({ lstm: 1e-3, ...rest }, 10)).reason).toContain('Not measured beside the LSTM: NTM-BFGS.');
  });

  test('a run that diverged counts as ten times its start', () => {
    const rows = measure({ lstm: 1e-3, ...better, 'ntm-bfgs': Number.MAX_VALUE }, 10, 0);
    expect(judge(rows).reason).toContain('NTM-BFGS +4 ±');
  });
});

test('an artifact of another shape is refused by name', () => {
  const optimizer = informationSharing.plan(laptop).find((trial) => trial.kind === 'learned')!.optimizer;
  const network = createSharingOptimizer(optimizer, {
    groups: groupCoordinates([2]),
    unrollSteps: 1,
    backend: 'wasm-plain',
  });
  const parameters = initializeSharingParameters(network.layout, randomStream(1));
  const tensors = splitTensors(network.layout, parameters);
  expect(joinSharingParameters(optimizer, tensors)).toEqual(parameters);
  expect(() => joinSharingParameters({ ...optimizer, hiddenUnits: 20 }, tensors)).toThrow(
    "'layer-1/kernel' must be float32 of shape [1,80], and is [1,48]",
  );
  expect(() => joinSharingParameters(optimizer, {})).toThrow(
    "'layer-1/kernel' must be float32 of shape [1,48], and is missing",
  );
});

test('hand-written optimizers move functions of a batch as they would alone', () => {
  for (const name of tunedNames) {
    const both = startTuned(name, groupCoordinates([2, 3]), 0.3);
    const alone = startTuned(name, groupCoordinates([3]), 0.3);
    const [theta, single] = [new Float32Array(5).fill(1), new Float32Array(3).fill(1)];
    for (let step = 0; step < 6; step++) {
      both.lookAhead?.(theta);
      alone.lookAhead?.(single);
      both.update(
        theta,
        theta.map((value, k) => (k + 1) * value),
      );
      alone.update(
        single,
        single.map((value, k) => (k + 3) * value),
      );
    }
    expect(theta.subarray(2)).toEqual(single);
  }
});
