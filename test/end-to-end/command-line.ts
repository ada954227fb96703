/** Runs the real command line as a process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import type { RunDocument } from '../../lib/pipeline/run-document.ts';

const program = join(resolve(import.meta.dirname, '../..'), 'cli/stepwise.ts');

export interface Ended {
  /** null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts it in a process group of its own, so that it can be killed with everything it started. */
export function startStepwise(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): { readonly process: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, [program, ...args], {
    detached: true,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (piece) => (output.stdout += piece));
  child.stderr.on('data', (piece) => (output.stderr += piece));
  const ended = new Promise<Ended>((done) => child.once('close', (code) => done({ code, ...output })));
  return { process: child, ended };
}

/** The document that a command prints with `--json`. Throws where the command fails. */
export async function runStepwise(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<RunDocument> {
  const { code, stdout, stderr } = await startStepwise([...args, '--json'], environment).ended;
  if (code !== 0) throw new Error(`stepwise ${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout);
}
