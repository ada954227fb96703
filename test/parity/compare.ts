/** How far apart the measurements of one experiment are on two backends. */
import type { Measurement } from '../../lib/pipeline/experiment.ts';
import type { StoredMeasurement } from '../../lib/pipeline/measurements.ts';

export interface Difference {
  readonly metric: string;
  /** The largest difference of two values, as a share of the metric's largest magnitude. */
  readonly relative: number;
  /** The two values that are so far apart, and whose they are. */
  readonly values: readonly [number | null, number | null];
  readonly place: string;
}

/** Wall time is no result of arithmetic. */
const unitsOfTime: ReadonlySet<string> = new Set(['s', 'ms', 'seconds', 'milliseconds']);

/**
 * One difference a metric, the largest first. A metric's own scale is what differences are shares of: a gradient that is
 * nothing but rounding differs wholly, and means nothing. A value that is finite on one backend only, or missing there,
 * differs infinitely.
 */
export function compareMeasurements(
  expected: readonly StoredMeasurement[],
  actual: readonly StoredMeasurement[],
): readonly Difference[] {
  const counterparts = new Map(actual.map((measurement) => [placeOf(measurement), measurement]));
  const byMetric = Map.groupBy(expected, ({ metric }) => metric);
  const strangers = actual.length - expected.filter((measurement) => counterparts.has(placeOf(measurement))).length;
  if (strangers > 0) throw new Error(`Both backends must measure the same, and one has ${strangers} more.`);
  return [...byMetric]
    .filter(([, [first]]) => !unitsOfTime.has(first!.unit))
    .map(([metric, measurements]) => {
      const scale = Math.max(...measurements.map(({ value }) => Math.abs(value ?? 0)));
      return measurements
        .map((measurement): Difference => {
          const place = placeOf(measurement);
          const values = [measurement.value, counterparts.get(place)?.value ?? null] as const;
          return { metric, relative: relativeDifference(...values, scale), values, place };
        })
        .reduce((largest, difference) => (difference.relative > largest.relative ? difference : largest));
    })
    .toSorted((a, b) => b.relative - a.relative);
}

function relativeDifference(a: number | null, b: number | null, scale: number): number {
  if (a === b) return 0;
  return a === null || b === null ? Number.POSITIVE_INFINITY : Math.abs(a - b) / (scale || Math.abs(b));
}

function placeOf({ metric, subject, step, seed }: Omit<Measurement, 'value' | 'unit'>): string {
  return `${metric} of ${subject}, step ${step}, seed ${seed}`;
}
