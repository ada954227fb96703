/** As many trials as one likes, each of which does next to nothing: what is left is what the pipeline adds. */
import { z } from 'zod';
import { defineExperiment } from '../../lib/pipeline/experiment.ts';

const params = z.strictObject({
  seeds: z.number().int().min(1),
  trials: z.number().int().min(1),
  /** Trials that one job trains. */
  trialsAJob: z.number().int().min(1),
});

interface StubTrial {
  readonly name: string;
  readonly cpus: number;
  readonly group: string;
  readonly value: number;
}

interface StubEvaluation {
  readonly name: string;
  readonly trials: readonly string[];
}

const smoke = { seeds: 1, trials: 10, trialsAJob: 5 };
const module = 'test/scale/stub-experiment.ts';

export const stub = defineExperiment<z.infer<typeof params>, StubTrial, StubEvaluation>({
  name: 'scale/stub',
  source: { arxiv: '0000.00000', title: 'Nothing, many times', place: '§1' },
  claim: 'Nothing is lost.',
  deviations: [],
  params,
  presets: { smoke, laptop: smoke, overnight: smoke, paper: smoke },
  datasets: [],
  module,
  trainingModule: module,
  plan: ({ trials, trialsAJob }) =>
    Array.from({ length: trials }, (_, index) => ({
      name: `trial-${index}`,
      cpus: 1,
      group: `job-${Math.floor(index / trialsAJob)}`,
      value: index,
    })),
  async train({ value }, context) {
    await context.writeMetrics([{ step: 1, value }]);
    await context.writeModel({ value: { shape: [1], data: Float32Array.of(value) } }, { kind: 'stub' });
  },
  evaluations: (_, trials) => trials.map(({ name }) => ({ name, trials: [name] })),
  async evaluate({ trials: [trial] }, context) {
    const value = (await context.model(trial!)).tensors.value!.data[0]!;
    return [{ metric: 'value', subject: 'stub', step: value, seed: 0, value, unit: '1' }];
  },
  summarize: (measurements) => {
    const seen = new Set(measurements.map(({ value }) => value)).size;
    return {
      verdict: { outcome: seen === measurements.length ? 'holds' : 'does not hold', reason: `${seen} values` },
      tables: [{ title: 'Values', columns: [{ label: 'values' }], rows: [[seen]] }],
      charts: [],
    };
  },
  work: ({ trials }) => ({ trainingCoreSeconds: trials / 1000, evaluationCoreSeconds: trials / 1000 }),
});
