/**
 * An object store in a folder: a key is a path. Safe against other processes and against being killed at any time: an
 * object is written under a temporary name, flushed, and renamed to its place, under a lock of its key.
 *
 * Beside the objects there are `stepwise-store.json`, which says the format, and `.writing/`, which holds temporary
 * files and locks; what dead processes left there is removed before the first write.
 */
import { createHash } from 'node:crypto';
import { constants, type Dirent } from 'node:fs';
import {
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rmdir,
  stat,
  unlink,
} from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InvalidKey, InvalidStoreLocation, ObjectNotFound, PreconditionFailed } from './errors.ts';
import { translateErrors } from './folder-errors.ts';
import { entityTag, flushFolder, type OpenForWriting, onePiece, openNewFile, writeFlushed } from './folder-files.ts';
import { ignoring, withFolderLock } from './folder-lock.ts';
import { newOwnedName } from './folder-owner.ts';
import { prepareFolder } from './folder-preparation.ts';
import { checkKey, checkPrefix, compareKeys, storeMarkerName, storeWorkFolder } from './key.ts';
import type { ObjectHead, ObjectStore, StoredObject, WriteCondition } from './object-store.ts';
import { checkStoreMarker } from './store-format.ts';

const pieceBytes = 256 * 1024;

export class FolderObjectStore implements ObjectStore {
  readonly location: string;
  readonly #root: string;
  readonly #openForWriting: OpenForWriting;
  #prepared: Promise<void> | undefined;
  /** Writers of one key in this process queue here, so that only one of them contends for the lock between processes. */
  readonly #queues = new Map<string, Promise<unknown>>();

  private constructor(root: string, openForWriting: OpenForWriting) {
    this.#root = root;
    this.location = pathToFileURL(root).href;
    this.#openForWriting = openForWriting;
  }

  /**
   * A folder that does not exist is an empty store; the first write makes it.
   * Throws StoreTooNew, StoreCorrupt, InvalidStoreLocation, StoreNotReadable.
   */
  static async open(folder: string, openForWriting: OpenForWriting = openNewFile): Promise<FolderObjectStore> {
    const path = resolve(folder);
    return translateErrors('read', path, '', async () => {
      const about = await stat(path).catch((error) => {
        if (error.code === 'ENOTDIR') throw new InvalidStoreLocation(folder, 'a part of its path is a file');
        return ignoring('ENOENT')(error);
      });
      if (about && !about.isDirectory()) throw new InvalidStoreLocation(folder, 'it is a file');
      const root = await realPathOf(path);
      const marker = await readFile(join(root, storeMarkerName), 'utf8').catch(ignoring('ENOENT'));
      if (marker !== undefined) checkStoreMarker(root, marker);
      return new FolderObjectStore(root, openForWriting);
    });
  }

