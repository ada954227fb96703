/** How long sentence-encoding takes, in seconds of one core. */
import type { Workload } from '../../pipeline/experiment.ts';

interface Sizes {
  readonly seeds: number;
  readonly wordUnits: number;
  readonly units: number;
  readonly vocabularySize: number;
  readonly longestSentence: number;
  readonly batchSize: number;
  readonly updates: number;
  readonly snapshots: number;
  readonly sampledWords: number;
  readonly outerFolds: number;
  readonly innerFolds: number;
  readonly penaltyExponents: readonly number[];
}

/** Products of two numbers a second, as the recurrent kernel and TensorFlow.js's matrix product make them. */
const multiplicationsPerSecond = 2e10;
/** What a step of a GRU takes beside its products, forward and backward. */
const stepSeconds = 1e-4;
/** MR, CR, SUBJ, MPQA and SICK: each sentence once, and in words. */
const downstreamSentences = 37_000;
const downstreamWords = 16;
/** Steps of one logistic regression, and rows of all four tasks together. */
const regressionSteps = 15;
const regressionRows = 35_000;

export function sentenceEncodingWork(sizes: Sizes): Workload {
  const { seeds, wordUnits, units, vocabularySize, longestSentence, batchSize, updates, snapshots } = sizes;
  const encoders = 2 * seeds;
  const perWord = 3 * units * (units + wordUnits);
  // An encoder over sentences of medium length and two decoders over nearly the longest, forward and twice that backward.
  const steps = 2.5 * longestSentence;
  const scored = sizes.sampledWords > 0 ? Math.min(sizes.sampledWords, vocabularySize) : vocabularySize;
  const products = 3 * (steps * batchSize * perWord + 1.2 * longestSentence * batchSize * scored * units);
  const parameters = vocabularySize * (units + wordUnits) + 3 * perWord;
  const update = products / multiplicationsPerSecond + steps * stepSeconds + parameters * 1e-8;

  const encoding = (downstreamSentences * downstreamWords * perWord) / multiplicationsPerSecond + 2;
  const fits = sizes.outerFolds * (sizes.innerFolds * sizes.penaltyExponents.length + 1);
  const fitting = fits * regressionSteps * regressionRows * ((2 * units) / (3 * multiplicationsPerSecond) + 2e-8);
  return {
    trainingCoreSeconds: encoders * updates * update,
    evaluationCoreSeconds: encoders * (snapshots + 1) * (encoding + fitting),
  };
}
