/** Values over seeds, and what the normalized encoder differs by from the plain one of the same seed. */
import { type Spread, spreadOf } from '../../numerics/spread.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { valuesBySeed } from '../../pipeline/over-seeds.ts';
import { type DownstreamMeasure, type Encoder, encoders } from './sentence-encoding-measures.ts';

/** One minus the other, seed by seed, where both have one. */
function differencesBySeed(one: ReadonlyMap<number, number>, other: ReadonlyMap<number, number>): number[] {
  return [...one].flatMap(([seed, value]) => (other.has(seed) ? [value - other.get(seed)!] : []));
}

/** Student's t at 97.5 %, by degrees of freedom from 1; beyond them it is nearly the normal's. */
const criticalT = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23];
const normalCritical = 2;

/** Whether a mean difference is above 0, below it, or neither at the 95 % level of a paired t-test. */
export function signOf({ count, mean, standardError }: Spread): -1 | 0 | 1 {
  if (count < 2) return 0;
  const margin = (criticalT[count - 2] ?? normalCritical) * standardError;
  return mean > margin ? 1 : mean < -margin ? -1 : 0;
}

export interface MeasureComparison {
  readonly measure: DownstreamMeasure;
  readonly values: Readonly<Record<Encoder, Spread>>;
  readonly untrained: Readonly<Record<Encoder, Spread>>;
  /** Normalized minus plain; positive where the normalized encoder is better, whatever the measure. */
  readonly advantage: Spread;
  /**
   * How far training has brought both encoders, on average: 0 where they are as untrained ones, 1 where they are as the
   * paper's plain one.
   */
  readonly progress: number;
}

/** At one update, or undefined where something was not measured. */
export function compareMeasure(
  rows: readonly Measurement[],
  measure: DownstreamMeasure,
  update: number,
): MeasureComparison | undefined {
  const sign = measure.isBetter === 'higher' ? 1 : -1;
  const at = (encoder: Encoder, step: number) => valuesBySeed(rows, { metric: measure.metric, subject: encoder }, step);
  const advantage = spreadOf(differencesBySeed(at('layer', update), at('none', update)).map((value) => sign * value));
  const spreads = (step: number) => {
    const [none, layer] = encoders.map((encoder) => spreadOf([...at(encoder, step).values()]));
    return none && layer && { none, layer };
  };
  const values = spreads(update);
  const untrained = spreads(0);
  if (!advantage || !values || !untrained) return undefined;
  const meanOf = ({ none, layer }: Readonly<Record<Encoder, Spread>>) => (none.mean + layer.mean) / 2;
  const [, paperPlain] = measure.paper;
  const progress = (meanOf(values) - meanOf(untrained)) / (paperPlain - meanOf(untrained));
  return { measure, values, untrained, advantage, progress };
}
