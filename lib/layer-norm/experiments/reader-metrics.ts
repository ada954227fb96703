/** The readers that §6.2 compares, and the names under which their measurements are kept. */
import type { ReaderNormalization } from '../models/attentive-reader.ts';

/** LN-LSTM first, then Figure 2's baselines, then the second scale of which the text tells. */
export const readers = [
  { subject: 'ln-lstm', label: 'LN-LSTM', normalization: { kind: 'layer', gain: 1 } },
  { subject: 'lstm', label: 'LSTM', normalization: { kind: 'none' } },
  { subject: 'bn-lstm', label: 'BN-LSTM', normalization: { kind: 'batch', gain: 0.1, where: 'lstm' } },
  {
    subject: 'bn-everywhere',
    label: 'BN-everywhere',
    normalization: { kind: 'batch', gain: 0.1, where: 'everywhere' },
  },
  { subject: 'ln-lstm-gain-0.1', label: 'LN-LSTM, gain from 0.1', normalization: { kind: 'layer', gain: 0.1 } },
] as const satisfies readonly {
  readonly subject: string;
  readonly label: string;
  readonly normalization: ReaderNormalization;
}[];
export type ReaderSubject = (typeof readers)[number]['subject'];

/** What LN-LSTM is held against. */
export const baselines = ['lstm', 'bn-lstm', 'bn-everywhere'] as const satisfies readonly ReaderSubject[];

export const labels = Object.fromEntries(readers.map(({ subject, label }) => [subject, label])) as Readonly<
  Record<ReaderSubject, string>
>;

/** The lowest validation error of each in percent, as Cooijmans et al. (2016) give it; Figure 2 has no number for LN. */
export const paperErrors: Readonly<Partial<Record<ReaderSubject, number>>> = {
  lstm: 50.3,
  'bn-lstm': 49.5,
  'bn-everywhere': 50.0,
};

/** Learning curves of the validation split, with their units. */
export const errorMetric = 'error';
export const likelihoodMetric = 'negativeLogLikelihood';
export const curveUnits = { [errorMetric]: 'share', [likelihoodMetric]: 'nats' } as const;
/** At step 0: the lowest that a training's curve has. */
export const lowestMetric = 'lowest validation error';
/** At step 0, of the parameters with that error. */
export const testMetric = 'test error';
/** The same parameters’ validation error, normalised by statistics gathered in training. */
export const populationMetric = 'validation error by statistics of the population';
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
