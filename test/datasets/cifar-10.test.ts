import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cifarFiles, countCifar10, countRecords, describeOrigin, readCifar10 } from '../../lib/datasets/cifar-10.ts';
import { DatasetCorrupt, DatasetMissing } from '../../lib/datasets/errors.ts';
import { importDataset } from '../../lib/datasets/import-dataset.ts';
import { openDataset } from '../../lib/datasets/pinned-dataset.ts';
import { standInNote } from '../../lib/datasets/stand-ins/note.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { keysOf } from '../storage/object-store-contract.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';

const names = Object.keys(cifarFiles);
const recordBytes = 3073;

/** Records of label k mod 10, whose pixels are all zero but a red one, a green one and a blue one. */
function batch(records: number): Uint8Array {
  const bytes = new Uint8Array(records * recordBytes);
  for (let record = 0; record < records; record++) {
    const start = record * recordBytes;
    bytes[start] = record % 10;
    bytes[start + 1 + 33] = 200; // red, row 1, column 1
    bytes[start + 1 + 1024 + 34] = 150; // green, row 1, column 2
    bytes[start + 1 + 2048 + 35] = 100 + (record % 100); // blue, row 1, column 3
  }
  return bytes;
}

const whole = batch(10_000);
let wholeFile: string;
let dataFolder: string;
let folder: string;
beforeAll(async () => {
  wholeFile = join(await mkdtemp(join(tmpdir(), 'stepwise-cifar-')), 'whole.bin');
  await writeFile(wholeFile, whole);
});
afterAll(() => rm(dirname(wholeFile), { recursive: true }));
beforeEach(async () => {
  dataFolder = await newTemporaryFolder();
  folder = join(dataFolder, 'cifar-10-batches-bin');
  await mkdir(folder);
  for (const name of names) await symlink(wholeFile, join(folder, name));
});

/** Puts other bytes in place of a file. */
async function put(name: string, bytes: Uint8Array): Promise<void> {
  await rm(join(folder, name), { force: true });
  await writeFile(join(folder, name), bytes);
}

async function importError(): Promise<DatasetCorrupt> {
  const store = new MemoryObjectStore();
  const error = await importDataset({ name: 'cifar-10', store, source: { dataFolder } }).catch((caught) => caught);
  expect(error).toBeInstanceOf(Error);
  expect(error.exitCode).toBe(2);
  expect(await keysOf(store, '')).toEqual([]);
  return error;
}

