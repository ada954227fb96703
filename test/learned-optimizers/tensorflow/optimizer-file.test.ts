import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pretrainedFiles, pretrainedNames } from '../../../lib/learned-optimizers/pretrained/pretrained-files.ts';
import { LearnedOptimizer } from '../../../lib/learned-optimizers/tensorflow/learned-optimizer.ts';
import { decodeBase64, encodeBase64 } from '../../../lib/numerics/read-asset.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../lib/numerics/safetensors.ts';
import golden from '../../golden/learned-optimizer.json' with { type: 'json' };

const file = decodeBase64(golden.cases[0]!.file);
const { tensors, metadata } = decodeSafetensors(file);

describe('a file', () => {
  const network = (settings: object) => ({ ...metadata, network: JSON.stringify(settings) });
  const good = JSON.parse(metadata.network!);
  const bias = tensors['output/bias']!;

  test.each([
    ['of a newer version', { ...metadata, formatVersion: '2' }, {}, /version 2, and this code reads up to 1. Update/],
    ['of no version', { ...metadata, formatVersion: 'x' }, {}, /format version is 'x'/],
    ['of another kind', { ...metadata, kind: 'tuned-learning-rate' }, {}, /kind 'learned-optimizer', and says 'tuned-/],
    ['without settings', { kind: 'learned-optimizer' }, {}, /kind 'learned-optimizer'/],
    ['with settings that are no JSON', { ...metadata, network: '{' }, {}, /must be JSON/],
    ['with settings that are null', { ...metadata, network: 'null' }, {}, /hiddenUnits/],
    ['that claims 10⁹ units', network({ ...good, hiddenUnits: 1e9 }), {}, /multiple of 4 up to 4096/],
    ['with a network that is not its tensors’', network({ ...good, hiddenUnits: 24 }), {}, /float32 of shape \[2,96\]/],
    ['without a scale', network({ ...good, outputScale: null }), {}, /outputScale/],
    ['of an unknown preprocessing', network({ ...good, preprocessing: { kind: 'rms' } }), {}, /'log-sign' with p/],
    ['of prepared inputs', network({ ...good, preprocessing: { kind: 'prepared' } }), {}, /'log-sign' with p/],
    [
      'that normalises what it does not prepare',
      network({ ...good, normalisation: {} }),
      {},
      /the preprocessing 'prepared' to/,
    ],
    ['of infinite weights', metadata, { 'output/bias': { ...bias, data: Float32Array.of(Infinity) } }, /not finite/],
    ['of float64 weights', metadata, { 'output/bias': { ...bias, data: Float64Array.of(0) } }, /must be float32/],
  ])('%s is refused', (_, changed, changedTensors, message) => {
    const bytes = encodeSafetensors({ ...tensors, ...changedTensors }, changed);
    expect(() => new LearnedOptimizer(bytes)).toThrow(message);
  });

  test('cut off anywhere is refused as one', () => {
    for (const length of [0, 7, 100, file.length - 1]) {
      expect(() => new LearnedOptimizer(file.slice(0, length))).toThrow('is not a learned optimizer');
    }
  });
});

describe('load', () => {
  let folder: string;
  let path: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stepwise-optimizer-'));
    path = join(folder, 'mine.safetensors');
    await writeFile(path, file);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('reads a path, a file: address, a data: address, bytes and a buffer alike', async () => {
    const data = `data:application/octet-stream;base64,${encodeBase64(file)}`;
    for (const source of [path, pathToFileURL(path), pathToFileURL(path).href, data, file, file.slice().buffer]) {
      const optimizer = await LearnedOptimizer.load(source);
      expect(optimizer.getConfig().safetensors).toBe(golden.cases[0]!.file);
      expect(optimizer.network).toEqual(golden.cases[0]!.network);
    }
  });

  test('has the shipped ones by name', async () => {
    expect(pretrainedNames).toEqual(['mnist', 'mnist-robust', 'quadratics']);
    const units = await Promise.all(
      pretrainedNames.map(async (name) => (await LearnedOptimizer.load(name)).network.hiddenUnits),
    );
    expect(units).toEqual([20, 8, 20]);
  });

  test('has a model card for each of the shipped ones, of exactly this file', async () => {
    for (const name of pretrainedNames) {
      const bytes = await readFile(pretrainedFiles[name]);
      const card = await readFile(new URL(pretrainedFiles[name].href.replace('.safetensors', '.md')), 'utf8');
      expect(card).toContain(createHash('sha256').update(bytes).digest('hex'));
    }
  });

  test('says what there is where the name is wrong, and what it read where the file is', async () => {
    await expect(LearnedOptimizer.load('minst')).rejects.toThrow(
      "No optimizer 'minst' is shipped; did you mean 'mnist'?",
    );
    await expect(LearnedOptimizer.load('resnet')).rejects.toThrow('there are mnist, mnist-robust, quadratics');
    await expect(LearnedOptimizer.load('./nowhere.safetensors')).rejects.toThrow(
      /nowhere\.safetensors must be a file.*ENOENT/,
    );
    await writeFile(join(folder, 'other.bin'), 'not an optimizer at all');
    await expect(LearnedOptimizer.load(join(folder, 'other.bin'))).rejects.toThrow(
      /other\.bin is not a learned optimizer/,
    );
  });
});
