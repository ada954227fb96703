/** Methods against each other, paired by seed: what networks of a seed share, initial weights and minibatches, cancels. */

import type { Measurement } from '../../pipeline/experiment.ts';
import { type Estimate, estimateOf, pairedDifference, valuesBySeed } from '../../pipeline/over-seeds.ts';
import { type RefinementMethod, subjectOf } from './refinement-methods.ts';
import type { PictureCounts } from './segmentation-metrics.ts';

export const fewestSeeds = 3;
/** With fewer, what is measured is a place holder: the scenes that are made in code are 12 and 6. */
const fewestTrainingPictures = 100;
const fewestValidationPictures = 30;

export interface Comparison {
  /** What both are of: a back-end, or a dataset. */
  readonly of: string;
  readonly method: RefinementMethod;
  readonly baseline: RefinementMethod;
}

export interface Difference extends Estimate {
  /** Seeds in which the method's value is above the baseline's. */
  readonly higher: number;
}

/** Method minus baseline. */
export function compareMethods(
  rows: readonly Measurement[],
  metric: string,
  { of, method, baseline }: Comparison,
  step = 0,
): Difference {
  const pair = { subject: subjectOf(of, method), baseline: subjectOf(of, baseline), step };
  const theirs = valuesBySeed(rows, { metric, subject: pair.baseline }, step);
  const ours = [...valuesBySeed(rows, { metric, subject: pair.subject }, step)];
  return {
    ...pairedDifference(rows, metric, pair),
    higher: ours.filter(([seed, value]) => value > (theirs.get(seed) ?? Number.NaN)).length,
  };
}

export function scoreOf(rows: readonly Measurement[], metric: string, of: string, method: RefinementMethod): Estimate {
  return estimateOf([...valuesBySeed(rows, { metric, subject: subjectOf(of, method) }, 0).values()]);
}

/** By more than two standard errors. */
export const isAbove = ({ mean, standardError }: Estimate, limit = 0) => mean - 2 * standardError > limit;
export const isBelow = ({ mean, standardError }: Estimate, limit = 0) => mean + 2 * standardError < limit;

/** Why no verdict can be given, whatever the numbers are; undefined where one can. */
export function whyNoVerdict(counts: PictureCounts, seeds: number): string | undefined {
  const { training, validation } = counts;
  if (training < fewestTrainingPictures || validation < fewestValidationPictures) {
    return `Wrong scale: ${training} pictures to train on and ${validation} to validate on, at least ${fewestTrainingPictures} and ${fewestValidationPictures} are needed.`;
  }
  if (seeds < fewestSeeds) return `Too few seeds: ${seeds}, at least ${fewestSeeds} are needed.`;
  return undefined;
}

/** A share in percent: `72.2 ± 0.31`, the second number the standard error. */
export function writePercent({ mean, standardError, seeds }: Estimate): string | undefined {
  if (seeds === 0 || !Number.isFinite(mean)) return;
  return `${minus((100 * mean).toFixed(1))}${errorOf(standardError)}`;
}

/** A difference of shares in percentage points, with its sign: `+1.92 ± 0.31`. */
export function writePoints({ mean, standardError, seeds }: Estimate): string | undefined {
  if (seeds === 0 || !Number.isFinite(mean)) return;
  return `${mean > 0 ? '+' : ''}${minus((100 * mean).toFixed(2))}${errorOf(standardError)}`;
}

function errorOf(standardError: number): string {
  return Number.isFinite(standardError) ? ` ± ${(100 * standardError).toFixed(2)}` : '';
}

function minus(text: string): string {
  return text.replace(/^-/, '−');
}
