/** Minibatches of cloze questions as arrays: entities permuted, passages and questions cut and padded. No tensors yet. */
import { type ClozeQuestions, placeholderWord, tokensOf, unknownWord } from '../../datasets/cloze-questions.ts';
import type { RandomStream } from '../../numerics/random.ts';

export interface ReadingLimits {
  /** Tokens of a passage: a longer one loses its beginning. */
  readonly passageTokens: number;
  /** Tokens of a question: a longer one keeps those around its placeholder. */
  readonly questionTokens: number;
  /** Words of the vocabulary that are told apart; rarer ones are unknown. */
  readonly words: number;
  /** Entities that questions may have. */
  readonly entities: number;
}

/** Sequences of token ids, time-major. An entity's id is 0 to entities − 1, a word's comes after. */
export interface PaddedSequences {
  readonly time: number;
  /** [time, batch]. Padding repeats the sequence from its start, so that statistics over a minibatch see text. */
  readonly ids: Int32Array;
  /** [time, batch], 1 where there is a token and 0 where there is padding */
  readonly mask: Float32Array;
}

export interface ReaderMinibatch {
  readonly size: number;
  readonly passage: PaddedSequences;
  readonly question: PaddedSequences;
  /** [batch], the entity that the placeholder stands for */
  readonly answers: Int32Array;
}

/** The end of a passage. */
export function cutPassage(tokens: Int32Array, { passageTokens }: ReadingLimits): Int32Array {
  return tokens.subarray(Math.max(0, tokens.length - passageTokens));
}

/** The tokens around the first placeholder, as many before it as after it where there are so many. */
export function cutQuestion(tokens: Int32Array, { questionTokens }: ReadingLimits): Int32Array {
  const middle = tokens.indexOf(placeholderWord);
  const latest = Math.max(0, tokens.length - questionTokens);
  const start = Math.min(Math.max(0, middle - Math.floor(questionTokens / 2)), latest);
  return tokens.subarray(start, start + questionTokens);
}

/**
 * The questions that a cut passage still answers: that have an answer in it. The published questions are all kept where
 * nothing is cut, also those whose answer the four sentences do not have.
 */
export function selectQuestions({ count, passages, answers }: ClozeQuestions, limits: ReadingLimits): Int32Array {
  return Int32Array.from({ length: count }, (_, index) => index).filter((index) => {
    const whole = tokensOf(passages, index);
    const cut = cutPassage(whole, limits);
    return cut.length === whole.length || cut.includes(-1 - answers[index]!);
  });
}

/** A random permutation of all entities: `permutation[e]` is e's new number. */
export function drawPermutation(random: RandomStream, entities: number): Int32Array {
  const permutation = new Int32Array(entities);
  random.fillSample(permutation, entities);
  return permutation;
}

/** @param permutation one for the whole minibatch: passages, questions and answers alike */
export function encodeMinibatch(
  questions: ClozeQuestions,
  indices: Int32Array,
  permutation: Int32Array,
  limits: ReadingLimits,
): ReaderMinibatch {
  const { words, entities } = limits;
  const encode = (token: number) =>
    token < 0 ? permutation[-1 - token]! : entities + (token < words ? token : unknownWord);
  const passages = Array.from(indices, (index) => cutPassage(tokensOf(questions.passages, index), limits).map(encode));
  const asked = Array.from(indices, (index) => cutQuestion(tokensOf(questions.questions, index), limits).map(encode));
  return {
    size: indices.length,
    passage: pad(passages),
    question: pad(asked),
    answers: Int32Array.from(indices, (index) => permutation[questions.answers[index]!]!),
  };
}

/** @param sequences at least one, none of them empty */
export function pad(sequences: readonly Int32Array[]): PaddedSequences {
  const batch = sequences.length;
  const time = Math.max(...sequences.map(({ length }) => length));
  const ids = new Int32Array(time * batch);
  const mask = new Float32Array(time * batch);
  for (const [example, sequence] of sequences.entries()) {
    for (let step = 0; step < time; step++) {
      ids[step * batch + example] = sequence[step % sequence.length]!;
      mask[step * batch + example] = step < sequence.length ? 1 : 0;
    }
  }
  return { time, ids, mask };
}
