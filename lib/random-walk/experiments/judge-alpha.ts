/** Which reading of α the measurements support. */
import type { Spread } from '../../numerics/spread.ts';
import type { Measurement, Verdict } from '../../pipeline/experiment.ts';
import { type AffinityKind, alphaMetrics, earlySteps, readingsOf, subjectOf } from './alpha-metrics.ts';
import { whyNoVerdict } from './compare-methods.ts';
import { labelMetrics } from './label-measures.ts';
import type { NetworkParams } from './network-params.ts';
import { pairedSpread, spreadAt, writeSpread } from './over-seeds.ts';
import { pictureCounts } from './segmentation-metrics.ts';

/** A walk whose labels are within this share of the limit's has converged: the accuracy can rise no more to speak of. */
export const settledShare = 0.001;

/** What one weight of the walk did. */
interface Evidence {
  readonly changed: Spread;
  readonly changedLate: Spread;
  /** Of the mean IoU, by the walk to its limit. */
  readonly gain: Spread;
  readonly steps: Spread;
}

export function evidenceOf(
  rows: readonly Measurement[],
  diffusion: number,
  affinities: AffinityKind = 'trained',
): Evidence | undefined {
  const place = { subject: subjectOf(affinities, 'scores'), step: diffusion };
  const changed = spreadAt(rows, { metric: alphaMetrics.changed, ...place });
  const changedLate = spreadAt(rows, { metric: alphaMetrics.changedLate, ...place });
  const steps = spreadAt(rows, { metric: alphaMetrics.fixedPointSteps, ...place });
  const iou = { metric: labelMetrics.meanIoU, ...place };
  const gain = pairedSpread(rows, iou, { ...iou, step: 0 });
  return changed && changedLate && steps && gain && { changed, changedLate, gain, steps };
}

/** Labels still change after the early steps, by more than two standard errors over what counts as converged. */
function isGradual({ changedLate }: Evidence): boolean {
  return changedLate.mean - 2 * changedLate.standardError > settledShare;
}

function isSettled({ changedLate }: Evidence): boolean {
  return changedLate.mean + 2 * changedLate.standardError < settledShare;
}

function isBetter({ gain }: Evidence): boolean {
  return gain.mean > 2 * gain.standardError;
}

/**
 * Holds where the walk that α weighs as printed refines over tens of steps. Does not hold where that walk is at its limit after
 * five steps, or changes the mean IoU by nothing that counts, and the walk of the other reading is neither.
 */
export function judgeAlpha(rows: readonly Measurement[], params: Pick<NetworkParams, 'diffusion'>): Verdict {
  const { alpha, printed, other } = readingsOf(params);
  const [asPrinted, otherwise] = [evidenceOf(rows, printed), evidenceOf(rows, other)];
  const measured = pictureCounts(rows);
  if (!asPrinted || !otherwise || !measured) {
    return { outcome: 'inconclusive', reason: 'Not measured: both readings of α with trained affinities.' };
  }
  const numbers = [
    describe(`Where α = ${alpha} weighs the walk, as printed,`, asPrinted),
    describe(`Where it weighs f, so that the walk weighs ${other},`, otherwise),
    `After t steps a walk of weight a is within a^(t+1) of its limit (as a share of the range of f): ${bound(printed)} and ${bound(other)} after ${earlySteps}.`,
  ].join(' ');
  const obstacle = whyNoVerdict(measured, asPrinted.gain.count);
  if (obstacle) return { outcome: 'inconclusive', reason: `${obstacle} ${numbers}` };
  if (isGradual(asPrinted) && isBetter(asPrinted)) return { outcome: 'holds', reason: numbers };
  if (isSettled(asPrinted) && isGradual(otherwise)) {
    const verdict = isBetter(otherwise)
      ? 'The evidence supports that α weighs f: only that walk goes on for tens of steps, and it raises the mean IoU.'
      : 'The evidence is against the equation as printed, which Figure 7 contradicts: only where α weighs f does a walk go on for tens of steps, though here that walk does not raise the mean IoU.';
    return { outcome: 'does not hold', reason: `${verdict} ${numbers}` };
  }
  return { outcome: 'inconclusive', reason: `The two readings do not differ enough to decide. ${numbers}` };
}

function describe(reading: string, { changed, changedLate, gain, steps }: Evidence): string {
  return `${reading} the walk changes ${writeSpread(changed, 100, 3)} % of the labels, ${writeSpread(changedLate, 100, 3)} % of them all after step ${earlySteps}, moves the mean IoU by ${writeSpread(gain, 100)} percentage points, and is within 1e-3 of its limit after ${steps.mean.toFixed(0)} steps.`;
}

function bound(diffusion: number): string {
  return String(Number((diffusion ** (earlySteps + 1)).toPrecision(2)));
}
