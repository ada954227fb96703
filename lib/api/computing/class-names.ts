/** What the classes of a segmentation are called: the dataset knows, which a network was trained on, where it is still there. */
import { indexFile, labelledPicturesIndexSchema } from '../../datasets/labelled-pictures.ts';
import { keys } from '../../pipeline/keys.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import type { LoadedModel } from '../model-cache.ts';

/** None where the dataset was removed: then only numbers are known. */
export async function readClassNames(store: ObjectStore, { manifest }: LoadedModel): Promise<readonly string[]> {
  const name = String((manifest.trial as { readonly dataset?: unknown }).dataset);
  const pinned = manifest.datasets.find((dataset) => dataset.name === name);
  const object = pinned && (await store.get(keys.datasetFile(name, pinned.version, indexFile)));
  if (!object) return [];
  return labelledPicturesIndexSchema.parse(JSON.parse(new TextDecoder().decode(object.body))).classNames;
}
