import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encode as encodeJpeg } from 'jpeg-js';
import { describe, expect, test } from 'vitest';
import { openBsds500 } from '../../lib/datasets/bsds500.ts';
import { decodePicture } from '../../lib/datasets/decode-picture.ts';
import { DatasetCorrupt, DatasetMissing, UnusablePicture } from '../../lib/datasets/errors.ts';
import { importDataset } from '../../lib/datasets/import-dataset.ts';
import { openLabelledPictures } from '../../lib/datasets/labelled-pictures.ts';
import { openDataset } from '../../lib/datasets/pinned-dataset.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';
import { pngFile } from './png-file.ts';

const golden = JSON.parse(readFileSync(new URL('../golden/mat-files.json', import.meta.url), 'utf8'));
const mat = (text: string) => Buffer.from(text, 'base64');

type Files = Readonly<Record<string, Uint8Array | string>>;

async function importFolder(name: string, files: Files) {
  const datasetFolder = await newTemporaryFolder();
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(join(datasetFolder, path, '..'), { recursive: true });
    await writeFile(join(datasetFolder, path), bytes);
  }
  const store = new MemoryObjectStore();
  try {
    const manifest = await importDataset({ name, store, source: { datasetFolder } });
    return openDataset(store, name, manifest.version);
  } catch (error) {
    // Nothing half-written.
    for await (const { key } of store.list('')) expect.fail(`${key} was left behind`);
    throw error;
  }
}

function jpeg(width: number, height: number, red: number): Buffer {
  const data = Buffer.alloc(4 * width * height, 255);
  for (let pixel = 0; pixel < width * height; pixel++) data.set([red, 90, 60], 4 * pixel);
  return encodeJpeg({ width, height, data }, 95).data;
}

const labels = (bitDepth = 8) =>
  pngFile({ width: 3, height: 2, bitDepth, colourType: 3 }, [
    [0, 1, 2],
    [255, 1, 0],
  ]);

const voc: Files = {
  'ImageSets/Segmentation/train.txt': 'a\nb\n\n',
  'ImageSets/Segmentation/val.txt': 'c\r\n',
  'classes.txt': 'sky\nroad\ncar\n',
  ...Object.fromEntries(
    ['a', 'b', 'c'].flatMap((name, index) => [
      [`JPEGImages/${name}.jpg`, jpeg(3, 2, 50 * index)],
      [`SegmentationClass/${name}.png`, labels()],
    ]),
  ),
};

describe('a folder in PASCAL VOC’s layout', () => {
  test('becomes labelled pictures in the splits of its lists', async () => {
    const reader = await importFolder('voc-segmentation', voc);
    expect(reader.manifest.origin).toBe('stand-in');
    expect(reader.manifest.description).toMatch(
      /2 photographs to train on and 1 to validate on, 3 classes \(sky, road, car\)/,
    );
    const pictures = await openLabelledPictures(reader);
    expect(pictures).toMatchObject({ classNames: ['sky', 'road', 'car'], training: ['a', 'b'], validation: ['c'] });
    const picture = await pictures.picture('c');
    expect(picture).toMatchObject({ name: 'c', width: 3, height: 2, labels: Uint8Array.of(0, 1, 2, 255, 1, 0) });
    expect(Math.abs(picture.rgb[0]! - 100)).toBeLessThan(4);
  });

  test('without classes.txt has VOC’s classes', async () => {
    const { 'classes.txt': _, ...rest } = voc;
    const { classNames } = await openLabelledPictures(await importFolder('voc-segmentation', rest));
    expect([classNames.length, classNames[0], classNames[20]]).toEqual([21, 'background', 'tvmonitor']);
  });

  test.each<[string, Files, RegExp, typeof DatasetMissing | typeof DatasetCorrupt | typeof UnusablePicture]>([
    ['no list', { 'ImageSets/Segmentation/train.txt': '' }, /no pictures for training/, DatasetMissing],
    [
      'a name twice',
      { 'ImageSets/Segmentation/train.txt': 'a\nb\na\n' },
      /train\.txt.*line 3: 'a' comes a second time/,
      DatasetCorrupt,
    ],
    [
      'a name in both',
      { 'ImageSets/Segmentation/val.txt': 'a\n' },
      /'a' is for training and for validation/,
      DatasetCorrupt,
    ],
    [
      'a name that leads out',
      { 'ImageSets/Segmentation/val.txt': '../../x\n' },
      /line 1: a picture's name/,
      DatasetCorrupt,
    ],
    ['a picture too few', { 'ImageSets/Segmentation/val.txt': 'c\nd\n' }, /no d\.jpg/, DatasetMissing],
    ['a class twice', { 'classes.txt': 'sky\nsky\n' }, /classes\.txt, line 2: the class 'sky'/, DatasetCorrupt],
    ['too few classes', { 'classes.txt': 'sky\nroad\n' }, /a\.png: its labels must be 0 to 1.*it is 2/, DatasetCorrupt],
    [
      'another size',
      { 'JPEGImages/b.jpg': jpeg(2, 3, 9) },
      /b\.png: labels must have the size .* 3 × 2 where .* is 2 × 3/,
      DatasetCorrupt,
    ],
    [
      'a damaged photograph',
      { 'JPEGImages/b.jpg': jpeg(3, 2, 9).subarray(0, 300) },
      /b\.jpg: it ends before/,
      DatasetCorrupt,
    ],
    [
      'labels in colours',
      { 'SegmentationClass/c.png': pngFile({ width: 3, height: 2, bitDepth: 8, colourType: 2 }, [[1]]) },
      /c\.png.*RGB/,
      UnusablePicture,
    ],
  ])('with %s is refused, and nothing is stored', async (_, changes, message, kind) => {
    const imported = importFolder('voc-segmentation', { ...voc, ...changes });
    await expect(imported).rejects.toThrow(message);
    await expect(imported).rejects.toBeInstanceOf(kind);
  });
});

