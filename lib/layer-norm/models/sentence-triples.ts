/**
 * Sentences with their neighbours, (sᵢ₋₁, sᵢ, sᵢ₊₁) of one document (Kiros et al. 2015), and minibatches of them in which all
 * sᵢ are equally long, so that the encoder needs no padding.
 */
import type { RandomStream } from '../../numerics/random.ts';
import { endOfSentence, numberWords, type Vocabulary } from './vocabulary.ts';

/** Words by number, a column a sentence, the end of the sentence included. */
export interface PaddedSentences {
  /** [time, batch], `endOfSentence` behind a sentence's end */
  readonly ids: Int32Array;
  /** [time, batch], 1 where there is a word or the end of the sentence, 0 behind it */
  readonly mask: Float32Array;
  readonly time: number;
  readonly batch: number;
}

export interface TripleMinibatch {
  readonly previous: PaddedSentences;
  /** All of one length: the mask is 1 everywhere. */
  readonly current: PaddedSentences;
  readonly next: PaddedSentences;
}

export interface SentenceTriples {
  readonly count: number;
  /** Draws a triple, and the others among those whose middle sentences are as long; with replacement. */
  drawMinibatch(random: RandomStream, batch: number): TripleMinibatch;
}

/**
 * @param longestSentence most words of a sentence; triples with a longer one are left out
 *
 * Throws RangeError where no triple is left.
 */
export function createSentenceTriples(
  documents: readonly (readonly (readonly string[])[])[],
  vocabulary: Vocabulary,
  longestSentence: number,
): SentenceTriples {
  const sentences: Int32Array[] = [];
  /** The middle sentence of each triple. */
  const middles: number[] = [];
  const fits = (sentence: readonly string[] | undefined) =>
    sentence !== undefined && sentence.length > 0 && sentence.length <= longestSentence;
  for (const document of documents) {
    for (const [index, sentence] of document.entries()) {
      if (fits(document[index - 1]) && fits(sentence) && fits(document[index + 1])) middles.push(sentences.length);
      // Longer ones only keep their place.
      sentences.push(fits(sentence) ? numberWords(vocabulary, sentence) : new Int32Array(0));
    }
  }
  if (middles.length === 0) {
    throw new RangeError(
      `No three sentences of at most ${longestSentence} words follow each other in ${documents.length} documents: bring more text, or raise longestSentence.`,
    );
  }
  const byLength = Map.groupBy(middles, (middle) => sentences[middle]!.length);
  return {
    count: middles.length,
    drawMinibatch(random, batch) {
      const first = middles[random.uniformInteger(middles.length)]!;
      const alike = byLength.get(sentences[first]!.length)!;
      const chosen = Array.from({ length: batch }, (_, k) =>
        k === 0 ? first : alike[random.uniformInteger(alike.length)]!,
      );
      const at = (offset: number) => padSentences(chosen.map((middle) => sentences[middle + offset]!));
      return { previous: at(-1), current: at(0), next: at(1) };
    },
  };
}

/** As wide as there are sentences and as long as the longest. */
export function padSentences(sentences: readonly Int32Array[]): PaddedSentences {
  const batch = sentences.length;
  const time = sentences.reduce((longest, { length }) => Math.max(longest, length), 0);
  const ids = new Int32Array(time * batch).fill(endOfSentence);
  const mask = new Float32Array(time * batch);
  for (const [column, sentence] of sentences.entries()) {
    for (const [step, id] of sentence.entries()) {
      ids[step * batch + column] = id;
      mask[step * batch + column] = 1;
    }
  }
  return { ids, mask, time, batch };
}
