/** What an answer costs without reading: the baselines by frequency of Hermann et al. (2015, §3.1), and chance. */
import { type ClozeQuestions, tokensOf } from '../../datasets/cloze-questions.ts';
import { cutPassage, type ReadingLimits } from '../models/reader-minibatch.ts';

export interface GuessErrors {
  /** Mean error of an entity of the passage drawn at random. */
  readonly chance: number;
  /** Error of the entity that the passage has most often, the first to occur of equal ones. */
  readonly maximumFrequency: number;
  /** The same among entities that the question does not have. */
  readonly exclusiveFrequency: number;
}

/** @param indices at least one question */
export function guessEntities(questions: ClozeQuestions, indices: Int32Array, limits: ReadingLimits): GuessErrors {
  const errors = { chance: 0, maximumFrequency: 0, exclusiveFrequency: 0 };
  for (const index of indices) {
    const answer = -1 - questions.answers[index]!;
    const asked = new Set(tokensOf(questions.questions, index));
    const counts = new Map<number, number>();
    for (const token of cutPassage(tokensOf(questions.passages, index), limits)) {
      if (token < 0) counts.set(token, (counts.get(token) ?? 0) + 1);
    }
    const mostFrequent = (candidates: readonly (readonly [number, number])[]) =>
      candidates.reduce<readonly [number, number] | undefined>(
        (best, candidate) => (best && best[1] >= candidate[1] ? best : candidate),
        undefined,
      )?.[0];
    errors.chance += counts.has(answer) ? 1 - 1 / counts.size : 1;
    errors.maximumFrequency += mostFrequent([...counts]) === answer ? 0 : 1;
    errors.exclusiveFrequency += mostFrequent([...counts].filter(([token]) => !asked.has(token))) === answer ? 0 : 1;
  }
  return {
    chance: errors.chance / indices.length,
    maximumFrequency: errors.maximumFrequency / indices.length,
    exclusiveFrequency: errors.exclusiveFrequency / indices.length,
  };
}
