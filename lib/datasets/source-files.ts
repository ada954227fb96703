/** Reading a user's own files: whatever is wrong with one is said as the dataset's error, with the path. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { DatasetCorrupt, DatasetMissing, DatasetUnreadable } from './errors.ts';

export interface SourceFile {
  readonly dataset: string;
  readonly path: string;
  /** Packed by gzip; it is read unpacked. */
  readonly packed: boolean;
}

/** The first of these names that the folder has. Throws DatasetMissing, DatasetUnreadable. */
export async function findSourceFile(dataset: string, folder: string, names: readonly string[]): Promise<SourceFile> {
  for (const name of names) {
    const path = join(folder, name);
    const kind = await kindOfPath(dataset, path);
    if (kind === undefined) continue;
    if (kind === 'folder') throw new DatasetUnreadable(dataset, path, 'is a folder, where a file should be');
    if (kind === 'other') throw new DatasetUnreadable(dataset, path, 'is not an ordinary file');
    return { dataset, path, packed: name.endsWith('.gz') };
  }
  throw new DatasetMissing(
    dataset,
    `${folder} has no ${names[0]}; also looked for ${names.slice(1).join(', ') || 'nothing else'}`,
  );
}

/** Undefined where there is nothing; links are followed. Throws DatasetUnreadable. */
export async function kindOfPath(dataset: string, path: string): Promise<'file' | 'folder' | 'other' | undefined> {
  try {
    const about = await stat(path);
    return about.isFile() ? 'file' : about.isDirectory() ? 'folder' : 'other';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw readingError(dataset, path, error);
  }
}

/** The whole file, unpacked. Throws DatasetUnreadable, and DatasetCorrupt where it has more than `mostBytes`. */
export async function readSourceFile(source: SourceFile, mostBytes: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of streamSourceFile(source)) {
    pieces.push(piece);
    length += piece.length;
    if (length > mostBytes)
      throw new DatasetCorrupt(source.path, `it has more than ${mostBytes} bytes, far more than it should`);
  }
  return Buffer.concat(pieces);
}

/** The file in pieces, unpacked. Throws DatasetUnreadable, DatasetCorrupt. */
export async function* streamSourceFile({ dataset, path, packed }: SourceFile): AsyncGenerator<Uint8Array> {
  const file = createReadStream(path, { highWaterMark: 1024 * 1024 });
  try {
    if (!packed) yield* file;
    else {
      const unpacked = createGunzip();
      // The pipeline's promise carries the same error that iterating throws.
      pipeline(file, unpacked).catch(() => undefined);
      yield* unpacked;
    }
  } catch (error) {
    throw readingError(dataset, path, error);
  } finally {
    file.destroy();
  }
}

function readingError(dataset: string, path: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code?.startsWith('Z_')) return new DatasetCorrupt(path, `it cannot be unpacked (${message})`, { cause: error });
  const problems: Record<string, string> = {
    EACCES: 'may not be read by this user; change its owner or mode',
    EPERM: 'may not be read by this user; change its owner or mode',
    ELOOP: 'is a symbolic link that leads back to itself',
    EISDIR: 'is a folder, where a file should be',
    ENOENT: 'was there a moment ago and is gone',
  };
  return code ? new DatasetUnreadable(dataset, path, problems[code] ?? `fails with ${code}`, { cause: error }) : error;
}
