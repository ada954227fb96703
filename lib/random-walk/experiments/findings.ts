/** Sentences of the paper as differences that are paired by seed, decided by two standard errors. */
import type { Spread } from '../../numerics/spread.ts';

/** Shares of mean IoU that are about equal: the walk brings 0.02 in the paper, and this is half of it. */
export const aboutEqual = 0.01;

export interface Finding {
  readonly statement: string;
  /** undefined: it could be either, by two standard errors. */
  readonly holds: boolean | undefined;
  readonly numbers: string;
}

export interface NamedDifference {
  readonly name: string;
  readonly difference: Spread;
}

/** Whether a difference is at least so much by two standard errors, or below it by as many. */
export function isAtLeast({ mean, standardError }: Spread, least: number): boolean | undefined {
  if (mean - 2 * standardError >= least) return true;
  return mean + 2 * standardError < least ? false : undefined;
}

/** Whether it is less than `most`. */
export function isBelow(difference: Spread, most: number): boolean | undefined {
  const atLeast = isAtLeast(difference, most);
  return atLeast === undefined ? undefined : !atLeast;
}

export function areAll(values: readonly (boolean | undefined)[]): boolean | undefined {
  if (values.includes(false)) return false;
  return values.includes(undefined) ? undefined : true;
}

export function describeFinding({ statement, holds, numbers }: Finding): string {
  return `${statement}: ${holds === undefined ? 'undecided' : holds ? 'yes' : 'no'} (${numbers}).`;
}

export function listDifferences(differences: readonly NamedDifference[]): string {
  return differences.map(({ name, difference }) => `${name}: ${writePoints(difference)}`).join(', ');
}

/** In percentage points, ± the standard error. */
export function writePoints({ mean, standardError, count }: Spread): string {
  const error = count > 1 ? ` ± ${(100 * standardError).toFixed(2)}` : '';
  return `${mean < 0 ? '−' : '+'}${Math.abs(100 * mean).toFixed(2)}${error}`;
}
