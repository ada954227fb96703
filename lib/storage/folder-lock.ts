/**
 * A lock between processes that no death can leave shut. The lock is a folder that holds one file, named after its
 * owner. It is taken by renaming a prepared folder to its place, which a file system allows only where nothing, or an
 * empty folder, is. It is opened by removing the owner's file: by the owner, or, once the owner is dead, by anybody;
 * since the file bears the owner's name, nobody can remove a later owner's by mistake.
 */
import { mkdir, readdir, rename, rm, rmdir, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { newOwnedName, ownerState } from './folder-owner.ts';

const longestPauseMilliseconds = 20;
/** A lock is held for milliseconds. An owner on another machine, of whom nothing can be known, is waited for this long. */
const unknownOwnerPatienceMilliseconds = 30_000;

/** Runs `work` while no other process is in the same lock. `workFolder` and the lock must be on one file system. */
export async function withFolderLock<T>(workFolder: string, lock: string, work: () => Promise<T>): Promise<T> {
  const owner = newOwnedName();
  const prepared = join(workFolder, owner);
  await mkdir(prepared);
  try {
    await writeFile(join(prepared, owner), '');
    await takeLock(prepared, lock);
  } catch (error) {
    await rm(prepared, { recursive: true, force: true });
    throw error;
  }
  try {
    return await work();
  } finally {
    await unlink(join(lock, owner)).catch(ignoring('ENOENT'));
    // Fails where the next owner has come already.
    await rmdir(lock).catch(ignoring('ENOENT', 'ENOTEMPTY', 'EEXIST'));
  }
}

async function takeLock(prepared: string, lock: string): Promise<void> {
  let pause = 1;
  let seen: { owner: string; waited: number } | undefined;
  for (;;) {
    try {
      await rename(prepared, lock);
      return;
    } catch (error) {
      // Windows says EPERM, also where the folder is empty.
      ignoring('ENOTEMPTY', 'EEXIST', 'EPERM')(error);
    }
    const owner = (await readdir(lock).catch(ignoring('ENOENT')))?.[0];
    if (owner === undefined) {
      await rmdir(lock).catch(ignoring('ENOENT', 'ENOTEMPTY', 'EEXIST'));
      continue;
    }
    if (seen?.owner !== owner) seen = { owner, waited: 0 };
    const state = ownerState(owner);
    if (state === 'gone' || (state === 'unknown' && seen.waited > unknownOwnerPatienceMilliseconds)) {
      await unlink(join(lock, owner)).catch(ignoring('ENOENT'));
      continue;
    }
    await sleep(pause);
    seen.waited += pause;
    pause = Math.min(2 * pause, longestPauseMilliseconds);
  }
}

/** Opens all locks whose owners are dead. */
export async function removeDeadLocks(locksFolder: string): Promise<void> {
  for (const name of await readdir(locksFolder)) {
    const lock = join(locksFolder, name);
    const [owner] = (await readdir(lock).catch(ignoring('ENOENT'))) ?? [];
    if (owner !== undefined && ownerState(owner) !== 'gone') continue;
    if (owner !== undefined) await unlink(join(lock, owner)).catch(ignoring('ENOENT'));
    await rmdir(lock).catch(ignoring('ENOENT', 'ENOTEMPTY', 'EEXIST'));
  }
}

/** For `catch`: undefined for an error of one of these codes, and any other thrown on. */
export function ignoring(...codes: readonly string[]): (error: unknown) => undefined {
  return (error) => {
    if (!codes.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return undefined;
  };
}
