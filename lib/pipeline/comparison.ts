/** How two runs differ, in means over seeds. */
import type { Measurement } from './experiment.ts';
import type { StoredMeasurement } from './measurements.ts';

export interface MeasurementChange {
  readonly metric: string;
  readonly subject: string;
  readonly step: number;
  readonly before: number;
  readonly now: number;
}

/** What changed at each subject's last common step, largest relative change first; what is equal is left out. */
export function compareMeasurements(
  before: readonly StoredMeasurement[],
  now: readonly Measurement[],
): readonly MeasurementChange[] {
  const earlier = meansOf(before);
  const later = meansOf(now);
  const lastCommonStep = new Map<string, number>();
  for (const [key, { metric, subject, step }] of later) {
    if (!earlier.has(key)) continue;
    const curve = JSON.stringify([metric, subject]);
    lastCommonStep.set(curve, Math.max(step, lastCommonStep.get(curve) ?? step));
  }
  const changes: MeasurementChange[] = [];
  for (const [curve, step] of lastCommonStep) {
    const [metric, subject] = JSON.parse(curve) as [string, string];
    const key = JSON.stringify([metric, subject, step]);
    const change = { metric, subject, step, before: earlier.get(key)!.mean, now: later.get(key)!.mean };
    if (Number.isFinite(change.before) && Number.isFinite(change.now) && change.before !== change.now)
      changes.push(change);
  }
  return changes.sort((a, b) => relative(b) - relative(a));
}

function relative({ before, now }: MeasurementChange): number {
  return Math.abs(now - before) / Math.max(Math.abs(before), Number.MIN_VALUE);
}

interface Mean {
  readonly metric: string;
  readonly subject: string;
  readonly step: number;
  readonly mean: number;
}

function meansOf(measurements: readonly (Measurement | StoredMeasurement)[]): ReadonlyMap<string, Mean> {
  const groups = Map.groupBy(measurements, ({ metric, subject, step }) => JSON.stringify([metric, subject, step]));
  return new Map(
    [...groups].map(([key, group]) => {
      const { metric, subject, step } = group[0]!;
      const mean = group.reduce((sum, { value }) => sum + (value ?? Number.NaN), 0) / group.length;
      return [key, { metric, subject, step, mean }];
    }),
  );
}
