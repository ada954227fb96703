/**
 * Cloze questions from the Brown corpus (Francis and Kučera 1964: 500 American texts of about 2,000 words, every word with
 * its part of speech), by entity anonymisation: they stand in for the CNN corpus, whose texts no package has.
 *
 * - A mention is a run of words tagged as proper nouns; mentions of one text that share their last word (titles, Jr. and
 *   possessives aside) are one entity. Months are words.
 * - The question is a sentence in which one entity is blanked, wherever it stands; the passage is the four sentences before
 *   it. The blanked entity must occur in the passage, and one more at least: else there would be nothing to choose.
 * - Each question numbers its entities anew, at random of 0 to 23, so that a number says nothing.
 * - Of ten texts in the corpus's order, the ninth is for validation and the tenth for testing: no text is in two splits.
 *
 * Everything is a function of the corpus's bytes alone.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { randomStream } from '../../numerics/random.ts';
import { ClozePacker, type ClozeSplit } from '../cloze-questions.ts';
import { DatasetCorrupt } from '../errors.ts';
import type { CheckedDataset } from '../importer.ts';
import { type ClozeQuestion, placeholderToken } from '../parse-question-file.ts';
import { findSourceFile, kindOfPath, readSourceFile } from '../source-files.ts';

/** More than any text of the corpus. */
const mostBytes = 1_000_000;
const textName = /^c[a-r]\d\d$/;
const texts = 500;
const passageSentences = 4;
/** Questions with more entities than this are left out: they are one in a hundred, and would widen every softmax. */
export const standInEntities = 24;

/** Whether a folder is the Brown corpus: its list of categories and its first text. */
export async function isBrownCorpus(dataset: string, folder: string): Promise<boolean> {
  for (const name of ['cats.txt', 'ca01']) if ((await kindOfPath(dataset, join(folder, name))) !== 'file') return false;
  return true;
}

/** Throws DatasetCorrupt, DatasetUnreadable. */
export async function readAnonymisedBrown(dataset: string, folder: string): Promise<CheckedDataset> {
  const names = (await readdir(folder)).filter((name) => textName.test(name)).sort();
  if (names.length !== texts) {
    throw new DatasetCorrupt(
      folder,
      `the Brown corpus has ${texts} texts, ca01 to cr09, and this folder ${names.length}`,
    );
  }
  const packer = new ClozePacker();
  for (const [index, name] of names.entries()) {
    const source = await findSourceFile(dataset, folder, [name]);
    // Latin-1: it has a few bytes above ASCII, and every byte is a character.
    const text = Buffer.from(await readSourceFile(source, mostBytes)).toString('latin1');
    const split: ClozeSplit = index % 10 === 8 ? 'validation' : index % 10 === 9 ? 'test' : 'training';
    for (const question of questionsOfText(parseTaggedText(text, source.path), name)) packer.add(split, question);
  }
  const counts = ['training', 'validation', 'test'].map((split) => packer.count(split as ClozeSplit));
  return {
    origin: 'stand-in',
    description: `Cloze questions built from the Brown corpus by entity anonymisation, in place of CNN’s: ${counts.join(' + ')} for training, validation and test, of different texts.`,
    files: packer.files(),
  };
}

interface TaggedWord {
  readonly word: string;
  /** As the corpus writes it: `np`, `np$`, `nn-tl`, `np+bez`. */
  readonly tag: string;
}

/** Sentences of `word/tag`, one a line. Throws DatasetCorrupt, with the line counted from 1. */
export function parseTaggedText(text: string, file: string): readonly (readonly TaggedWord[])[] {
  return text.split('\n').flatMap((line, index) => {
    const words = line.split(/\s+/).filter((word) => word !== '');
    if (words.length === 0) return [];
    return [
      words.map((tagged) => {
        const slash = tagged.lastIndexOf('/');
        if (slash <= 0 || slash === tagged.length - 1) {
          throw new DatasetCorrupt(
            `${file}, line ${index + 1}`,
            `a word is written 'word/tag', and this is '${tagged}'`,
          );
        }
        return { word: tagged.slice(0, slash), tag: tagged.slice(slash + 1) };
      }),
    ];
  });
}

