/** Whether an object in the store already has a file's bytes, so that an upload that was killed need not send them again. */
import { createHash } from 'node:crypto';
import type { ObjectHead, ObjectStore } from '../storage/object-store.ts';
import type { CheckedFile } from './importer.ts';

/** S3's entity tag of an object that came in one piece, encrypted with S3's own keys: its MD5. */
const md5Tag = /^"?([0-9a-f]{32})"?$/;

/**
 * By size and MD5 where the store is S3 and tells it, without reading the object; else by size and SHA-256, which reads
 * it. Either errs only towards sending again, or is found when a run reads the file and checks its SHA-256.
 */
export async function holdsSameBytes(store: ObjectStore, head: ObjectHead, file: CheckedFile): Promise<boolean> {
  if (head.size !== file.size) return false;
  const tag = store.location.startsWith('s3://') ? md5Tag.exec(head.etag)?.[1] : undefined;
  if (tag !== undefined) return (await digest('md5', file.open())) === tag;
  return (await digest('sha256', await store.getStream(head.key))) === file.sha256;
}

async function digest(algorithm: 'md5' | 'sha256', bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash(algorithm);
  for await (const piece of bytes) hash.update(piece);
  return hash.digest('hex');
}
