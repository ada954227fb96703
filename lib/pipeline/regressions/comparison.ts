/** How two runs differ, in means over seeds. */
import type { Measurement } from '../experiment.ts';
import { loadMeasurement, type StoredMeasurement } from '../measurements.ts';
import { type Estimate, estimateOf } from '../over-seeds.ts';

export interface MeasurementChange {
  readonly metric: string;
  readonly subject: string;
  readonly step: number;
  readonly before: number;
  readonly now: number;
  /**
   * Standard error of the difference of the two means, as if their seeds were independent: √(SE² + SE²). Runs share seeds,
   * so this is rather too wide than too narrow. Null where either has fewer than two seeds.
   */
  readonly spread: number | null;
  /** Whether the means differ by more than the spread; null where there is none. */
  readonly exceedsSpread: boolean | null;
}

/** A metric of a subject where both runs measured it last. A mean is NaN where a seed's value was not finite. */
export interface ComparedCurve {
  readonly metric: string;
  readonly subject: string;
  readonly step: number;
  readonly before: Estimate;
  readonly now: Estimate;
}

/** What changed at each subject's last common step, largest relative change first; what is equal is left out. */
export function compareMeasurements(
  before: readonly StoredMeasurement[],
  now: readonly Measurement[],
): readonly MeasurementChange[] {
  return changesOf(compareCurves(before, now));
}

export function changesOf(curves: readonly ComparedCurve[]): readonly MeasurementChange[] {
  return curves
    .filter(({ before, now }) => Number.isFinite(before.mean) && Number.isFinite(now.mean) && before.mean !== now.mean)
    .map(describeChange)
    .sort((a, b) => relative(b) - relative(a));
}

/** Every metric and subject that both runs have, at the last step that both have. */
export function compareCurves(
  before: readonly StoredMeasurement[],
  now: readonly Measurement[],
): readonly ComparedCurve[] {
  const earlier = estimatesOf(before.map(loadMeasurement));
  const last = new Map<string, ComparedCurve>();
  for (const [key, { metric, subject, step, estimate }] of estimatesOf(now)) {
    const counterpart = earlier.get(key);
    const curve = JSON.stringify([metric, subject]);
    if (!counterpart || step < (last.get(curve)?.step ?? step)) continue;
    last.set(curve, { metric, subject, step, before: counterpart.estimate, now: estimate });
  }
  return [...last.values()];
}

function describeChange({ before, now, ...where }: ComparedCurve): MeasurementChange {
  const error = Math.hypot(before.standardError, now.standardError);
  const spread = Number.isFinite(error) ? error : null;
  return {
    ...where,
    before: before.mean,
    now: now.mean,
    spread,
    exceedsSpread: spread === null ? null : Math.abs(now.mean - before.mean) > spread,
  };
}

function relative({ before, now }: MeasurementChange): number {
  return Math.abs(now - before) / Math.max(Math.abs(before), Number.MIN_VALUE);
}

function estimatesOf(measurements: readonly Measurement[]) {
  const groups = Map.groupBy(measurements, ({ metric, subject, step }) => JSON.stringify([metric, subject, step]));
  return new Map(
    [...groups].map(([key, group]) => {
      const { metric, subject, step } = group[0]!;
      return [key, { metric, subject, step, estimate: estimateOf(group.map(({ value }) => value)) }] as const;
    }),
  );
}
