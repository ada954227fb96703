import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { readCocoCaptions, slicePictures } from '../../lib/datasets/coco-captions.ts';
import { cocoCaptionsImporter } from '../../lib/datasets/coco-captions-importer.ts';
import { importDataset } from '../../lib/datasets/import-dataset.ts';
import { parseNpy, parseNpyHeader, writeNpy } from '../../lib/datasets/npy.ts';
import { openDataset } from '../../lib/datasets/pinned-dataset.ts';
import {
  captionEmoji,
  type Emoji,
  makeCaptionedEmoji,
  splitEmoji,
} from '../../lib/datasets/stand-ins/captioned-emoji.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { keysOf } from '../storage/object-store-contract.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';

/** As NumPy 2.4.6 writes numpy.array([[1, 2, 3], [4, 5, 6]], "<f4") with numpy.save, in base64. */
const numpyFile = Buffer.from(
  'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAIA/AAAAQAAAQEAAAIBAAACgQAAAwEA=',
  'base64',
);

describe('.npy', () => {
  test('reads what NumPy writes, and writes the same', () => {
    const parsed = parseNpy(numpyFile, 'features.npy');
    expect(parsed).toEqual({ rows: 2, columns: 3, data: Float32Array.of(1, 2, 3, 4, 5, 6) });
    expect(Buffer.from(writeNpy(parsed))).toEqual(numpyFile);
  });

  test.each([
    ["'<f4'", "'<f8'", "float32 ('<f4'), they are '<f8'"],
    ["'<f4'", "'>f4'", "they are '>f4'"],
    ["'<f4'", "'|O' ", "they are '|O'"],
    ["'<f4'", '[("", ', 'of a structured or unknown type'],
    ['False', 'True ', 'fortran_order False'],
    ['(2, 3)', '(6,)  ', 'its shape must be (images, features), it is (6,)'],
    ['(2, 3)', '(1,2,3)', 'it is (1,2,3)'],
    ['(2, 3)', '(0, 3)', 'it is (0, 3)'],
    ['(2, 3)', '(2,-3)', 'it is (2,-3)'],
    ['(2, 3)', '(9, 3)', 'a matrix of 9 × 3 float32 takes 236 bytes with its header, the file has 152'],
    ['\x93NUMPY', '\x93NUMPI', 'does not begin as a .npy file does'],
    ['NUMPY\x01', 'NUMPY\x07', 'its format version is 7'],
  ])('refuses %s → %s', (from, to, problem) => {
    const file = Buffer.from(numpyFile.toString('latin1').replace(from, to.slice(0, 60)), 'latin1');
    expect(() => parseNpy(file, 'features.npy')).toThrow(problem);
  });

  test('refuses one that was cut off in its header or in its elements', () => {
    expect(() => parseNpyHeader(numpyFile.subarray(0, 9), 'x.npy')).toThrow('ends within its header');
    expect(() => parseNpyHeader(numpyFile.subarray(0, 100), 'x.npy')).toThrow('ends within its header');
    expect(() => parseNpy(numpyFile.subarray(0, 150), 'x.npy')).toThrow('the file has 150');
  });
});

const pictures = { train: 4, val: 2, test: 3 } as const;
let dataFolder: string;
let folder: string;
beforeEach(async () => {
  dataFolder = await newTemporaryFolder();
  folder = join(dataFolder, 'coco');
  for (const [split, rows] of Object.entries(pictures)) {
    await put(`${split}.txt`, Array.from({ length: 5 * rows }, (_, k) => `caption ${k} of ${split}`).join('\n'));
    await put(`images/10crop/${split}.npy`, features(rows, 2));
  }
});

function features(rows: number, columns: number, change: Record<number, number> = {}): Uint8Array {
  const data = Float32Array.from({ length: rows * columns }, (_, k) => change[k] ?? k + 1);
  return writeNpy({ rows, columns, data });
}

async function put(name: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), content);
}

