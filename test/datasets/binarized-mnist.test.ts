import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  binarizedMnistImporter,
  countPackedImages,
  drawBinary,
  packText,
  readBinarizedMnist,
  unpackImage,
} from '../../lib/datasets/binarized-mnist.ts';
import { DatasetCorrupt, DatasetMissing } from '../../lib/datasets/errors.ts';
import { importDataset } from '../../lib/datasets/import-dataset.ts';
import { openDataset } from '../../lib/datasets/pinned-dataset.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';
import { makeDataFolder } from './mnist-folder.ts';

/** An image a line: all ones, but for the pixel that its number names. */
const line = (index: number) => {
  const pixels = new Array(784).fill('1');
  pixels[index % 784] = '0';
  return pixels.join(' ');
};
const kinds = [line(0), line(1), line(2)];
const text = (count: number) => Array.from({ length: count }, (_, index) => kinds[index % 3]!);

/** The owner's three files; lines are joined by `separator` in the last one, which is packed. */
async function makeFolder(separator: string) {
  const folder = join(await newTemporaryFolder(), 'binarized-mnist');
  await mkdir(folder);
  const lines = text(50_000);
  await writeFile(join(folder, 'binarized_mnist_train.amat'), `${lines.join('\n')}\n`);
  await writeFile(join(folder, 'binarized_mnist_valid.amat'), `${lines.slice(0, 10_000).join('\n')}\n`);
  await writeFile(join(folder, 'binarized_mnist_test.amat.gz'), gzipSync(lines.slice(0, 10_000).join(separator)));
  return folder;
}

test('the owner’s text files, one of them packed by gzip, with empty lines and Windows line ends', async () => {
  const folder = await makeFolder(' \r\n\r\n');
  const store = new MemoryObjectStore();
  const manifest = await importDataset({ name: 'binarized-mnist', store, source: { datasetFolder: folder } });
  expect(manifest).toMatchObject({
    origin: 'paper (re-encoded)',
    files: [{ size: 4_900_000 }, { size: 980_000 }, { size: 980_000 }],
  });
  const images = await readBinarizedMnist(await openDataset(store, 'binarized-mnist', manifest.version), 'test');
  expect(countPackedImages(images)).toBe(10_000);
  const pixels = new Float32Array(785);
  unpackImage(images, 5, pixels, 1);
  expect([...pixels.subarray(1)]).toEqual(line(2).split(' ').map(Number));
}, 20_000);

describe('a file that is not right is refused, naming file and line', () => {
  const cases: readonly (readonly [string, (lines: string[]) => string, RegExp])[] = [
    [
      'cut off in a line',
      (lines) => lines.join('\n').slice(0, -700),
      /a\.amat: line 10 has 434 values, an image has 784/,
    ],
    [
      'cut off after a line',
      (lines) => lines.slice(0, 9).join('\n'),
      /it has 9 images, it should have 10: it was cut off/,
    ],
    ['an image too many', (lines) => [...lines, line(0)].join('\n'), /line 11 is one image too many/],
    ['a long line', (lines) => lines.with(6, `${line(0)} 1`).join('\n'), /line 7 has more than 784 values/],
    ['grey values', (lines) => lines.with(2, line(0).replace('0', '0.5')).join('\n'), /line 3 has the byte 0x2e/],
    ['NaN', (lines) => lines.with(0, line(0).replace('0', 'nan')).join('\n'), /line 1 has the byte 0x6e/],
    [
      'no blanks',
      (lines) => lines.with(1, line(0).replaceAll(' ', '')).join('\n'),
      /line 2 has two digits without a blank/,
    ],
    ['another encoding', (lines) => `\u{feff}${lines.join('\n')}`, /line 1 has the byte 0xef/],
    ['nothing', () => '', /it has 0 images/],
  ];
  test.each(cases)('%s', async (_, change, message) => {
    const path = join(await newTemporaryFolder(), 'a.amat');
    await writeFile(path, change(text(10)));
    const packing = packText({ dataset: 'binarized-mnist', path, packed: false }, 10);
    await expect(packing).rejects.toThrow(DatasetCorrupt);
    await expect(packing).rejects.toThrow(message);
  });

  test('a missing one', async () => {
    const reading = binarizedMnistImporter.read(await newTemporaryFolder());
    await expect(reading).rejects.toThrow(DatasetMissing);
    await expect(reading).rejects.toThrow('has no binarized_mnist_train.amat');
  });
});

test('without them MNIST’s digits are drawn and named a stand-in', async () => {
  const { mnist } = await makeDataFolder();
  const first = await binarizedMnistImporter.read(mnist);
  expect(first.origin).toBe('stand-in');
  expect(first.description).toContain('drawn 0 or 1');
  expect(first.files.map(({ name, size }) => [name, size])).toEqual([
    ['train.bits', 4_900_000],
    ['valid.bits', 980_000],
    ['test.bits', 980_000],
  ]);
});

test('a pixel is 1 as often as it is bright', () => {
  const grey = new Uint8Array(784 * 100);
  for (let k = 0; k < grey.length; k++) grey[k] = [0, 64, 191, 255][k % 4]!;
  const packed = drawBinary(grey, 'a split');
  const ones = [0, 0, 0, 0];
  const pixels = new Float32Array(784);
  for (let image = 0; image < 100; image++) {
    unpackImage(packed, image, pixels, 0);
    for (const [k, value] of pixels.entries()) ones[k % 4]! += value;
  }
  const shares = ones.map((count) => count / 19_600);
  expect(shares[0]).toBe(0);
  expect(shares[3]).toBe(1);
  // Three standard deviations of so many coins are 0.01.
  expect(Math.abs(shares[1]! - 64 / 255)).toBeLessThan(0.01);
  expect(Math.abs(shares[2]! - 191 / 255)).toBeLessThan(0.01);
  expect(drawBinary(grey, 'a split')).toEqual(packed);
  expect(drawBinary(grey, 'another')).not.toEqual(packed);
});

test('a stored split of half an image is refused', async () => {
  const reader = { manifest: {} as never, file: async () => new Uint8Array(147) };
  await expect(readBinarizedMnist(reader, 'test')).rejects.toThrow('its images have 98 bytes each, the file has 147');
});
