import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { decodeHumanSegmentations } from '../../lib/datasets/bsds500.ts';
import { decodeLabels } from '../../lib/datasets/decode-labels.ts';
import { DatasetCorrupt, UnusablePicture } from '../../lib/datasets/errors.ts';
import { readMatFile } from '../../lib/datasets/mat-file.ts';
import { resizeLabels } from '../../lib/datasets/resize-labels.ts';
import { pngFile } from './png-file.ts';

/** By scipy (test/golden/mat-files.py). */
const golden = JSON.parse(readFileSync(new URL('../golden/mat-files.json', import.meta.url), 'utf8'));
const unpack = (text: string) => Buffer.from(text, 'base64');
const matrixSize = (rows: readonly (readonly number[])[]) => [rows.length, rows[0]!.length] as const;

describe('MAT-files', () => {
  test.each(['plain', 'compressed'])('of SBD, %s: GTcls.Segmentation, past fields that are not read', async (kind) => {
    const map = await decodeLabels('sbd', unpack(golden.sbd[kind]), 'a.mat', 21);
    expect([map.width, map.height]).toEqual([9, 6]);
    expect([...map.labels]).toEqual(golden.sbd.labels.flat());
  });

  test.each(['plain', 'compressed'])('of SIFT Flow, %s: classes from 1, and 0 is void', async (kind) => {
    const map = await decodeLabels('sift-flow', unpack(golden.siftFlow[kind]), 'a.mat', 33);
    const expected = golden.siftFlow.labels.flat().map((label: number) => (label === 0 ? 255 : label - 1));
    expect(expected).toContain(255);
    expect([...map.labels]).toEqual(expected);
  });

  test('of BSDS500: a cell array with a struct for each person', () => {
    const people = decodeHumanSegmentations(unpack(golden.bsds500.compressed), 'a.mat', 6, 4);
    expect(people.map(({ regions, boundaries }) => [[...regions], [...boundaries]])).toEqual(
      golden.bsds500.people.map((person: Record<string, number[][]>) => [
        person.Segmentation!.flat(),
        person.Boundaries!.flat(),
      ]),
    );
  });

  test('have numbers of all types, and text', () => {
    const variables = readMatFile(unpack(golden.numbers.plain), 'a.mat');
    expect([...variables.keys()]).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    // By columns.
    for (const value of variables.values()) {
      expect(value).toEqual({ kind: 'numbers', dimensions: [2, 3], values: Float64Array.of(1, 4, 2, 5, 3, 100) });
    }
    expect(readMatFile(unpack(golden.siftFlow.compressed), 'a.mat').get('names')).toEqual({
      kind: 'text',
      text: 'sky',
    });
  });

  test('of the other byte order are the same', () => {
    // A header, then one matrix of one uint8: flags, dimensions, the name 'S', the element.
    const bigEndian = Buffer.alloc(128 + 8 + 56);
    bigEndian.write('MATLAB 5.0 MAT-file');
    bigEndian.writeUInt16BE(0x0100, 124);
    bigEndian.write('MI', 126);
    const words = [14, 56, 6, 8, 9, 0, 5, 8, 1, 1, 0x00010001, 0x53000000, 0x00010002, 0x07000000, 0, 0];
    for (const [index, word] of words.entries()) bigEndian.writeUInt32BE(word, 128 + 4 * index);
    expect(readMatFile(bigEndian, 'a.mat').get('S')).toEqual({
      kind: 'numbers',
      dimensions: [1, 1],
      values: Float64Array.of(7),
    });
  });

  test('of version 7.3 and 4 are refused, and it is said what to do', () => {
    const newer = Buffer.alloc(600);
    newer.write('MATLAB 7.3 MAT-file, Platform: GLNXA64');
    expect(() => readMatFile(newer, 'new.mat')).toThrow(DatasetCorrupt);
    expect(() => readMatFile(newer, 'new.mat')).toThrow(/^new\.mat: .*version 7\.3 \(HDF5\).*-v7/);
    expect(() => readMatFile(unpack(golden.version4), 'old.mat')).toThrow(DatasetCorrupt);
    expect(() => readMatFile(Buffer.from('GIF89a'), 'a.gif')).toThrow(/128 bytes of header/);
  });

  test.each(['sbd', 'siftFlow'])(
    'of %s that were cut off are refused, wherever, and whole bytes changed never crash',
    (name) => {
      const file = unpack(golden[name].plain);
      for (let length = 0; length < file.length; length += 5) {
        if (length === 128) continue; // A header alone is a file without variables.
        expect(() => readMatFile(file.subarray(0, length), 'cut.mat'), `after ${length} bytes`).toThrow(DatasetCorrupt);
      }
      for (let at = 128; at < file.length; at++) {
        const changed = Buffer.from(file);
        changed[at]! ^= 0xff;
        try {
          readMatFile(changed, 'changed.mat');
        } catch (error) {
          expect(error, `byte ${at}: ${error}`).toBeInstanceOf(DatasetCorrupt);
        }
      }
    },
  );

  test('that claim 10⁹ pixels are refused before anything of that size is made, packed or not', () => {
    const file = unpack(golden.siftFlow.plain);
    // The dimensions of S, two of 32 bits behind their tag.
    const at = file.indexOf(Buffer.from(Int32Array.of(5, 8, ...matrixSize(golden.siftFlow.labels)).buffer));
    expect(at).toBeGreaterThan(128);
    file.writeInt32LE(25_000, at + 8);
    file.writeInt32LE(40_000, at + 12);
    expect(() => readMatFile(file, 'large.mat')).toThrow(DatasetCorrupt);
    expect(() => readMatFile(file, 'large.mat')).toThrow(/large\.mat: 'S' claims \[25000,40000\] elements, and has/);
    // A variable of 10⁹ zeros takes a megabyte when it is packed: 65 of its 1000 are enough to see it refused.
    const packed = deflateSync(Buffer.alloc(65 * 2 ** 20));
    const tag = Buffer.from(Int32Array.of(15, packed.length).buffer);
    const bomb = Buffer.concat([file.subarray(0, 128), tag, packed]);
    expect(() => readMatFile(bomb, 'packed.mat')).toThrow(DatasetCorrupt);
    expect(() => readMatFile(bomb, 'packed.mat')).toThrow(/it would have more than 67108864 bytes/);
  });

  test('whose variable is missing, of another kind or out of range are refused by its name', async () => {
    const sbd = unpack(golden.sbd.compressed);
    await expect(decodeLabels('sift-flow', sbd, 'a.mat', 33)).rejects.toThrow(/a\.mat: .*variable S .* is missing/);
    await expect(decodeLabels('sbd', sbd, 'a.mat', 5)).rejects.toThrow(/0 to 4, or void; in row \d, column \d it is/);
    const people = unpack(golden.bsds500.compressed);
    expect(() => decodeHumanSegmentations(people, 'a.mat', 4, 6)).toThrow(
      /size of the photograph, 4 × 6, and is 6 × 4/,
    );
    expect(() => decodeHumanSegmentations(sbd, 'a.mat', 4, 6)).toThrow(/variable groundTruth/);
  });
});

