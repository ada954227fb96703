/** Before the first write: the store's own files are made, and what dead writers left is cleared away. */
import { link, lstat, mkdir, readdir, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { flushFolder, type OpenForWriting, onePiece, writeFlushed } from './folder-files.ts';
import { ignoring, removeDeadLocks } from './folder-lock.ts';
import { newOwnedName, ownerState } from './folder-owner.ts';
import { storeMarkerName, storeWorkFolder } from './key.ts';
import { storeMarker } from './store-format.ts';

export async function prepareFolder(root: string, openForWriting: OpenForWriting): Promise<void> {
  const workFolder = join(root, storeWorkFolder);
  const locksFolder = join(workFolder, 'locks');
  await mkdir(locksFolder, { recursive: true });
  for (const name of await readdir(workFolder)) {
    if (ownerState(name) === 'gone') await rm(join(workFolder, name), { recursive: true, force: true });
  }
  await removeDeadLocks(locksFolder);

  const marker = join(root, storeMarkerName);
  if (await lstat(marker).catch(ignoring('ENOENT'))) return;
  const temporary = join(workFolder, newOwnedName());
  try {
    await writeFlushed(temporary, onePiece(Buffer.from(storeMarker)), openForWriting);
    await link(temporary, marker).catch(ignoring('EEXIST'));
  } finally {
    await unlink(temporary).catch(ignoring('ENOENT'));
  }
  await flushFolder(root);
}
