/** From measurements to what charts and tables show: means over seeds, with the spread between them. */
import type { RunDocument } from '../lib/pipeline/run-document.ts';

export type StoredMeasurement = RunDocument['measurements'][number];

export interface Point {
  readonly step: number;
  /** Over seeds; null where no seed gave a finite value. */
  readonly mean: number | null;
  /** Standard deviation over seeds, with n − 1; null for a single seed. */
  readonly deviation: number | null;
  readonly seeds: number;
}

export interface Curve {
  readonly subject: string;
  readonly unit: string;
  /** Ascending by step. */
  readonly points: readonly Point[];
}

export interface MetricSummary {
  readonly metric: string;
  readonly unit: string;
  readonly subjects: number;
  /** The most steps that one subject has: with one there is a number, with more a curve. */
  readonly steps: number;
}

/** In the order of the document. */
export function metricsOf(measurements: readonly StoredMeasurement[]): readonly MetricSummary[] {
  const metrics = Map.groupBy(measurements, ({ metric }) => metric);
  return [...metrics].map(([metric, rows]) => {
    const subjects = Map.groupBy(rows, ({ subject }) => subject);
    const steps = Math.max(...[...subjects.values()].map((group) => new Set(group.map(({ step }) => step)).size));
    return { metric, unit: rows[0]!.unit, subjects: subjects.size, steps };
  });
}

/** The metric a reader wants to see first: the one with the longest curve, and of those the one of fewest subjects. */
export function firstMetric(metrics: readonly MetricSummary[]): string | undefined {
  const curves = metrics.filter(({ steps }) => steps > 1);
  const order = (a: MetricSummary, b: MetricSummary) =>
    Number(b.subjects <= 8) - Number(a.subjects <= 8) || b.steps - a.steps;
  return (curves.length > 0 ? curves : metrics).toSorted(order)[0]?.metric;
}

export function curvesOf(measurements: readonly StoredMeasurement[], metric: string): readonly Curve[] {
  const rows = measurements.filter((row) => row.metric === metric);
  return [...Map.groupBy(rows, ({ subject }) => subject)].map(([subject, group]) => ({
    subject,
    unit: group[0]!.unit,
    points: [...Map.groupBy(group, ({ step }) => step)]
      .map(([step, values]) => ({ step, ...spreadOf(values.map(({ value }) => value)) }))
      .toSorted((a, b) => a.step - b.step),
  }));
}

/** A seed that diverged has no finite value and says so by making the mean null: an average that hides it would lie. */
export function spreadOf(values: readonly (number | null)[]): Omit<Point, 'step'> {
  const seeds = values.length;
  if (seeds === 0 || values.some((value) => value === null || !Number.isFinite(value)))
    return { mean: null, deviation: null, seeds };
  const numbers = values as readonly number[];
  const mean = numbers.reduce((sum, value) => sum + value, 0) / seeds;
  if (seeds === 1) return { mean, deviation: null, seeds };
  const squares = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (seeds - 1)), seeds };
}

/** One x axis for curves with steps of their own: null where a curve has no value. */
export function alignCurves(curves: readonly Curve[]): {
  readonly steps: readonly number[];
  readonly values: readonly (readonly (Point | undefined)[])[];
} {
  const steps = [...new Set(curves.flatMap(({ points }) => points.map(({ step }) => step)))].toSorted((a, b) => a - b);
  const values = curves.map(({ points }) => {
    const byStep = new Map(points.map((point) => [point.step, point]));
    return steps.map((step) => byStep.get(step));
  });
  return { steps, values };
}

/** Positive throughout, and over more than two orders of magnitude. */
export function wantsLogarithm(curves: readonly Curve[]): boolean {
  const means = curves.flatMap(({ points }) => points.flatMap(({ mean }) => (mean === null ? [] : [mean])));
  const least = means.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const most = means.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  return least > 0 && most / least > 100;
}
