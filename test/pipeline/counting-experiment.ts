/** A small experiment for tests of the pipeline: it counts, can be made to fail, and can be killed on the way. */
import { z } from 'zod';
import { defineExperiment } from '../../lib/pipeline/experiment.ts';

const params = z.strictObject({
  seeds: z.number().int().min(1).max(100),
  trials: z.number().int().min(1).max(1000),
  steps: z.number().int().min(1).max(1000),
  /** Trials that throw. */
  broken: z.array(z.string()),
  /** Throws after this step, as a kill would end it; 0 never. */
  dieAtStep: z.number().int(),
});

interface CountingTrial {
  readonly name: string;
  readonly steps: number;
  readonly broken: boolean;
  readonly dieAtStep: number;
  readonly cpus: number;
  readonly group: string;
}

interface CountingEvaluation {
  readonly name: string;
  readonly trials: readonly string[];
  readonly seed: number;
}

const smoke = { seeds: 2, trials: 3, steps: 10, broken: [], dieAtStep: 0 };

/** Filled by `train`: which steps were really computed. */
export const computedSteps: number[] = [];

export const counting = defineExperiment<z.infer<typeof params>, CountingTrial, CountingEvaluation>({
  name: 'test/counting',
  source: { arxiv: '0000.00000', title: 'On counting', place: '§1' },
  claim: 'Counting to n gives n.',
  deviations: [],
  params,
  presets: { smoke, laptop: { ...smoke, seeds: 20 }, overnight: smoke, paper: smoke },
  datasets: [],
  module: 'test/pipeline/counting-experiment.ts',
  trainingModule: 'test/pipeline/counting-experiment.ts',
  plan: ({ trials, steps, broken, dieAtStep }) =>
    Array.from({ length: trials }, (_, index) => {
      const name = `count/${index}`;
      return {
        name,
        steps,
        broken: broken.includes(name),
        dieAtStep,
        cpus: 1 + (index % 2),
        group: `pair-${index >> 1}`,
      };
    }),
  async train(trial, context) {
    if (trial.broken) throw new RangeError(`${trial.name} cannot count`);
    let count = context.checkpoint?.tensors.count?.data[0] ?? 0;
    for (let step = context.checkpoint?.step ?? 0; step < trial.steps; step++) {
      count += 1;
      computedSteps.push(step);
      if (context.checkpointDue()) {
        await context.saveCheckpoint({ step: step + 1, tensors: tensorsOf(count), state: null });
      }
      if (step + 1 === trial.dieAtStep && !context.checkpoint) throw new Error('killed');
      await context.breathe();
    }
    await context.writeMetrics([{ step: trial.steps, count }]);
    await context.writeModel(tensorsOf(count), { trial: trial.name });
  },
  evaluations: ({ seeds }, trials) =>
    trials.flatMap(({ name }) =>
      Array.from({ length: seeds }, (_, seed) => ({ name: `${name}/seed-${seed}`, trials: [name], seed })),
    ),
  async evaluate({ trials: [trial], seed }, context) {
    const model = await context.model(trial!);
    const value = model.tensors.count!.data[0]!;
    return [{ metric: 'count', subject: trial!, step: 0, seed, value: seed === 13 ? Number.NaN : value, unit: '1' }];
  },
  summarize: (measurements) => ({
    verdict: { outcome: measurements.length >= 4 ? 'holds' : 'inconclusive', reason: `${measurements.length} counts` },
    tables: [
      {
        title: 'Counts',
        columns: [{ label: 'trial' }, { label: 'count' }],
        rows: [...measurements.map((m) => [m.subject, m.value] as const), ['all there are', Number.POSITIVE_INFINITY]],
      },
    ],
    charts: [],
  }),
  work: ({ steps, trials }) => ({ trainingCoreSeconds: steps * trials, evaluationCoreSeconds: trials }),
});

function tensorsOf(count: number) {
  return { count: { shape: [1], data: Float32Array.of(count) } };
}
