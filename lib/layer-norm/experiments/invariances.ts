/** §5.1, Table 1: which changes of weights and data leave the outputs of a normalised layer as they are. */
import { z } from 'zod';
import { defineExperiment, type Measurement } from '../../pipeline/experiment.ts';
import { readModel } from '../analysis/random-layer.ts';
import { transformationNames } from '../analysis/transformations.ts';
import { type RandomLayerTrial, train } from '../training/invariances.ts';
import { invarianceMetrics, tableMethods } from './invariance-metrics.ts';
import {
  fisherParts,
  measureFisherChange,
  measureFrozenChange,
  measureInputNormalizationChange,
  measureOutputChange,
} from './measure-invariances.ts';
import { summarizeInvariances } from './summarize-invariances.ts';

const params = z.strictObject({
  /** Random layers, each with data of its own. */
  seeds: z.number().int().min(1).max(1_000),
  cases: z.number().int().min(4).max(10_000),
  features: z.number().int().min(1).max(200),
  units: z.number().int().min(3).max(200),
  /** What is re-scaled is multiplied by this; §5.2.2 speaks of weights that grow twice as large. */
  factor: z.number().min(1.1).max(1_000),
});
export type InvariancesParams = z.infer<typeof params>;

const smoke: InvariancesParams = { seeds: 5, cases: 32, features: 8, units: 6, factor: 2 };

interface Evaluation {
  readonly name: string;
  readonly trials: readonly string[];
  readonly seed: number;
  readonly factor: number;
}

/** What implementations add to the variance. */
const usualEpsilon = 1e-5;

export const invariances = defineExperiment<InvariancesParams, RandomLayerTrial, Evaluation>({
  name: 'layer-norm/invariances',
  source: { arxiv: '1607.06450', title: 'Layer Normalization', place: '§5.1, Table 1; §5.2.2' },
  claim:
    'Table 1: of six changes of the weights and the data, batch normalization is invariant to four, weight normalization to two and layer normalization to four, and each to exactly those that the table names.',
  deviations: [
    'The paper derives the table; here every cell is measured on random layers in float64, with ε = 0 as in the paper’s formulas.',
    'The statistics of batch normalization are those of the changed data; what frozen ones do is reported beside the table.',
    'The paper has no numbers for the Fisher matrix; the factors beside the table are of a layer with categorical outputs, because its units covary.',
  ],
  params,
  presets: {
    smoke,
    laptop: { ...smoke, seeds: 20, cases: 128, features: 16, units: 12 },
    overnight: { ...smoke, seeds: 100, cases: 256, features: 32, units: 24 },
    paper: { ...smoke, seeds: 100, cases: 256, features: 32, units: 24 },
  },
  datasets: [],
  module: 'lib/layer-norm/experiments/invariances.ts',
  trainingModule: 'lib/layer-norm/training/invariances.ts',

  plan: ({ seeds, cases, features, units }) =>
    Array.from({ length: seeds }, (_, seed) => ({
      name: `random-layer-${units}x${features}/seed-${seed}`,
      cpus: 1,
      group: 'random-layers',
      seed,
      cases,
      features,
      units,
    })),
  train,

  evaluations: ({ factor }, trials) =>
    trials.map(({ name, seed }) => ({ name: `seed-${seed}`, trials: [name], seed, factor })),

  async evaluate({ trials, seed, factor }, context) {
    const { tensors } = await context.model(trials[0]!);
    const model = readModel(tensors);
    const [weightShift, inputShift] = ['weightShift', 'inputShift'].map((name) =>
      Float64Array.from(tensors[name]!.data),
    );
    const settings = { factor, weightShift: weightShift!, inputShift: inputShift! };
    const rows: Measurement[] = [];
    const add = (metric: string, subject: string, value: number) =>
      void rows.push({ metric, subject, step: 0, seed, value, unit: '1' });
    for (const name of transformationNames) {
      for (const method of tableMethods) {
        add(invarianceMetrics.change(name), method, measureOutputChange(method, name, model, settings));
        const changes = measureFisherChange(method, name, model, settings);
        for (const part of fisherParts) {
          add(invarianceMetrics.factor(name, part), method, changes[part].factor);
          add(invarianceMetrics.residual(name, part), method, changes[part].residual);
        }
        if (method === 'weight') continue;
        const withEpsilon = measureOutputChange(method, name, model, settings, { epsilon: usualEpsilon });
        add(invarianceMetrics.epsilon(name), method, withEpsilon);
      }
      add(invarianceMetrics.frozen(name), 'batch', measureFrozenChange(name, model, settings));
      add(invarianceMetrics.inputs(name), 'layer', measureInputNormalizationChange(name, model, settings));
      await context.breathe();
    }
    for (const method of tableMethods) {
      const negative = { ...settings, factor: -factor };
      add(invarianceMetrics.negative, method, measureOutputChange(method, 'weight matrix re-scaling', model, negative));
    }
    return rows;
  },

  summarize: summarizeInvariances,

  work: ({ seeds, cases, units, features }) => {
    const fisher = cases * (units ** 3 + 3 * features ** 2 + units * features) * 36 * 3e-9;
    return {
      trainingCoreSeconds: seeds * (0.002 + cases * features ** 2 * 2e-9),
      evaluationCoreSeconds: seeds * fisher,
    };
  },
});
