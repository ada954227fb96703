/** Records of what failed, for the report and for `stepwise show`. */
import { redactSecrets } from '../redact.ts';
import { keys } from './keys.ts';
import { type FailureRecord, formatRecord } from './records.ts';
import type { StagePorts } from './stages.ts';

/** A log's end tells more than its beginning, and a record is not the place for all of it. */
const longestTailCharacters = 4_000;

export function failureKey(run: string, where: string): string {
  return keys.failure(run, where.replaceAll(/[^A-Za-z0-9.-]+/g, '-'));
}

/** Writes `runs/{run}/failures/…`. `where`: `trial lstm/seed-0`, `run`. */
export async function writeFailure(
  ports: Pick<StagePorts, 'store' | 'now' | 'log'>,
  run: string,
  where: string,
  error: unknown,
  logTail?: string,
): Promise<FailureRecord> {
  const known = error instanceof Error ? error : new Error(String(error));
  const record: FailureRecord = {
    where,
    error: known.name,
    message: redactSecrets(known.message),
    // Cut last: what is left of a secret that is cut in two has no form to know it by.
    logTail: redactSecrets(logTail ?? known.stack ?? '').slice(-longestTailCharacters),
    at: new Date(ports.now()).toISOString(),
  };
  ports.log(`failed: ${where}`, { error: record.error, message: record.message });
  await ports.store.put(failureKey(run, where), formatRecord(record));
  return record;
}
