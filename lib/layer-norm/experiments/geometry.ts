/** §5.2: the geometry of the parameter space of normalised generalised linear models. */
import { z } from 'zod';
import { randomStream } from '../../numerics/random.ts';
import type { EvaluationContext } from '../../pipeline/context.ts';
import { defineExperiment, type Measurement } from '../../pipeline/experiment.ts';
import { type Normalization, normalizations } from '../analysis/normalized-layer.ts';
import { bernoulli, familyNames, outputFamilies } from '../analysis/output-families.ts';
import { drawModel, readModel } from '../analysis/random-layer.ts';
import { type LinearModelTrial, train } from '../training/geometry.ts';
import { geometryMetrics } from './geometry-metrics.ts';
import {
  compareWithDefinition,
  measureGainMetric,
  measureMetric,
  measureOwnUnitError,
  measureScaledWeights,
} from './measure-geometry.ts';
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

type GeometryEvaluation =
  | ({
      readonly kind: 'model';
      readonly name: string;
      readonly trials: readonly string[];
      readonly seed: number;
    } & Pick<GeometryParams, 'directions' | 'stepLengths' | 'weightScales' | 'inputFactor'>)
  | {
      readonly kind: 'widths';
      readonly name: string;
      readonly trials: readonly string[];
      readonly seed: number;
      readonly widths: readonly number[];
      readonly features: number;
    }
  | {
      readonly kind: 'training';
      readonly name: string;
      readonly trials: readonly string[];
      readonly seed: number;
      readonly normalization: Normalization;
      readonly learningRate: number;
    };

/** Few, because the matrices of wide layers are large; which they are matters little to an error of 1/H. */
const casesOfWidths = 32;
/** Of the step that is measured at every scale of the weights: it turns them by about a degree at the first. */
const probingRate = 0.1;
/** Points of a learning curve that become measurements. */
const curvePoints = 25;

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

  async evaluate(evaluation, context) {
    if (evaluation.kind === 'model') return evaluateModels(evaluation, context);
    if (evaluation.kind === 'widths') return evaluateWidths(evaluation, context);
    return evaluateTraining(evaluation, context);
  },

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

type EvaluationOf<Kind> = Extract<GeometryEvaluation, { readonly kind: Kind }>;

async function evaluateModels(
  { trials, seed, directions, stepLengths, weightScales, inputFactor }: EvaluationOf<'model'>,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const rows: Measurement[] = [];
  for (const [index, subject] of normalizations.entries()) {
    const { tensors } = await context.model(trials[index]!);
    const model = readModel(tensors);
    const targets = Float64Array.from(tensors.targets!.data);
    const add = (metric: string, value: number, unit = '1', step = 0) =>
      void rows.push({ metric, subject, step, seed, value, unit });
    for (const name of familyNames) {
      const family = outputFamilies[name];
      const random = randomStream(seed, 'geometry', 'directions', subject);
      for (const { length, divergence, error } of measureMetric(
        subject,
        model,
        family,
        stepLengths,
        directions,
        random,
      )) {
        add(geometryMetrics.divergence(name), divergence, 'nats', length);
        add(geometryMetrics.metricError(name), error, 'nats', length);
      }
      const { allUnits, ownUnit } = compareWithDefinition(subject, model, family);
      add(geometryMetrics.definition(name), allUnits);
      add(geometryMetrics.ownUnit(name), ownUnit);
      add(geometryMetrics.gain(name), measureGainMetric(subject, model, family, inputFactor));
      await context.breathe();
    }
    for (const scale of weightScales) {
      const measured = measureScaledWeights(subject, model, targets, scale, probingRate);
      add(geometryMetrics.angle, measured.angle, 'radians', scale);
      add(geometryMetrics.ownWeights, measured.ownWeights, '1', scale);
      add(geometryMetrics.radial, measured.radial, '1', scale);
    }
  }
  return rows;
}

async function evaluateWidths(
  { seed, widths, features }: EvaluationOf<'widths'>,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const rows: Measurement[] = [];
  for (const units of widths) {
    const model = drawModel(seed, 'wide-model', { cases: casesOfWidths, features, units });
    const measured = measureOwnUnitError(model, bernoulli);
    for (const name of ['ownBlocks', 'wholeMatrix', 'exactAlongWeights', 'printedAlongWeights'] as const)
      rows.push({
        metric: geometryMetrics[name],
        subject: 'layer',
        step: units,
        seed,
        value: measured[name],
        unit: '1',
      });
    await context.breathe();
  }
  return rows;
}

/** From the learning curve that the artifact holds. */
async function evaluateTraining(
  { trials, seed, normalization: subject, learningRate }: EvaluationOf<'training'>,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const { metrics, metadata } = await context.model(trials[0]!);
  const rows: Measurement[] = [];
  const add = (metric: string, value: number, unit: string, step: number) =>
    void rows.push({ metric, subject, step, seed, value, unit });
  const every = Math.max(1, Math.floor((metrics.length - 1) / curvePoints));
  let leastGrowth = Number.POSITIVE_INFINITY;
  for (const [index, row] of metrics.entries()) {
    // Layer normalization is invariant to the scale of the matrix alone, the others to that of each row.
    const size = (of: (typeof metrics)[number]) => Number(subject === 'layer' ? of.matrixNorm : of.meanRowNorm);
    if (index > 0) leastGrowth = Math.min(leastGrowth, size(row) / size(metrics[index - 1]!) - 1);
    if (index % every !== 0) continue;
    add(geometryMetrics.weightNorm(learningRate), Number(row.meanRowNorm), '1', Number(row.update));
    if (row.meanAngle !== undefined)
      add(geometryMetrics.turning(learningRate), Number(row.meanAngle), 'radians', Number(row.update));
  }
  add(geometryMetrics.leastGrowth(learningRate), leastGrowth, '1', 0);
  // The largest number that JSON can hold stands for a training that diverged.
  const loss = Number(metadata.finalLoss);
  add(geometryMetrics.loss(learningRate), Number.isFinite(loss) ? loss : Number.MAX_VALUE, 'nats', 0);
  return rows;
}

function range(length: number): readonly number[] {
  return Array.from({ length }, (_, index) => index);
}
