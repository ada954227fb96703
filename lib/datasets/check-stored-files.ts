/** Whether a dataset's files are there in the sizes that its manifest names: what can be known without reading them. */
import { keys } from '../pipeline/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { type DatasetManifest, mostDatasetFiles } from './dataset.ts';
import { datasetVersion } from './dataset-version.ts';
import { InvalidDataset } from './invalid-dataset.ts';

/** How many objects that belong to nothing may lie between those that do. */
const mostStrangers = mostDatasetFiles;
const mostNamed = 5;

/**
 * By listing, which in S3 is a request a thousand files and as current as a HEAD of each. Throws InvalidDataset where a
 * file is missing or of another size, and where the version is not the digest of what the manifest lists.
 */
export async function checkStoredFiles(store: ObjectStore, manifest: DatasetManifest): Promise<void> {
  const { name, version, files } = manifest;
  const manifestKey = keys.datasetManifest(name, version);
  const digest = datasetVersion(files);
  if (digest !== version) {
    throw new InvalidDataset(manifestKey, `its version must be the digest of its files, ${digest}, and is ${version}`);
  }
  const missing = new Map(files.map((file) => [keys.datasetFile(name, version, file.name), file]));
  let strangers = 0;
  for await (const { key, size } of store.list(keys.datasetFile(name, version, ''))) {
    const file = missing.get(key);
    if (!file) {
      if (++strangers > mostStrangers) break;
      continue;
    }
    if (file.size !== size) {
      throw new InvalidDataset(manifestKey, `it says that ${file.name} has ${file.size} bytes, and it has ${size}`);
    }
    missing.delete(key);
    if (missing.size === 0) return;
  }
  const names = [...missing.values()].slice(0, mostNamed).map((file) => file.name);
  throw new InvalidDataset(
    manifestKey,
    `it names ${missing.size === 1 ? 'a file that is' : `${missing.size} files that are`} not there: ${names.join(', ')}${missing.size > mostNamed ? ', …' : ''}`,
  );
}
