import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { booksImporter, readBooks } from '../../lib/datasets/books.ts';
import { importDataset } from '../../lib/datasets/import-dataset.ts';
import { openDataset } from '../../lib/datasets/pinned-dataset.ts';
import { readSentences } from '../../lib/datasets/sentences.ts';
import { parseSick, readSick } from '../../lib/datasets/sick.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { keysOf } from '../storage/object-store-contract.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';

let dataFolder: string;
beforeEach(async () => {
  dataFolder = await newTemporaryFolder();
});

async function put(folder: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(dataFolder, folder, name, '..'), { recursive: true });
    await writeFile(join(dataFolder, folder, name), content);
  }
}

async function importOwn(name: string) {
  const store = new MemoryObjectStore();
  const manifest = await importDataset({ name, store, source: { dataFolder } });
  return { manifest, reader: await openDataset(store, name, manifest.version) };
}

/** Nothing may be left behind. */
async function importError(name: string): Promise<Error> {
  const store = new MemoryObjectStore();
  const error = await importDataset({ name, store, source: { dataFolder } }).catch((caught) => caught);
  expect(error).toBeInstanceOf(Error);
  expect(error.exitCode).toBe(2);
  expect(await keysOf(store, '')).toEqual([]);
  return error;
}

describe('SICK', () => {
  const header = 'pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment';
  const row = (score: string) => `1\tA man sings\tA man is singing \t${score}\tNEUTRAL`;
  const whole = {
    'SICK_train.txt': `${header}\r\n${row('4.5')}\r\n\r\n${row('1')}\r\n`,
    'SICK_trial.txt': `${header}\n${row('5')}`,
    'SICK_test_annotated.txt': `${header}\n${row('3.2')}\n`,
  };

  test('reads the owners’ files, with either line end, empty lines and packed ones', async () => {
    await put('sick', { ...whole, 'SICK_trial.txt.gz': gzipSync(whole['SICK_trial.txt']) });
    await rm(join(dataFolder, 'sick/SICK_trial.txt'));
    const { manifest, reader } = await importOwn('sick');
    // Not the owners' number of pairs.
    expect(manifest.origin).toBe('stand-in');
    expect(await readSick(reader, 'train')).toEqual([
      { first: 'A man sings', second: 'A man is singing', relatedness: 4.5 },
      { first: 'A man sings', second: 'A man is singing', relatedness: 1 },
    ]);
    expect((await readSick(reader, 'trial'))[0]!.relatedness).toBe(5);
    expect(await readSick(reader, 'test')).toHaveLength(1);
  });

  test('finds columns by their names', () => {
    const file = Buffer.from('relatedness_score\tsentence_B\tsentence_A\n2\tsecond\tfirst');
    expect(parseSick(file, 'x')).toEqual([{ first: 'first', second: 'second', relatedness: 2 }]);
  });

  test.each([
    ['', /it is empty; it begins with a line of column names/],
    [header, /it has column names and no pairs/],
    [header.replace('relatedness_score', 'score'), /line 1: .* has no relatedness_score/],
    [header.replaceAll('\t', ','), /line 1: .* separated by tabs, and has no sentence_A/],
    [`${header}\n\n${row('4')}\n1\tA man sings\t3\n`, /line 4: there are 5 columns.* this line has 3/],
    [`${header}\n${row('4')}\tmore`, /line 2: there are 5 columns.* this line has 6/],
    [`${header}\n${row('0.9')}`, /line 2: relatedness_score must be a number from 1 to 5, and is '0.9'/],
    [`${header}\n${row('5.1')}`, /must be a number from 1 to 5, and is '5.1'/],
    [`${header}\n${row('NaN')}`, /must be a number from 1 to 5, and is 'NaN'/],
    [`${header}\n${row('')}`, /must be a number from 1 to 5, and is ''/],
    [`${header}\n1\t \tA man\t3\tNEUTRAL`, /line 2: one of its sentences is empty/],
  ])('refuses %j, and names file and line', async (content, message) => {
    await put('sick', { ...whole, 'SICK_train.txt': content });
    const error = await importError('sick');
    expect(error.message).toMatch(message);
    expect(error.message).toContain(join(dataFolder, 'sick', 'SICK_train.txt'));
  });

  test('a file that is missing is named', async () => {
    await put('SICK', { 'SICK_train.txt': whole['SICK_train.txt'] });
    expect((await importError('sick')).message).toContain('SICK_trial.txt');
  });
});

