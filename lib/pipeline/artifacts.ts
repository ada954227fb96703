/**
 * Artifacts: what a trial leaves. The model and its learning curve are written first, the manifest last, so that an
 * artifact is either whole or not there.
 */
import { decodeSafetensors, encodeSafetensors, type NamedTensors } from '../numerics/safetensors.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { Checkpoint, TrainedModel } from './context.ts';
import { sha256 } from './digest.ts';
import { ArtifactCorrupt, ArtifactMissing } from './errors.ts';
import { keys } from './keys.ts';
import { type ArtifactManifest, artifactManifestSchema, formatRecord, readRecord } from './records.ts';

export type MetricsRow = Readonly<Record<string, number | string>>;

export async function hasArtifact(store: ObjectStore, digest: string): Promise<boolean> {
  return (await store.head(keys.artifactManifest(digest))) !== undefined;
}

/** Writes model, metrics and, last, the manifest; then the checkpoint has done its service. */
export async function writeArtifact(
  store: ObjectStore,
  made: Omit<ArtifactManifest, 'formatVersion' | 'files'>,
  model: Uint8Array,
  metrics: readonly MetricsRow[],
  beforeManifest: () => Promise<void>,
): Promise<void> {
  const { digest } = made;
  const metricsLines = metrics.map((row) => `${JSON.stringify(row)}\n`).join('');
  await store.put(keys.artifactModel(digest), model);
  await store.put(keys.artifactMetrics(digest), metricsLines);
  const files = { 'model.safetensors': sha256(model), 'metrics.jsonl': sha256(metricsLines) };
  await beforeManifest();
  await store.put(
    keys.artifactManifest(digest),
    formatRecord({ formatVersion: 1, ...made, files } satisfies ArtifactManifest),
  );
  await store.delete(keys.checkpoint(digest));
}

/** Throws ArtifactMissing, ArtifactCorrupt. */
export async function readArtifact(store: ObjectStore, trial: string, digest: string): Promise<TrainedModel> {
  const manifest = await readRecord(store, keys.artifactManifest(digest), artifactManifestSchema);
  if (!manifest) throw new ArtifactMissing(trial, digest);
  const model = await readChecked(store, keys.artifactModel(digest), manifest.files['model.safetensors']);
  const metrics = await readChecked(store, keys.artifactMetrics(digest), manifest.files['metrics.jsonl']);
  const rows = new TextDecoder().decode(metrics).split('\n').filter(Boolean);
  return { ...decodeSafetensors(model), metrics: rows.map((row) => JSON.parse(row) as MetricsRow) };
}

async function readChecked(store: ObjectStore, key: string, expected: string): Promise<Uint8Array> {
  const object = await store.get(key);
  const actual = object ? sha256(object.body) : 'none: it is not there';
  if (!object || actual !== expected) throw new ArtifactCorrupt(key, expected, actual);
  return object.body;
}

/** A checkpoint is one object, so that it is whole whenever it is there: tensors, with its JSON in the header. */
export function encodeCheckpoint({ step, tensors, state }: Checkpoint): Uint8Array {
  return encodeSafetensors(tensors, { step: String(step), state: JSON.stringify(state) });
}

/** Undefined where there is none. Throws what decodeSafetensors throws: a checkpoint is written atomically, so a broken one is no accident. */
export async function readCheckpoint(store: ObjectStore, digest: string): Promise<Checkpoint | undefined> {
  const object = await store.get(keys.checkpoint(digest));
  if (!object) return undefined;
  const { tensors, metadata } = decodeSafetensors(object.body);
  return { step: Number(metadata.step), tensors, state: JSON.parse(metadata.state ?? 'null') };
}

export function encodeModel(tensors: NamedTensors, metadata: Readonly<Record<string, string>>): Uint8Array {
  return encodeSafetensors(tensors, metadata);
}
