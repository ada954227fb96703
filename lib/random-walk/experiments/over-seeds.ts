/** Rows of several seeds as one number with its spread. */
import { type Spread, spreadOf } from '../../numerics/spread.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { valuesBySeed } from '../../pipeline/over-seeds.ts';

export type Place = Pick<Measurement, 'metric' | 'subject' | 'step'>;

/** undefined where it was not measured. */
export function spreadAt(rows: readonly Measurement[], place: Place): Spread | undefined {
  return spreadOf([...valuesBySeed(rows, place, place.step).values()]);
}

/** Of the differences `place` minus `baseline`, seed by seed: what both share of a training cancels. */
export function pairedSpread(rows: readonly Measurement[], place: Place, baseline: Place): Spread | undefined {
  const theirs = valuesBySeed(rows, baseline, baseline.step);
  const ours = [...valuesBySeed(rows, place, place.step)].filter(([seed]) => theirs.has(seed));
  return spreadOf(ours.map(([seed, value]) => value - theirs.get(seed)!));
}

/** `12.30 ± 0.40`, mean and standard error over seeds, both times `factor`; one seed has no error. */
export function writeSpread(spread: Spread | undefined, factor = 1, decimals = 2): string | undefined {
  if (!spread) return undefined;
  // No negative zero.
  const mean = (factor * spread.mean)
    .toFixed(decimals)
    .replace(/^-(?=[0.]*$)/, '')
    .replace('-', '−');
  return spread.count < 2 ? mean : `${mean} ± ${(factor * spread.standardError).toFixed(decimals)}`;
}