test('whole batches that are not the owners’ bytes are re-encoded ones, packed or not; planes become pixels', async () => {
  await rm(join(folder, 'test_batch.bin'));
  await put('test_batch.bin.gz', gzipSync(whole, { level: 1 }));
  const store = new MemoryObjectStore();
  const manifest = await importDataset({ name: 'cifar-10', store, source: { dataFolder }, mayBeMade: true });
  const sha256 = createHash('sha256').update(whole).digest('hex');
  const files = names.map((name) => ({ name, size: whole.length, sha256 }));
  expect(manifest).toMatchObject({ origin: 'paper (re-encoded)', files });
  const reader = await openDataset(store, 'cifar-10', manifest.version);
  expect([await countCifar10(reader, 'train'), await countCifar10(reader, 'test')]).toEqual([50_000, 10_000]);
  const { images, labels } = await readCifar10(reader, 'test');
  expect([images.length, labels.length]).toEqual([10_000 * 3072, 10_000]);
  expect([...labels.subarray(0, 12)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
  const second = images.subarray(3072, 2 * 3072);
  expect([...second.subarray(3 * 33, 3 * 36)]).toEqual([200, 0, 0, 0, 150, 0, 0, 0, 101]);
  expect(second.filter((value) => value > 0)).toHaveLength(3);
});

describe('refuses, and writes nothing', () => {
  test('a label of 10, by its file and record', async () => {
    const bytes = whole.slice();
    bytes[4321 * recordBytes] = 10;
    await put('data_batch_3.bin', bytes);
    const error = await importError();
    expect(error).toBeInstanceOf(DatasetCorrupt);
    expect(error.record).toBe(4321);
    expect(error.message).toContain(
      `${join(folder, 'data_batch_3.bin')}, record 4321: labels are 0 to 9, this one is 10`,
    );
  });

  test.each([
    [10_000 * recordBytes - 1, 'after 9999 of them the file has 3072 more: it was cut off'],
    [0, 'after 0 of them the file has 0 more'],
    [9_999 * recordBytes, "it has 9999 records, CIFAR-10's files have 10000 each"],
  ])('a file cut off at %i bytes', async (length, message) => {
    await put('data_batch_1.bin', whole.subarray(0, length));
    const error = await importError();
    expect(error).toBeInstanceOf(DatasetCorrupt);
    expect(error.file).toBe(join(folder, 'data_batch_1.bin'));
    expect(error.message).toContain(message);
  });

  test('a file that goes on without end, and one that is missing', async () => {
    await put('data_batch_1.bin', new Uint8Array(2 * 10_000 * recordBytes + 1));
    expect((await importError()).message).toContain('far more than it should');
    await rm(join(folder, 'data_batch_1.bin'));
    const error = await importError();
    expect(error).toBeInstanceOf(DatasetMissing);
    expect(error.message).toContain('has no data_batch_1.bin; also looked for data_batch_1.bin.gz');
  });
});

test('they are the paper’s own only where every file has the owners’ checksum', () => {
  expect(describeOrigin(cifarFiles).origin).toBe('paper');
  for (const name of names) {
    const changed = { ...cifarFiles, [name]: createHash('md5').update(whole).digest('hex') };
    expect(describeOrigin(changed).origin).toBe('paper (re-encoded)');
  }
});

describe('in its place', () => {
  const missing = { name: 'cifar-10', store: new MemoryObjectStore() } as const;

  test('a smoke run gets patches of colour, the same every time, and says so', async () => {
    const store = new MemoryObjectStore();
    const manifest = await importDataset({ name: 'cifar-10', store, mayBeMade: true });
    expect(manifest.origin).toBe('stand-in');
    expect((await importDataset({ ...missing, mayBeMade: true })).version).toBe(manifest.version);
    const { images, labels } = await readCifar10(await openDataset(store, 'cifar-10', manifest.version), 'train');
    expect(labels).toHaveLength(500);
    expect(new Set(labels).size).toBe(10);
    expect(new Set(images).size).toBeGreaterThan(200);
  });

  test('any other run gets what was fetched, and else is told every way to get it', async () => {
    const standInsFolder = await newTemporaryFolder();
    const error = await importDataset({ ...missing, standInsFolder }).catch((caught) => caught);
    expect(error).toBeInstanceOf(DatasetMissing);
    expect(error.message).toBe(
      "Dataset 'cifar-10' is missing: no folder of datasets was given. Get it from its owner and use --data FOLDER, with the dataset in FOLDER/cifar-10-batches-bin. For a stand-in, which no verdict rests on: npm run fetch:stand-ins.",
    );
    await mkdir(join(standInsFolder, 'cifar-10'));
    for (const name of names) await writeFile(join(standInsFolder, 'cifar-10', name), batch(30));
    await writeFile(join(standInsFolder, 'cifar-10', standInNote), JSON.stringify({ description: 'Pictures.' }));
    expect((await importDataset({ ...missing, standInsFolder })).description).toBe('Pictures.');
  });

  test('a folder that says it is a stand-in is one, of any number of records', async () => {
    for (const name of names) await put(name, batch(20));
    await writeFile(join(folder, standInNote), JSON.stringify({ description: 'Pictures of something else.' }));
    const manifest = await importDataset({ ...missing, source: { dataFolder } });
    expect(manifest).toMatchObject({ origin: 'stand-in', description: 'Pictures of something else.' });
    await writeFile(join(folder, standInNote), '{');
    expect((await importError()).message).toContain('it must be JSON with one text, "description"');
  });
});

test('records are counted only where they are whole', () => {
  expect(countRecords(batch(3), 'x')).toBe(3);
  expect(() => countRecords(new Uint8Array(10), 'x')).toThrow('x, record 0: a record has 3073 bytes');
});
