/**
 * AWS Batch as far as the state machine uses it: `POST` the parameters of `submitJob.sync`, and the answer comes when the
 * job has ended. The job is the training image's command as a child process, with Batch's environment and the retry
 * strategy and the timeout of the template's job definition. This is our own reading of Batch, not Batch: what it shows is
 * that the training entry, the job definition and the state machine fit together.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type JobDefinition, type JobEnd, retries } from './job-definition.ts';
import { listen, readBody } from './small-server.ts';

export interface BatchServerOptions {
  /** The training image's folder, its packages installed. */
  readonly imageDirectory: string;
  /** What the instance's role and region give a container, and what has to be replaced without a GPU. */
  readonly environment: Readonly<Record<string, string>>;
  /** `RUNNING`, or how it ended. Step Functions terminates the jobs of an execution that was stopped. */
  readonly executionStatus: (execution: string) => Promise<string>;
  /** Processes at one time: what the compute environment has room for. */
  readonly room: number;
  /** Between SIGTERM and SIGKILL: 30 on AWS. */
  readonly graceSeconds: number;
}

/** One attempt of a job, while its process runs. */
export interface RunningAttempt {
  readonly job: SubmittedJob;
  readonly attempt: number;
  readonly pid: number;
  /** AWS takes the spot instance away: nobody gets to say goodbye. */
  reclaimHost(): void;
  /** The kernel kills the container because of its memory limit. */
  runOutOfMemory(): void;
}

export interface SubmittedJob {
  readonly id: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly attempts: JobEnd[];
  status: 'RUNNABLE' | 'RUNNING' | 'SUCCEEDED' | 'FAILED';
}

export interface BatchServer {
  readonly url: string;
  readonly jobs: readonly SubmittedJob[];
  /** The properties of the template's job definition, which are known once the stack is deployed. */
  define(definition: JobDefinition): void;
  /** Called as each attempt begins. */
  disturb: (attempt: RunningAttempt) => void;
  stop(): Promise<void>;
}

const exited = 'Essential container in task exited';
const watchMilliseconds = 100;

export async function startBatchServer(options: BatchServerOptions): Promise<BatchServer> {
  const jobs: SubmittedJob[] = [];
  const children = new Set<ChildProcess>();
  const room = new Room(options.room);
  let definition: JobDefinition;
  const batch: BatchServer = {
    url: '',
    jobs,
    define(given) {
      definition = given;
    },
    disturb: () => {},
    async stop() {
      server.closeAllConnections();
      server.close();
      for (const child of children) child.kill('SIGKILL');
    },
  };
  const server = createServer(async (request, response) => {
    const { ContainerOverrides, Tags, Execution } = JSON.parse(await readBody(request));
    const job: SubmittedJob = {
      id: randomUUID(),
      environment: readOverrides(ContainerOverrides),
      tags: Tags,
      attempts: [],
      status: 'RUNNABLE',
    };
    jobs.push(job);
    await runJob(job, Execution);
    answer(job, response);
  });

  async function runJob(job: SubmittedJob, execution: string): Promise<void> {
    do {
      await room.enter();
      try {
        job.attempts.push(await runAttempt(job, execution));
      } finally {
        room.leave();
      }
    } while (retries(definition, job.attempts));
    job.status = job.attempts.at(-1)?.exitCode === 0 ? 'SUCCEEDED' : 'FAILED';
  }

  async function runAttempt(job: SubmittedJob, execution: string): Promise<JobEnd> {
    const terminated: JobEnd = { statusReason: 'Terminated by Step Functions', retryable: false };
    // The job may have waited while its execution was stopped.
    if ((await options.executionStatus(execution)) !== 'RUNNING') return terminated;
    job.status = 'RUNNING';
    const attempt = job.attempts.length + 1;
    const child = spawn(process.execPath, ['index.mjs'], {
      cwd: options.imageDirectory,
      env: makeEnvironment(definition, options, job, attempt),
      stdio: process.env.STEPWISE_SHOW_SERVICE_LOGS ? 'inherit' : 'ignore',
    });
    children.add(child);
    const closed = new Promise<[number | null, NodeJS.Signals | null]>((done) =>
      child.once('close', (code, signal) => done([code, signal])),
    );
    let why: JobEnd | undefined;
    const end = (reason: JobEnd, signal: NodeJS.Signals) => {
      why ??= reason;
      child.kill(signal);
    };
    const stop = async (reason: JobEnd) => {
      end(reason, 'SIGTERM');
      await Promise.race([closed, sleep(options.graceSeconds * 1000, undefined, { ref: false })]);
      child.kill('SIGKILL');
    };
    const expired: JobEnd = { statusReason: 'Job attempt duration exceeded timeout', retryable: false };
    const timer = setTimeout(() => stop(expired), definition.Timeout.AttemptDurationSeconds * 1000);
    const watcher = watch(
      async () => (await options.executionStatus(execution)) !== 'RUNNING',
      () => stop(terminated),
    );
    const host = 'Host EC2 (instance i-0123456789abcdef0) terminated.';
    const memory = 'OutOfMemoryError: Container killed due to memory usage';
    batch.disturb({
      ...{ job, attempt, pid: child.pid! },
      reclaimHost: () => end({ statusReason: host }, 'SIGKILL'),
      runOutOfMemory: () => end({ exitCode: 137, statusReason: exited, reason: memory }, 'SIGKILL'),
    });
    const [code, signal] = await closed;
    clearTimeout(timer);
    watcher.stop();
    children.delete(child);
    return why ?? { exitCode: code ?? 128 + constants.signals[signal!], statusReason: exited };
  }

  return Object.assign(batch, { url: `${await listen(server)}/jobs` });
}

