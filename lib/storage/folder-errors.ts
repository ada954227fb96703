/** What the operating system says, in the store's own words. */
import { DiskFull, InvalidKey, StoreNotReadable, StoreNotWritable } from './errors.ts';

/** Runs `work`; an error of the file system leaves as the store's own where there is one for it. */
export async function translateErrors<T>(
  access: 'read' | 'write',
  path: string,
  key: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translated(access, path, key, error);
  }
}

function translated(access: 'read' | 'write', path: string, key: string, error: unknown): unknown {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new DiskFull(path, { cause: error });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return access === 'write'
        ? new StoreNotWritable(path, { cause: error })
        : new StoreNotReadable(path, { cause: error });
    case 'ENOTDIR':
    case 'EISDIR':
      return new InvalidKey(key, `in a folder, a name is either an object or the beginning of others (${path})`);
    case 'ENAMETOOLONG':
      return new InvalidKey(key, `its path is longer than the file system takes (${path})`);
    default:
      return error;
  }
}
