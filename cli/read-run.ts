/** A run's document for the commands that only look. */
import { availableParallelism } from 'node:os';
import { describeHardware } from '../functions/hardware.ts';
import { experiments } from '../lib/experiments.ts';
import { detectWasmBackend } from '../lib/numerics/backend.ts';
import type { RunDocument } from '../lib/pipeline/run-document.ts';
import { findRun, readRunDocument } from '../lib/pipeline/run-records.ts';
import type { ObjectStore } from '../lib/storage/object-store.ts';
import { isSilent, readRunState } from './run-state.ts';

/** A run by name, or `latest`. Throws UnknownRun. */
export async function readRun(store: ObjectStore, nameOrLatest: string): Promise<RunDocument> {
  const run = await findRun(store, nameOrLatest);
  const state = await readRunState(store, run);
  // Stands in only where the run has not ended well: a document has its own.
  const provenance = {
    code: '',
    backend: state?.backend ?? detectWasmBackend(),
    threads: state?.threads ?? availableParallelism(),
    hardware: describeHardware(),
  };
  const now = Date.now();
  const goesOn = !state || (state.status === 'running' && !isSilent(state, now));
  return readRunDocument(store, run, (name) => experiments.find(name), provenance, goesOn ? now : undefined);
}
