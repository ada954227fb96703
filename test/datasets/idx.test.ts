import { expect, test } from 'vitest';
import { DatasetCorrupt } from '../../lib/datasets/errors.ts';
import { parseIdx, readIdxHeader } from '../../lib/datasets/idx.ts';
import { parseLabelledImages } from '../../lib/datasets/mnist.ts';

test('reads sizes and values', () => {
  const file = idx(0x803, [2, 1, 3], [1, 2, 3, 4, 5, 255]);
  expect(parseIdx(file, 3, 'f')).toEqual({ sizes: [2, 1, 3], values: Uint8Array.of(1, 2, 3, 4, 5, 255) });
});

test.each([
  ['another type of value', idx(0xd03, [1, 1, 1], [0]), /magic number is 0x00000d03.*0x00000803/],
  ['labels where images should be', idx(0x801, [9], [0, 1, 2, 3, 4, 5, 6, 7, 8]), /magic number is 0x00000801/],
  ['no whole header', idx(0x803, [1, 1], []), /begins with a header of 16 bytes, this file has 12/],
  ['nothing at all', Buffer.alloc(0), /this file has 0 bytes/],
  [
    'a value too few',
    idx(0x803, [2, 1, 2], [0, 0, 0]),
    /\(2 × 1 × 2\) asks for 20 bytes, the file has 19: it was cut off/,
  ],
  ['a value too many', idx(0x803, [1, 1, 1], [0, 0]), /asks for 17 bytes, the file has 18: it has been added to/],
  ['sizes of 10^9', idx(0x803, [1e9, 1e9, 1e9], [0]), /asks for 1e\+27 bytes, the file has 17/],
  ['sizes whose product wraps to the right one', idx(0x803, [2 ** 31, 2 ** 31, 4], [0]), /asks for/],
])('refuses %s, by file', (_name, file, message) => {
  expect(() => parseIdx(file, 3, 'images')).toThrow(DatasetCorrupt);
  expect(() => parseIdx(file, 3, 'images')).toThrow(message);
  expect(() => parseIdx(file, 3, 'images')).toThrow(/^images: /);
});

test('a header is refused before what it claims is read', () => {
  expect(() => readIdxHeader(idx(0x803, [1e9, 28, 28], []), 3, 47_040_016, 'images')).toThrow(DatasetCorrupt);
});

test('a pair of files must be of one set, of 28 × 28 pixels, with labels 0 to 9', () => {
  const images = idx(0x803, [2, 28, 28], new Uint8Array(2 * 784).fill(7));
  const parse = (imageFile: Uint8Array, labels: number[]) =>
    parseLabelledImages(imageFile, idx(0x801, [labels.length], labels), 'images', 'labels');
  expect(parse(images, [0, 9])).toEqual({ images: new Uint8Array(1568).fill(7), labels: Uint8Array.of(0, 9) });
  expect(() => parse(images, [1, 2, 3])).toThrow(/^labels: it has 3 labels, images has 2 images/);
  expect(() => parse(images, [1])).toThrow(DatasetCorrupt);
  expect(() => parse(images, [1, 10])).toThrow(/^labels, record 1: labels are 0 to 9, this one is 10/);
  expect(() => parse(idx(0x803, [2, 14, 56], new Uint8Array(2 * 784)), [0, 1])).toThrow(/its images are 14 × 56/);
});

function idx(magic: number, sizes: readonly number[], values: ArrayLike<number>): Uint8Array {
  const header = Buffer.alloc(4 + 4 * sizes.length);
  header.writeUInt32BE(magic);
  for (const [index, size] of sizes.entries()) header.writeUInt32BE(size, 4 + 4 * index);
  return new Uint8Array(Buffer.concat([header, Uint8Array.from(values)]));
}
