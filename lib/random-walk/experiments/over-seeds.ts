/** Rows of several seeds as one number with its spread. */
import { type Spread, spreadOf } from '../../numerics/spread.ts';
import type { Measurement } from '../../pipeline/experiment.ts';

export type Place = Pick<Measurement, 'metric' | 'subject' | 'step'>;

export function valuesBySeed(rows: readonly Measurement[], place: Place): ReadonlyMap<number, number> {
  const { metric, subject, step } = place;
  const found = rows.filter((row) => row.metric === metric && row.subject === subject && row.step === step);
  return new Map(found.map(({ seed, value }) => [seed, value]));
}

/** undefined where it was not measured. */
export function spreadAt(rows: readonly Measurement[], place: Place): Spread | undefined {
  return spreadOf([...valuesBySeed(rows, place).values()]);
}

/** Of the differences `place` minus `baseline`, seed by seed: what both share of a training cancels. */
export function pairedSpread(rows: readonly Measurement[], place: Place, baseline: Place): Spread | undefined {
  const theirs = valuesBySeed(rows, baseline);
  const ours = [...valuesBySeed(rows, place)].filter(([seed]) => theirs.has(seed));
  return spreadOf(ours.map(([seed, value]) => value - theirs.get(seed)!));
}

/** `12.3 ± 0.4`, mean and standard error over seeds, both times `factor`. */
export function writeSpread(spread: Spread | undefined, factor = 1, decimals = 2): string | undefined {
  if (!spread) return undefined;
  const mean = (factor * spread.mean).toFixed(decimals);
  return spread.count < 2 ? mean : `${mean} ± ${(factor * spread.standardError).toFixed(decimals)}`;
}
