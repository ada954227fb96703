/** Datasets in the store: which version a run uses, and reading it with every byte checked. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { keys } from '../pipeline/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { updateObject } from '../storage/update-object.ts';
import { type DatasetManifest, type DatasetReader, datasetManifestSchema } from './dataset.ts';
import { DatasetCorrupt, DatasetMissing } from './errors.ts';
import { InvalidDataset } from './invalid-dataset.ts';

/** Room for as many files as a manifest may list, with names longer than anybody's. */
export const mostManifestBytes = 32 * 1024 * 1024;

const newestSchema = z.strictObject({ formatVersion: z.literal(1), version: z.string() });

/**
 * The manifest of the version that a run should use: the one it names, else the one imported last, else, where nobody
 * noted that (the files were copied here by other means), the only one there is. Throws DatasetMissing, InvalidDataset.
 */
export async function pinDataset(store: ObjectStore, name: string, version?: string): Promise<DatasetManifest> {
  return readManifest(store, name, version ?? (await readNewest(store, name)) ?? (await findOnly(store, name)));
}

/** Opens a pinned version. Throws DatasetMissing, InvalidDataset. */
export async function openDataset(store: ObjectStore, name: string, version: string): Promise<DatasetReader> {
  const manifest = await readManifest(store, name, version);
  return {
    manifest,
    async file(fileName) {
      const described = manifest.files.find((file) => file.name === fileName);
      if (!described) {
        throw new DatasetMissing(
          name,
          `its version ${version} has no file ${fileName}; it has ${manifest.files.map((file) => file.name).join(', ')}`,
        );
      }
      const key = keys.datasetFile(name, version, fileName);
      const object = await store.get(key);
      if (!object)
        throw new DatasetCorrupt(
          key,
          `its manifest names it, but it is not in ${store.location}; delete the manifest and import the dataset again`,
        );
      const actual = createHash('sha256').update(object.body).digest('hex');
      if (actual !== described.sha256) {
        throw new DatasetCorrupt(
          key,
          `its SHA-256 is ${actual}, the manifest says ${described.sha256}: it was changed after it was imported; delete the manifest and import the dataset again`,
        );
      }
      return object.body;
    },
  };
}

/** Throws DatasetMissing, InvalidDataset. */
export async function readManifest(store: ObjectStore, name: string, version: string): Promise<DatasetManifest> {
  const key = keys.datasetManifest(name, version);
  const head = await store.head(key);
  if (head && head.size > mostManifestBytes) {
    throw new InvalidDataset(key, `it has ${head.size} bytes, and a manifest has ${mostManifestBytes} at most`);
  }
  const object = head && (await store.get(key));
  if (!object) throw new DatasetMissing(name, `${store.location} has no version ${version} of it`);
  const manifest = parseJson(key, object.body, datasetManifestSchema);
  if (manifest.name !== name || manifest.version !== version) {
    throw new InvalidDataset(key, `it is about version ${manifest.version} of '${manifest.name}'`);
  }
  return manifest;
}

/** Notes that this version was imported last. */
export async function markNewest(store: ObjectStore, name: string, version: string): Promise<void> {
  if ((await readNewest(store, name)) === version) return;
  await updateObject(store, keys.datasetNewest(name), () => `${JSON.stringify({ formatVersion: 1, version })}\n`);
}

async function readNewest(store: ObjectStore, name: string): Promise<string | undefined> {
  const key = keys.datasetNewest(name);
  const object = await store.get(key);
  return object && parseJson(key, object.body, newestSchema).version;
}

async function findOnly(store: ObjectStore, name: string): Promise<string> {
  const versions: string[] = [];
  for await (const { key } of store.list(keys.datasetPrefix(name))) {
    const version = key.slice(keys.datasetPrefix(name).length).split('/')[0]!;
    if (key === keys.datasetManifest(name, version)) versions.push(version);
  }
  const [only, ...others] = versions;
  if (only === undefined) throw new DatasetMissing(name, `${store.location} has no version of it; import it first`);
  if (others.length > 0) {
    throw new DatasetMissing(
      name,
      `${store.location} has the versions ${versions.join(', ')}, and none is noted as the newest; name one`,
    );
  }
  return only;
}

function parseJson<T>(key: string, body: Uint8Array, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw new InvalidDataset(key, 'it is not JSON', { cause });
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new InvalidDataset(key, describeIssues(parsed.error));
  return parsed.data;
}

/** The first few: a hostile manifest has as many mistakes as it has files. */
function describeIssues({ issues }: z.ZodError): string {
  const first = issues.slice(0, 3).map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '));
  const others = issues.length - first.length;
  return `${first.join('; ')}${others > 0 ? `; and ${others} more` : ''}`;
}
