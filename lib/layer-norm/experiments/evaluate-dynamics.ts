/** What `recurrent-dynamics` measures: untrained networks, trained ones on long streams, and the time of an update. */
import { readMnist } from '../../datasets/mnist.ts';
import { poolImages } from '../../datasets/pool-images.ts';
import { randomStream } from '../../numerics/random.ts';
import type { EvaluationContext } from '../../pipeline/context.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { digitSide, drawDigitStreams, stepFeatures } from '../models/digit-streams.ts';
import type { StreamNormalization } from '../models/stream-classifier.ts';
import {
  cellSubject,
  classifierNames,
  type DynamicsCell,
  dynamicsMetrics,
  type ScaledWeights,
  type TestedName,
} from './dynamics-metrics.ts';

interface UntrainedEvaluation {
  readonly kind: 'dynamics';
  readonly name: string;
  readonly trials: readonly string[];
  readonly cell: DynamicsCell;
  readonly seed: number;
  readonly units: number;
  readonly scales: readonly number[];
  readonly steps: number;
  readonly drivenSteps: number;
  readonly streams: number;
}

interface StreamsEvaluation {
  readonly kind: 'streams';
  readonly name: string;
  readonly trials: readonly string[];
  readonly seed: number;
  readonly normalization: StreamNormalization;
  readonly trainedSteps: number;
  readonly longestPause: number;
  readonly batchSize: number;
  readonly testSteps: number;
  readonly testStreams: number;
}

interface TimingEvaluation {
  readonly kind: 'timing';
  readonly name: string;
  readonly trials: readonly string[];
  readonly units: number;
  readonly steps: number;
  readonly batchSizes: readonly number[];
  readonly rounds: number;
}

export type DynamicsEvaluation = UntrainedEvaluation | StreamsEvaluation | TimingEvaluation;

/** Of the silent steps, one in so many becomes a measurement. */
const curveStride = 3;

export async function evaluateRecurrentDynamics(
  evaluation: DynamicsEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  await context.startTensorFlow();
  if (evaluation.kind === 'dynamics') return evaluateUntrained(evaluation, context);
  if (evaluation.kind === 'streams') return evaluateStreams(evaluation, context);
  return timeUpdates(evaluation, context);
}

async function readTestDigits(context: EvaluationContext) {
  const reader = await context.dataset('mnist');
  return { digits: poolImages((await readMnist(reader)).test, digitSide), origin: reader.manifest.origin };
}

async function evaluateUntrained(
  { cell, seed, units, scales, steps, drivenSteps, streams }: UntrainedEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const { measureDynamics } = await import('./measure-dynamics.ts');
  const { digits } = await readTestDigits(context);
  const settings = { streams, steps: drivenSteps, longestPause: 0 };
  const inputs = new Float32Array(steps * streams * stepFeatures);
  inputs.set(drawDigitStreams(randomStream(seed, 'dynamics', 'inputs'), digits, settings).inputs);
  const rows: Measurement[] = [];
  for (const normalization of ['none', 'layer'] as const) {
    const subject = cellSubject(cell, normalization);
    for (const scaled of ['recurrent', 'all'] as const satisfies readonly ScaledWeights[]) {
      for (const scale of scales) {
        const common = { subject, seed };
        const measured = measureDynamics({ cell, normalization, scaled, scale, units, seed }, inputs, steps);
        const growth = logGrowth(measured.summedInputs, drivenSteps + 1);
        const backward = -logGrowth(measured.gradient, drivenSteps);
        rows.push(
          { ...common, metric: dynamicsMetrics.summedGrowth(scaled, scale), step: 0, value: growth, unit: 'nats/step' },
          {
            ...common,
            metric: dynamicsMetrics.gradientGrowth(scaled, scale),
            step: 0,
            value: backward,
            unit: 'nats/step',
          },
        );
        for (let step = 0; step < steps; step++) {
          if (scaled === 'all' || (steps - 1 - step) % curveStride !== 0) continue;
          const [summed, gradient] = [measured.summedInputs[step]!, measured.gradient[step]!];
          rows.push(
            {
              ...common,
              metric: dynamicsMetrics.summedInputs(scaled, scale),
              step: step + 1,
              value: summed,
              unit: '1',
            },
            { ...common, metric: dynamicsMetrics.gradient(scaled, scale), step: step + 1, value: gradient, unit: '1' },
          );
        }
        await context.breathe();
      }
    }
  }
  return rows;
}

