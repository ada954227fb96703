/** The text that sentence encoders learn from: triples of neighbouring sentences, and some of other documents to validate on. */
import { type Document, readBooks } from '../../datasets/books.ts';
import type { DatasetReader } from '../../datasets/dataset.ts';
import { createSentenceTriples, type SentenceTriples } from './sentence-triples.ts';
import { buildVocabulary, type Vocabulary } from './vocabulary.ts';

export interface TextSettings {
  /** The end of a sentence and the unknown word included. */
  readonly vocabularySize: number;
  /** In words; triples with a longer sentence are left out. */
  readonly longestSentence: number;
}

export interface TrainingText {
  /** Of the training documents. */
  readonly vocabulary: Vocabulary;
  readonly training: SentenceTriples;
  /** Of other documents. */
  readonly heldOut: SentenceTriples;
}

/** Every so many documents one is held out. */
const heldOutEvery = 20;
/** Of few books the end of each is held out, one sentence in as many but at least a triple. */
const leastHeldOut = 3;

export async function readTrainingText(
  reader: DatasetReader,
  { vocabularySize, longestSentence }: TextSettings,
): Promise<TrainingText> {
  const { training, heldOut } = splitDocuments(await readBooks(reader));
  const vocabulary = buildVocabulary(sentencesOf(training), vocabularySize);
  return {
    vocabulary,
    training: createSentenceTriples(training, vocabulary, longestSentence),
    heldOut: createSentenceTriples(heldOut, vocabulary, longestSentence),
  };
}

export function splitDocuments(documents: readonly Document[]): {
  readonly training: readonly Document[];
  readonly heldOut: readonly Document[];
} {
  if (documents.length < heldOutEvery) {
    const cut = ({ length }: Document) =>
      Math.max(0, length - Math.max(leastHeldOut, Math.ceil(length / heldOutEvery)));
    return {
      training: documents.map((document) => document.slice(0, cut(document))),
      heldOut: documents.map((document) => document.slice(cut(document))),
    };
  }
  const isHeldOut = (index: number) => index % heldOutEvery === heldOutEvery - 1;
  return {
    training: documents.filter((_, index) => !isHeldOut(index)),
    heldOut: documents.filter((_, index) => isHeldOut(index)),
  };
}

function* sentencesOf(documents: readonly Document[]): Generator<readonly string[]> {
  for (const document of documents) yield* document;
}
