/** Opens a store by where it is. */
import { InvalidStoreLocation } from './errors.ts';
import { FolderObjectStore } from './folder-object-store.ts';
import type { ObjectStore } from './object-store.ts';

/**
 * `s3://BUCKET` and `s3://BUCKET/PREFIX` are in S3, anything else is a folder, which need not exist yet.
 * Throws InvalidStoreLocation, StoreTooNew, StoreCorrupt, StoreNotReadable.
 */
export async function openStore(location: string): Promise<ObjectStore> {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(location)?.[1];
  if (scheme === undefined && location !== '') return FolderObjectStore.open(location);
  if (scheme !== 's3')
    throw new InvalidStoreLocation(location, scheme ? `there are none at ${scheme}://` : 'it is empty');
  // Loaded only where it is used: the SDK takes longer to load than a cached run on a laptop.
  const { openS3Store } = await import('./s3-object-store.ts');
  return openS3Store(location);
}