  async get(key: string): Promise<StoredObject | undefined> {
    return this.#reading(key, async (path) => {
      const file = await this.#openObject(key, path);
      if (!file) return undefined;
      await using handle = file;
      const body = await handle.readFile();
      // A Buffer's `slice` shares memory where an array's copies: nobody should get one unawares.
      const plain = new Uint8Array(body.buffer, body.byteOffset, body.length);
      return { body: plain, etag: await entityTag(handle, body) };
    });
  }

  async getStream(key: string): Promise<AsyncIterable<Uint8Array>> {
    if (!(await this.#exists(key))) throw new ObjectNotFound(key, this.location);
    return this.#readPieces(key);
  }

  async head(key: string): Promise<ObjectHead | undefined> {
    return this.#reading(key, async (path) => {
      const file = await this.#openObject(key, path);
      if (!file) return undefined;
      await using handle = file;
      const { size } = await handle.stat();
      return { key, size, etag: await entityTag(handle) };
    });
  }

  async put(key: string, body: Uint8Array | string, condition?: WriteCondition): Promise<{ readonly etag: string }> {
    return this.putStream(key, onePiece(typeof body === 'string' ? Buffer.from(body) : body), condition);
  }

  async putStream(
    key: string,
    body: AsyncIterable<Uint8Array>,
    condition?: WriteCondition,
  ): Promise<{ readonly etag: string }> {
    checkKey(key);
    const path = this.#pathOf(key);
    return translateErrors('write', path, key, async () => {
      await this.#prepareOnce();
      const temporary = join(this.#root, storeWorkFolder, newOwnedName());
      try {
        const etag = await writeFlushed(temporary, body, this.#openForWriting);
        await this.#locked(key, () => this.#moveIntoPlace(temporary, key, path, condition));
        return { etag };
      } catch (error) {
        await unlink(temporary).catch(ignoring('ENOENT'));
        throw error;
      }
    });
  }

  async *list(prefix: string): AsyncGenerator<ObjectHead> {
    checkPrefix(prefix);
    yield* this.#listFolder(prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix);
  }

  async delete(key: string): Promise<void> {
    checkKey(key);
    const path = this.#pathOf(key);
    await translateErrors('write', path, key, async () => {
      if (!(await this.#exists(key))) return;
      await this.#prepareOnce();
      await this.#locked(key, async () => {
        await unlink(path).catch(ignoring('ENOENT'));
        await flushFolder(dirname(path));
        await this.#removeEmptyFolders(dirname(path));
      });
    });
  }

  #pathOf(key: string): string {
    return join(this.#root, ...key.split('/'));
  }

  #reading<T>(key: string, work: (path: string) => Promise<T>): Promise<T> {
    checkKey(key);
    const path = this.#pathOf(key);
    return translateErrors('read', path, key, () => work(path));
  }

  #exists(key: string): Promise<boolean> {
    return this.#reading(key, async (path) => {
      await using file = await this.#openObject(key, path);
      return file !== undefined;
    });
  }

  /** Undefined where there is no object: nothing at all, or a folder that other keys go through. */
  async #openObject(key: string, path: string): Promise<FileHandle | undefined> {
    if (!(await this.#isFolderOfStore(key, dirname(path)))) return undefined;
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
    const handle = await open(path, flags).catch((error) => {
      if (error.code === 'ELOOP') throw leavesStore(key, path);
      return ignoring('ENOENT', 'ENOTDIR', 'EISDIR')(error);
    });
    if (!handle || (await handle.stat()).isFile()) return handle;
    await handle.close();
    return undefined;
  }

  async *#readPieces(key: string): AsyncGenerator<Uint8Array> {
    // Opened only now: whoever never asks for a piece leaves no open file behind.
    const file = await this.#reading(key, (path) => this.#openObject(key, path));
    if (!file) throw new ObjectNotFound(key, this.location);
    await using handle = file;
    for (;;) {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafeSlow(pieceBytes), 0, pieceBytes);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  }

  async #moveIntoPlace(temporary: string, key: string, path: string, condition?: WriteCondition): Promise<void> {
    if (condition && 'ifMatch' in condition && (await this.head(key))?.etag !== condition.ifMatch) {
      throw new PreconditionFailed(key, 'it has changed');
    }
    const folder = dirname(path);
    for (;;) {
      await this.#makeFolder(key, folder);
      try {
        if (condition && 'ifNoneMatch' in condition) {
          await link(temporary, path);
          await unlink(temporary);
        } else await rename(temporary, path);
        break;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'EEXIST' && condition) throw new PreconditionFailed(key, 'it exists already');
        // Another process has just removed the empty folder.
        if (code !== 'ENOENT' || !(await lstat(temporary).catch(ignoring('ENOENT')))) throw error;
      }
    }
    await flushFolder(folder);
  }

  async #locked<T>(key: string, work: () => Promise<T>): Promise<T> {
    const workFolder = join(this.#root, storeWorkFolder);
    const lock = join(workFolder, 'locks', createHash('sha256').update(key).digest('hex').slice(0, 32));
    const before = this.#queues.get(key) ?? Promise.resolve();
    const turn = before.then(() => withFolderLock(workFolder, lock, work));
    const settled = turn.catch(() => undefined);
    this.#queues.set(key, settled);
    try {
      return await turn;
    } finally {
      if (this.#queues.get(key) === settled) this.#queues.delete(key);
    }
  }

  async *#listFolder(folderKey: string, prefix: string): AsyncGenerator<ObjectHead> {
    const entries = await this.#readFolder(folderKey);
    const named = entries.map((entry) => ({ entry, key: folderKey + entry.name + (entry.isDirectory() ? '/' : '') }));
    // A folder sorts with its slash, as the keys in it do: `a-b` comes before `a/b`.
    for (const { entry, key } of named.sort((a, b) => compareKeys(a.key, b.key))) {
      if (entry.isDirectory() && (key.startsWith(prefix) || prefix.startsWith(key))) {
        yield* this.#listFolder(key, prefix);
      } else if (entry.isFile() && key.startsWith(prefix)) {
        // It may have been deleted in the meantime.
        const head = await this.head(key);
        if (head) yield head;
      }
    }
  }

  async #readFolder(folderKey: string): Promise<Dirent[]> {
    const folder = join(this.#root, folderKey);
    return translateErrors('read', folder, folderKey, async () => {
      if (!(await this.#isFolderOfStore(folderKey, folder))) return [];
      const entries = await readdir(folder, { withFileTypes: true }).catch(ignoring('ENOENT', 'ENOTDIR'));
      const own = folderKey === '' ? [storeMarkerName, storeWorkFolder] : [];
      return (entries ?? []).filter(({ name }) => !own.includes(name));
    });
  }

  /** False where the folder does not exist. Throws InvalidKey where a symbolic link leads out of the way. */
  async #isFolderOfStore(key: string, folder: string): Promise<boolean> {
    const real = await realpath(folder).catch(ignoring('ENOENT', 'ENOTDIR'));
    if (real === undefined) return false;
    if (real + sep !== join(folder, sep)) throw leavesStore(key, folder);
    return true;
  }

  async #makeFolder(key: string, folder: string): Promise<void> {
    if (await this.#isFolderOfStore(key, folder)) return;
    if (folder === this.#root) await mkdir(folder, { recursive: true });
    else {
      await this.#makeFolder(key, dirname(folder));
      await mkdir(folder).catch(ignoring('EEXIST', 'ENOENT'));
      // Something was in the way, and it may be a file.
      if ((await lstat(folder).catch(ignoring('ENOENT')))?.isFile()) {
        throw Object.assign(new Error(`${folder} is a file`), { code: 'ENOTDIR' });
      }
      await flushFolder(dirname(folder));
    }
  }

  async #removeEmptyFolders(folder: string): Promise<void> {
    for (let path = folder; path !== this.#root; path = dirname(path)) {
      const removed = await rmdir(path).then(
        () => true,
        () => false,
      );
      if (!removed) return;
    }
  }

  #prepareOnce(): Promise<void> {
    this.#prepared ??= prepareFolder(this.#root, this.#openForWriting).catch((error) => {
      this.#prepared = undefined;
      throw error;
    });
    return this.#prepared;
  }
}

/** Without symbolic links, also where the path's end does not exist yet. */
async function realPathOf(path: string): Promise<string> {
  return (await realpath(path).catch(ignoring('ENOENT'))) ?? join(await realPathOf(dirname(path)), basename(path));
}

function leavesStore(key: string, path: string): InvalidKey {
  return new InvalidKey(key, `${path} leads through a symbolic link, which may point out of the store`);
}
