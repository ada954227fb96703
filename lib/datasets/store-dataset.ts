/**
 * Writes a checked dataset into a store: files side by side, the manifest last and only if nobody else has, so that a
 * version is there in full or not at all. What an earlier, killed attempt left is found by its content and kept.
 */
import { createHash } from 'node:crypto';
import { keys } from '../pipeline/keys.ts';
import { PreconditionFailed } from '../storage/errors.ts';
import type { ObjectHead, ObjectStore } from '../storage/object-store.ts';
import { checkStoredFiles } from './check-stored-files.ts';
import { type DatasetManifest, datasetManifestSchema } from './dataset.ts';
import { datasetVersion } from './dataset-version.ts';
import { DatasetCorrupt } from './errors.ts';
import type { CheckedDataset, CheckedFile } from './importer.ts';
import { InvalidDataset } from './invalid-dataset.ts';
import { markNewest, readManifest } from './pinned-dataset.ts';
import { holdsSameBytes } from './same-bytes.ts';

/** What is done of an upload; files that were there already count as done. */
export interface UploadProgress {
  readonly files: number;
  readonly allFiles: number;
  readonly bytes: number;
  readonly allBytes: number;
}

export interface StoreOptions {
  /** Files on their way at once; large ones are fewer, see below. */
  readonly concurrency?: number;
  /** Once it is aborted no further file is begun, and no manifest is written. */
  readonly signal?: AbortSignal;
  onProgress?(progress: UploadProgress): void;
  /** Also where the version is there: what is not as its manifest must say is written again. */
  readonly repair?: boolean;
}

export interface StoredDataset {
  readonly manifest: DatasetManifest;
  /** Files that this call wrote. */
  readonly written: number;
  readonly writtenBytes: number;
  /** Files that were there with the same bytes. */
  readonly kept: number;
  /** Whether the version is there because of this call: in a bucket that is what starts its runs. */
  readonly manifestWritten: boolean;
  /** False where the signal was aborted before the manifest was written. */
  readonly complete: boolean;
}

export const defaultConcurrency = 16;
/** Up to here a file is sent in one piece; above, a store holds a part of each file under way in memory. */
const wholeBytes = 8 * 1024 * 1024;
const mostLargeAtOnce = 4;

/** Throws DatasetCorrupt where the dataset changed since it was checked or has names that cannot be kept, and what the store throws. */
export async function storeDataset(
  store: ObjectStore,
  name: string,
  checked: CheckedDataset,
  options: StoreOptions = {},
): Promise<StoredDataset> {
  const manifest = describeDataset(name, checked);
  const { version } = manifest;
  const manifestKey = keys.datasetManifest(name, version);
  const there = await store.head(manifestKey);
  if (there && !(options.repair && (await isBroken(store, name, version)))) {
    await markNewest(store, name, version);
    return {
      manifest: await readManifest(store, name, version),
      ...{ written: 0, writtenBytes: 0, kept: checked.files.length },
      manifestWritten: false,
      complete: true,
    };
  }
  const counts = await storeFiles(store, manifest, checked.files, options);
  if (options.signal?.aborted) return { manifest, ...counts, manifestWritten: false, complete: false };
  let manifestWritten = true;
  try {
    const condition = there ? { ifMatch: there.etag } : ({ ifNoneMatch: '*' } as const);
    await store.put(manifestKey, `${JSON.stringify(manifest, null, 2)}\n`, condition);
  } catch (error) {
    // Another upload of the same bytes came first: there is nothing left to do.
    if (!(error instanceof PreconditionFailed)) throw error;
    manifestWritten = false;
  }
  await markNewest(store, name, version);
  return { manifest: await readManifest(store, name, version), ...counts, manifestWritten, complete: true };
}

/** Whether somebody's manifest, or half a copy, lies where this version belongs. */
async function isBroken(store: ObjectStore, name: string, version: string): Promise<boolean> {
  try {
    await checkStoredFiles(store, await readManifest(store, name, version));
    return false;
  } catch (error) {
    if (error instanceof InvalidDataset) return true;
    throw error;
  }
}

/** Throws DatasetCorrupt where no manifest can describe it. */
export function describeDataset(name: string, { origin, description, files }: CheckedDataset): DatasetManifest {
  const manifest = datasetManifestSchema.safeParse({
    formatVersion: 1,
    name,
    version: datasetVersion(files),
    origin,
    description,
    files: files.map(({ name, size, sha256 }) => ({ name, size, sha256 })),
  });
  if (!manifest.success) {
    const { path, message } = manifest.error.issues[0]!;
    throw new DatasetCorrupt(`The dataset '${name}'`, `it cannot be kept: ${path.join('.')}: ${message}`);
  }
  return manifest.data;
}

async function storeFiles(
  store: ObjectStore,
  { name, version }: DatasetManifest,
  files: readonly CheckedFile[],
  { concurrency = defaultConcurrency, signal, onProgress }: StoreOptions,
): Promise<Pick<StoredDataset, 'written' | 'writtenBytes' | 'kept'>> {
  const there = new Map<string, ObjectHead>();
  for await (const head of store.list(keys.datasetFile(name, version, ''))) there.set(head.key, head);
  const counts = { written: 0, writtenBytes: 0, kept: 0 };
  let bytes = 0;
  const allBytes = files.reduce((sum, { size }) => sum + size, 0);
  const storeOne = async (file: CheckedFile) => {
    const key = keys.datasetFile(name, version, file.name);
    const head = there.get(key);
    if (head && (await holdsSameBytes(store, head, file))) counts.kept++;
    else {
      await (file.size <= wholeBytes ? store.put(key, await readWhole(file)) : store.putStream(key, unchanged(file)));
      counts.written++;
      counts.writtenBytes += file.size;
    }
    bytes += file.size;
    onProgress?.({ files: counts.written + counts.kept, allFiles: files.length, bytes, allBytes });
  };
  const [large, small] = [
    files.filter(({ size }) => size > wholeBytes),
    files.filter(({ size }) => size <= wholeBytes),
  ];
  await inParallel(small, concurrency, signal, storeOne);
  await inParallel(large, Math.min(concurrency, mostLargeAtOnce), signal, storeOne);
  return counts;
}

/** The first error ends it, once what is under way has ended: nothing goes on behind the caller's back. */
async function inParallel<Item>(
  items: readonly Item[],
  concurrency: number,
  signal: AbortSignal | undefined,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failure: { readonly error: unknown } | undefined;
  const worker = async () => {
    while (next < items.length && !failure && !signal?.aborted) {
      try {
        await work(items[next++]!);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  if (failure) throw failure.error;
}

async function readWhole(file: CheckedFile): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of unchanged(file)) pieces.push(piece);
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

/** The file's bytes once more, which must be those that were checked. */
async function* unchanged(file: CheckedFile): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for await (const piece of file.open()) {
    hash.update(piece);
    yield piece;
  }
  const actual = hash.digest('hex');
  if (actual !== file.sha256) {
    throw new DatasetCorrupt(
      file.name,
      `it was changed while it was imported: its SHA-256 was ${file.sha256} and became ${actual}`,
    );
  }
}