describe('PNG labels', () => {
  const header = { width: 3, height: 2, bitDepth: 8, colourType: 3 };

  test('are indices, not colours; 255 is void', async () => {
    const file = pngFile(header, [
      [0, 1, 2],
      [255, 1, 0],
    ]);
    expect(await decodeLabels('png', file, 'a.png', 3)).toEqual({
      width: 3,
      height: 2,
      labels: Uint8Array.of(0, 1, 2, 255, 1, 0),
    });
  });

  test('are unpacked where a pixel has fewer bits, and read from grey of 8 bits', async () => {
    const four = pngFile({ ...header, bitDepth: 4 }, [
      [0x12, 0x30],
      [0x45, 0x60],
    ]);
    expect([...(await decodeLabels('png', four, 'a.png', 7)).labels]).toEqual([1, 2, 3, 4, 5, 6]);
    const one = pngFile({ ...header, bitDepth: 1 }, [[0b10100000], [0b01000000]]);
    expect([...(await decodeLabels('png', one, 'a.png', 2)).labels]).toEqual([1, 0, 1, 0, 1, 0]);
    const grey = pngFile({ ...header, colourType: 0 }, [
      [0, 1, 2],
      [255, 1, 0],
    ]);
    expect([...(await decodeLabels('png', grey, 'a.png', 3)).labels]).toEqual([0, 1, 2, 255, 1, 0]);
  });

  test('that are no class are refused by their place', async () => {
    const file = pngFile(header, [
      [0, 1, 2],
      [0, 21, 0],
    ]);
    await expect(decodeLabels('png', file, 'a.png', 21)).rejects.toThrow(DatasetCorrupt);
    await expect(decodeLabels('png', file, 'a.png', 21)).rejects.toThrow(
      /a\.png: its labels must be 0 to 20, or void; in row 1, column 1 it is 21/,
    );
  });

  test.each([
    ['RGB', { ...header, colourType: 2 }, /this one is RGB of 8 bits/],
    ['with alpha', { ...header, colourType: 6 }, /RGB with alpha/],
    ['grey of 16 bits', { ...header, colourType: 0, bitDepth: 16 }, /grey of 16 bits/],
    ['claiming 10⁹ pixels', { ...header, width: 40_000, height: 25_000 }, /claims 40000 × 25000/],
  ])('%s are refused before they are decoded', async (_, claimed, message) => {
    const file = pngFile(claimed, [[1]]);
    await expect(decodeLabels('png', file, 'a.png', 21)).rejects.toThrow(UnusablePicture);
    await expect(decodeLabels('png', file, 'a.png', 21)).rejects.toThrow(message);
  });

  test('that were cut off are refused, wherever', async () => {
    const file = pngFile(header, [
      [0, 1, 2],
      [0, 1, 0],
    ]);
    for (const length of [0, 4, 20, 40, 300, file.length - 20, file.length - 4]) {
      await expect(decodeLabels('png', file.subarray(0, length), 'cut.png', 3), `${length}`).rejects.toThrow(
        DatasetCorrupt,
      );
    }
  });
});

