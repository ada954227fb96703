/** Measurements over seeds: mean, standard deviation, range. */
import type { StoredMeasurement } from '../pipeline/measurements.ts';

/** One row of long form with its seeds taken together. */
export interface SeedSpread {
  readonly metric: string;
  readonly subject: string;
  readonly step: number;
  readonly unit: string;
  /** Seeds with a finite value; the four numbers below are over these. */
  readonly count: number;
  /** Seeds whose value was not finite: they diverged. */
  readonly diverged: number;
  /** null where no value is finite. */
  readonly mean: number | null;
  /** Sample standard deviation, divisor count − 1; null below two values. */
  readonly deviation: number | null;
  readonly least: number | null;
  readonly greatest: number | null;
}

/** One row a metric, subject and step, in the order in which they first appear. */
export function spreadOverSeeds(measurements: readonly StoredMeasurement[]): readonly SeedSpread[] {
  const groups = Map.groupBy(measurements, ({ metric, subject, step }) => JSON.stringify([metric, subject, step]));
  return [...groups.values()].map((group) => {
    const { metric, subject, step, unit } = group[0]!;
    const values = group.flatMap(({ value }) => (value === null || !Number.isFinite(value) ? [] : [value]));
    return { metric, subject, step, unit, diverged: group.length - values.length, ...describe(values) };
  });
}

/** At most four steps of each metric: all, or the last and three evenly before it. A whole curve is for the chart. */
export function spreadAtKeySteps(measurements: readonly StoredMeasurement[]): readonly SeedSpread[] {
  const stepsByMetric = new Map<string, Set<number>>();
  for (const [metric, rows] of Map.groupBy(measurements, ({ metric }) => metric))
    stepsByMetric.set(metric, new Set(keySteps(rows.map(({ step }) => step))));
  return spreadOverSeeds(measurements.filter(({ metric, step }) => stepsByMetric.get(metric)!.has(step)));
}

function keySteps(steps: readonly number[]): readonly number[] {
  const distinct = [...new Set(steps)].sort((a, b) => a - b);
  if (distinct.length <= 4) return distinct;
  return [1, 2, 3, 4].map((quarter) => distinct[Math.round((quarter * (distinct.length - 1)) / 4)]!);
}

function describe(values: readonly number[]) {
  const count = values.length;
  if (count === 0) return { count, mean: null, deviation: null, least: null, greatest: null };
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = count < 2 ? null : Math.sqrt(squares / (count - 1));
  const least = values.reduce((a, b) => Math.min(a, b));
  const greatest = values.reduce((a, b) => Math.max(a, b));
  return { count, mean, deviation, least, greatest };
}
