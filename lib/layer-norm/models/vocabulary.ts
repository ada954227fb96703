/** Words by number, the commonest first, as skip-thoughts number them: 0 ends a sentence, 1 is every word that is not listed. */

export const endOfSentence = 0;
export const unknownWord = 1;
const reserved = ['<eos>', '<unk>'] as const;

export interface Vocabulary {
  /** By number; the first two are not words. */
  readonly words: readonly string[];
  /** 1 where the word is not listed. */
  idOf(word: string): number;
}

/**
 * The commonest words of some text; of equally common ones the first in the order of their characters' codes.
 *
 * @param size how many numbers there are, the two reserved ones among them; fewer where the text has fewer words
 */
export function buildVocabulary(sentences: Iterable<readonly string[]>, size: number): Vocabulary {
  if (!Number.isInteger(size) || size <= reserved.length) {
    throw new RangeError(
      `A vocabulary must have room for a word beside ${reserved.join(' and ')}, got a size of ${size}.`,
    );
  }
  const counts = new Map<string, number>();
  for (const sentence of sentences) for (const word of sentence) counts.set(word, (counts.get(word) ?? 0) + 1);
  const byFrequency = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return restoreVocabulary([...reserved, ...byFrequency.slice(0, size - reserved.length).map(([word]) => word)]);
}

/** From the list that it was kept as. */
export function restoreVocabulary(words: readonly string[]): Vocabulary {
  const ids = new Map(words.map((word, id) => [word, id]));
  // Text that contains the mark of the end of a sentence does not end there.
  for (const mark of reserved) ids.delete(mark);
  return { words, idOf: (word) => ids.get(word) ?? unknownWord };
}

/** The numbers of the words and of the end of the sentence. */
export function numberWords({ idOf }: Vocabulary, words: readonly string[]): Int32Array {
  return Int32Array.from([...words.map(idOf), endOfSentence]);
}