describe('region files', () => {
  const read = (text: string) => decodeLabels('regions', Buffer.from(text), 'a.regions.txt', 8);

  test('are rows of numbers, negative is void', async () => {
    const expected = { width: 3, height: 2, labels: Uint8Array.of(0, 7, 255, 1, 2, 3) };
    expect(await read('0 7 -1\n1 2 3\n')).toEqual(expected);
    expect(await read(' 0\t7 -1 \r\n1 2 3\r\n\r\n')).toEqual(expected);
  });

  test.each([
    ['is empty', '', /first line must be a row of labels/],
    ['has a short row', '0 1 2\n0 1\n', /line 2 has 2 labels, line 1 has 3/],
    ['has an empty row', '0 1\n\n0 1\n', /line 2 has 0 labels/],
    ['has NaN', '0 NaN\n', /line 1: .*'NaN' is none/],
    ['has a fraction', '0 1\n0 1.5\n', /line 2: .*'1\.5' is none/],
    ['has a class too many', '0 8\n', /0 to 7, or void; in row 0, column 1 it is 8/],
  ])('that %s are refused', async (_, text, message) => {
    await expect(read(text)).rejects.toThrow(DatasetCorrupt);
    await expect(read(text)).rejects.toThrow(message);
  });
});

test('labels of another size are those at the pixels’ centres', () => {
  const map = { width: 4, height: 2, labels: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
  expect(resizeLabels(map, 2, 1)).toEqual({ width: 2, height: 1, labels: Uint8Array.of(6, 8) });
  expect([...resizeLabels(map, 8, 2).labels.subarray(0, 8)]).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
  expect(resizeLabels(map, 4, 2)).toEqual(map);
});