async function importError(): Promise<Error> {
  const store = new MemoryObjectStore();
  const source = { dataFolder };
  const error = await importDataset({ name: 'coco-captions', store, source }).catch((caught) => caught);
  expect(error).toBeInstanceOf(Error);
  expect(error.exitCode).toBe(2);
  expect(await keysOf(store, '')).toEqual([]);
  return error;
}

describe('the owner’s layout', () => {
  test('is read; features become of unit norm; byte order marks, carriage returns and doubled blanks go', async () => {
    const lines = Array.from({ length: 10 }, (_, k) => `Two  cats\t${k} `);
    await put('val.txt', `\uFEFF${lines.join('\r\n')}\r\n`);
    const store = new MemoryObjectStore();
    const manifest = await importDataset({ name: 'coco-captions', store, source: { dataFolder } });
    expect(manifest.origin).toBe('stand-in');
    expect(manifest.description).toContain('4 + 2 + 3, with five captions and 2 features each');
    const reader = await openDataset(store, 'coco-captions', manifest.version);
    const val = await readCocoCaptions(reader, 'val');
    expect(val.captions).toEqual(Array.from({ length: 10 }, (_, k) => `Two cats ${k}`));
    expect(val.features.data[0]).toBeCloseTo(1 / Math.sqrt(5), 6);
    expect(val.features.data[3]).toBeCloseTo(4 / 5, 6);
    const second = slicePictures(val, 1, 1);
    expect(second.captions[0]).toBe('Two cats 5');
    expect([...second.features.data]).toEqual([...val.features.data.slice(2)]);
  });

  test.each([
    ['train.txt', 'only one caption', 'train.txt: it has 1 captions,'],
    ['train.txt', '', 'it is empty'],
    ['test.txt', 'a\nb\n\nd', 'line 3 is empty'],
    ['test.txt', 'a\nb\n \t\nd', 'line 3 is empty'],
    ['test.txt', Buffer.from(`${'déjà\nvu\n'.repeat(2)}na\xefve`, 'latin1'), 'line 1 is not UTF-8'],
    [
      'test.txt',
      Buffer.concat([Buffer.from('déjà\nvu\n'), Buffer.from('na\xefve\nend', 'latin1')]),
      'line 3 is not UTF-8',
    ],
    ['test.txt', 'word '.repeat(501), 'line 1 has 501 words'],
    ['images/10crop/val.npy', features(3, 2), 'has features of 3 pictures, and a picture has 5 captions'],
    ['images/10crop/val.npy', features(2, 7), 'its pictures have 7 features, those of train have 2'],
    [
      'images/10crop/test.npy',
      features(3, 2, { 5: Number.NaN }),
      'test.npy, record 2: a picture’s features must be finite',
    ],
    ['images/10crop/test.npy', features(3, 2).subarray(0, 149), 'the file has 149'],
    ['images/10crop/test.npy', Buffer.from('\x93NUMPY\x01\x00\xff\xffrest', 'latin1'), 'its header claims 65535 bytes'],
  ])('refuses a %s that is wrong', async (name, content, problem) => {
    await put(name, content);
    expect((await importError()).message).toContain(problem);
  });

  test('says which file is missing, and where it was looked for', async () => {
    await rm(join(folder, 'images'), { recursive: true });
    expect((await importError()).message).toMatch(/has no images\/10crop\/train\.npy; also looked for .*train\.npy/);
  });

  test('a picture without any direction is refused when it is read', async () => {
    await put('images/10crop/val.npy', features(2, 2, { 2: 0, 3: 0 }));
    const store = new MemoryObjectStore();
    const { version } = await importDataset({ name: 'coco-captions', store, source: { dataFolder } });
    const reader = await openDataset(store, 'coco-captions', version);
    await expect(readCocoCaptions(reader, 'val')).rejects.toThrow('val.npy, record 1: a picture’s features must be');
  });
});

