/** What `stepwise upload` takes: an importer's layout, and folders that no importer knows. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkDatasetFolder } from '../../lib/datasets/import-dataset.ts';
import { readPlainFolder } from '../../lib/datasets/plain-folder.ts';
import { storeDataset } from '../../lib/datasets/store-dataset.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';
import { changeFile, makeDataFolder, makeOwnDigits, mnistFileNames } from './mnist-folder.ts';

describe('digits of one’s own in MNIST’s files', () => {
  test('are a stand-in, whatever their number', async () => {
    const checked = await checkDatasetFolder('mnist', await makeOwnDigits(30, 10));
    expect(checked).toMatchObject({
      origin: 'stand-in',
      description: 'In MNIST’s files and not MNIST: 30 + 10 images of 28 × 28 pixels, ten classes.',
    });
    expect(checked.files.map(({ name, size }) => [name, size])).toEqual([
      ['train-images-idx3-ubyte', 16 + 30 * 784],
      ['train-labels-idx1-ubyte', 8 + 30],
      ['t10k-images-idx3-ubyte', 16 + 10 * 784],
      ['t10k-labels-idx1-ubyte', 8 + 10],
    ]);
  });

  test('are MNIST itself where the bytes are', async () => {
    const { mnist } = await makeDataFolder();
    expect((await checkDatasetFolder('mnist', mnist)).origin).toBe('paper');
  });

  test.each([
    ['cut off', (bytes: Buffer) => bytes.subarray(0, -1), /it was cut off/],
    ['with a label 10', (bytes: Buffer) => Buffer.from(bytes).fill(10, 12, 13), /record 4: labels are 0 to 9/],
    ['with a label too few', (bytes: Buffer) => oneLess(bytes), /has 59999 labels, .* has 60000 images/],
  ])('are refused %s', async (_, change, message) => {
    const { mnist } = await makeDataFolder();
    await changeFile(mnist, mnistFileNames[1], change);
    await expect(checkDatasetFolder('mnist', mnist)).rejects.toThrow(message);
  });

  test('are refused where there are none', async () => {
    await expect(checkDatasetFolder('mnist', await makeOwnDigits(0, 10))).rejects.toThrow(/it has no images/);
  });
});

function oneLess(bytes: Buffer): Buffer {
  const shorter = Buffer.from(bytes.subarray(0, -1));
  shorter.writeUInt32BE(59_999, 4);
  return shorter;
}

describe('a folder as it is', () => {
  async function makeFolder(files: Readonly<Record<string, string>>): Promise<string> {
    const folder = await newTemporaryFolder();
    for (const [name, text] of Object.entries(files)) {
      await mkdir(join(folder, name, '..'), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    return folder;
  }

  test('comes with its folders, in an order of its own, without what is hidden', async () => {
    const folder = await makeFolder({
      'b c+ä.txt': 'b',
      'a/z.txt': 'zz',
      'a/y.txt': '',
      '.DS_Store': 'x',
      'a/.git/HEAD': 'x',
    });
    await symlink(join(folder, 'a/z.txt'), join(folder, 'link.txt'));
    const checked = await readPlainFolder('letters', folder);
    expect(checked.files.map(({ name, size }) => [name, size])).toEqual([
      ['a/y.txt', 0],
      ['a/z.txt', 2],
      ['b c+ä.txt', 1],
      ['link.txt', 2],
    ]);
    const store = new MemoryObjectStore();
    const { manifest } = await storeDataset(store, 'letters', checked);
    const stored = await store.get(`datasets/letters/${manifest.version}/b c+ä.txt`);
    expect(Buffer.from(stored!.body).toString()).toBe('b');
  });

  test.each([
    [{}, /has no files/],
    [{ '_manifest.json': '{}' }, /that is the manifest's own name/],
    [{ 'A.txt': '', 'a.txt': '' }, /would be one file on some file systems/],
    [{ 'a\u202e.txt': '' }, /characters that cannot be seen/],
    [{ 'a\\b': '' }, /a control character or a backslash/],
  ])('%j is refused', async (files, message) => {
    await expect(readPlainFolder('letters', await makeFolder(files))).rejects.toThrow(message);
  });

  test('is refused with a link to a folder, under a name that is none, and where it is not', async () => {
    const folder = await makeFolder({ 'a.txt': 'a' });
    await symlink(folder, join(folder, 'round'));
    await expect(readPlainFolder('letters', folder)).rejects.toThrow(/round is neither a file nor a link to one/);
    await expect(readPlainFolder('../letters', folder)).rejects.toThrow(/a dataset is named by lower-case letters/);
    await expect(readPlainFolder('letters', join(folder, 'none'))).rejects.toThrow(/there is no folder/);
    await expect(readPlainFolder('letters', join(folder, 'a.txt'))).rejects.toThrow(/is a file, where a folder/);
  });
});