/** Below this, squares of float32 numbers lose their digits. */
const leastNorm = 1e-15;

/** The slope of a least-squares line through the logarithms of the values from step `from` on. */
export function logGrowth(values: readonly number[], from: number): number {
  const points = values.flatMap((value, step) => (step >= from && value > leastNorm ? [[step, Math.log(value)]] : []));
  const center = (axis: 0 | 1) => points.reduce((sum, point) => sum + point[axis]! / points.length, 0);
  const [x, y] = [center(0), center(1)];
  const covariance = points.reduce((sum, [step, log]) => sum + (step! - x) * (log! - y), 0);
  return covariance / points.reduce((sum, [step]) => sum + (step! - x) ** 2, 0);
}

async function evaluateStreams(
  evaluation: StreamsEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const { trials, seed, normalization, trainedSteps, longestPause, batchSize, testSteps, testStreams } = evaluation;
  const { digits, origin } = await readTestDigits(context);
  const { tensors, metrics } = await context.model(trials[0]!);
  const { testClassifier } = await import('./test-classifier.ts');
  // The same streams for all models of a seed.
  const random = randomStream(seed, 'digit-streams', 'test', longestPause);
  const settings = { streams: testStreams, steps: testSteps, longestPause };
  const streams = drawDigitStreams(random, digits, settings);
  const rows: Measurement[] = [];
  const tested: readonly TestedName[] = normalization === 'batch' ? ['batch', 'batch-own'] : [normalization];
  for (const subject of tested) {
    const add = (metric: string, step: number, value: number, unit: string) =>
      void rows.push({ metric, subject, step, seed, value, unit });
    const windows = testClassifier(tensors, streams, settings, trainedSteps, subject);
    if (batchSize === 1) {
      add(dynamicsMetrics.online(batchSize), 0, windows[0]!.accuracy, 'share');
      continue;
    }
    for (const { end, accuracy, loss, hidden } of windows) {
      add(dynamicsMetrics.accuracy(longestPause), end, accuracy, 'share');
      add(dynamicsMetrics.loss(longestPause), end, loss, 'nats');
      add(dynamicsMetrics.hidden(longestPause), end, hidden, '1');
    }
    await context.breathe();
  }
  if (origin === 'stand-in')
    rows.push({ metric: dynamicsMetrics.standIn, subject: normalization, step: 0, seed, value: 1, unit: '1' });
  return [...rows, ...readCurve(evaluation, metrics)];
}

function readCurve(
  { seed, normalization: subject, batchSize, longestPause }: StreamsEvaluation,
  metrics: readonly Readonly<Record<string, number | string>>[],
): readonly Measurement[] {
  return metrics.flatMap(({ update, validationLoss, validationAccuracy }) => {
    const common = { subject, seed, step: Number(update) };
    return [
      {
        ...common,
        metric: dynamicsMetrics.curve(batchSize, longestPause),
        value: Number(validationLoss),
        unit: 'nats',
      },
      {
        ...common,
        metric: dynamicsMetrics.curveAccuracy(batchSize, longestPause),
        value: Number(validationAccuracy),
        unit: 'share',
      },
    ];
  });
}

/** Seconds of a loss with its gradient; the models take turns, so that what else the machine does meets all of them. */
async function timeUpdates(
  { units, steps, batchSizes, rounds }: TimingEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const { timeUpdate } = await import('./test-classifier.ts');
  const { digits } = await readTestDigits(context);
  const rows: Measurement[] = [];
  for (const batchSize of batchSizes) {
    const streams = drawDigitStreams(randomStream(0, 'digit-streams', 'timing'), digits, {
      streams: batchSize,
      steps,
      longestPause: 0,
    });
    // The first round warms up, and is not kept.
    for (let round = 0; round <= rounds; round++) {
      for (const subject of classifierNames) {
        const value = timeUpdate(subject, units, streams, { streams: batchSize, steps });
        if (round > 0)
          rows.push({
            metric: dynamicsMetrics.updateSeconds(batchSize),
            subject,
            step: 0,
            seed: round - 1,
            value,
            unit: 's',
          });
        await context.breathe();
      }
    }
  }
  return rows;
}
