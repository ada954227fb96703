/** `stepwise logs`: every failure that a run has recorded, with the end of its log. */
import { keys } from '../../lib/pipeline/keys.ts';
import { failureRecordSchema, requireRecord } from '../../lib/pipeline/records.ts';
import { findRun, readRequest } from '../../lib/pipeline/run-records.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import type { ExitCode } from '../exit-code.ts';
import type { Terminal } from '../terminal.ts';

export async function logs(
  name: string,
  options: { readonly store: string; readonly json?: boolean },
  terminal: Terminal,
): Promise<ExitCode> {
  const store = await openStore(options.store);
  const { run } = await readRequest(store, await findRun(store, name));
  const failures = [];
  for await (const { key } of store.list(keys.failuresPrefix(run))) {
    failures.push(await requireRecord(store, key, failureRecordSchema));
  }
  if (options.json) terminal.print(JSON.stringify(failures, null, 2));
  else if (failures.length === 0) terminal.print(`Run ${run} has recorded no failure.`);
  else {
    const texts = failures.map(
      ({ where, error, message, at, logTail }) => `${at} ${where}: ${error}: ${message}\n\n${logTail.trimEnd()}`,
    );
    terminal.print(texts.join('\n\n'));
  }
  return 0;
}
