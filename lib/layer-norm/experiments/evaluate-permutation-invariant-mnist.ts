/** What is measured of the perceptrons of §6.6 once they are trained, and how long an update of each takes. */
import { randomStream } from '../../numerics/random.ts';
import type { EvaluationContext, TrainedModel } from '../../pipeline/context.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { createNormalisedPerceptron } from '../models/normalised-perceptron.ts';
import {
  adamSettings,
  createPerceptron,
  fill,
  type PerceptronTrial,
  perceptronSettings,
  readSplits,
  score,
  updatesPerEpoch,
} from '../training/permutation-invariant-mnist.ts';
import { type CurveName, curveMetric, curves, largeStatisticsMetrics, timeMetrics } from './perceptron-metrics.ts';

export type PerceptronEvaluation = { readonly name: string; readonly trials: readonly string[] } & (
  | { readonly kind: 'curves'; readonly trial: PerceptronTrial }
  /** Of the networks that differ in nothing but their normalization. */
  | { readonly kind: 'seconds'; readonly timed: readonly PerceptronTrial[] }
);

export async function evaluatePerceptrons(
  evaluation: PerceptronEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  if (evaluation.kind === 'seconds') return timeUpdates(evaluation.timed, context);
  const { trial } = evaluation;
  const { normalization: subject, seed, batchSize } = trial;
  const model = await context.model(trial.name);
  const rows = model.metrics.flatMap((row) =>
    (Object.keys(curves) as CurveName[]).map((curve) => ({
      metric: curveMetric(curve, batchSize),
      subject,
      step: Number(row.update),
      seed,
      value: Number(row[curve]),
      unit: curves[curve].unit,
    })),
  );
  return trial.normalization === 'batch' ? [...rows, ...(await testWithLargeStatistics(trial, model, context))] : rows;
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
  const common = { subject: trial.normalization, step: Number(model.metrics.at(-1)!.update), seed: trial.seed };
  const metrics = largeStatisticsMetrics(trial.batchSize);
  return [
    { ...common, metric: metrics.error, value: error, unit: 'share' },
    { ...common, metric: metrics.loss, value: loss, unit: 'nats' },
  ];
}

const timedRounds = 7;

/** Median over rounds in which the networks take turns, so that what else the machine does falls on all of them. */
async function timeUpdates(
  timed: readonly PerceptronTrial[],
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const { batchSize } = timed[0]!;
  const splits = await readSplits(context, timed[0]!);
  const updates = Math.max(4, Math.round(800 / batchSize));
  const runs = [];
  for (const trial of timed) {
    const perceptron = createPerceptron(trial, context);
    perceptron.load((await context.model(trial.name)).tensors);
    runs.push({ trial, perceptron, adam: adamSettings(trial), seconds: [] as number[] });
  }
  const chosen = new Int32Array(batchSize);
  for (let round = 0; round <= timedRounds; round++) {
    for (const { trial, perceptron, adam, seconds } of runs) {
      const random = randomStream(trial.seed, 'timing', round);
      const start = performance.now();
      for (let update = 1; update <= updates; update++) {
        for (let k = 0; k < batchSize; k++) chosen[k] = random.uniformInteger(splits.training.labels.length);
        fill(perceptron, splits.training, chosen);
        perceptron.lossAndGradient(batchSize);
        perceptron.update(adam, round * updates + update);
      }
      // The first round is for the engine to warm up.
      if (round > 0) seconds.push((performance.now() - start) / 1000 / updates);
      await context.breathe();
    }
  }
  const { seconds, perEpoch } = timeMetrics(batchSize);
  const common = { step: 0, seed: 0 };
  return runs.flatMap(({ trial: { normalization: subject }, seconds: measured }) => [
    { ...common, metric: seconds, subject, value: median(measured), unit: 's' },
    { ...common, metric: perEpoch, subject, value: updatesPerEpoch(splits, batchSize), unit: 'updates' },
  ]);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