test('an EXIF orientation does not turn a photograph: labels are drawn for its pixels as they are stored', async () => {
  const plain = jpeg(3, 2, 120);
  // APP1: 'Exif', TIFF header, one entry: orientation (0x0112), a short, 6 (turn by 90°).
  const exif = Buffer.from('ffe1002245786966000049492a0008000000010012010300010000000600000000000000', 'hex');
  const turned = Buffer.concat([plain.subarray(0, 2), exif, plain.subarray(2)]);
  expect(await decodePicture(turned, 'a.jpg')).toEqual(await decodePicture(plain, 'a.jpg'));
});

test('SBD: photographs in img, MAT-files in cls', async () => {
  const reader = await importFolder('sbd', {
    'train.txt': '2008_000001\n',
    'val.txt': '2008_000002\n',
    'img/2008_000001.jpg': jpeg(9, 6, 1),
    'img/2008_000002.jpg': jpeg(9, 6, 2),
    'cls/2008_000001.mat': mat(golden.sbd.plain),
    'cls/2008_000002.mat': mat(golden.sbd.compressed),
  });
  expect(reader.manifest.origin).toBe('stand-in');
  const pictures = await openLabelledPictures(reader);
  for (const name of [...pictures.training, ...pictures.validation]) {
    expect([...(await pictures.picture(name)).labels]).toEqual(golden.sbd.labels.flat());
  }
});

describe('SIFT Flow', () => {
  const folder = 'spatial_envelope_256x256_static_8outdoorcategories';
  const files: Files = {
    'TestSet1.txt': `${folder}\\coast_2.jpg\r\n`,
    [`Images/${folder}/coast_1.jpg`]: jpeg(7, 5, 1),
    [`Images/${folder}/coast_2.jpg`]: jpeg(7, 5, 2),
    [`SemanticLabels/${folder}/coast_1.mat`]: mat(golden.siftFlow.plain),
    [`SemanticLabels/${folder}/coast_2.mat`]: mat(golden.siftFlow.compressed),
  };

  test('is split by its list, whose names have backslashes', async () => {
    const pictures = await openLabelledPictures(await importFolder('sift-flow', files));
    expect(pictures).toMatchObject({ training: ['coast_1'], validation: ['coast_2'] });
    expect(pictures.classNames.length).toBe(33);
    expect((await pictures.picture('coast_2')).labels.length).toBe(35);
  });

  test('that names a picture it does not have is refused', async () => {
    const imported = importFolder('sift-flow', { ...files, 'TestSet1.txt': 'coast_2.jpg\ncoast_3.jpg\n' });
    await expect(imported).rejects.toThrow(/TestSet1\.txt, line 2.*'coast_3' is no photograph/);
  });
});

test('Stanford Background: 600 of 715 to train on, drawn once for all', async () => {
  const photograph = jpeg(2, 1, 7);
  const files = Object.fromEntries(
    Array.from({ length: 12 }, (_, index) => index).flatMap((index) => [
      [`images/${index}.jpg`, photograph],
      [`labels/${index}.regions.txt`, `${index % 8} -1\n`],
    ]),
  );
  const pictures = await openLabelledPictures(await importFolder('stanford-background', files));
  expect([pictures.training.length, pictures.validation.length]).toEqual([10, 2]);
  expect(new Set([...pictures.training, ...pictures.validation]).size).toBe(12);
  for (const name of pictures.validation) {
    expect([...(await pictures.picture(name)).labels]).toEqual([Number(name) % 8, 255]);
  }
});

describe('BSDS500', () => {
  const files: Files = {
    'data/images/train/100.jpg': jpeg(6, 4, 1),
    'data/groundTruth/train/100.mat': mat(golden.bsds500.compressed),
  };

  test('has what every person drew', async () => {
    const dataset = openBsds500(await importFolder('bsds500', files));
    expect([dataset.names('train'), dataset.names('val')]).toEqual([['100'], []]);
    const { people, width, height } = await dataset.picture('train', '100');
    expect([people.length, width, height]).toEqual([3, 6, 4]);
    expect([...people[2]!.regions]).toEqual(golden.bsds500.people[2].Segmentation.flat());
  });

  test('without pictures, without their truth, or with that of another picture is refused', async () => {
    await expect(importFolder('bsds500', { 'readme.txt': '' })).rejects.toThrow(DatasetMissing);
    await expect(importFolder('bsds500', { 'data/images/val/1.jpg': jpeg(6, 4, 1) })).rejects.toThrow(/no 1\.mat/);
    const other = importFolder('bsds500', { ...files, 'data/images/train/100.jpg': jpeg(4, 6, 1) });
    await expect(other).rejects.toThrow(
      /100\.mat: groundTruth\{1\}\.Segmentation must have the size of the photograph, 4 × 6/,
    );
  });
});

test('labelled pictures can be made in code for smoke runs alone, the same every time', async () => {
  const store = new MemoryObjectStore();
  const source = { dataFolder: await newTemporaryFolder() };
  const manifest = await importDataset({ name: 'voc-segmentation', store, source, mayBeMade: true });
  expect(manifest.origin).toBe('stand-in');
  const again = await importDataset({
    name: 'voc-segmentation',
    store: new MemoryObjectStore(),
    source,
    mayBeMade: true,
  });
  expect(again.version).toBe(manifest.version);
  const pictures = await openLabelledPictures(await openDataset(store, 'voc-segmentation', manifest.version));
  const seen = new Set<number>();
  for (const name of pictures.training) for (const label of (await pictures.picture(name)).labels) seen.add(label);
  expect([...seen].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 255]);
});
