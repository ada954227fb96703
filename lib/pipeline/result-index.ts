/**
 * Every finished run, by conditional write, so that runs that end together are both in it.
 *
 * `results/index.json` holds the newest entries and names volumes that hold the older ones, a thousand each, as
 * `results/index/{digest}.json`. A volume is written before the index names it and never again, so that a writer that dies in
 * between leaves nothing but a file that nobody reads, and adding a run costs as much after a hundred thousand as after two.
 */
import { z } from 'zod';
import { mapConcurrently } from '../storage/map-concurrently.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { updateObject } from '../storage/update-object.ts';
import { sha256 } from './digest.ts';
import { InvalidRecord } from './errors.ts';
import { presetNames, verdictOutcomes } from './experiment.ts';
import { keys } from './keys.ts';
import { formatRecord, parseRecord, readRecord } from './records.ts';

const entrySchema = z.strictObject({
  run: z.string(),
  experiment: z.string(),
  preset: z.enum(presetNames),
  outcome: z.enum(verdictOutcomes),
  finishedAt: z.string(),
});
export type ResultIndexEntry = z.infer<typeof entrySchema>;

const indexSchema = z.strictObject({
  formatVersion: z.literal(1),
  /** Digests, the oldest first. Absent in indexes of before 2026-11-25. */
  volumes: z.array(z.string().regex(/^[0-9a-f]{32}$/)).optional(),
  /** Ascending by the time they finished. */
  runs: z.array(entrySchema),
});
type ResultIndex = z.infer<typeof indexSchema>;
const volumeSchema = z.strictObject({ formatVersion: z.literal(1), runs: z.array(entrySchema) });

/** Entries of a volume. The index holds up to twice as many, so that the newest ones are there in one read. */
export const volumeEntries = 1000;

/** Ascending by the time they finished, each run once; empty where no run has. */
export async function readResultIndex(store: ObjectStore): Promise<readonly ResultIndexEntry[]> {
  const index = await readRecord(store, keys.resultIndex(), indexSchema);
  if (!index) return [];
  const { volumes = [], runs } = index;
  const latest = new Map<string, ResultIndexEntry>();
  for await (const entries of mapConcurrently(volumes, (digest) => readVolume(store, digest))) {
    for (const entry of entries) latest.set(entry.run, entry);
  }
  if (volumes.length === 0) return runs;
  for (const entry of runs) latest.set(entry.run, entry);
  return [...latest.values()].sort(byTime);
}

/** The same, the newest first; older volumes are read only where the caller goes on to them. */
export async function* newestResults(store: ObjectStore): AsyncGenerator<ResultIndexEntry> {
  const index = await readRecord(store, keys.resultIndex(), indexSchema);
  const seen = new Set<string>();
  function* unseen(entries: readonly ResultIndexEntry[]): Generator<ResultIndexEntry> {
    for (const entry of entries.toReversed()) {
      // A run that was resumed after its volume was written is in a newer one, too.
      if (!seen.has(entry.run)) yield entry;
      seen.add(entry.run);
    }
  }
  yield* unseen(index?.runs ?? []);
  for (const digest of (index?.volumes ?? []).toReversed()) yield* unseen(await readVolume(store, digest));
}

/** Adds a run, or replaces its earlier entry. Safe against concurrent writers, and against dying at any moment. */
export async function addToResultIndex(store: ObjectStore, entry: ResultIndexEntry): Promise<void> {
  await updateObject(store, keys.resultIndex(), async (current) => {
    const index: ResultIndex =
      current === undefined
        ? { formatVersion: 1, runs: [] }
        : parseRecord(keys.resultIndex(), new TextDecoder().decode(current), indexSchema);
    const runs = [...index.runs.filter(({ run }) => run !== entry.run), entry].sort(byTime);
    let volumes = index.volumes ?? [];
    // An index of earlier versions may hold many more.
    while (runs.length > 2 * volumeEntries) {
      volumes = [...volumes, await writeVolume(store, runs.splice(0, volumeEntries))];
    }
    return formatRecord({ formatVersion: 1, ...(volumes.length > 0 && { volumes }), runs });
  });
}

async function writeVolume(store: ObjectStore, runs: readonly ResultIndexEntry[]): Promise<string> {
  const text = formatRecord({ formatVersion: 1, runs });
  const digest = sha256(text).slice(0, 32);
  await store.put(keys.resultVolume(digest), text);
  return digest;
}

/** What a digest names never changes, so that a server reads each volume once. */
const knownVolumes = new WeakMap<ObjectStore, Map<string, readonly ResultIndexEntry[]>>();

async function readVolume(store: ObjectStore, digest: string): Promise<readonly ResultIndexEntry[]> {
  const known = knownVolumes.get(store) ?? new Map<string, readonly ResultIndexEntry[]>();
  knownVolumes.set(store, known);
  const before = known.get(digest);
  if (before) return before;
  const volume = await readRecord(store, keys.resultVolume(digest), volumeSchema);
  if (!volume) throw new InvalidRecord(keys.resultVolume(digest), 'it is not there, though the index names it');
  known.set(digest, volume.runs);
  return volume.runs;
}

function byTime(a: ResultIndexEntry, b: ResultIndexEntry): number {
  return a.finishedAt < b.finishedAt ? -1 : a.finishedAt > b.finishedAt ? 1 : 0;
}
