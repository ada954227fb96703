/** The real command line in a process of its own, as a user starts it. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../../cli/stepwise.ts', import.meta.url));

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `onError` sees stderr as it grows and may send signals to the process. */
export function runCommand(
  args: readonly string[],
  onError: (stderr: string, kill: (signal: NodeJS.Signals) => void) => void = () => {},
): Promise<CommandResult> {
  const { promise, resolve } = Promise.withResolvers<CommandResult>();
  const { STEPWISE_DEBUG: _, ...env } = process.env;
  const child = spawn(process.execPath, [entry, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    onError(stderr, (signal) => child.kill(signal));
  });
  child.on('close', (code) => resolve({ code, stdout, stderr }));
  return promise;
}
