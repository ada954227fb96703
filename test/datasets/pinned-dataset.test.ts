import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { DatasetManifest } from '../../lib/datasets/dataset.ts';
import { DatasetCorrupt, DatasetMissing } from '../../lib/datasets/errors.ts';
import { InvalidDataset } from '../../lib/datasets/invalid-dataset.ts';
import { markNewest, openDataset, pinDataset } from '../../lib/datasets/pinned-dataset.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';

async function addVersion(store: MemoryObjectStore, version: string, text: string): Promise<DatasetManifest> {
  const file = { name: 'a/words.txt', size: text.length, sha256: createHash('sha256').update(text).digest('hex') };
  const manifest: DatasetManifest = {
    formatVersion: 1,
    name: 'words',
    version,
    origin: 'stand-in',
    description: 'Words.',
    files: [file],
  };
  await store.put(`datasets/words/${version}/a/words.txt`, text);
  await store.put(`datasets/words/${version}/_manifest.json`, JSON.stringify(manifest));
  return manifest;
}

const older = '00000000000000aa';
const newer = '00000000000000bb';

describe('which version', () => {
  test('the one that is named, else the one imported last', async () => {
    const store = new MemoryObjectStore();
    await expect(pinDataset(store, 'words')).rejects.toThrow(DatasetMissing);
    const first = await addVersion(store, newer, 'one');
    // Copied here by other means, the only one there is needs no note.
    expect(await pinDataset(store, 'words')).toEqual(first);
    await addVersion(store, older, 'two');
    await expect(pinDataset(store, 'words')).rejects.toThrow(new RegExp(`${older}, ${newer}`));
    await markNewest(store, 'words', newer);
    await markNewest(store, 'words', older);
    expect((await pinDataset(store, 'words')).version).toBe(older);
    expect(await pinDataset(store, 'words', newer)).toEqual(first);
    await expect(pinDataset(store, 'words', '00000000000000cc')).rejects.toThrow(/no version 00000000000000cc/);
  });

  test('an upload without its manifest is not there', async () => {
    const store = new MemoryObjectStore();
    await store.put(`datasets/words/${older}/a/words.txt`, 'half');
    await expect(pinDataset(store, 'words')).rejects.toThrow(DatasetMissing);
  });
});

describe('reading', () => {
  test('gives the bytes only where they are those of the manifest', async () => {
    const store = new MemoryObjectStore();
    await addVersion(store, older, 'words');
    const reader = await openDataset(store, 'words', older);
    expect(Buffer.from(await reader.file('a/words.txt')).toString()).toBe('words');
    await expect(reader.file('b')).rejects.toThrow(/has no file b; it has a\/words.txt/);
    await store.put(`datasets/words/${older}/a/words.txt`, 'Words');
    await expect(reader.file('a/words.txt')).rejects.toThrow(DatasetCorrupt);
    await store.delete(`datasets/words/${older}/a/words.txt`);
    await expect(reader.file('a/words.txt')).rejects.toThrow(
      /datasets\/words\/00000000000000aa\/a\/words.txt: its manifest names it/,
    );
  });

  test.each([
    ['{', /not JSON/],
    ['{}', /formatVersion/],
    [JSON.stringify({ formatVersion: 2 }), /formatVersion/],
  ])('a manifest %j is refused by its key', async (text, message) => {
    const store = new MemoryObjectStore();
    await store.put(`datasets/words/${older}/_manifest.json`, text);
    const opened = openDataset(store, 'words', older);
    await expect(opened).rejects.toThrow(InvalidDataset);
    await expect(opened).rejects.toThrow(message);
    await expect(opened).rejects.toThrow(`datasets/words/${older}/_manifest.json`);
  });

  test('a manifest of something else is refused', async () => {
    const store = new MemoryObjectStore();
    const manifest = await addVersion(store, older, 'words');
    await store.put(`datasets/words/${newer}/_manifest.json`, JSON.stringify(manifest));
    await expect(openDataset(store, 'words', newer)).rejects.toThrow(/it is about version 00000000000000aa/);
  });
});
