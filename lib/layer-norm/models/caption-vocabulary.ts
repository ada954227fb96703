/** Words as numbers, and captions as time-major minibatches of them, as order-embeddings' authors number and pad theirs. */

/** Ends every caption, and fills up the shorter ones behind it. */
const endOfCaption = 0;
/** Every word that the vocabulary does not have. */
const unknownWord = 1;

/** Word → number, from 2. */
export type CaptionVocabulary = ReadonlyMap<string, number>;

/** Words that occur at least so often, the most frequent first; equally frequent ones in the order in which they first occur. */
export function buildVocabulary(captions: readonly string[], minimumCount: number): CaptionVocabulary {
  const counts = new Map<string, number>();
  for (const caption of captions) {
    for (const word of caption.split(' ')) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const words = [...counts].filter(([, count]) => count >= minimumCount).sort(([, a], [, b]) => b - a);
  return numberWords(words.map(([word]) => word));
}

/** A vocabulary's words, in its order, as the vocabulary. */
export function numberWords(words: readonly string[]): CaptionVocabulary {
  return new Map(words.map((word, index) => [word, index + 2]));
}

/** Rows that a table of word vectors needs: the words, the end and the unknown word. */
export function vocabularySize(vocabulary: CaptionVocabulary): number {
  return vocabulary.size + 2;
}

export interface CaptionBatch {
  readonly steps: number;
  readonly count: number;
  /** [steps, count] */
  readonly ids: Int32Array;
  /** [steps, count]: 1 for words and for the end behind them, 0 for what only fills up. */
  readonly mask: Float32Array;
}

/** Captions side by side, as long as the longest with its end. */
export function encodeCaptions(captions: readonly string[], vocabulary: CaptionVocabulary): CaptionBatch {
  const count = captions.length;
  const words = captions.map((caption) => caption.split(' '));
  const steps = 1 + words.reduce((longest, { length }) => Math.max(longest, length), 0);
  const ids = new Int32Array(steps * count).fill(endOfCaption);
  const mask = new Float32Array(steps * count);
  for (const [column, caption] of words.entries()) {
    for (const [step, word] of caption.entries()) ids[step * count + column] = vocabulary.get(word) ?? unknownWord;
    for (let step = 0; step <= caption.length; step++) mask[step * count + column] = 1;
  }
  return { steps, count, ids, mask };
}
