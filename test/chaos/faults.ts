/** What ends ordinary pipelines, each as something that is done to one attempt at a run. */
import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RandomStream } from '../../lib/numerics/random.ts';
import type { UnreliableProxy } from './unreliable-proxy.ts';

export interface Attempt {
  readonly child: ChildProcess;
  readonly random: RandomStream;
  /** Where the store is in S3. */
  readonly proxy?: UnreliableProxy | undefined;
}

export interface Fault {
  readonly name: string;
  /** Needs the store to be in S3, behind the proxy. */
  readonly inS3?: boolean;
  readonly environment?: (random: RandomStream) => Readonly<Record<string, string>>;
  /** The most 512-byte blocks that a file may have, as `ulimit -f` counts them: what is larger fails to be written. */
  readonly fileBlocks?: (random: RandomStream) => number;
  disturb?(attempt: Attempt): Promise<void>;
}

/** From before the command line has started until after a smoke run is over. */
const longestMilliseconds = 2500;

function moment(random: RandomStream): Promise<void> {
  return sleep(random.uniform() * longestMilliseconds);
}

export const faults: readonly Fault[] = [
  {
    name: 'a training job is killed',
    async disturb({ child, random }) {
      await moment(random);
      const jobs = await descendants(child.pid!, 'train.container');
      if (jobs.length > 0) kill(jobs[random.uniformInteger(jobs.length)]!, 'SIGKILL');
    },
  },
  {
    name: 'the engine is killed, its jobs are not',
    async disturb({ child, random }) {
      await moment(random);
      kill(child.pid!, 'SIGKILL');
    },
  },
  {
    name: 'everything is killed at once',
    async disturb({ child, random }) {
      await moment(random);
      kill(-child.pid!, 'SIGKILL');
    },
  },
  {
    name: 'interrupted from the keyboard',
    async disturb({ child, random }) {
      await moment(random);
      kill(-child.pid!, 'SIGINT');
    },
  },
  {
    name: 'the machine sleeps, then goes on',
    async disturb({ child, random }) {
      await moment(random);
      kill(-child.pid!, 'SIGSTOP');
      await sleep(500 + random.uniform() * 1000);
      kill(-child.pid!, 'SIGCONT');
    },
  },
  {
    name: 'the clock jumps by up to a day',
    environment: (random) => ({
      NODE_OPTIONS: `--import=${join(import.meta.dirname, 'jumping-clock.ts')}`,
      STEPWISE_CHAOS_SEED: String(random.uniformInteger(2 ** 31)),
    }),
  },
  { name: 'the disk is full', fileBlocks: (random) => 1 + random.uniformInteger(64) },
  {
    name: 'S3 fails, throttles and drops requests',
    inS3: true,
    async disturb({ child, random, proxy }) {
      proxy!.failingShare = 0.05 + 0.35 * random.uniform();
      await ended(child);
      proxy!.failingShare = 0;
    },
  },
  {
    name: 'S3 is gone for a while',
    inS3: true,
    async disturb({ random, proxy }) {
      await moment(random);
      proxy!.failingShare = 1;
      await sleep(random.uniform() * 4000);
      proxy!.failingShare = 0;
    },
  },
  {
    name: 'killed while S3 fails',
    inS3: true,
    async disturb({ child, random, proxy }) {
      proxy!.failingShare = 0.2;
      await moment(random);
      kill(-child.pid!, 'SIGKILL');
      proxy!.failingShare = 0;
    },
  },
];

function ended(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) done();
    else child.once('exit', () => done());
  });
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It was over before.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Processes that this one started, directly or not, whose command line has `part`; by Linux's process file system. */
async function descendants(pid: number, part: string): Promise<readonly number[]> {
  const found: number[] = [];
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  for (const child of children.trim().split(' ').filter(Boolean).map(Number)) {
    const command = await readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '');
    if (command.includes(part)) found.push(child);
    found.push(...(await descendants(child, part)));
  }
  return found;
}
