import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { datasetVersion } from '../../lib/datasets/dataset-version.ts';
import { DatasetCorrupt, DatasetMissing, DatasetUnreadable, UnknownDataset } from '../../lib/datasets/errors.ts';
import { importDataset } from '../../lib/datasets/import-dataset.ts';
import { readMnist } from '../../lib/datasets/mnist.ts';
import { openDataset, pinDataset } from '../../lib/datasets/pinned-dataset.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { keysOf } from '../storage/object-store-contract.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';
import { changeFile, makeDataFolder, mnistFileNames, packagedMnist } from './mnist-folder.ts';

/** The error of an import, which must have written nothing. */
async function importError(source: { dataFolder: string } | { datasetFolder: string }): Promise<DatasetCorrupt> {
  const store = new MemoryObjectStore();
  const error = await importDataset({ name: 'mnist', store, source }).catch((caught) => caught);
  expect(error).toBeInstanceOf(Error);
  expect(error.exitCode).toBe(2);
  expect(await keysOf(store, '')).toEqual([]);
  return error;
}

describe('MNIST', () => {
  test('is imported from the package, once, and read back in full', async () => {
    const store = new MemoryObjectStore();
    const manifest = await importDataset({ name: 'mnist', store });
    expect(manifest).toMatchObject({ name: 'mnist', origin: 'paper' });
    expect(manifest.files.map(({ name }) => name)).toEqual(mnistFileNames);
    expect(await keysOf(store, 'datasets/mnist/')).toContain(`datasets/mnist/${manifest.version}/_manifest.json`);

    const written: string[] = [];
    const put = store.put.bind(store);
    store.put = async (key, ...rest) => {
      written.push(key);
      return put(key, ...rest);
    };
    expect(await importDataset({ name: 'mnist', store })).toEqual(manifest);
    expect(written).toEqual([]);

    const { train, test } = await readMnist(await openDataset(store, 'mnist', manifest.version));
    expect([train.images.length, train.labels.length]).toEqual([60_000 * 784, 60_000]);
    expect([test.images.length, test.labels.length]).toEqual([10_000 * 784, 10_000]);
    // The first labels of both sets, as the owners' page and every tutorial show them.
    expect([...train.labels.subarray(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    expect([...test.labels.subarray(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
  });

  test('has one version, however its files are spelt, packed, and called', async () => {
    const { dataFolder, mnist } = await makeDataFolder('MNIST/raw');
    await rename(join(mnist, mnistFileNames[0]), join(mnist, 'train-images.idx3-ubyte'));
    await rm(join(mnist, mnistFileNames[2]));
    const packed = gzipSync(await readFile(join(packagedMnist, mnistFileNames[2])), { level: 1 });
    await writeFile(join(mnist, `${mnistFileNames[2]}.gz`), packed);
    const store = new MemoryObjectStore();
    const manifest = await importDataset({ name: 'mnist', store, source: { dataFolder } });
    const { test } = await readMnist(await openDataset(store, 'mnist', manifest.version));
    expect(test.labels.length).toBe(10_000);
    expect(manifest.version).toBe(datasetVersion(manifest.files));
    expect(manifest.version).toBe(datasetVersion(manifest.files.toReversed()));
    expect(await importDataset({ name: 'mnist', store, source: { datasetFolder: packagedMnist } })).toEqual(manifest);
    expect((await pinDataset(store, 'mnist')).version).toBe(manifest.version);
  });

  test('comes from its package where the folder of datasets has none', async () => {
    const manifest = await importDataset({
      name: 'mnist',
      store: new MemoryObjectStore(),
      source: { dataFolder: await newTemporaryFolder() },
    });
    expect(manifest.origin).toBe('paper');
  });

  test('imported twice at once is there once', async () => {
    const store = new MemoryObjectStore();
    const { dataFolder } = await makeDataFolder();
    const request = { name: 'mnist', store, source: { dataFolder } };
    const [one, other] = await Promise.all([importDataset(request), importDataset(request)]);
    expect(one).toEqual(other);
    expect((await openDataset(store, 'mnist', one.version)).manifest).toEqual(one);
  });
});

describe('bad input ends as an error of its own, and nothing is written', () => {
  test('an unknown dataset', async () => {
    const imported = importDataset({ name: 'minst', store: new MemoryObjectStore() });
    await expect(imported).rejects.toThrow(UnknownDataset);
    await expect(imported).rejects.toThrow(/'minst'.*mnist/);
  });

  test('a folder that is missing, or is a file', async () => {
    const folder = await newTemporaryFolder();
    const missing = await importError({ dataFolder: join(folder, 'nonexistent') });
    expect(missing).toBeInstanceOf(DatasetMissing);
    expect(missing.message).toContain(join(folder, 'nonexistent'));
    await writeFile(join(folder, 'file'), '');
    expect(await importError({ dataFolder: join(folder, 'file') })).toBeInstanceOf(DatasetUnreadable);
    await writeFile(join(folder, 'mnist'), '');
    expect(await importError({ dataFolder: folder })).toBeInstanceOf(DatasetUnreadable);
  });

  test('a file that is missing', async () => {
    const { dataFolder, mnist } = await makeDataFolder();
    await rm(join(mnist, mnistFileNames[3]));
    const error = await importError({ dataFolder });
    expect(error).toBeInstanceOf(DatasetMissing);
    expect(error.message).toContain(mnistFileNames[3]);
  });

  test('a folder, a pipe, or links in a circle in place of a file', async () => {
    for (const put of [
      (path: string) => mkdir(path),
      async (path: string) => void execFileSync('mkfifo', [path]),
      (path: string) => symlink(path, path),
    ]) {
      const { dataFolder, mnist } = await makeDataFolder();
      const path = join(mnist, mnistFileNames[1]);
      await rm(path);
      await put(path);
      const error = await importError({ dataFolder });
      expect(error).toBeInstanceOf(DatasetUnreadable);
      expect(error.message).toContain(path);
    }
    const folder = await newTemporaryFolder();
    await symlink('mnist', join(folder, 'mnist'));
    expect(await importError({ dataFolder: folder })).toBeInstanceOf(DatasetUnreadable);
  });

  test('a file, or the folder, that may not be read', async () => {
    const { dataFolder, mnist } = await makeDataFolder();
    await changeFile(mnist, mnistFileNames[3], (bytes) => bytes);
    await chmod(join(mnist, mnistFileNames[3]), 0o000);
    const isRoot = process.getuid?.() === 0;
    // Root may read everything; the folder of the test is root's own, so to anybody else it is closed.
    if (isRoot) await chmod(dataFolder, 0o755);
    if (isRoot) process.seteuid!(65_534);
    try {
      const error = await importError({ dataFolder });
      expect(error).toBeInstanceOf(DatasetUnreadable);
      expect(error.message).toMatch(/may not be read/);
    } finally {
      if (isRoot) process.seteuid!(0);
    }
    if (!isRoot) await chmod(join(mnist, mnistFileNames[3]), 0o600);
  });

  test.each(mnistFileNames)('%s cut off: the sizes that were expected and found', async (name) => {
    const { dataFolder, mnist } = await makeDataFolder();
    let length = 0;
    await changeFile(mnist, name, (bytes) => {
      length = bytes.length;
      return bytes.subarray(0, -1);
    });
    const error = await importError({ dataFolder });
    expect(error).toBeInstanceOf(DatasetCorrupt);
    expect(error.file).toBe(join(mnist, name));
    expect(error.message).toContain(`asks for ${length} bytes, the file has ${length - 1}: it was cut off`);
    await truncate(join(mnist, name), 0);
    expect((await importError({ dataFolder })).message).toContain('this file has 0 bytes');
  });

  test('labels of the other set', async () => {
    const { dataFolder, mnist } = await makeDataFolder();
    await rm(join(mnist, mnistFileNames[1]));
    await symlink(join(packagedMnist, mnistFileNames[3]), join(mnist, mnistFileNames[1]));
    const error = await importError({ dataFolder });
    expect(error).toBeInstanceOf(DatasetCorrupt);
    expect(error.file).toBe(join(mnist, mnistFileNames[1]));
    expect(error.message).toMatch(/10000 labels.*60000 images/);
  });

  test('a label beyond 9, by its record', async () => {
    const { dataFolder, mnist } = await makeDataFolder();
    await changeFile(mnist, mnistFileNames[3], (bytes) => bytes.fill(10, 8 + 1234, 8 + 1235));
    const error = await importError({ dataFolder });
    expect(error.message).toContain(`${mnistFileNames[3]}, record 1234: labels are 0 to 9, this one is 10`);
    expect(error.record).toBe(1234);
  });

  test('any flipped bit: of every header bit, and of the values at random', async () => {
    const { dataFolder, mnist } = await makeDataFolder();
    const random = randomStream(1, 'flip');
    for (const [name, headerBytes, times] of [
      [mnistFileNames[3], 8, 11],
      [mnistFileNames[1], 8, 4],
      [mnistFileNames[2], 16, 3],
      [mnistFileNames[0], 16, 2],
    ] as const) {
      const headerBits = times > 10 ? headerBytes * 8 : 2;
      for (let time = 0; time < headerBits + times; time++) {
        await changeFile(mnist, name, (bytes) => {
          const bit =
            time < headerBits ? time : headerBytes * 8 + random.uniformInteger((bytes.length - headerBytes) * 8);
          bytes[bit >> 3]! ^= 1 << (bit & 7);
          return bytes;
        });
        const error = await importError({ dataFolder });
        expect(error).toBeInstanceOf(DatasetCorrupt);
        expect(error.file).toBe(join(mnist, name));
        if (time >= headerBits && error.record === undefined)
          expect(error.message).toMatch(/SHA-256 is [0-9a-f]{64}, .* [0-9a-f]{64}/);
      }
      await changeFile(mnist, name, (bytes) => bytes);
    }
    await expect(
      importDataset({ name: 'mnist', store: new MemoryObjectStore(), source: { dataFolder } }),
    ).resolves.toBeDefined();
  });

  test('a packed file that is cut off, is none, or unpacks without end', async () => {
    const { dataFolder, mnist } = await makeDataFolder();
    await rm(join(mnist, mnistFileNames[3]));
    const path = join(mnist, `${mnistFileNames[3]}.gz`);
    const packed = gzipSync(await readFile(join(packagedMnist, mnistFileNames[3])));
    for (const bytes of [packed.subarray(0, -100), Buffer.from('no gzip'), gzipSync(Buffer.alloc(50_000_000))]) {
      await writeFile(path, bytes);
      const error = await importError({ dataFolder });
      expect(error).toBeInstanceOf(DatasetCorrupt);
      expect(error.file).toBe(path);
    }
  });

  test('a file that changes while it is imported leaves no manifest', async () => {
    const { dataFolder, mnist } = await makeDataFolder();
    const store = new MemoryObjectStore();
    // Everything has been checked by the time that the store is asked what it has.
    const head = store.head.bind(store);
    store.head = async (key) => {
      await changeFile(mnist, mnistFileNames[3], (bytes) => bytes.fill(1, 9, 10));
      return head(key);
    };
    const imported = importDataset({ name: 'mnist', store, source: { dataFolder } });
    await expect(imported).rejects.toThrow(/was changed while it was imported/);
    expect((await keysOf(store, '')).filter((key) => key.endsWith('.json'))).toEqual([]);
    await expect(pinDataset(store, 'mnist')).rejects.toThrow(DatasetMissing);
  });
});