describe('stand-ins', () => {
  test('shapes made in code have five captions a picture and features that tell them apart', async () => {
    const { origin, files } = cocoCaptionsImporter.makeStandIn!();
    expect(origin).toBe('stand-in');
    const contents = new Map<string, Uint8Array>();
    for (const { name, open } of files) for await (const bytes of open()) contents.set(name, bytes);
    const reader = { manifest: undefined as never, file: async (name: string) => contents.get(name)! };
    const { captions, features: described } = await readCocoCaptions(reader, 'test');
    expect(captions).toHaveLength(5 * described.rows);
    expect(captions[0]).toMatch(/^a (red|green|blue|yellow|grey) (disc|square|ring|bar)$/);
    const rows = Array.from({ length: described.rows }, (_, row) =>
      described.data.slice(row * described.columns, (row + 1) * described.columns).join(),
    );
    const whole = captions.map((caption, k) => (k % 5 === 4 ? caption : '')).filter(Boolean);
    for (const [a, row] of rows.entries())
      for (const [b, other] of rows.entries()) if (whole[a] !== whole[b]) expect(row).not.toBe(other);
  });

  const emoji = (unified: string, name = 'NAME'): Emoji => ({
    name,
    unified,
    short_name: 'name',
    category: 'Food & Drink',
    subcategory: 'food-fruit',
    sheet_x: 0,
    sheet_y: 0,
    has_img_google: true,
    has_img_twitter: true,
  });

  test('emoji get five captions: names, and the keywords dealt in three hands', () => {
    const keywords = ['red_apple', 'fruit', 'mac', 'school', 'délicious', '苹果', 'teacher’s'];
    expect(captionEmoji(emoji('1F34E', 'RED APPLE!'), keywords)).toEqual([
      'red apple',
      'food fruit red apple',
      'food drink fruit délicious red apple',
      'food drink fruit mac red apple',
      'food drink fruit school teachers red apple',
    ]);
    expect(captionEmoji(emoji('1F34E', 'RED APPLE'), [])).toHaveLength(5);
  });

  test('what differs in gender or direction alone lies in one split, and all splits together are all emoji', () => {
    const all = Array.from({ length: 900 }, (_, k) => (0x21000 + k).toString(16).toUpperCase()).flatMap((point) => [
      emoji(point),
      emoji(`${point}-200D-2640-FE0F`),
      emoji(`1F469-200D-${point}`),
    ]);
    const splits = splitEmoji(all);
    expect(splits.test.length).toBeGreaterThan(390);
    expect(splits.val.length).toBeGreaterThan(140);
    expect(new Set(Object.values(splits).flat()).size).toBe(all.length);
    const family = ({ unified }: Emoji) => unified.split('-').find((point) => point.startsWith('21'));
    const trained = new Set(splits.train.map(family));
    expect([...splits.val, ...splits.test].filter((one) => trained.has(family(one)))).toEqual([]);
  });
});

/** The pinned packages, where `npm ci` brought them. */
const emojiPackage = (() => {
  try {
    return dirname(createRequire(import.meta.url).resolve('emoji-datasource/package.json'));
  } catch {
    return undefined;
  }
})();

test.runIf(emojiPackage)(
  'the packages give two drawings of what is trained on and one of what is held out',
  async () => {
    const { files, description } = await makeCaptionedEmoji(emojiPackage!);
    expect(description).toContain('2172 + 150 + 400 pictures');
    const reader = { manifest: undefined as never, file: async (name: string) => files[name]! };
    const train = await readCocoCaptions(reader, 'train');
    const test = await readCocoCaptions(reader, 'test');
    expect(train.captions[0]).toBe(train.captions[5]);
    const apple = train.captions.indexOf('red apple');
    expect(train.captions.slice(apple, apple + 2)).toEqual(['red apple', 'food fruit red apple']);
    const named = (split: typeof train) => split.captions.filter((_, index) => index % 5 === 0);
    const trained = new Set(named(train));
    // “Input numbers” and the like are names of several signs; what is tested is not what was trained on.
    expect(named(test).filter((name) => trained.has(name)).length).toBeLessThan(5);
  },
);
