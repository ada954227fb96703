/** Values over seeds, and differences of two methods that ran on the same seeds. */

export interface Spread {
  readonly count: number;
  readonly mean: number;
  /** Sample standard deviation; 0 for a single value. */
  readonly standardDeviation: number;
  readonly standardError: number;
}

/** NaN for the mean of nothing. */
export function spreadOf(values: readonly number[]): Spread {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const standardDeviation = count > 1 ? Math.sqrt(squares / (count - 1)) : 0;
  return { count, mean, standardDeviation, standardError: standardDeviation / Math.sqrt(count) };
}

/** `method` minus `baseline`, seed by seed, over the seeds that both have. */
export function pairedDifference(method: ReadonlyMap<number, number>, baseline: ReadonlyMap<number, number>): Spread {
  return spreadOf(
    [...method].flatMap(([seed, value]) => {
      const other = baseline.get(seed);
      return other === undefined ? [] : [value - other];
    }),
  );
}

/** Above or below zero by more than two standard errors. One seed alone has no spread, and is level. */
export function signOf({ count, mean, standardError }: Spread): 'above' | 'below' | 'level' {
  if (count < 2) return 'level';
  if (mean > 2 * standardError) return 'above';
  return mean < -2 * standardError ? 'below' : 'level';
}

/** `4.2 ± 0.31`: mean and standard error. */
export function writeSpread({ mean, standardError }: Spread, digits = 3): string {
  return `${mean.toPrecision(digits)} ± ${standardError.toPrecision(2)}`;
}
