/** §5.2: the geometry of the parameter space of normalised generalised linear models. */
import { z } from 'zod';
import { defineExperiment } from '../../pipeline/experiment.ts';
import { type Normalization, normalizations } from '../analysis/normalized-layer.ts';
import { type LinearModelTrial, train } from '../training/geometry.ts';
import { casesOfWidths, evaluateGeometry, type GeometryEvaluation } from './evaluate-geometry.ts';
import { summarizeGeometry } from './summarize-geometry.ts';

const params = z
  .strictObject({
    seeds: z.number().int().min(1).max(1_000),
    cases: z.number().int().min(8).max(10_000),
    features: z.number().int().min(2).max(100),
    units: z.number().int().min(3).max(12),
    updates: z.number().int().min(2).max(100_000),
    /** Of the trainings; the first is of the model whose geometry is measured. */
    learningRates: z.array(z.number().min(1e-4).max(1e4)).min(1).max(10),
    /** Random directions along which the metric is compared with the divergence. */
    directions: z.number().int().min(1).max(1_000),
    /** |δ|, ascending */
    stepLengths: z.array(z.number().min(1e-4).max(1)).min(2).max(10),
    /** Factors of the weights, ascending */
    weightScales: z.array(z.number().min(0.01).max(1_000)).min(2).max(10),
    /** Units of the layers on which Eq. 13 is compared with the exact matrix, ascending */
    widths: z.array(z.number().int().min(3).max(300)).min(2).max(10),
    inputFactor: z.number().min(1.1).max(100),
  })
  .refine(({ learningRates }) => new Set(learningRates).size === learningRates.length, 'learningRates must differ');
export type GeometryParams = z.infer<typeof params>;

const laptop: GeometryParams = {
  seeds: 5,
  cases: 128,
  features: 8,
  units: 6,
  updates: 500,
  learningRates: [1, 0.1, 10, 100],
  directions: 20,
  stepLengths: [0.001, 0.003, 0.01, 0.03, 0.1],
  weightScales: [1, 2, 4, 8],
  widths: [6, 12, 25, 50, 100, 200],
  inputFactor: 3,
};

const trialName = (normalization: Normalization, learningRate: number, seed: number) =>
  `${normalization}/rate-${learningRate}/seed-${seed}`;

export const geometry = defineExperiment<GeometryParams, LinearModelTrial, GeometryEvaluation>({
  name: 'layer-norm/geometry',
  source: { arxiv: '1607.06450', title: 'Layer Normalization', place: '§5.2, Eqs 8–14' },
  claim:
    'In a normalised generalised linear model ½ δᵀFδ is the divergence of the outputs to second order; as weights grow, the metric along them shrinks, which lowers their learning rate implicitly; and under batch and layer normalization the metric along the gain does not depend on the scale of the inputs, as it does along the magnitude of a standard model’s weights.',
  deviations: [
    'The paper derives all of this; here it is measured in float64 on models of a few units, trained by gradient descent on targets that a random model gave.',
    'The statistics of batch normalization are those of all cases, and are derived by the weights too.',
    'The Fisher matrix is held against Eq. 9 itself: differences of log likelihoods, averaged over all outcomes.',
    'Outputs are Bernoulli, Gaussian with a variance of ¼, or categorical; the paper’s independent units are the first two.',
  ],
  params,
  presets: {
    smoke: {
      ...laptop,
      seeds: 3,
      cases: 24,
      features: 4,
      units: 4,
      updates: 40,
      learningRates: [1, 10],
      directions: 4,
      widths: [6, 12, 24],
    },
    laptop,
    overnight: { ...laptop, seeds: 20, updates: 5_000 },
    paper: { ...laptop, seeds: 20, updates: 5_000 },
  },
  datasets: [],
  module: 'lib/layer-norm/experiments/geometry.ts',
  trainingModule: 'lib/layer-norm/training/geometry.ts',

  plan: ({ seeds, learningRates, cases, features, units, updates }) =>
    range(seeds).flatMap((seed) =>
      learningRates.flatMap((learningRate) =>
        normalizations.map((normalization) => ({
          name: trialName(normalization, learningRate, seed),
          cpus: 1,
          group: `seed-${seed}`,
          seed,
          normalization,
          learningRate,
          cases,
          features,
          units,
          updates,
        })),
      ),
    ),
  train,

  evaluations: (
    { seeds, features, directions, stepLengths, weightScales, widths, inputFactor, learningRates },
    trials,
  ) => [
    ...range(seeds).map((seed) => ({
      kind: 'model' as const,
      name: `model/seed-${seed}`,
      trials: normalizations.map((normalization) => trialName(normalization, learningRates[0]!, seed)),
      seed,
      directions,
      stepLengths,
      weightScales,
      inputFactor,
    })),
    ...range(seeds).map((seed) => ({
      kind: 'widths' as const,
      name: `widths/seed-${seed}`,
      trials: [],
      seed,
      widths,
      features,
    })),
    ...trials.map(({ name, seed, normalization, learningRate }) => ({
      kind: 'training' as const,
      name: `training/${name}`,
      trials: [name],
      seed,
      normalization,
      learningRate,
    })),
  ],

  evaluate: evaluateGeometry,

  summarize: summarizeGeometry,

  work({ seeds, cases, features, units, updates, learningRates, widths }) {
    const update = cases * units * (units + features) * 30e-9;
    const definition = cases * 2 ** units * (units * features) ** 2 * 4e-9;
    const wide = widths.reduce((sum, width) => sum + width ** 2 * (width + features ** 2) * casesOfWidths * 4e-9, 0);
    return {
      trainingCoreSeconds: seeds * learningRates.length * normalizations.length * updates * update,
      evaluationCoreSeconds: seeds * (normalizations.length * definition + wide),
    };
  },
});

function range(length: number): readonly number[] {
  return Array.from({ length }, (_, index) => index);
}
