/** What `walk-steps` measures, by the names of its rows: their step is the number of steps of Eq. 1. */
import type { Measurement } from '../../pipeline/experiment.ts';
import { labelMetrics } from './label-measures.ts';
import type { Place } from './over-seeds.ts';

/** After so many steps, and at the limit, whose rows have step 0. */
export const stepsSubject = 'steps';
export const limitSubject = 'limit';

export const differentLabels = 'labels that differ from the limit’s';

/** A place of Figure 7's axis. */
export type WalkEnd = number | 'limit';

export function placeOf(metric: string, end: WalkEnd): Place {
  return end === 'limit' ? { metric, subject: limitSubject, step: 0 } : { metric, subject: stepsSubject, step: end };
}

export function describeEnd(end: WalkEnd): string {
  if (end === 'limit') return 'converged';
  return end === 1 ? '1 step' : `${end} steps`;
}

/** The axis, as far as it was measured. */
export function measuredEnds(rows: readonly Measurement[]): readonly WalkEnd[] {
  const measured = rows.filter(({ metric }) => metric === labelMetrics.meanIoU);
  const steps = measured.filter(({ subject }) => subject === stepsSubject).map(({ step }) => step);
  const isLimit = measured.some(({ subject }) => subject === limitSubject);
  return [...[...new Set(steps)].sort((a, b) => a - b), ...(isLimit ? (['limit'] as const) : [])];
}

/** The class whose probabilities a picture shows: its name is the subject, the picture's place the step. */
export const shownClassMetric = 'shown class';

/** Of a picture that an evaluation draws. */
export function frameName(picture: number, end: WalkEnd): string {
  return `picture-${picture}/${end}`;
}
