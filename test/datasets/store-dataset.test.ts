import { describe, expect, test } from 'vitest';
import { checkStoredFiles } from '../../lib/datasets/check-stored-files.ts';
import { checkedFile } from '../../lib/datasets/importer.ts';
import { InvalidDataset } from '../../lib/datasets/invalid-dataset.ts';
import { pinDataset, readManifest } from '../../lib/datasets/pinned-dataset.ts';
import { describeDataset, storeDataset } from '../../lib/datasets/store-dataset.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';

function words(count: number) {
  const files = Array.from({ length: count }, (_, index) =>
    checkedFile(`a/${index}.txt`, Buffer.from(`word ${index}`)),
  );
  return { origin: 'stand-in', description: 'Words.', files } as const;
}

/** Records the keys of every write. */
function watched() {
  const store = new MemoryObjectStore();
  const written: string[] = [];
  const put = store.put.bind(store);
  store.put = async (key, ...rest) => {
    const result = await put(key, ...rest);
    written.push(key);
    return result;
  };
  return { store, written };
}

describe('an upload', () => {
  test('that was stopped writes no manifest, and goes on with the rest only', async () => {
    const { store, written } = watched();
    const controller = new AbortController();
    const onProgress = ({ files }: { files: number }) => files >= 40 && controller.abort();
    const first = await storeDataset(store, 'words', words(100), { signal: controller.signal, onProgress });
    expect(first.complete).toBe(false);
    expect(first.written).toBeGreaterThanOrEqual(40);
    expect(first.written).toBeLessThan(100);
    expect(written.filter((key) => key.endsWith('.json'))).toEqual([]);
    // As long as before and yet not the same.
    await store.put(`datasets/words/${first.manifest.version}/a/0.txt`, 'WORD 0');
    written.length = 0;
    const second = await storeDataset(store, 'words', words(100));
    expect(second).toMatchObject({ complete: true, kept: first.written - 1, written: 101 - first.written });
    expect(written.at(-2)).toBe(`datasets/words/${second.manifest.version}/_manifest.json`);
    await checkStoredFiles(store, second.manifest);
  });

  test('twice at once succeeds twice, with one manifest', async () => {
    const { store, written } = watched();
    const [one, other] = await Promise.all([
      storeDataset(store, 'words', words(20)),
      storeDataset(store, 'words', words(20)),
    ]);
    expect(one.manifest).toEqual(other.manifest);
    expect(written.filter((key) => key.endsWith('_manifest.json'))).toHaveLength(1);
  });
});

describe('a version that is there and broken', () => {
  test.each([
    ['a file is missing', (store: MemoryObjectStore, prefix: string) => store.delete(`${prefix}a/3.txt`), 1],
    ['a file was cut off', (store: MemoryObjectStore, prefix: string) => store.put(`${prefix}a/3.txt`, 'wor'), 1],
    [
      'its manifest is none',
      (store: MemoryObjectStore, prefix: string) => store.put(`${prefix}_manifest.json`, '{}'),
      0,
    ],
  ])('is made whole by an upload where %s, and left alone by an import', async (_, damage, written) => {
    const { store } = watched();
    const { manifest } = await storeDataset(store, 'words', words(5));
    await damage(store, `datasets/words/${manifest.version}/`);
    await storeDataset(store, 'words', words(5)).catch(() => undefined);
    await expect(pinDataset(store, 'words').then((pinned) => checkStoredFiles(store, pinned))).rejects.toThrow(
      InvalidDataset,
    );
    const repaired = await storeDataset(store, 'words', words(5), { repair: true });
    expect(repaired).toMatchObject({ manifest, written, kept: 5 - written, manifestWritten: true });
    await checkStoredFiles(store, await pinDataset(store, 'words'));
    const again = await storeDataset(store, 'words', words(5), { repair: true });
    expect(again).toMatchObject({ written: 0, kept: 5, manifestWritten: false });
  });
});

describe('a hostile manifest', () => {
  const honest = describeDataset('words', words(2));
  const [file] = honest.files as [(typeof honest.files)[number]];
  const key = `datasets/words/${honest.version}/_manifest.json`;
  const named = (...names: string[]) => names.map((name) => ({ ...file, name }));

  test.each([
    ['a parent folder', named('../x'), /'\.\.' segment/],
    ['an absolute path', named('/etc/passwd'), /it is absolute/],
    ['a backslash', named('a\\b'), /backslash/],
    ['itself', named('_manifest.json'), /the manifest's own name/],
    ['itself in capitals', named('_MANIFEST.json'), /the manifest's own name/],
    ['one name twice', named('a', 'a'), /would be one file/],
    ['one name in two spellings', named('é', 'e\u0301'), /would be one file/],
    ['a name that is read backwards', named('a\u202etxt.exe'), /cannot be seen/],
    ['dots in another width', named('\uff0e\uff0e/x'), /looks like/],
    ['a file as a folder', named('a', 'a/b'), /a file and the folder/],
    ['no files', [], /at least one file/],
    [
      'too many files',
      Array.from({ length: 100_001 }, (_, n) => ({ name: `${n}`, size: 0, sha256: file.sha256 })),
      /100000 files at most/,
    ],
    ['a negative size', [{ ...file, size: -1 }], /files\.0\.size/],
    ['no checksum', [{ ...file, sha256: 'x' }], /64 hexadecimal digits/],
  ])('with %s is refused', async (_, files, message) => {
    const store = new MemoryObjectStore();
    await store.put(key, JSON.stringify({ ...honest, files }));
    const error = await readManifest(store, 'words', honest.version).catch((caught) => caught);
    expect(error).toBeInstanceOf(InvalidDataset);
    expect(error.message).toMatch(message);
    expect(error.message.length).toBeLessThan(1_000);
  });

  test('of a million files is refused by its size, unread', async () => {
    const store = new MemoryObjectStore();
    await store.put(key, Buffer.alloc(33 * 1024 * 1024));
    store.get = async () => expect.unreachable();
    await expect(pinDataset(store, 'words', honest.version)).rejects.toThrow(/a manifest has 33554432 at most/);
  });

  test('that lies about a size, a hash or a file is found before anything is read', async () => {
    const { store } = watched();
    const { manifest } = await storeDataset(store, 'words', words(2));
    const changed = (change: object) => ({ ...manifest, files: [{ ...file, ...change }, manifest.files[1]!] });
    await expect(checkStoredFiles(store, changed({ size: 7 }))).rejects.toThrow(/has 7 bytes, and it has 6/);
    await expect(checkStoredFiles(store, changed({ sha256: '0'.repeat(64) }))).rejects.toThrow(/must be the digest/);
    await store.delete(`datasets/words/${manifest.version}/a/1.txt`);
    await expect(checkStoredFiles(store, manifest)).rejects.toThrow(/a file that is not there: a\/1\.txt/);
  });
});
