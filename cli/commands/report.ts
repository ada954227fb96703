/** `stepwise report`: prints where the report lies; `--open` shows it. */
import { spawn } from 'node:child_process';
import { openStore } from '../../lib/storage/open-store.ts';
import { InvalidUsage, ReportMissing } from '../errors.ts';
import type { ExitCode } from '../exit-code.ts';
import { readRun } from '../read-run.ts';
import { reportPath } from '../store-paths.ts';
import type { Terminal } from '../terminal.ts';

export async function report(
  run: string,
  options: { readonly store: string; readonly open?: boolean },
  terminal: Terminal,
): Promise<ExitCode> {
  const document = await readRun(await openStore(options.store), run);
  const path = reportPath(options.store, document);
  if (path === undefined) throw new ReportMissing(document.run, document.status);
  terminal.print(path);
  if (!options.open) return 0;
  if (path.includes('://')) throw new InvalidUsage(`--open needs a store in a folder, and the report is at ${path}.`);
  return openInBrowser(path, terminal);
}

function openInBrowser(path: string, terminal: Terminal): Promise<ExitCode> {
  const command = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const { promise, resolve } = Promise.withResolvers<ExitCode>();
  const child = spawn(command, [path], { stdio: 'ignore', detached: true });
  child.on('error', () => {
    terminal.tell(`error: ${command} cannot be started; open the file yourself.`);
    resolve(1);
  });
  child.on('spawn', () => {
    child.unref();
    resolve(0);
  });
  return promise;
}
