import { expect, test } from 'vitest';
import { DatasetCorrupt } from '../../lib/datasets/errors.ts';
import { decodeLines } from '../../lib/datasets/text-lines.ts';
import { splitSentences, tokenize } from '../../lib/datasets/tokenize.ts';

const textsOf = (bytes: Uint8Array) => decodeLines(bytes, 'a.txt').map(({ text }) => text);

test('each line is UTF-8 or Windows-1252, whatever the line before was', () => {
  const bytes = Buffer.concat([
    Buffer.from('naïve “film”\n'),
    Buffer.from([0x6e, 0x61, 0xef, 0x76, 0x65, 0x20, 0x93, 0x66, 0x94, 0x0a]), // naïve “f”
    Buffer.from([0x61, 0x85, 0x62, 0x20, 0xa0, 0x80, 0x0d, 0x0a]), // an ellipsis where Latin-1 has "next line"
    Buffer.from('last'),
  ]);
  expect(textsOf(bytes)).toEqual(['naïve “film”', 'naïve “f”', 'a…b \u00a0€', 'last']);
});

test('U+0085 and U+2028 do not end a line in UTF-8 either', () => {
  expect(textsOf(Buffer.from('a\u0085b\u2028c\nd'))).toEqual(['a\u0085b\u2028c', 'd']);
});

test('empty lines count, and the last line needs no end', () => {
  expect(decodeLines(Buffer.from('\n\r\na\n\nb\n'), 'a.txt')).toEqual([
    { number: 1, text: '' },
    { number: 2, text: '' },
    { number: 3, text: 'a' },
    { number: 4, text: '' },
    { number: 5, text: 'b' },
  ]);
  expect(textsOf(Buffer.alloc(0))).toEqual([]);
});

test('carriage returns end lines only where nothing else does', () => {
  expect(textsOf(Buffer.from('one\rtwo\r'))).toEqual(['one', 'two']);
  expect(textsOf(Buffer.from('one\rstill one\ntwo'))).toEqual(['one\rstill one', 'two']);
});

test('byte-order marks say the encoding and are dropped', () => {
  expect(textsOf(Buffer.from('\ufeffa é\nb'))).toEqual(['a é', 'b']);
  const little = Buffer.from('\ufeffa é\r\nb\n', 'utf16le');
  expect(textsOf(little)).toEqual(['a é', 'b']);
  expect(textsOf(Buffer.from(little).swap16())).toEqual(['a é', 'b']);
});

test('zero bytes are no text, and the line is named', () => {
  const read = () => decodeLines(Buffer.from('fine\nbad\0bytes'), 'folder/a.txt');
  expect(read).toThrow(DatasetCorrupt);
  expect(read).toThrow(/folder\/a\.txt, line 2: it has a zero byte/);
});

test.each([
  ["It's don't can't they've I'm.", "it 's do n't ca n't they 've i 'm ."],
  ['“Well-known,” he said—loudly…', '" well-known , " he said -- loudly ...'],
  ['it is n’t $3.50, 1,000 or 24/7 !', "it is n't $3.50 , 1,000 or 24/7 !"],
  ["The U.S. café ; o’neil’s (new) 90's", "the u.s. café ; o'neil 's ( new ) 90 's"],
  ['  \t ', ''],
])('tokenizes %j', (text, expected) => {
  const words = tokenize(text);
  expect(words.join(' ')).toBe(expected);
  // Text that is tokenized already stays as it is.
  expect(tokenize(words.join(' '))).toEqual(words);
});

test('sentences end at their marks, and not at initials, abbreviations, or before a small letter', () => {
  const text = 'Mr. Smith came at 5 p.m. yesterday. "He went!" she said. (Away?) J. R. saw it... It was I. Then 3 came';
  expect(splitSentences(text)).toEqual([
    'Mr. Smith came at 5 p.m. yesterday.',
    '"He went!" she said.',
    '(Away?)',
    'J. R. saw it...',
    'It was I.',
    'Then 3 came',
  ]);
  expect(splitSentences('  ')).toEqual([]);
});
