/** An object store in memory: for tests, and for running a stage by itself. */
import { ObjectNotFound, PreconditionFailed } from './errors.ts';
import { checkKey, checkPrefix, compareKeys } from './key.ts';
import type { ObjectHead, ObjectStore, StoredObject, WriteCondition } from './object-store.ts';

export class MemoryObjectStore implements ObjectStore {
  readonly location = 'memory:';
  readonly #objects = new Map<string, StoredObject>();
  #writes = 0;

  async get(key: string): Promise<StoredObject | undefined> {
    checkKey(key);
    const object = this.#objects.get(key);
    return object && { body: copyOf(object.body), etag: object.etag };
  }

  async getStream(key: string): Promise<AsyncIterable<Uint8Array>> {
    const object = await this.get(key);
    if (!object) throw new ObjectNotFound(key, this.location);
    return inPieces(object.body);
  }

  async head(key: string): Promise<ObjectHead | undefined> {
    checkKey(key);
    const object = this.#objects.get(key);
    return object && { key, size: object.body.length, etag: object.etag };
  }

  async put(key: string, body: Uint8Array | string, condition?: WriteCondition): Promise<{ readonly etag: string }> {
    checkKey(key);
    const current = this.#objects.get(key);
    if (condition && 'ifNoneMatch' in condition && current) throw new PreconditionFailed(key, 'it exists already');
    if (condition && 'ifMatch' in condition && current?.etag !== condition.ifMatch) {
      throw new PreconditionFailed(key, 'it has changed');
    }
    const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : copyOf(body);
    const etag = `${++this.#writes}`;
    this.#objects.set(key, { body: bytes, etag });
    return { etag };
  }

  async putStream(
    key: string,
    body: AsyncIterable<Uint8Array>,
    condition?: WriteCondition,
  ): Promise<{ readonly etag: string }> {
    checkKey(key);
    const pieces: Uint8Array[] = [];
    for await (const piece of body) pieces.push(copyOf(piece));
    return this.put(key, Buffer.concat(pieces), condition);
  }

  async *list(prefix: string): AsyncIterable<ObjectHead> {
    checkPrefix(prefix);
    const keys = [...this.#objects.keys()].filter((key) => key.startsWith(prefix)).sort(compareKeys);
    for (const key of keys) {
      const head = await this.head(key);
      if (head) yield head;
    }
  }

  async delete(key: string): Promise<void> {
    checkKey(key);
    this.#objects.delete(key);
  }
}

/** Buffer's own slice would share the memory. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

async function* inPieces(body: Uint8Array): AsyncGenerator<Uint8Array> {
  const pieceBytes = 65_536;
  for (let start = 0; start < body.length; start += pieceBytes) yield body.subarray(start, start + pieceBytes);
}