describe('MR, CR, SUBJ and MPQA', () => {
  const names = ['rt-polarity.neg', 'rt-polarity.pos', 'custrev.neg', 'custrev.pos', 'mpqa.neg', 'mpqa.pos'];
  const whole = {
    ...Object.fromEntries(names.map((name) => [name, `one of ${name}\n\n  two of it  \n`])),
    'plot.tok.gt9.5000': 'an objective sentence',
    'subj.subjective': 'a subjective one\n',
  };

  test('class 0 comes first, a sentence a line, in mixed encodings and under the owner’s names', async () => {
    const latin1 = Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x20, 0x85, 0x20, 0x62, 0x0a]);
    await put('sentences', { ...whole, 'rt-polarity.pos': Buffer.concat([latin1, Buffer.from('café\n')]) });
    const { reader, manifest } = await importOwn('sentences');
    expect(manifest.origin).toBe('stand-in');
    const { sentences, labels } = await readSentences(reader, 'mr');
    expect(sentences).toEqual(['one of rt-polarity.neg', 'two of it', 'café … b', 'café']);
    expect([...labels]).toEqual([0, 0, 1, 1]);
    expect((await readSentences(reader, 'subj')).sentences).toEqual(['an objective sentence', 'a subjective one']);
  });

  test.each([
    ['\n \n', /custrev\.pos: it has no sentence/],
    [`fine\n${'word '.repeat(5000)}`, /custrev\.pos, line 2: it has 24999 characters/],
    ['fine\nbad\0', /custrev\.pos, line 2: it has a zero byte/],
  ])('refuses what is not a sentence a line (%#)', async (content, message) => {
    await put('sentences', { ...whole, 'custrev.pos': content });
    expect((await importError('sentences')).message).toMatch(message);
  });

  test('without the user’s copy a larger run is refused, and says what to bring', async () => {
    for (const name of ['sick', 'sentences']) {
      expect((await importError(name)).message).toContain(`--data FOLDER, with the dataset in FOLDER/${name}`);
    }
    const store = new MemoryObjectStore();
    const made = await importDataset({ name: 'sick', store, mayBeMade: true });
    expect(made.origin).toBe('stand-in');
    expect(await readSick(await openDataset(store, 'sick', made.version), 'train')).toHaveLength(120);
  });
});

describe('books', () => {
  const story = 'One came. Two\nwent. Three stayed with Mr.\nFour in the\nhouse.\n\nAnd\n  "Five!" six said.\n';

  test('sentences of wrapped paragraphs, in folders and encodings of their own, become lines of words', async () => {
    await put('books', {
      'b.TXT': story,
      'deep/a.txt': Buffer.from(`\ufeff${story}`, 'utf16le'),
      'c.txt.gz': gzipSync(story),
      'notes.md': 'Not a book.',
      '.hidden.txt': 'Not one either.',
    });
    const { reader, manifest } = await importOwn('books');
    expect(manifest).toMatchObject({
      origin: 'stand-in',
      description: expect.stringContaining('3 texts of 15 sentences'),
    });
    const documents = await readBooks(reader);
    expect(documents).toHaveLength(3);
    for (const document of documents) {
      expect(document.map((words) => words.join(' '))).toEqual([
        'one came .',
        'two went .',
        'three stayed with mr . four in the house .',
        'and',
        '" five ! " six said .',
      ]);
    }
  });

  test('a sentence a line stays one, empty lines and Project Gutenberg’s licence are left out', async () => {
    const lines = [
      'Licence.',
      '*** START OF THE BOOK ***',
      'it is a dog . ',
      '',
      'no way !',
      'really ?',
      "'' yes . ''",
      'not',
      'a . b .',
      'One came. Two went.',
      '*** END OF THE BOOK ***',
      'More.',
    ];
    await put('bookcorpus', { 'books_large_p1.txt': lines.join('\r\n') });
    const [document] = await readBooks((await importOwn('books')).reader);
    expect(document!.map((words) => words.join(' '))).toEqual([
      'it is a dog .',
      'no way !',
      'really ?',
      '" yes . "',
      'not',
      'a . b .',
      'one came .',
      'two went .',
    ]);
  });

  test('the Brown corpus loses its parts of speech', async () => {
    await put('books', {
      ca01: "\n\n\tThe/at jury/nn said/vbd ``/`` no/at ''/'' ./.\n\n\tIt/pps did/dod not/* 1\\/2/cd ./.\n\n\tEnd/nn-hl\n",
      'cats.txt': 'ca01 news',
      CONTENTS: 'One came. Two went.',
    });
    const { reader, manifest } = await importOwn('books');
    expect(manifest.description).toContain('The Brown corpus, 1 texts of 3 sentences');
    const [document] = await readBooks(reader);
    expect(document!.map((words) => words.join(' '))[0]).toBe('the jury said " no " .');
  });

  test.each([
    [{ 'notes.md': 'x' }, /has no \.txt file in it/],
    [{ 'a.txt': 'Only one sentence here.' }, /a\.txt: a book must have at least 3 sentences.*this has 1/],
    [{ 'a.txt': '\n\n' }, /this has 0/],
    [{ 'a.txt': 'One. Two.\0 Three.' }, /a\.txt, line 1: it has a zero byte/],
    [{ ca01: 'The/at\njury said/vbd' }, /ca01, line 2: a word must have its part of speech.*'jury' has none/],
  ])('refuses %j', async (files, message) => {
    await put('books', files);
    expect((await importError('books')).message).toMatch(message);
  });

  test('many texts are packed into few files, and come back in their order', async () => {
    await put(
      'books',
      Object.fromEntries(
        Array.from({ length: 30 }, (_, book) => [`${book + 10}.txt`, `Book ${book}. Two. Three. Four.`]),
      ),
    );
    const { reader, manifest } = await importOwn('books');
    expect(manifest.files.map(({ name }) => name)).toEqual(['text-0001.txt']);
    const documents = await readBooks(reader);
    expect(documents.map(([first]) => first![1])).toEqual(Array.from({ length: 30 }, (_, book) => String(book)));
  });

  test('the stand-in has stories of neighbouring sentences, the same every time', () => {
    const [one, other] = [booksImporter.makeStandIn!(), booksImporter.makeStandIn!()];
    expect(one.files.map(({ sha256 }) => sha256)).toEqual(other.files.map(({ sha256 }) => sha256));
  });
});
