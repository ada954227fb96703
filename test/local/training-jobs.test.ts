import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { jobSample, jobStates } from './fixtures/sample-job.ts';
import { jsonLines, runSample, type Sample, sampleMap, sampleRequest } from './fixtures/sample-run.ts';

let folder: string;
let trace: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stepwise-job-'));
  trace = join(folder, 'trace.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface TraceLine {
  readonly begin?: string;
  readonly end?: string;
  readonly pid: number;
  readonly env: Record<string, string>;
}

function readTrace(): TraceLine[] {
  return existsSync(trace)
    ? readFileSync(trace, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
    : [];
}

const attemptsMade = () =>
  readTrace()
    .filter(({ begin }) => begin)
    .map(({ env }) => env.AWS_BATCH_JOB_ATTEMPT);

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const runJob = (script: string, more: Partial<Sample> = {}) => runSample(jobSample(script, trace, more));

/** The description of the job in a failed run's cause. */
async function failedJob(script: string, more: Partial<Sample> = {}) {
  const { result, events } = await runJob(script, more);
  if (result.status !== 'failed') throw new Error('the run should have failed');
  expect(result.error).toBe('States.TaskFailed');
  return { job: JSON.parse(result.cause), events };
}

test('a job has the environment that Batch gives, with the local store and threads, and nothing else of this process', async () => {
  vi.stubEnv('SECRET_OF_THE_SHELL', 'x');
  vi.stubEnv('AWS_BATCH_JOB_ARRAY_INDEX', '4');
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  const store = Object.assign(new MemoryObjectStore(), { location: 'file:///tmp/a%20store' });
  const { result } = await runJob('succeed', { store });
  vi.unstubAllEnvs();
  const [{ env }] = readTrace() as [TraceLine];
  expect(env).toMatchObject({
    AWS_BATCH_JOB_ID: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    AWS_BATCH_JOB_ATTEMPT: '1',
    AWS_BATCH_JQ_NAME: 'gpu',
    AWS_BATCH_CE_NAME: 'Spot',
    FROM_DEFINITION: 'definition',
    STEPWISE_RUN: 'run-1',
    STEPWISE_STORE: '/tmp/a store',
    AWS_REGION: 'eu-central-1',
    STEPWISE_THREADS: '2',
  });
  expect(env).not.toHaveProperty('SECRET_OF_THE_SHELL');
  expect(env).not.toHaveProperty('AWS_BATCH_JOB_ARRAY_INDEX');
  expect(result).toMatchObject({
    status: 'succeeded',
    output: {
      JobId: env.AWS_BATCH_JOB_ID,
      JobName: 'stepwise-train',
      Status: 'SUCCEEDED',
      StatusReason: 'Essential container in task exited',
      Attempts: [{ Container: { ExitCode: 0 } }],
      Container: { ExitCode: 0 },
    },
  });
});

test('a value that is no text is refused as SubmitJob would, before a process is started', async () => {
  const [state] = Object.values(jobStates()) as { Parameters: object }[];
  const Parameters = {
    ...state!.Parameters,
    ContainerOverrides: { Environment: [{ Name: 'A', 'Value.$': '$.toleratedFailurePercentage' }] },
  };
  const { result } = await runJob('succeed', { states: jobStates({ Parameters }) });
  expect(result).toMatchObject({
    status: 'failed',
    error: 'States.Runtime',
    cause: expect.stringContaining('"A" is 0'),
  });
  expect(readTrace()).toEqual([]);
});

describe('attempts', () => {
  test('a killed process is a machine that went away: the next attempt says that it is one, and its success counts', async () => {
    const { result } = await runJob('killed succeed');
    expect(attemptsMade()).toEqual(['1', '2']);
    expect(result).toMatchObject({
      output: {
        Attempts: [{ Container: {}, StatusReason: expect.stringMatching(/^Host EC2/) }, { Container: { ExitCode: 0 } }],
      },
    });
  });

  test('there are no more than the job definition has', async () => {
    const { job } = await failedJob('killed killed killed killed');
    expect(attemptsMade()).toEqual(['1', '2', '3']);
    expect(job.Attempts).toHaveLength(3);
  });

  test.each([
    { script: 'fail succeed', exitCode: 1 },
    { script: 'crash succeed', exitCode: 139 },
  ])('$script: a failure of the program is final', async ({ script, exitCode }) => {
    const { job } = await failedJob(script);
    expect(attemptsMade()).toEqual(['1']);
    expect(job).toMatchObject({ Status: 'FAILED', Container: { ExitCode: exitCode } });
  });

  test.each([
    { rules: [], attempts: 2 },
    {
      rules: [
        { Action: 'retry', OnExitCode: '1' },
        { Action: 'EXIT', OnReason: '*' },
      ],
      attempts: 2,
    },
    {
      rules: [
        { Action: 'RETRY', OnExitCode: '1', OnStatusReason: 'Host*' },
        { Action: 'EXIT', OnExitCode: '1*' },
      ],
      attempts: 1,
    },
  ])('exit 1 under $rules makes $attempts', async ({ rules, attempts }) => {
    const jobDefinition = { RetryStrategy: { Attempts: 2, EvaluateOnExit: rules } };
    await failedJob('fail fail', { jobDefinition });
    expect(attemptsMade()).toHaveLength(attempts);
  });

  test.each(['stubborn', 'polite'])(
    'a %s attempt over its timeout is stopped, if need be by SIGKILL, and is not retried',
    async (script) => {
      // The process has surely installed its signal handler by then.
      const jobDefinition = { RetryStrategy: { Attempts: 3 }, Timeout: { AttemptDurationSeconds: 2 } };
      const { job } = await failedJob(`${script} succeed`, { jobDefinition });
      expect(job.Attempts).toHaveLength(1);
      expect(job.StatusReason).toBe('Job attempt duration exceeded timeout');
      for (const { pid } of readTrace()) expect(isAlive(pid)).toBe(false);
    },
  );

  test('a command that does not exist fails the job', async () => {
    const { job } = await failedJob('', { jobCommand: { command: join(folder, 'gone'), args: [] } });
    expect(job.StatusReason).toMatch(/^CannotStartContainerError: .*ENOENT/);
  });
});

test('the cause ends with the last 50 lines of the log', async () => {
  const { job } = await failedJob('fail');
  const lines = job.LogTail.split('\n');
  expect(lines).toHaveLength(50);
  expect(lines).toContain('attempt 1 line 60');
  expect(lines).toContain('the last words');
  expect(lines).not.toContain('attempt 1 line 11');
});

test('progress is passed on, nonsense is not, and what a job began and did not end has failed', async () => {
  const item = { stage: 'train', item: 'lstm/seed-0' };
  const begun = [
    { kind: 'stage-started', stage: 'train' },
    { kind: 'item-started', ...item },
    { kind: 'item-progress', ...item, progress: { share: 0.5 } },
  ];
  expect((await runJob('succeed')).events).toMatchObject([
    ...begun,
    { kind: 'item-finished', ...item, outcome: 'done' },
    { kind: 'stage-finished', stage: 'train' },
  ]);
  expect((await failedJob('fail')).events).toEqual([...begun, { kind: 'item-finished', ...item, outcome: 'failed' }]);
  const late = await failedJob('late');
  expect(late.events).toEqual([...begun, { kind: 'item-finished', ...item, outcome: 'done' }]);
});

describe('no job outlives', () => {
  test('an aborted run', async () => {
    const stop = new AbortController();
    const running = runJob('stubborn', { signal: stop.signal });
    await vi.waitFor(() => expect(attemptsMade()).toHaveLength(1), { timeout: 60_000 });
    stop.abort();
    const { result } = await running;
    expect(result).toMatchObject({ status: 'failed', error: 'ExecutionAborted' });
    expect(isAlive(readTrace()[0]!.pid)).toBe(false);
  });

  test('a state that timed out', async () => {
    const { result } = await runJob('hang', { states: jobStates({ TimeoutSeconds: 1 }) });
    expect(result).toMatchObject({ status: 'failed', error: 'States.Timeout' });
    for (const { pid } of readTrace()) expect(isAlive(pid)).toBe(false);
  });

  test('a killed engine: the closed channel ends the job', async () => {
    const program = fileURLToPath(new URL('fixtures/orphaning-parent.ts', import.meta.url));
    const parent = spawn(process.execPath, [program, trace], { stdio: 'inherit' });
    await vi.waitFor(() => expect(attemptsMade()).toHaveLength(1), { timeout: 60_000 });
    parent.kill('SIGKILL');
    const [{ pid }] = readTrace() as [TraceLine];
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 60_000 });
  });
});