/** Failed as `submitJob.sync` fails: States.TaskFailed with the job's description as its cause. */
function answer(job: SubmittedJob, response: ServerResponse): void {
  const description = { JobId: job.id, Status: job.status, StatusReason: job.attempts.at(-1)?.statusReason };
  if (job.status !== 'FAILED') return void response.end(JSON.stringify(description));
  response.setHeader('x-amz-function-error', 'Unhandled');
  response.end(JSON.stringify({ errorType: 'States.TaskFailed', errorMessage: JSON.stringify(description) }));
}

function makeEnvironment(
  { ContainerProperties }: JobDefinition,
  options: BatchServerOptions,
  job: SubmittedJob,
  attempt: number,
): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    ...Object.fromEntries(ContainerProperties.Environment.map(({ Name, Value }) => [Name, Value])),
    ...job.environment,
    AWS_BATCH_JOB_ID: job.id,
    AWS_BATCH_JOB_ATTEMPT: String(attempt),
    AWS_BATCH_JQ_NAME: 'emulated',
    AWS_BATCH_CE_NAME: 'emulated',
    ...options.environment,
  };
}

/** SubmitJob takes nothing but texts. */
function readOverrides(overrides: {
  readonly Environment: readonly { readonly Name: unknown; readonly Value: unknown }[];
}): Readonly<Record<string, string>> {
  return Object.fromEntries(
    overrides.Environment.map(({ Name, Value }) => {
      if (typeof Name === 'string' && typeof Value === 'string') return [Name, Value];
      throw new Error(`A container override must be a text, and ${String(Name)} is ${JSON.stringify(Value)}.`);
    }),
  );
}

/** Asks until the answer is yes. */
function watch(ask: () => Promise<boolean>, then: () => void): { stop(): void } {
  let stopped = false;
  const loop = async () => {
    while (!stopped) {
      if (await ask()) {
        if (!stopped) then();
        return;
      }
      await sleep(watchMilliseconds);
    }
  };
  // A server that is being stopped answers no more.
  loop().catch(() => {});
  return {
    stop() {
      stopped = true;
    },
  };
}

class Room {
  private free: number;
  private readonly waiting: (() => void)[] = [];

  constructor(places: number) {
    this.free = places;
  }

  async enter(): Promise<void> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((go) => this.waiting.push(go));
  }

  leave(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.free++;
  }
}
