/** `runs/{run}/state.json`: how far a run on this machine has come, for `stepwise status`, and what it computes on, for `stepwise resume`. */
import { z } from 'zod';
import { numericBackends } from '../lib/numerics/backend.ts';
import { InvalidRecord } from '../lib/pipeline/errors.ts';
import { keys } from '../lib/pipeline/keys.ts';
import { formatRecord, readRecord } from '../lib/pipeline/records.ts';
import type { ObjectStore } from '../lib/storage/object-store.ts';
import { progressSchema } from './run-progress.ts';

export const runStateSchema = z.strictObject({
  formatVersion: z.literal(1),
  run: z.string(),
  engine: z.enum(['local', 'aws']),
  status: z.enum(['running', 'succeeded', 'failed', 'interrupted']),
  /** Written again every few seconds while the run lives. */
  updatedAt: z.string(),
  backend: z.enum(numericBackends).optional(),
  threads: z.number().int().optional(),
  /** On AWS: the execution's address. */
  execution: z.string().optional(),
  progress: progressSchema.optional(),
});
export type RunState = z.infer<typeof runStateSchema>;

/** A run that has not written for so long is dead. */
export const silenceSeconds = 30;

/** Undefined also where it cannot be read: nothing is computed from it, and a run must not be lost for it. */
export async function readRunState(store: ObjectStore, run: string): Promise<RunState | undefined> {
  try {
    return await readRecord(store, keys.runState(run), runStateSchema);
  } catch (error) {
    if (error instanceof InvalidRecord) return undefined;
    throw error;
  }
}

export async function writeRunState(store: ObjectStore, state: RunState): Promise<void> {
  await store.put(keys.runState(state.run), formatRecord(state));
}

export function isSilent({ status, engine, updatedAt }: RunState, now: number): boolean {
  return status === 'running' && engine === 'local' && now - Date.parse(updatedAt) > silenceSeconds * 1000;
}