/** A token of an anonymised sentence: a word in lower case, or an entity of the text. */
type Token = string | { readonly entity: number };

const isEntity = (token: Token): token is Exclude<Token, string> => typeof token !== 'string';

/** @param name of the text, by which the random numbers differ */
export function questionsOfText(sentences: readonly (readonly TaggedWord[])[], name: string): ClozeQuestion[] {
  const entities = new Map<string, number>();
  const anonymised = sentences.map((sentence) => anonymise(sentence, entities));
  return anonymised.flatMap((query, index) => {
    const passage = anonymised.slice(Math.max(0, index - passageSentences), index).flat();
    const inPassage = new Set(passage.filter(isEntity).map(({ entity }) => entity));
    if (inPassage.size < 2) return [];
    const inQuery = new Set(query.filter(isEntity).map(({ entity }) => entity));
    const all = [...new Set([...inPassage, ...inQuery])];
    if (all.length > standInEntities) return [];
    return [...inQuery]
      .filter((entity) => inPassage.has(entity))
      .map((answer) => {
        const numbers = new Int32Array(all.length);
        randomStream(0, 'entity numbers', name, index, answer).fillSample(numbers, standInEntities);
        const write = (token: Token) => (isEntity(token) ? `@entity${numbers[all.indexOf(token.entity)]!}` : token);
        return {
          passage: passage.map(write),
          question: query.map((token) =>
            isEntity(token) && token.entity === answer ? placeholderToken : write(token),
          ),
          answer: write({ entity: answer }),
        };
      });
  });
}

const months =
  'january february march april may june july august september october november december jan. feb. aug. sept. oct. nov. dec.';
const titles = 'mr. mrs. miss dr. rev. lord lady sir st. mme. m. jr. sr.';
const monthWords: ReadonlySet<string> = new Set(months.split(' '));
const titleWords: ReadonlySet<string> = new Set(titles.split(' '));

/** Whether a tag is a proper noun's, in whatever form, foreign or in a title. */
const isProperNoun = (tag: string) => /^(fw-)?np/.test(tag);

/** Replaces mentions by entities, those of earlier sentences where they are the same; `entities` grows. */
function anonymise(sentence: readonly TaggedWord[], entities: Map<string, number>): readonly Token[] {
  const tokens: Token[] = [];
  for (let start = 0; start < sentence.length; ) {
    let end = start;
    let ending = '';
    while (end < sentence.length && ending === '' && isName(sentence[end]!)) ending = endingOf(sentence[end++]!);
    const mention = sentence.slice(start, end).map(({ word }) => word.toLowerCase());
    const key = mention
      .map((word, at) => (at === mention.length - 1 ? word.slice(0, word.length - ending.length) : word))
      .findLast((word) => !titleWords.has(word));
    if (key === undefined || key === '') {
      // No mention, or a title alone.
      end = Math.max(end, start + 1);
      tokens.push(...sentence.slice(start, end).map(({ word }) => word.toLowerCase()));
    } else {
      if (!entities.has(key)) entities.set(key, entities.size);
      tokens.push({ entity: entities.get(key)! });
      if (ending !== '') tokens.push(ending);
    }
    start = end;
  }
  return tokens;
}

function isName({ word, tag }: TaggedWord): boolean {
  return isProperNoun(tag) && !monthWords.has(word.toLowerCase()) && /[a-z]/i.test(word);
}

/** What follows the name within its word, `'s` or `'`, and ends the mention: a possessive, or a verb run into it. */
function endingOf({ word, tag }: TaggedWord): string {
  if (!tag.includes('$') && !tag.includes('+')) return '';
  return /'[a-z]*$/i.exec(word)?.[0].toLowerCase() ?? '';
}
