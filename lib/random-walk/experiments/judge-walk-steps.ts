/** Whether the accuracy keeps increasing with steps and is highest at the limit (§5.4). */
import type { Spread } from '../../numerics/spread.ts';
import type { Measurement, Verdict } from '../../pipeline/experiment.ts';
import { whyNoVerdict } from './compare-methods.ts';
import { labelMetrics } from './label-measures.ts';
import { pairedSpread, spreadAt, writeSpread } from './over-seeds.ts';
import { pictureCounts } from './segmentation-metrics.ts';
import { describeEnd, measuredEnds, placeOf, type WalkEnd } from './walk-steps-metrics.ts';

/** Mean IoU at one place of the axis minus that at another. */
export function gainBetween(rows: readonly Measurement[], from: WalkEnd, to: WalkEnd): Spread | undefined {
  return pairedSpread(rows, placeOf(labelMetrics.meanIoU, to), placeOf(labelMetrics.meanIoU, from));
}

const isRise = ({ mean, standardError }: Spread) => mean > 2 * standardError;
const isFall = ({ mean, standardError }: Spread) => mean < -2 * standardError;

/**
 * Holds where the mean IoU at the limit is above that of no steps, no count of steps is above the limit, and no count below the one
 * before, where "above" is by more than two standard errors of the difference paired by seed. Does not hold where the limit
 * is below no steps, or below the best count of steps, by as much.
 */
export function judgeWalkSteps(rows: readonly Measurement[]): Verdict {
  const ends = measuredEnds(rows);
  const measured = pictureCounts(rows);
  const whole = gainBetween(rows, 0, 'limit');
  const finite = ends.filter((end) => end !== 'limit');
  if (!measured || !whole || finite.length < 2) {
    return { outcome: 'inconclusive', reason: 'Not measured: mean IoU against steps, from none to the limit.' };
  }
  const mean = (end: WalkEnd) => spreadAt(rows, placeOf(labelMetrics.meanIoU, end))!.mean;
  const best = finite.reduce((a, b) => (mean(b) > mean(a) ? b : a));
  const fromBest = gainBetween(rows, best, 'limit')!;
  const falls = ends.slice(1).flatMap((end, index) => {
    const gain = gainBetween(rows, ends[index]!, end)!;
    return isFall(gain)
      ? [`from ${describeEnd(ends[index]!)} to ${describeEnd(end)} by ${writeSpread(gain, 100)}`]
      : [];
  });
  const numbers = [
    `Mean IoU over ${whole.count} seed(s) and ${measured.validation} pictures: ${(100 * mean(0)).toFixed(2)} % without a step, ${(100 * mean('limit')).toFixed(2)} % converged, a change of ${writeSpread(whole, 100)} points paired by seed;`,
    `the best count of steps is ${best} with ${(100 * mean(best)).toFixed(2)} %, from which to the limit it is ${writeSpread(fromBest, 100)}.`,
    falls.length > 0
      ? `It falls ${falls.join(', ')}.`
      : 'From no count to the next does it fall by more than two standard errors.',
  ].join(' ');
  const obstacle = whyNoVerdict(measured, whole.count);
  if (obstacle) return { outcome: 'inconclusive', reason: `${obstacle} ${numbers}` };
  if (isFall(whole) || isFall(fromBest)) return { outcome: 'does not hold', reason: numbers };
  return { outcome: isRise(whole) && falls.length === 0 ? 'holds' : 'inconclusive', reason: numbers };
}
