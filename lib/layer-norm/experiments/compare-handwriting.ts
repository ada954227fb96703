/** How far and how fast the two networks learn, seed by seed; pure functions of the measurements. */
import type { Measurement } from '../../pipeline/experiment.ts';
import { type HandwritingSubject, validationMetric } from './handwriting-metrics.ts';

export interface CurvePoint {
  readonly step: number;
  readonly value: number;
}

/** A curve of each seed, by updates. */
export function curvesOf(
  rows: readonly Measurement[],
  subject: HandwritingSubject,
): ReadonlyMap<number, readonly CurvePoint[]> {
  const own = rows.filter((row) => row.subject === subject && row.metric === validationMetric);
  const bySeed = Map.groupBy(own, ({ seed }) => seed);
  return new Map(
    [...bySeed].map(([seed, points]) => [
      seed,
      points.map(({ step, value }) => ({ step, value })).sort((a, b) => a.step - b.step),
    ]),
  );
}

export function lowestOf(curve: readonly CurvePoint[]): CurvePoint {
  return curve.reduce((best, point) => (point.value < best.value ? point : best));
}

export interface SeedComparison {
  readonly seed: number;
  readonly plain: CurvePoint;
  readonly normalised: CurvePoint;
  /** Updates after which the normalised network is at the plain one's lowest, between two measurements; undefined where never. */
  readonly reachedAfter: number | undefined;
}

/** Seeds that both networks have. */
export function compareSeeds(rows: readonly Measurement[]): readonly SeedComparison[] {
  const [plainCurves, normalisedCurves] = [curvesOf(rows, 'none'), curvesOf(rows, 'layer')];
  return [...plainCurves].flatMap(([seed, curve]) => {
    const other = normalisedCurves.get(seed);
    if (!other) return [];
    const plain = lowestOf(curve);
    return [{ seed, plain, normalised: lowestOf(other), reachedAfter: updatesToReach(other, plain.value) }];
  });
}

/** Where the curve first comes down to a value, on the straight line between its points. */
export function updatesToReach(curve: readonly CurvePoint[], value: number): number | undefined {
  const index = curve.findIndex((point) => point.value <= value);
  if (index <= 0) return curve[index]?.step;
  const [before, after] = [curve[index - 1]!, curve[index]!];
  return before.step + ((before.value - value) / (before.value - after.value)) * (after.step - before.step);
}
