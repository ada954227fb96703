/**
 * The object store port: what the stages need of S3, and nothing else. Implementations: `s3-object-store.ts`,
 * `folder-object-store.ts`, `memory-object-store.ts`; `test/storage/object-store-contract.ts` holds for all three.
 *
 * Keys are S3 keys: relative, `/`-separated, no empty, `.` or `..` segments; everything that takes a key throws InvalidKey
 * on another (`key.ts`). A key must not be the beginning of another's path: a folder cannot hold both `a` and `a/b`.
 * Writes are whole objects: a reader sees the old object or the new one, never a part.
 */
export interface ObjectStore {
  /** Where it is, for messages and provenance: `s3://bucket`, `file:///…`, `memory:`. */
  readonly location: string;

  /** The object, or undefined where there is none. */
  get(key: string): Promise<StoredObject | undefined>;

  /** The object's bytes in pieces, for objects that should not be held whole; read them to the end. Throws ObjectNotFound. */
  getStream(key: string): Promise<AsyncIterable<Uint8Array>>;

  /** Size and entity tag without the bytes, or undefined where there is none. */
  head(key: string): Promise<ObjectHead | undefined>;

  /** Writes a whole object. Throws PreconditionFailed where `condition` does not hold; nothing is written then. */
  put(key: string, body: Uint8Array | string, condition?: WriteCondition): Promise<{ readonly etag: string }>;

  /** Writes an object whose bytes arrive in pieces (S3: multipart upload above one part). A failing source leaves nothing behind. */
  putStream(
    key: string,
    body: AsyncIterable<Uint8Array>,
    condition?: WriteCondition,
  ): Promise<{ readonly etag: string }>;

  /** Every object under a prefix, in ascending key order (UTF-8 bytes), page by page. */
  list(prefix: string): AsyncIterable<ObjectHead>;

  /** Removes an object; removing what is not there succeeds. */
  delete(key: string): Promise<void>;
}

export interface StoredObject {
  readonly body: Uint8Array;
  /** Changes whenever the content changes; compare only for equality. */
  readonly etag: string;
}

export interface ObjectHead {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
}

/** `ifNoneMatch: '*'`: only where nothing is there yet. `ifMatch`: only where the object still has this entity tag. */
export type WriteCondition = { readonly ifNoneMatch: '*' } | { readonly ifMatch: string };
