/** The readers that §6.2 compares, and the names under which their measurements are kept. */
import type { Measurement } from '../../pipeline/experiment.ts';
import type { ReaderNormalization } from '../models/attentive-reader.ts';

/** In the order of Figure 2's legend, and the second scale of which the text tells. */
export const readers = [
  { subject: 'lstm', label: 'LSTM', normalization: { kind: 'none' } },
  { subject: 'bn-lstm', label: 'BN-LSTM', normalization: { kind: 'batch', gain: 0.1, where: 'lstm' } },
  {
    subject: 'bn-everywhere',
    label: 'BN-everywhere',
    normalization: { kind: 'batch', gain: 0.1, where: 'everywhere' },
  },
  { subject: 'ln-lstm', label: 'LN-LSTM', normalization: { kind: 'layer', gain: 1 } },
  { subject: 'ln-lstm-gain-0.1', label: 'LN-LSTM, gain from 0.1', normalization: { kind: 'layer', gain: 0.1 } },
] as const satisfies readonly {
  readonly subject: string;
  readonly label: string;
  readonly normalization: ReaderNormalization;
}[];
export type ReaderSubject = (typeof readers)[number]['subject'];

/** What LN-LSTM is held against. */
export const baselines = ['lstm', 'bn-lstm', 'bn-everywhere'] as const satisfies readonly ReaderSubject[];

/** The lowest validation error of each in percent, as Cooijmans et al. (2016) give it; Figure 2 has no number for LN. */
export const paperErrors: Readonly<Partial<Record<ReaderSubject, number>>> = {
  lstm: 50.3,
  'bn-lstm': 49.5,
  'bn-everywhere': 50.0,
};

/** Share of the questions, by update. */
export const errorMetric = 'validation error';
/** In nats, by update. */
export const likelihoodMetric = 'validation negative log likelihood';
/** Of the parameters with the lowest validation error. */
export const testMetric = 'test error';
/** The same parameters’ validation error, normalised by statistics gathered in training. */
export const populationMetric = 'validation error by statistics of the population';
export const secondsMetric = 'seconds per update';
/** By `guesses` as subject. */
export const guessMetric = 'validation error of a guess';
/** By split as subject. */
export const questionsMetric = 'questions used';
export const standInMetric = 'stand-in data';

export const guesses = {
  chance: 'an entity of the passage at random',
  maximumFrequency: 'the passage’s most frequent entity',
  exclusiveFrequency: 'the most frequent that the question does not have',
} as const;

export function labelOf(subject: string): string {
  return readers.find((reader) => reader.subject === subject)?.label ?? subject;
}

/** Values of one metric and subject, by step and then by seed. */
export function valuesByStep(
  rows: readonly Measurement[],
  subject: string,
  metric: string,
): ReadonlyMap<number, ReadonlyMap<number, number>> {
  const steps = new Map<number, Map<number, number>>();
  for (const row of rows) {
    if (row.subject !== subject || row.metric !== metric) continue;
    const seeds = steps.get(row.step) ?? new Map<number, number>();
    steps.set(row.step, seeds.set(row.seed, row.value));
  }
  return new Map([...steps].sort(([a], [b]) => a - b));
}

/** The lowest validation error of each seed. */
export function lowestErrors(rows: readonly Measurement[], subject: string): ReadonlyMap<number, number> {
  const lowest = new Map<number, number>();
  for (const seeds of valuesByStep(rows, subject, errorMetric).values()) {
    for (const [seed, value] of seeds) lowest.set(seed, Math.min(value, lowest.get(seed) ?? Number.POSITIVE_INFINITY));
  }
  return lowest;
}

/** The first update at which each seed's error is no higher than `targets` of that seed; seeds that never get there are missing. */
export function updatesToReach(
  rows: readonly Measurement[],
  subject: string,
  targets: ReadonlyMap<number, number>,
): ReadonlyMap<number, number> {
  const reached = new Map<number, number>();
  for (const [step, seeds] of valuesByStep(rows, subject, errorMetric)) {
    for (const [seed, value] of seeds) {
      const target = targets.get(seed);
      if (target !== undefined && value <= target && !reached.has(seed)) reached.set(seed, step);
    }
  }
  return reached;
}

/** Median seconds of an update; undefined where it was not timed. */
export function secondsPerUpdate(rows: readonly Measurement[], subject: string): number | undefined {
  return rows.find((row) => row.metric === secondsMetric && row.subject === subject)?.value;
}
