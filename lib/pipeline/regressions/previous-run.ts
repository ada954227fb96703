/** The run that a finished one is compared with, and the code that either was made by. */
import type { ObjectStore } from '../../storage/object-store.ts';
import { keys } from '../keys.ts';
import { readRecord } from '../records.ts';
import { newestResults } from '../result-index.ts';
import { type RunDocument, runDocumentSchema } from '../run-document.ts';
import { type RunCode, runCodeSchema } from './code-sources.ts';
import { type ComparedRun, hasSameParams } from './regression.ts';

/** How many earlier runs are looked at for one with the same parameters. */
const mostLookedAt = 25;

export interface PreviousRun extends ComparedRun {
  /** Only then is a difference a change of the result, and not of the question. */
  readonly sameParams: boolean;
}

/**
 * The newest other run of the same experiment and preset that had the same parameters; the newest with any parameters
 * where none had. Undefined where there is no other.
 */
export async function findPreviousRun(store: ObjectStore, document: RunDocument): Promise<PreviousRun | undefined> {
  const { run, experiment, preset } = document;
  let newest: RunDocument | undefined;
  let lookedAt = 0;
  for await (const candidate of newestResults(store)) {
    if (candidate.run === run || candidate.experiment !== experiment || candidate.preset !== preset) continue;
    if (++lookedAt > mostLookedAt) break;
    const earlier = await readRecord(store, keys.result(experiment, candidate.run), runDocumentSchema);
    if (!earlier?.verdict) continue;
    if (hasSameParams(earlier, document)) {
      return { document: earlier, code: await readRunCode(store, earlier.run), sameParams: true };
    }
    newest ??= earlier;
  }
  return newest && { document: newest, code: await readRunCode(store, newest.run), sameParams: false };
}

/** Undefined for runs of older versions, which left none. */
export function readRunCode(store: ObjectStore, run: string): Promise<RunCode | undefined> {
  return readRecord(store, keys.runCode(run), runCodeSchema);
}
