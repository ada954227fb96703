/** `results/index.json`: every finished run, by conditional write, so that runs that end together are both in it. */
import { z } from 'zod';
import type { ObjectStore } from '../storage/object-store.ts';
import { updateObject } from '../storage/update-object.ts';
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
const indexSchema = z.strictObject({ formatVersion: z.literal(1), runs: z.array(entrySchema) });

/** Ascending by the time they finished; empty where no run has. */
export async function readResultIndex(store: ObjectStore): Promise<readonly ResultIndexEntry[]> {
  return (await readRecord(store, keys.resultIndex(), indexSchema))?.runs ?? [];
}

/** Adds a run, or replaces its earlier entry. Safe against concurrent writers. */
export async function addToResultIndex(store: ObjectStore, entry: ResultIndexEntry): Promise<void> {
  await updateObject(store, keys.resultIndex(), (current) => {
    const known =
      current === undefined ? [] : parseRecord(keys.resultIndex(), new TextDecoder().decode(current), indexSchema).runs;
    const runs = [...known.filter(({ run }) => run !== entry.run), entry];
    runs.sort((a, b) => (a.finishedAt < b.finishedAt ? -1 : 1));
    return formatRecord({ formatVersion: 1, runs });
  });
}
