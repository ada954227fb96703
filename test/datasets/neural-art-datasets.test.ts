import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DatasetCorrupt, DatasetMissing, UnusablePicture } from '../../lib/datasets/errors.ts';
import { featureLayers } from '../../lib/datasets/feature-layers.ts';
import { importDataset } from '../../lib/datasets/import-dataset.ts';
import { readPhotographs, splitPhotographs } from '../../lib/datasets/photographs.ts';
import { openDataset } from '../../lib/datasets/pinned-dataset.ts';
import { makeScenes } from '../../lib/datasets/stand-ins/scenes.ts';
import { readStylePictures } from '../../lib/datasets/style-pictures.ts';
import { featuresFile, makeRandomFeatures, readVggFeatures } from '../../lib/datasets/vgg-features.ts';
import { encodeSafetensors, type NamedTensors } from '../../lib/numerics/safetensors.ts';
import { encodePng } from '../../lib/report/encode-png.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';

function greyPng(width: number, height: number, grey: number): Buffer {
  const rgba = Buffer.alloc(4 * width * height, grey);
  for (let pixel = 0; pixel < width * height; pixel++) rgba[4 * pixel + 3] = 255;
  return encodePng({ title: '', width, height, rgba: rgba.toString('base64') });
}

async function importFolder(name: string, files: Readonly<Record<string, Uint8Array>>) {
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

describe('photographs', () => {
  const twelve = Object.fromEntries(
    Array.from({ length: 12 }, (_, index) => [`images/train/${index}.png`, greyPng(200, 150, 10 * index)]),
  );

  test('are found in folders, reduced to 128 pixels on the shorter side, and split without overlap', async () => {
    const reader = await importFolder('photographs', twelve);
    expect(reader.manifest.origin).toBe('stand-in');
    const { training, validation, test: tested } = await readPhotographs(reader);
    expect([training.length, validation.length, tested.length]).toEqual([7, 1, 4]);
    const all = [...training, ...validation, ...tested];
    expect(new Set(all.map(({ name }) => name)).size).toBe(12);
    expect(all.every(({ width, height }) => width === 171 && height === 128)).toBe(true);
    // Names and pixels stay together.
    for (const { name, rgb } of all) expect(rgb[0]).toBe(10 * Number(/(\d+)\.png/.exec(name)![1]));
  });

  test('split as the paper does where there are as many as BSDS500 has', () => {
    const { training, validation, test: tested } = splitPhotographs(makeScenes(300, 1));
    expect([training.length, validation.length, tested.length]).toEqual([180, 20, 100]);
  });

  test('that are too few, too small or damaged are refused, the file named', async () => {
    await expect(importFolder('photographs', { 'a.png': greyPng(200, 200, 1) })).rejects.toThrow(DatasetMissing);
    const small = importFolder('photographs', { ...twelve, 'images/small.png': greyPng(300, 100, 1) });
    await expect(small).rejects.toThrow(UnusablePicture);
    await expect(small).rejects.toThrow(/small\.png: .*128 pixels on its shorter side, this one has 100/);
    const cut = importFolder('photographs', { ...twelve, 'images/cut.png': greyPng(200, 200, 1).subarray(0, 60) });
    await expect(cut).rejects.toThrow(DatasetCorrupt);
  });
});

test('styles: the first by name is trained on, the others are new, and each is a square', async () => {
  const reader = await importFolder('style-pictures', {
    '2-new.png': greyPng(140, 200, 2),
    '1-trained.png': greyPng(300, 128, 1),
    '3-newer.png': greyPng(128, 128, 3),
  });
  const { training, test: others } = await readStylePictures(reader);
  expect([training, ...others].map(({ name, rgb }) => [name, rgb[0]])).toEqual([
    ['1-trained.png', 1],
    ['2-new.png', 2],
    ['3-newer.png', 3],
  ]);
  expect([training, ...others].every(({ width, height }) => width === 128 && height === 128)).toBe(true);
});

describe('VGG features', () => {
  const tensors = makeRandomFeatures([4, 4, 4, 4, 4]);
  const withTensor = (name: string, tensor: NamedTensors[string] | undefined) => {
    const { [name]: _, ...rest } = tensors;
    return { [featuresFile]: encodeSafetensors(tensor ? { ...rest, [name]: tensor } : rest) };
  };

  test('are VGG-16’s layers to conv5_1, with any number of channels', async () => {
    expect(featureLayers().map(({ name }) => name)).toEqual(
      ['1_1', '1_2', '2_1', '2_2', '3_1', '3_2', '3_3', '4_1', '4_2', '4_3', '5_1'].map((layer) => `conv${layer}`),
    );
    const features = await readVggFeatures(
      await importFolder('vgg-features', { [featuresFile]: encodeSafetensors(tensors) }),
    );
    expect(features.channels).toEqual([4, 4, 4, 4, 4]);
    expect(features.meanColour).toEqual([123, 117, 104]);
  });

  test.each([
    ['a missing layer', withTensor('conv3_2/kernel', undefined), /'conv3_2\/kernel' must be float32 .* is missing/],
    ['a wrong shape', withTensor('conv4_1/bias', { shape: [3], data: new Float32Array(3) }), /conv4_1/],
    ['a NaN', withTensor('conv1_2/bias', { shape: [4], data: new Float32Array(4).fill(Number.NaN) }), /not finite/],
    ['bytes that are no safetensors', { [featuresFile]: Buffer.from('PK') }, /no safetensors file/],
  ])('with %s are refused', async (_, files, message) => {
    await expect(importFolder('vgg-features', files)).rejects.toThrow(DatasetCorrupt);
    await expect(importFolder('vgg-features', files)).rejects.toThrow(message);
  });
});

test.each(['vgg-features', 'photographs', 'style-pictures'])(
  '%s can be made in code for smoke runs alone, under the origin stand-in',
  async (name) => {
    const store = new MemoryObjectStore();
    const source = { dataFolder: await newTemporaryFolder() };
    expect((await importDataset({ name, store, source, mayBeMade: true })).origin).toBe('stand-in');
  },
);
