/** AWS Batch on a laptop: `submitJob.sync` as child processes, with Batch's environment, retries and errors. */
import { createHash } from 'node:crypto';
import type { ProgressEvent } from '../pipeline/events.ts';
import type { CpuSlots } from './cpu-slots.ts';
import { StateError } from './errors.ts';
import { type AttemptResult, runAttempt } from './job-attempt.ts';
import { LogTail } from './log-tail.ts';
import type { JobTask } from './lowering.ts';
import type { ExitRule } from './template-definition.ts';
import { isObject, type Json, type JsonObject } from './template-resources.ts';

/** The container's command: `node functions/train.container.ts`. */
export interface JobCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Set last, over what the definition gives: the numeric backend that the user chose. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface JobOptions {
  readonly jobCommand: JobCommand;
  /** The job's STEPWISE_STORE: what the container would find in the bucket it finds here. */
  readonly storeLocation: string;
  readonly slots: CpuSlots;
  /** Between SIGTERM and SIGKILL; 30 on Batch. */
  readonly graceSeconds: number;
  /** Cores that this job asks for. */
  readonly cpus: number;
  /** Unique among the jobs of an execution. */
  readonly job: string;
  readonly signal: AbortSignal;
  onEvent(event: ProgressEvent): void;
}

interface Attempt {
  readonly Container: { readonly ExitCode?: number };
  readonly StatusReason: string;
}

/** What a process needs of the machine where a container has its image, and its role: region and credentials. */
const inheritedVariables = /^(PATH|HOME|LANG|TMPDIR|TEMP|SystemRoot|AWS_(?!BATCH_)\w+)$/;

/**
 * Submits the job of these parameters and waits for it. Returns Batch's description of the job; throws
 * States.TaskFailed whose cause is that description, with the end of the log.
 */
export async function runJob(task: JobTask, parameters: Json, options: JobOptions): Promise<Json> {
  const { jobDefinition } = task;
  const release = await options.slots.take(options.cpus, options.signal);
  const progress = trackItems(options.onEvent);
  const log = new LogTail();
  const attempts: Attempt[] = [];
  try {
    for (;;) {
      const result = await runAttempt({
        ...options.jobCommand,
        environment: makeEnvironment(task, parameters, attempts.length + 1, options),
        timeoutSeconds: jobDefinition.attemptDurationSeconds,
        graceSeconds: options.graceSeconds,
        signal: options.signal,
        log,
        onEvent: progress.onEvent,
      });
      const { exitCode, statusReason } = result;
      attempts.push({ Container: exitCode === undefined ? {} : { ExitCode: exitCode }, StatusReason: statusReason });
      if (exitCode === 0 && !result.timedOut) return describeJob(task, parameters, attempts, options, 'SUCCEEDED');
      if (options.signal.aborted || attempts.length >= jobDefinition.attempts || !isRetried(result, task)) break;
    }
  } finally {
    release();
  }
  progress.failOpenItems();
  const description = describeJob(task, parameters, attempts, options, 'FAILED');
  throw new StateError('States.TaskFailed', JSON.stringify({ ...description, LogTail: log.toString() }));
}

/** The first rule that matches decides; where none does, Batch retries. A timeout is never retried. */
function isRetried({ exitCode, statusReason, timedOut }: AttemptResult, task: JobTask): boolean {
  if (timedOut) return false;
  const matches = (pattern: string | undefined, text: string) => {
    if (pattern === undefined) return true;
    return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
  };
  const rule = task.jobDefinition.evaluateOnExit.find(
    ({ onStatusReason, onReason, onExitCode }: ExitRule) =>
      matches(onStatusReason, statusReason) &&
      matches(onReason, '') &&
      matches(onExitCode, exitCode === undefined ? '' : String(exitCode)),
  );
  return rule?.action !== 'EXIT';
}

/** The machine's few, then the job definition's, the overrides, Batch's own, and what replaces the cloud. */
function makeEnvironment(
  task: JobTask,
  parameters: Json,
  attempt: number,
  options: JobOptions,
): Readonly<Record<string, string>> {
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] => inheritedVariables.test(entry[0]) && entry[1] !== undefined,
  );
  return {
    ...Object.fromEntries(inherited),
    ...task.jobDefinition.environment,
    ...readOverrides(parameters),
    AWS_BATCH_JOB_ID: makeJobId(options.job),
    AWS_BATCH_JOB_ATTEMPT: String(attempt),
    AWS_BATCH_JQ_NAME: task.queue.name,
    AWS_BATCH_CE_NAME: task.queue.computeEnvironment,
    STEPWISE_STORE: options.storeLocation,
    STEPWISE_THREADS: String(Math.max(1, Math.min(options.cpus, options.slots.total))),
    ...options.jobCommand.environment,
  };
}

/** Throws States.Runtime where a value is no text: SubmitJob takes nothing else. */
function readOverrides(parameters: Json): Readonly<Record<string, string>> {
  const overrides = isObject(parameters) ? parameters.ContainerOverrides : undefined;
  const list = isObject(overrides) && Array.isArray(overrides.Environment) ? overrides.Environment : [];
  return Object.fromEntries(
    list.map((entry: Json) => {
      const { Name, Value } = entry as JsonObject;
      if (typeof Name === 'string' && typeof Value === 'string') return [Name, Value];
      const cause = `A container override must be a text, and ${JSON.stringify(Name)} is ${JSON.stringify(Value)}. Use States.Format.`;
      throw new StateError('States.Runtime', cause, { terminal: true });
    }),
  );
}

function makeJobId(job: string): string {
  const hex = createHash('sha256').update(job).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

function describeJob(
  task: JobTask,
  parameters: Json,
  attempts: readonly Attempt[],
  options: JobOptions,
  status: string,
): JsonObject {
  const last = attempts.at(-1)!;
  const { JobName = options.job } = isObject(parameters) ? parameters : {};
  return {
    JobId: makeJobId(options.job),
    JobName,
    JobQueue: `local:${task.queue.name}`,
    JobDefinition: `local:${task.jobDefinition.id}`,
    Status: status,
    StatusReason: last.StatusReason,
    Attempts: attempts.map(({ Container, StatusReason }) => ({ Container: { ...Container }, StatusReason })),
    Container: { ...last.Container },
  };
}

/** Items that a job began and did not end have failed with it. */
function trackItems(onEvent: (event: ProgressEvent) => void) {
  const open = new Map<string, ProgressEvent & { readonly kind: 'item-started' }>();
  return {
    onEvent(event: ProgressEvent): void {
      if (event.kind === 'item-started') open.set(event.item, event);
      if (event.kind === 'item-finished') open.delete(event.item);
      onEvent(event);
    },
    failOpenItems(): void {
      for (const { stage, item } of open.values()) onEvent({ kind: 'item-finished', stage, item, outcome: 'failed' });
    },
  };
}
