/** Values of several seeds as one number with its error, and differences that are paired by seed. */
import type { Measurement } from './experiment.ts';

/** A metric of some subjects. */
export interface Curve {
  readonly metric: string;
  readonly subject: string;
}

/** Mean and standard error over seeds; NaN where there are none, or only one for the error. */
export interface Estimate {
  readonly mean: number;
  readonly standardError: number;
  readonly seeds: number;
}

/** The steps at which a curve was measured, in order. */
export function stepsOf(measurements: readonly Measurement[], { metric, subject }: Curve): readonly number[] {
  const rows = measurements.filter((row) => row.metric === metric && row.subject === subject);
  return [...new Set(rows.map(({ step }) => step))].sort((a, b) => a - b);
}

/** Values at a step, by seed. */
export function valuesBySeed(
  measurements: readonly Measurement[],
  { metric, subject }: Curve,
  step: number,
): ReadonlyMap<number, number> {
  const rows = measurements.filter((row) => row.metric === metric && row.subject === subject && row.step === step);
  return new Map(rows.map(({ seed, value }) => [seed, value]));
}

export function estimateOf(values: readonly number[]): Estimate {
  const seeds = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / seeds;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, standardError: Math.sqrt(squares / (seeds - 1) / seeds), seeds };
}

/** Subject minus baseline at a step, paired by seed: what both share, initial weights and minibatches, cancels. */
export function pairedDifference(
  measurements: readonly Measurement[],
  metric: string,
  { subject, baseline, step }: { readonly subject: string; readonly baseline: string; readonly step: number },
): Estimate {
  const ours = valuesBySeed(measurements, { metric, subject }, step);
  const theirs = valuesBySeed(measurements, { metric, subject: baseline }, step);
  const differences = [...ours].flatMap(([seed, value]) => (theirs.has(seed) ? [value - theirs.get(seed)!] : []));
  return estimateOf(differences);
}
