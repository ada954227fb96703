/** One attempt of a training job: a child process instead of a container. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { ProgressEvent } from '../pipeline/events.ts';
import { runStages } from '../pipeline/events.ts';
import type { LogTail } from './log-tail.ts';

export interface AttemptOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Undefined: as long as it takes. */
  readonly timeoutSeconds: number | undefined;
  /** Between SIGTERM and SIGKILL; 30 on Batch. */
  readonly graceSeconds: number;
  readonly signal: AbortSignal;
  readonly log: LogTail;
  onEvent(event: ProgressEvent): void;
}

export interface AttemptResult {
  /** Undefined where the process did not get to exit. */
  readonly exitCode: number | undefined;
  /** In Batch's words. */
  readonly statusReason: string;
  readonly timedOut: boolean;
}

const exitedReason = 'Essential container in task exited';

/** Resolves when the process is gone, however it went. */
export function runAttempt(options: AttemptOptions): Promise<AttemptResult> {
  const { promise, resolve } = Promise.withResolvers<AttemptResult>();
  const child = spawn(options.command, options.args, {
    env: options.environment,
    // The channel carries progress; and when this process is killed it closes, which ends the child.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A Ctrl-C in the terminal is for this process, which then stops its jobs in order.
    detached: true,
  });
  let killTimer: NodeJS.Timeout | undefined;
  let timedOut = false;
  const stop = () => {
    if (killTimer) return;
    child.kill('SIGTERM');
    killTimer = setTimeout(() => child.kill('SIGKILL'), options.graceSeconds * 1000);
  };
  const expire = () => {
    timedOut = true;
    stop();
  };
  const timeout = options.timeoutSeconds === undefined ? undefined : setTimeout(expire, options.timeoutSeconds * 1000);
  const finish = (result: AttemptResult) => {
    clearTimeout(timeout);
    clearTimeout(killTimer);
    options.signal.removeEventListener('abort', stop);
    resolve(result);
  };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]!.setEncoding('utf8').on('data', (text: string) => options.log.add(name, text));
  }
  child.on('message', (message) => {
    if (isProgressEvent(message)) options.onEvent(message);
  });
  child.on('error', (error) => {
    if (child.pid !== undefined) return;
    options.log.add('stderr', `${error.message}\n`);
    finish({ exitCode: 127, statusReason: `CannotStartContainerError: ${error.message}`, timedOut });
  });
  child.on('close', (code, signal) => finish(describeEnd(code, signal, timedOut, options.signal.aborted)));
  options.signal.addEventListener('abort', stop, { once: true });
  if (options.signal.aborted) stop();
  return promise;
}

function describeEnd(
  code: number | null,
  signal: NodeJS.Signals | null,
  timedOut: boolean,
  aborted: boolean,
): AttemptResult {
  const exitCode = code ?? undefined;
  if (timedOut) return { exitCode, statusReason: 'Job attempt duration exceeded timeout', timedOut };
  if (aborted) return { exitCode, statusReason: 'Terminated by the local engine', timedOut };
  // Nobody here sends SIGKILL: the machine went away under the job, as a spot machine does.
  if (signal === 'SIGKILL') return { exitCode, statusReason: 'Host EC2 (instance local) terminated.', timedOut };
  // A container reports a signal as 128 and its number.
  return {
    exitCode: code ?? 128 + constants.signals[signal!],
    statusReason: signal ? `${exitedReason} (${signal})` : exitedReason,
    timedOut,
  };
}

/** What comes from a process is checked before it is shown. */
function isProgressEvent(message: unknown): message is ProgressEvent {
  if (typeof message !== 'object' || message === null || !('kind' in message)) return false;
  if (message.kind === 'log') return 'message' in message && typeof message.message === 'string';
  const isItem = ['item-started', 'item-progress', 'item-finished'].includes(String(message.kind));
  const fits = 'stage' in message && (runStages as readonly unknown[]).includes(message.stage);
  if (!isItem || !fits || !('item' in message) || typeof message.item !== 'string') return false;
  return message.kind !== 'item-progress' || ('progress' in message && typeof message.progress === 'object');
}