test('jobs share the cores that their lines of the plan ask for', async () => {
  const store = new MemoryObjectStore();
  const lines = [{ cpus: 1 }, { cpus: 1 }, { cpus: 2 }, { cpus: 1 }, { cpus: 1 }];
  await store.put('items.jsonl', jsonLines(lines.map((line, index) => ({ run: 'run-1', batch: index + 1, ...line }))));
  const [command] = [jobSample('succeed', trace).jobCommand!];
  const { result } = await runJob('succeed', {
    states: { Over: sampleMap(jobStates(), { ItemSelector: { 'run.$': '$$.Map.Item.Value.run' } }) },
    store,
    input: sampleRequest(),
    jobCommand: { ...command, environment: { ...command.environment, JOB_MILLISECONDS: '300' } },
  });
  expect(result.status).toBe('succeeded');
  const moments = readTrace()
    .map(({ begin, end, pid, env }) => ({
      at: BigInt((begin ?? end)!),
      pid,
      cores: Number(env?.STEPWISE_THREADS ?? 0),
    }))
    .toSorted((a, b) => (a.at < b.at ? -1 : 1));
  const used = new Map<number, number>();
  for (const { pid, cores } of moments) {
    used.set(pid, cores);
    expect([...used.values()].reduce((sum, cores) => sum + cores)).toBeLessThanOrEqual(2);
  }
  expect(moments.map(({ cores }) => cores).filter(Boolean)).toEqual([1, 1, 2, 1, 1]);
});
