/** The curves of `permutation-invariant-mnist` as its table, its charts and its verdict read them; pure functions. */
import type { Measurement } from '../../pipeline/experiment.ts';
import type { PerceptronNormalization } from '../models/perceptron-layers.ts';
import { type CurveName, curveMetric, timeMetrics } from './perceptron-metrics.ts';

/** What the paper proposes first. */
export const networkLabels = {
  layer: 'layer normalization',
  batch: 'batch normalization',
  none: 'no normalization',
} as const satisfies Record<PerceptronNormalization, string>;
export const normalizations = Object.keys(networkLabels) as readonly PerceptronNormalization[];

export interface Point {
  readonly update: number;
  readonly value: number;
}

/** One curve of one network for each seed, in the order of the updates. */
export function curvesBySeed(
  rows: readonly Measurement[],
  curve: CurveName,
  batchSize: number,
  subject: PerceptronNormalization,
): ReadonlyMap<number, readonly Point[]> {
  const metric = curveMetric(curve, batchSize);
  const own = rows.filter((row) => row.metric === metric && row.subject === subject);
  return new Map(
    [...Map.groupBy(own, ({ seed }) => seed)].map(([seed, points]) => [
      seed,
      points.map(({ step, value }) => ({ update: step, value })).sort((a, b) => a.update - b.update),
    ]),
  );
}

export interface Spread {
  readonly count: number;
  readonly mean: number;
  /** With n − 1; 0 where there is one. */
  readonly deviation: number;
  readonly standardError: number;
}

export function describeSpread(values: readonly number[]): Spread {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value / count, 0);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = count > 1 ? Math.sqrt(squares / (count - 1)) : 0;
  return { count, mean, deviation, standardError: deviation / Math.sqrt(count) };
}

/** Updates of an epoch; undefined where the seconds were not measured. */
export function updatesPerEpoch(rows: readonly Measurement[], batchSize: number): number | undefined {
  return rows.find(({ metric }) => metric === timeMetrics(batchSize).perEpoch)?.value;
}

export function secondsPerUpdate(
  rows: readonly Measurement[],
  batchSize: number,
  subject: PerceptronNormalization,
): number | undefined {
  const { seconds } = timeMetrics(batchSize);
  return rows.find((row) => row.metric === seconds && row.subject === subject)?.value;
}

/** Root mean square of the differences between one measurement and the next, after the first epoch: 0 is smooth. */
export function roughness(points: readonly Point[], perEpoch: number): number {
  const late = points.filter(({ update }) => update >= perEpoch);
  const squares = late.slice(1).map(({ value }, index) => (value - late[index]!.value) ** 2);
  return Math.sqrt(squares.reduce((sum, square) => sum + square / squares.length, 0));
}

/** Seed by seed, a number of each curve. */
export function eachSeed(curves: ReadonlyMap<number, readonly Point[]>, of: (points: readonly Point[]) => number) {
  return new Map([...curves].map(([seed, points]) => [seed, of(points)]));
}

/** First minus second, over the seeds that both have. */
export function differences(
  first: ReadonlyMap<number, number>,
  second: ReadonlyMap<number, number>,
): readonly number[] {
  return [...first].flatMap(([seed, value]) => (second.has(seed) ? [value - second.get(seed)!] : []));
}

/**
 * After how many updates a network's training curve is, for the first time, as low as batch normalization's lowest, as a
 * share of the updates that took batch normalization there; by seed, Infinity where it never is.
 */
export function shareOfUpdates(rows: readonly Measurement[], batchSize: number, subject: PerceptronNormalization) {
  const own = curvesBySeed(rows, 'trainingLoss', batchSize, subject);
  const shares = new Map<number, number>();
  for (const [seed, baseline] of curvesBySeed(rows, 'trainingLoss', batchSize, 'batch')) {
    const points = own.get(seed);
    if (!points) continue;
    const best = baseline.reduce((a, b) => (b.value < a.value ? b : a));
    const reached = points.find(({ value }) => value <= best.value);
    shares.set(seed, reached ? reached.update / best.update : Number.POSITIVE_INFINITY);
  }
  return shares;
}
