/** What is measured of the perceptrons of §6.6 once they are trained, and how long an update of each takes. */
import { randomStream } from '../../numerics/random.ts';
import type { EvaluationContext, TrainedModel } from '../../pipeline/context.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { createNormalisedPerceptron } from '../models/normalised-perceptron.ts';
import type { PerceptronNormalization } from '../models/perceptron-layers.ts';
import {
  adamSettings,
  createPerceptron,
  fill,
  type PerceptronTrial,
  perceptronSettings,
  readSplits,
  score,
} from '../training/permutation-invariant-mnist.ts';
import { curveMeasurements } from './learning-curves.ts';
import { measureUpdateTime } from './measure-update-time.ts';

export type PerceptronEvaluation = { readonly name: string; readonly trials: readonly string[] } & (
  | { readonly kind: 'curves'; readonly trial: PerceptronTrial }
  /** Of the networks that differ in nothing but their normalization. */
  | { readonly kind: 'seconds'; readonly timed: readonly PerceptronTrial[] }
);

/** Units of the curves, in the order of the figures. */
export const curveUnits = {
  trainingLoss: 'nats',
  testLoss: 'nats',
  testError: 'share',
  validationError: 'share',
} as const;
export type CurveName = keyof typeof curveUnits;

/** The subject of a measurement. */
export function subjectOf(batchSize: number, normalization: PerceptronNormalization): string {
  return `batch-${batchSize}/${normalization}`;
}

export async function evaluatePerceptrons(
  evaluation: PerceptronEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  if (evaluation.kind === 'seconds') return timeUpdates(evaluation.timed, context);
  const { trial } = evaluation;
  const { seed, normalization } = trial;
  const subject = subjectOf(trial.batchSize, normalization);
  const model = await context.model(trial.name);
  const updatesPerEpoch = Number(model.metadata.updatesPerEpoch);
  return [
    ...curveMeasurements(model, curveUnits, { subject, seed }),
    { metric: 'updatesPerEpoch', subject, step: 0, seed, value: updatesPerEpoch, unit: 'updates' },
    ...(normalization === 'batch' ? await testWithLargeStatistics(trial, model, context) : []),
  ];
}

/** Minibatches that batch normalization's statistics are taken of anew, and how much of them one keeps. */
const statisticsRows = 500;
const statisticsDecay = 0.95;

/**
 * Batch normalization by statistics of large minibatches of training images instead of those that ran along: whether its
 * errors come from its running statistics, or from what it was trained to.
 */
async function testWithLargeStatistics(
  trial: PerceptronTrial,
  model: TrainedModel,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const { training, test } = await readSplits(context, trial);
  const settings = { ...perceptronSettings(trial), batchVariance: 'biased' as const, runningDecay: statisticsDecay };
  const perceptron = createNormalisedPerceptron(settings, statisticsRows, context.backend);
  perceptron.load(model.tensors);
  for (let from = 0; from + statisticsRows <= training.labels.length; from += statisticsRows) {
    const rows = Array.from({ length: statisticsRows }, (_, k) => from + k);
    fill(perceptron, training, rows);
    perceptron.lossAndGradient(statisticsRows);
    await context.breathe();
  }
  const { loss, error } = await score(perceptron, test, context);
  const subject = subjectOf(trial.batchSize, trial.normalization);
  const common = { subject, step: Number(model.metrics.at(-1)!.update), seed: trial.seed };
  return [
    { ...common, metric: 'testErrorByLargeStatistics', value: error, unit: 'share' },
    { ...common, metric: 'testLossByLargeStatistics', value: loss, unit: 'nats' },
  ];
}

/** Updates of all networks in turn. */
async function timeUpdates(
  timed: readonly PerceptronTrial[],
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const { training } = await readSplits(context, timed[0]!);
  const updates: Record<string, () => void> = {};
  for (const trial of timed) {
    const { batchSize, normalization, seed } = trial;
    const perceptron = createPerceptron(trial, context);
    perceptron.load((await context.model(trial.name)).tensors);
    const random = randomStream(seed, 'timing');
    const chosen = new Int32Array(batchSize);
    let update = 0;
    updates[subjectOf(batchSize, normalization)] = () => {
      for (let k = 0; k < batchSize; k++) chosen[k] = random.uniformInteger(training.labels.length);
      fill(perceptron, training, chosen);
      perceptron.lossAndGradient(batchSize);
      perceptron.update(adamSettings(trial.learningRate), ++update);
    };
  }
  // Of updates that take less than a millisecond, more: the engine compiles them while they run.
  const rounds = Math.max(25, Math.round(2000 / timed[0]!.batchSize));
  return measureUpdateTime(updates, { rounds, breathe: context.breathe });
}
