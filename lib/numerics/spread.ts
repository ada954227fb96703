/** Mean and spread of a few values, one a seed. */

export interface Spread {
  readonly count: number;
  readonly mean: number;
  /** Of the sample, divisor count − 1; 0 of one value. */
  readonly standardDeviation: number;
  /** Of the mean; 0 of one value. */
  readonly standardError: number;
}

/** undefined where there are no values. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const count = values.length;
  if (count === 0) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const standardDeviation = count < 2 ? 0 : Math.sqrt(squares / (count - 1));
  return { count, mean, standardDeviation, standardError: standardDeviation / Math.sqrt(count) };
}
