/** What tables, charts and the verdict of `timing` read out of the measurements. */
import { type Spread, spreadOf } from '../../numerics/spread.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { timingMetrics, timingSubjects, usualCrfIterations } from './timing-metrics.ts';

export interface Range extends Spread {
  readonly least: number;
  readonly greatest: number;
}

export type TimingNumbers = ReturnType<typeof readTiming>;

export function readTiming(rows: readonly Measurement[]) {
  const groups = Map.groupBy(rows, ({ metric, subject, step }) => JSON.stringify([metric, subject, step]));
  /** By picture. */
  const values = (metric: string, subject: string, step = 0): ReadonlyMap<number, number> => {
    const group = groups.get(JSON.stringify([metric, subject, step])) ?? [];
    return new Map(group.map(({ seed, value }) => [seed, value]));
  };
  const seconds = (subject: string) => values(timingMetrics.seconds, subject);
  const crf = seconds(timingSubjects.crf(usualCrfIterations));
  return {
    range: (metric: string, subject: string, step = 0) => rangeOf([...values(metric, subject, step).values()]),
    seconds: (subject: string) => rangeOf([...seconds(subject).values()]),
    /** How many times as long as this dense CRF inference takes, on the same picture. */
    ratio: (subject: string) => rangeOf(quotients(crf, seconds(subject))),
    /** The same if the kernel had no SIMD: less by what the step over that grid gains from it. */
    plainRatio: (subject: string, step: string, plainStep: string) => {
      const gains = quotientsByPicture(seconds(plainStep), seconds(step));
      return rangeOf(quotients(quotientsByPicture(crf, seconds(subject)), gains));
    },
    /** Of a metric over x, in ascending order: a curve for each picture. */
    curves: (metric: string): ReadonlyMap<number, readonly CurvePoint[]> => {
      const bySeed = Map.groupBy(
        rows.filter((row) => row.metric === metric),
        ({ seed }) => seed,
      );
      return new Map(
        [...bySeed].map(([seed, points]) => [
          seed,
          points.map(({ step, value }) => ({ x: step, y: value })).sort((a, b) => a.x - b.x),
        ]),
      );
    },
  };
}

export interface CurvePoint {
  readonly x: number;
  readonly y: number;
}

/** y ≈ factor · x^exponent by least squares of the logarithms; undefined with less than two different x. */
export function fitPower(
  points: readonly CurvePoint[],
): { readonly exponent: number; readonly factor: number } | undefined {
  const logs = points.map(({ x, y }) => ({ x: Math.log(x), y: Math.log(y) }));
  const mean = (axis: 'x' | 'y') => logs.reduce((sum, point) => sum + point[axis], 0) / logs.length;
  const [x, y] = [mean('x'), mean('y')];
  const squares = logs.reduce((sum, point) => sum + (point.x - x) ** 2, 0);
  if (!(squares > 0)) return undefined;
  const exponent = logs.reduce((sum, point) => sum + (point.x - x) * (point.y - y), 0) / squares;
  return { exponent, factor: Math.exp(y - exponent * x) };
}

/** Of the fits to each picture's curve. */
export function exponentOf(curves: ReadonlyMap<number, readonly CurvePoint[]>): Range | undefined {
  return rangeOf([...curves.values()].flatMap((points) => fitPower(points)?.exponent ?? []));
}

function rangeOf(values: readonly number[]): Range | undefined {
  const spread = spreadOf(values);
  return spread && { ...spread, least: Math.min(...values), greatest: Math.max(...values) };
}

function quotients(above: ReadonlyMap<number, number>, below: ReadonlyMap<number, number>): readonly number[] {
  return [...quotientsByPicture(above, below).values()];
}

/** Of the pictures that both have. */
function quotientsByPicture(
  above: ReadonlyMap<number, number>,
  below: ReadonlyMap<number, number>,
): ReadonlyMap<number, number> {
  return new Map([...above].flatMap(([seed, value]) => (below.has(seed) ? [[seed, value / below.get(seed)!]] : [])));
}
