/** `stepwise show` */
import { openStore } from '../../lib/storage/open-store.ts';
import { describeRun } from '../describe-run.ts';
import type { ExitCode } from '../exit-code.ts';
import { readRun } from '../read-run.ts';
import { reportPath } from '../store-paths.ts';
import type { Terminal } from '../terminal.ts';

export async function show(
  run: string,
  options: { readonly store: string; readonly json?: boolean },
  terminal: Terminal,
): Promise<ExitCode> {
  const document = await readRun(await openStore(options.store), run);
  if (options.json) terminal.print(JSON.stringify(document, null, 2));
  else terminal.print(describeRun(document, reportPath(options.store, document)));
  return 0;
}
