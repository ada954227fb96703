/** A folder's files as they are, for datasets that no importer knows: nothing is checked but that they can be kept. */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { datasetNamePattern, mostDatasetFiles } from './dataset.ts';
import { DatasetCorrupt, DatasetMissing, DatasetUnreadable } from './errors.ts';
import { findFileNameProblem } from './file-names.ts';
import { type CheckedDataset, type CheckedFile, checkedFile } from './importer.ts';
import { kindOfPath, streamSourceFile } from './source-files.ts';

/** Hidden files are of the tools that made the folder, not of the dataset. */
const isHidden = (name: string) => name.split('/').some((part) => part.startsWith('.'));
const readAtOnce = 8;
const smallBytes = 64 * 1024;

/** Throws DatasetMissing, DatasetUnreadable, DatasetCorrupt. */
export async function readPlainFolder(dataset: string, folder: string): Promise<CheckedDataset> {
  if (!datasetNamePattern.test(dataset)) {
    throw new DatasetCorrupt(
      `The dataset ${JSON.stringify(dataset.slice(0, 100))}`,
      'a dataset is named by lower-case letters, digits and hyphens, 64 at most',
    );
  }
  const names = await listFiles(dataset, folder);
  if (names.length === 0) throw new DatasetMissing(dataset, `${folder} has no files`);
  if (names.length > mostDatasetFiles) {
    throw new DatasetCorrupt(folder, `it has ${names.length} files, and a dataset has ${mostDatasetFiles} at most`);
  }
  const problem = findFileNameProblem(names);
  if (problem) throw new DatasetCorrupt(folder, problem.message);
  const files = new Array<CheckedFile>(names.length);
  const small = new SmallFiles();
  let next = 0;
  const worker = async () => {
    while (next < names.length) {
      const index = next++;
      files[index] = await checkFile(dataset, folder, names[index]!, small);
    }
  };
  await Promise.all(Array.from({ length: readAtOnce }, worker));
  const description = `${names.length} files of the user’s own, as they were.`;
  return { origin: 'stand-in', description, files };
}

async function listFiles(dataset: string, folder: string): Promise<readonly string[]> {
  const kind = await kindOfPath(dataset, folder);
  if (kind === undefined) throw new DatasetMissing(dataset, `there is no folder ${folder}`);
  if (kind !== 'folder') throw new DatasetUnreadable(dataset, folder, 'is a file, where a folder should be');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause) => {
    throw new DatasetUnreadable(dataset, cause.path ?? folder, `fails with ${cause.code}`, { cause });
  });
  const names: string[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path).split(sep).join('/');
    if (entry.isDirectory() || isHidden(name)) continue;
    // A link to a file is that file; one to a folder could lead round in a circle.
    if (!entry.isFile() && (await kindOfPath(dataset, path)) !== 'file') {
      throw new DatasetUnreadable(dataset, path, 'is neither a file nor a link to one');
    }
    names.push(name);
  }
  return names.sort();
}

/** Small files stay in memory between check and upload: to open and read one again costs as much as to send it. */
class SmallFiles {
  #room = 128 * 1024 * 1024;

  /** Undefined where the file is large, or the room used up. */
  async read(path: string): Promise<Uint8Array | undefined> {
    const { size } = await stat(path);
    if (size > smallBytes || size > this.#room) return undefined;
    const bytes = await readFile(path);
    this.#room -= bytes.length;
    return bytes;
  }
}

/** Throws DatasetUnreadable. */
async function checkFile(dataset: string, folder: string, name: string, small: SmallFiles): Promise<CheckedFile> {
  const source = { dataset, path: join(folder, name), packed: false };
  // Whatever is wrong with it is said by the other way of reading.
  const bytes = await small.read(source.path).catch(() => undefined);
  if (bytes) return checkedFile(name, bytes);
  const hash = createHash('sha256');
  let size = 0;
  for await (const piece of streamSourceFile(source)) {
    hash.update(piece);
    size += piece.length;
  }
  return { name, size, sha256: hash.digest('hex'), open: () => streamSourceFile(source) };
}
