import { chmod, open, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  DiskFull,
  InvalidKey,
  InvalidStoreLocation,
  StoreCorrupt,
  StoreNotReadable,
  StoreNotWritable,
  StoreTooNew,
} from '../../lib/storage/errors.ts';
import { FolderObjectStore } from '../../lib/storage/folder-object-store.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';
import { keysOf, piecesOf, textOf } from './object-store-contract.ts';

describe('the format of the store', () => {
  test('is written with the first object, not by looking', async () => {
    const folder = join(await newTemporaryFolder(), 'deep', 'store');
    const store = await openStore(folder);
    expect(await store.get('a')).toBeUndefined();
    expect(await keysOf(store, '')).toEqual([]);
    await store.delete('a');
    await expect(readdir(folder)).rejects.toThrow('ENOENT');
    await store.put('a', 'x');
    expect(JSON.parse(await readFile(join(folder, 'stepwise-store.json'), 'utf8'))).toEqual({ formatVersion: 1 });
    expect(await keysOf(await openStore(folder), '')).toEqual(['a']);
  });

  test('is refused where a newer version wrote it, or where it says nothing', async () => {
    const folder = await newTemporaryFolder();
    await writeFile(join(folder, 'stepwise-store.json'), '{"formatVersion":2,"compression":"zstd"}');
    const error = await openStore(folder).catch((caught) => caught);
    expect(error).toBeInstanceOf(StoreTooNew);
    expect(error.exitCode).toBe(2);
    expect(error.message).toContain(`${folder} has format 2`);
    for (const text of ['', '{}', '{"formatVersion":"1"}', 'null']) {
      await writeFile(join(folder, 'stepwise-store.json'), text);
      await expect(openStore(folder)).rejects.toThrow(StoreCorrupt);
    }
  });

  test('a file is no store', async () => {
    const file = join(await newTemporaryFolder(), 'file');
    await writeFile(file, '');
    await expect(openStore(file)).rejects.toThrow(InvalidStoreLocation);
    await expect(openStore(join(file, 'below'))).rejects.toThrow(InvalidStoreLocation);
  });
});

// The kernel itself answers ENOSPC to what is written to /dev/full.
describe('a full disk', () => {
  test('ends as DiskFull with the path and what to do, and leaves the old object and no litter', async () => {
    const folder = await newTemporaryFolder();
    await (await openStore(folder)).put('runs/a', 'before');
    const full = await FolderObjectStore.open(folder, async () => open('/dev/full', 'w'));
    const error = await full.put('runs/a', 'after').catch((caught) => caught);
    expect(error).toBeInstanceOf(DiskFull);
    expect(error.exitCode).toBe(2);
    expect(error.message).toContain(join(folder, 'runs', 'a'));
    expect(error.message).toContain('--store');
    expect(error.cause.code).toBe('ENOSPC');
    await expect(full.putStream('new', piecesOf('after'))).rejects.toThrow(DiskFull);
    expect(await keysOf(full, '')).toEqual(['runs/a']);
    expect(textOf((await full.get('runs/a'))!.body)).toBe('before');
    expect(await readdir(join(folder, '.writing'))).toEqual(['locks']);
  });

  test('half-way through leaves no half an object', async () => {
    const folder = await newTemporaryFolder();
    let opened = 0;
    const full = await FolderObjectStore.open(folder, async (path) => {
      const handle = await open(path, 'wx');
      // The first file is the store's marker.
      if (opened++ === 0) return handle;
      const write = handle.writeFile.bind(handle);
      let pieces = 0;
      handle.writeFile = async (data) => {
        if (++pieces > 3) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
        await write(data);
      };
      return handle;
    });
    await expect(full.putStream('large', piecesOf(Buffer.alloc(500_000), 100_000))).rejects.toThrow(DiskFull);
    expect(await keysOf(full, '')).toEqual([]);
    expect(await readdir(join(folder, '.writing'))).toEqual(['locks']);
  });
});

test('without permission it is StoreNotWritable or StoreNotReadable, with the path', async () => {
  const folder = await newTemporaryFolder();
  await writeFile(join(folder, 'a'), 'x', { mode: 0o000 });
  await chmod(folder, 0o555);
  const store = await openStore(folder);
  await asOrdinaryUser(async () => {
    const error = await store.put('b', 'x').catch((caught) => caught);
    expect(error).toBeInstanceOf(StoreNotWritable);
    expect(error.message).toContain(join(folder, 'b'));
    await expect(store.get('a')).rejects.toThrow(StoreNotReadable);
    await expect(keysOf(store, '')).rejects.toThrow(StoreNotReadable);
  });
});

describe('symbolic links', () => {
  test('do not lead out of the store, neither for reading nor for writing, and are not listed', async () => {
    const outside = await newTemporaryFolder();
    await writeFile(join(outside, 'secret'), 'outside');
    const folder = await newTemporaryFolder();
    const store = await openStore(folder);
    await store.put('a', 'x');
    await symlink(outside, join(folder, 'folder'));
    await symlink(join(outside, 'secret'), join(folder, 'file'));
    await symlink('loop', join(folder, 'loop'));
    for (const key of ['folder/secret', 'file', 'loop']) {
      await expect(store.get(key)).rejects.toThrow(InvalidKey);
      await expect(store.head(key)).rejects.toThrow(InvalidKey);
    }
    await expect(store.put('folder/new', 'x')).rejects.toThrow(InvalidKey);
    await expect(store.put('folder/deep/new', 'x')).rejects.toThrow(InvalidKey);
    await expect(store.delete('folder/secret')).rejects.toThrow(InvalidKey);
    expect(await keysOf(store, '')).toEqual(['a']);
    expect(await readdir(outside)).toEqual(['secret']);
    // Writing replaces a link, never what it points to.
    await store.put('file', 'inside');
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('outside');
  });

  test('the store itself may be reached through one', async () => {
    const folder = await newTemporaryFolder();
    const link = join(await newTemporaryFolder(), 'link');
    await symlink(folder, link);
    await (await openStore(link)).put('a/b', 'x');
    expect(await keysOf(await openStore(folder), '')).toEqual(['a/b']);
    await (await openStore(join(link, 'not', 'yet'))).put('c', 'x');
    expect(await keysOf(await openStore(join(folder, 'not', 'yet')), '')).toEqual(['c']);
  });
});

test('a name is an object or the beginning of others, not both', async () => {
  const store = await openStore(await newTemporaryFolder());
  await store.put('a', 'x');
  await expect(store.put('a/b', 'x')).rejects.toThrow(InvalidKey);
  await store.put('c/d', 'x');
  await expect(store.put('c', 'x')).rejects.toThrow(InvalidKey);
  await expect(store.put('c', 'x', { ifNoneMatch: '*' })).rejects.toThrow();
  expect(await keysOf(store, '')).toEqual(['a', 'c/d']);
});

/** Root may read and write everything, so there the work is done as somebody else. */
async function asOrdinaryUser(work: () => Promise<void>): Promise<void> {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid!(65_534);
  try {
    await work();
  } finally {
    if (isRoot) process.seteuid!(0);
  }
}
