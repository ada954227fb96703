/**
 * Learning curves of several models over seeds, as every task of the paper compares them: what a model's artifact says,
 * the mean at a step, paired differences, and when one model has reached another's best. Rows are measurements; steps are
 * updates, and seconds are updates times the seconds an update takes.
 */
import type { TrainedModel } from '../../pipeline/context.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { type Curve, estimateOf, stepsOf, valuesBySeed } from '../../pipeline/over-seeds.ts';

/** Whether small or large values of a metric are good. */
export type Better = 'lower' | 'higher';

/** The metric under which `measureUpdateTime` files its result, at step 0. */
export const updateTimeMetric = 'seconds an update';

/** The curves that training left in an artifact: a row for each validation and each of the metrics. */
export function curveMeasurements(
  { metrics }: Pick<TrainedModel, 'metrics'>,
  units: Readonly<Record<string, string>>,
  { subject, seed }: { readonly subject: string; readonly seed: number },
): Measurement[] {
  return metrics.flatMap((row) =>
    Object.entries(units).flatMap(([metric, unit]) => {
      const value = row[metric];
      return typeof value === 'number' ? [{ metric, subject, step: Number(row.update), seed, value, unit }] : [];
    }),
  );
}

/** The curve of the mean over seeds. A step counts where every seed of the subject has it. */
export function meanCurve(
  measurements: readonly Measurement[],
  curve: Curve,
): readonly { readonly step: number; readonly mean: number }[] {
  const steps = stepsOf(measurements, curve);
  const seeds = Math.max(0, ...steps.map((step) => valuesBySeed(measurements, curve, step).size));
  return steps.flatMap((step) => {
    const values = [...valuesBySeed(measurements, curve, step).values()];
    return values.length === seeds ? [{ step, mean: estimateOf(values).mean }] : [];
  });
}

/** The best value of the mean curve, and the first step that has it. */
export function bestOf(
  measurements: readonly Measurement[],
  curve: Curve,
  better: Better,
): { readonly step: number; readonly mean: number } | undefined {
  const finite = meanCurve(measurements, curve).filter(({ mean }) => Number.isFinite(mean));
  if (finite.length === 0) return;
  return finite.reduce((best, point) => (isBetter(point.mean, best.mean, better) ? point : best));
}

/** The first step at which the mean curve is at least as good as `value`; undefined where it never is. */
export function firstStepAt(
  measurements: readonly Measurement[],
  curve: Curve,
  value: number,
  better: Better,
): number | undefined {
  return meanCurve(measurements, curve).find(({ mean }) => mean === value || isBetter(mean, value, better))?.step;
}

/**
 * How soon a subject is as good as the baseline ever gets: its steps and its seconds as shares of the baseline's. The
 * paper's "60 % of the time" is such a share.
 */
export function shareOfBaselineTime(
  measurements: readonly Measurement[],
  metric: string,
  { subject, baseline, better }: { readonly subject: string; readonly baseline: string; readonly better: Better },
): { readonly steps: number; readonly seconds: number } | undefined {
  const best = bestOf(measurements, { metric, subject: baseline }, better);
  if (!best) return;
  const step = firstStepAt(measurements, { metric, subject }, best.mean, better);
  if (step === undefined) return;
  const slower = secondsPerUpdate(measurements, subject) / secondsPerUpdate(measurements, baseline);
  return { steps: step / best.step, seconds: (slower * step) / best.step };
}

/** NaN where it was not measured. */
export function secondsPerUpdate(measurements: readonly Measurement[], subject: string): number {
  const row = measurements.find((candidate) => candidate.metric === updateTimeMetric && candidate.subject === subject);
  return row?.value ?? Number.NaN;
}

function isBetter(value: number, than: number, better: Better): boolean {
  return better === 'lower' ? value < than : value > than;
}
