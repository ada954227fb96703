/**
 * SICK (Marelli et al. 2014): pairs of sentences with a score of how related they are, 1 to 5, in its owners' three
 * tab-separated files, as SemEval-2014 task 1 published them.
 */
import { createHash } from 'node:crypto';
import type { DatasetReader } from './dataset.ts';
import { DatasetCorrupt } from './errors.ts';
import { type CheckedFile, checkedFile, type DatasetImporter } from './importer.ts';
import { findSourceFile, readSourceFile, streamSourceFile } from './source-files.ts';
import { makeRelatedPairs } from './stand-ins/related-pairs.ts';
import { atLine, decodeLines } from './text-lines.ts';

export interface SentencePair {
  readonly first: string;
  readonly second: string;
  /** 1 (unrelated) to 5 (the same meaning), a mean over ten people's */
  readonly relatedness: number;
}

export const sickSplits = ['train', 'trial', 'test'] as const;
export type SickSplit = (typeof sickSplits)[number];

/** The owners' files and how many pairs they have. */
const sickFiles: Readonly<Record<SickSplit, { readonly name: string; readonly pairs: number }>> = {
  train: { name: 'SICK_train.txt', pairs: 4500 },
  trial: { name: 'SICK_trial.txt', pairs: 500 },
  test: { name: 'SICK_test_annotated.txt', pairs: 4927 },
};
const mostBytes = 50_000_000;
const neededColumns = ['sentence_A', 'sentence_B', 'relatedness_score'] as const;

/** One split, in the owners' order. Throws DatasetCorrupt. */
export async function readSick(reader: DatasetReader, split: SickSplit): Promise<readonly SentencePair[]> {
  const { name } = sickFiles[split];
  return parseSick(await reader.file(name), name);
}

/** Empty lines are passed over. Throws DatasetCorrupt, which names the line. */
export function parseSick(bytes: Uint8Array, file: string): readonly SentencePair[] {
  const lines = decodeLines(bytes, file).filter(({ text }) => text.trim() !== '');
  const header = lines[0];
  if (!header) throw new DatasetCorrupt(file, 'it is empty; it begins with a line of column names');
  const columns = header.text.split('\t').map((name) => name.trim());
  const [first, second, score] = neededColumns.map((name) => {
    const index = columns.indexOf(name);
    if (index < 0) {
      throw new DatasetCorrupt(
        atLine(file, header.number),
        `it must name the columns ${neededColumns.join(', ')}, separated by tabs, and has no ${name}`,
      );
    }
    return index;
  }) as [number, number, number];

  const pairs = lines.slice(1).map(({ number, text }) => {
    const cells = text.split('\t');
    const refuse = (problem: string): never => {
      throw new DatasetCorrupt(atLine(file, number), problem);
    };
    if (cells.length !== columns.length) {
      refuse(`there are ${columns.length} columns, separated by tabs, and this line has ${cells.length}`);
    }
    const written = cells[score]!.trim();
    const relatedness = Number(written);
    // `>= 1` is false for NaN as well.
    if (written === '' || !(relatedness >= 1 && relatedness <= 5)) {
      refuse(`relatedness_score must be a number from 1 to 5, and is '${written}'`);
    }
    const sentences = { first: cells[first]!.trim(), second: cells[second]!.trim() };
    if (sentences.first === '' || sentences.second === '') refuse('one of its sentences is empty');
    return { ...sentences, relatedness };
  });
  if (pairs.length === 0) throw new DatasetCorrupt(file, 'it has column names and no pairs');
  return pairs;
}

export const sickImporter: DatasetImporter = {
  name: 'sick',
  ownerFolderNames: ['sick', 'SICK'],
  makeStandIn: () => ({
    origin: 'stand-in',
    description: 'SICK’s place holder: pairs of sentences made in code that share some of their words.',
    files: sickSplits.map((split) => {
      const rows = makeRelatedPairs(split, split === 'train' ? 120 : 40).map(
        ({ first, second, relatedness }, index) => `${index + 1}\t${first}\t${second}\t${relatedness}`,
      );
      const text = ['pair_ID\tsentence_A\tsentence_B\trelatedness_score', ...rows, ''].join('\n');
      return checkedFile(sickFiles[split].name, Buffer.from(text));
    }),
  }),

  async read(folder) {
    const files: CheckedFile[] = [];
    const counts: Record<string, number> = {};
    for (const split of sickSplits) {
      const { name } = sickFiles[split];
      const source = await findSourceFile('sick', folder, [name, `${name}.gz`]);
      const bytes = await readSourceFile(source, mostBytes);
      counts[split] = parseSick(bytes, source.path).length;
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      files.push({ name, size: bytes.length, sha256, open: () => streamSourceFile(source) });
    }
    const isWhole = sickSplits.every((split) => counts[split] === sickFiles[split].pairs);
    const sizes = sickSplits.map((split) => `${counts[split]} ${split}`).join(', ');
    // The owners publish no checksums: whole files in their layout are as much as can be known.
    return isWhole
      ? { origin: 'paper (re-encoded)', description: `SICK in its owners’ layout, ${sizes} pairs.`, files }
      : { origin: 'stand-in', description: `Pairs in SICK’s layout but not its number: ${sizes}.`, files };
  },
};
