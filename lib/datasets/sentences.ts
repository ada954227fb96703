/**
 * The four binary sentence classification datasets of skip-thoughts, a file a class, a sentence a line: movie reviews (MR,
 * Pang & Lee 2005), customer reviews (CR, Hu & Liu 2004), subjectivity (SUBJ, Pang & Lee 2004), and opinion polarity
 * (MPQA, Wiebe et al. 2005).
 */
import { createHash } from 'node:crypto';
import type { DatasetReader } from './dataset.ts';
import { DatasetCorrupt } from './errors.ts';
import { type CheckedFile, checkedFile, type DatasetImporter } from './importer.ts';
import { findSourceFile, readSourceFile, streamSourceFile } from './source-files.ts';
import { makePolarSentences } from './stand-ins/polar-sentences.ts';
import { atLine, decodeLines } from './text-lines.ts';

export const sentenceTasks = ['mr', 'cr', 'subj', 'mpqa'] as const;
export type SentenceTask = (typeof sentenceTasks)[number];

interface ClassFile {
  /** In the store, and as the collections usually have it. */
  readonly name: string;
  /** The owner's own name, where it is another. */
  readonly alsoCalled?: string;
  readonly sentences: number;
}

/** Of each task the class 0 and the class 1. */
const classFiles: Readonly<Record<SentenceTask, readonly [ClassFile, ClassFile]>> = {
  mr: [
    { name: 'rt-polarity.neg', sentences: 5331 },
    { name: 'rt-polarity.pos', sentences: 5331 },
  ],
  cr: [
    { name: 'custrev.neg', sentences: 1368 },
    { name: 'custrev.pos', sentences: 2407 },
  ],
  subj: [
    { name: 'subj.objective', alsoCalled: 'plot.tok.gt9.5000', sentences: 5000 },
    { name: 'subj.subjective', alsoCalled: 'quote.tok.gt9.5000', sentences: 5000 },
  ],
  mpqa: [
    { name: 'mpqa.neg', sentences: 7294 },
    { name: 'mpqa.pos', sentences: 3312 },
  ],
};
const mostBytes = 50_000_000;
/** More than ten times the longest there is: the file is not one sentence a line. */
const mostCharacters = 20_000;
/** Copies of these collections differ by a sentence or two. */
const countTolerance = 0.01;

export interface LabelledSentences {
  readonly sentences: readonly string[];
  /** [sentences], 0 or 1 */
  readonly labels: Uint8Array;
}

/** Class 0 first, each in its owner's order. Throws DatasetCorrupt. */
export async function readSentences(reader: DatasetReader, task: SentenceTask): Promise<LabelledSentences> {
  const [zero, one] = classFiles[task];
  const negative = parseSentences(await reader.file(zero.name), zero.name);
  const positive = parseSentences(await reader.file(one.name), one.name);
  const sentences = [...negative, ...positive];
  return { sentences, labels: Uint8Array.from(sentences, (_, index) => (index < negative.length ? 0 : 1)) };
}

/** Empty lines are passed over. Throws DatasetCorrupt, which names the line. */
export function parseSentences(bytes: Uint8Array, file: string): readonly string[] {
  const sentences = decodeLines(bytes, file).flatMap(({ number, text }) => {
    const sentence = text.trim();
    if (sentence.length > mostCharacters) {
      throw new DatasetCorrupt(
        atLine(file, number),
        `it has ${sentence.length} characters, and must be one sentence of at most ${mostCharacters}`,
      );
    }
    return sentence === '' ? [] : [sentence];
  });
  if (sentences.length === 0) throw new DatasetCorrupt(file, 'it has no sentence; it must have one a line');
  return sentences;
}

export const sentencesImporter: DatasetImporter = {
  name: 'sentences',
  ownerFolderNames: ['sentences'],
  makeStandIn: () => ({
    origin: 'stand-in',
    description:
      'Place holder of MR, CR, SUBJ and MPQA: sentences made in code, whose class a few of their words tell.',
    files: sentenceTasks.flatMap((task) =>
      classFiles[task].map(({ name }, label) =>
        checkedFile(name, Buffer.from(`${makePolarSentences(task, label as 0 | 1, 60).join('\n')}\n`)),
      ),
    ),
  }),

  async read(folder) {
    const files: CheckedFile[] = [];
    const counts: string[] = [];
    let isWhole = true;
    for (const task of sentenceTasks) {
      for (const { name, alsoCalled, sentences } of classFiles[task]) {
        const names = alsoCalled ? [name, alsoCalled] : [name];
        const source = await findSourceFile('sentences', folder, [...names, ...names.map((known) => `${known}.gz`)]);
        const bytes = await readSourceFile(source, mostBytes);
        const count = parseSentences(bytes, source.path).length;
        isWhole &&= Math.abs(count - sentences) <= countTolerance * sentences;
        counts.push(`${name} ${count}`);
        const sha256 = createHash('sha256').update(bytes).digest('hex');
        files.push({ name, size: bytes.length, sha256, open: () => streamSourceFile(source) });
      }
    }
    const sizes = counts.join(', ');
    return isWhole
      ? { origin: 'paper (re-encoded)', description: `MR, CR, SUBJ and MPQA, sentences: ${sizes}.`, files }
      : {
          origin: 'stand-in',
          description: `In the layout of MR, CR, SUBJ and MPQA, but not their number of sentences: ${sizes}.`,
          files,
        };
  },
};
