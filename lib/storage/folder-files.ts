/** Single files of a folder store: written and flushed, and told apart by their entity tags. */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { ignoring } from './folder-lock.ts';

/** Opens the temporary file that an object is written to; tests put a full disk in its place. */
export type OpenForWriting = (path: string) => Promise<FileHandle>;

export const openNewFile: OpenForWriting = (path) => open(path, 'wx');

/**
 * Larger objects get an entity tag without being read: nothing can replace them twice within one tick of the file
 * system's clock.
 */
const largestHashedBytes = 1024 * 1024;

/** Writes a file that is on the disk when this returns, and gives its entity tag. */
export async function writeFlushed(
  path: string,
  body: AsyncIterable<Uint8Array>,
  openForWriting: OpenForWriting,
): Promise<string> {
  await using handle = await openForWriting(path);
  const hash = createHash('sha256');
  let size = 0;
  for await (const piece of body) {
    await handle.writeFile(piece);
    size += piece.length;
    if (size <= largestHashedBytes) hash.update(piece);
  }
  await handle.sync();
  return size <= largestHashedBytes ? hashTag(hash.digest('hex')) : entityTag(handle);
}

/** `body`: the file's bytes, where they have been read already. */
export async function entityTag(handle: FileHandle, body?: Uint8Array): Promise<string> {
  const { size, ino, mtimeNs } = await handle.stat({ bigint: true });
  if (size > largestHashedBytes) return `${size}-${ino}-${mtimeNs}`;
  return hashTag(
    createHash('sha256')
      .update(body ?? (await handle.readFile()))
      .digest('hex'),
  );
}

/**
 * Makes a rename or a removal in a folder survive a power cut. Not every system lets a folder be opened; there, nothing
 * more can be done.
 */
export async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(ignoring('EISDIR', 'EACCES', 'EPERM', 'ENOENT'));
  if (!handle) return;
  await handle.sync().catch(ignoring('EINVAL', 'EPERM', 'EBADF'));
  await handle.close();
}

export async function* onePiece(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield body;
}

function hashTag(hexadecimal: string): string {
  return hexadecimal.slice(0, 32);
}
