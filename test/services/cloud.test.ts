/**
 * The synthesised template, run: in MiniStack, with its functions under Lambda's own runtime emulator and its jobs as
 * processes. What of it is AWS's own and what is ours in AWS's place, docs/testing-the-cloud.md says.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ListExecutionsCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, beforeEach, describe, expect, it, type TestContext, vi } from 'vitest';
import { openApiPorts } from '../../functions/api-ports.ts';
import { createApi } from '../../lib/api/create-api.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { type RunRequest, runRequestSchema } from '../../lib/pipeline/request.ts';
import type { RunDocument } from '../../lib/pipeline/run-document.ts';
import type { ObjectStore } from '../../lib/storage/object-store.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { makeOwnDigits } from '../datasets/mnist-folder.ts';
import { runStepwise, startStepwise } from '../end-to-end/command-line.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';
import type { RunningAttempt, SubmittedJob } from './cloud/batch-server.ts';
import { type EmulatedCloud, startEmulatedCloud } from './cloud/emulated-cloud.ts';
import { repeatEvents, shuffledDuplicates } from './cloud/repeated-events.ts';
import { comparable, expectSameObjects, readAll } from './cloud/same-run.ts';

// Bundling and emulators take as long as the machine lets them.
vi.setConfig({ testTimeout: 0, hookTimeout: 0 });

let started: EmulatedCloud | undefined;
beforeAll(async () => {
  started = await startEmulatedCloud();
  // The stores that this process opens.
  Object.assign(process.env, started?.environment);
});
afterAll(() => started?.stop());
beforeEach(() => {
  if (started) started.jobs.disturb = () => {};
});

/** Skips the test where the emulators are not installed. */
function requireCloud({ skip }: TestContext): EmulatedCloud {
  return started ?? skip('the emulators are not installed');
}

describe('the same measurements and artifacts as the local engine, byte for byte', () => {
  it('for a run that the command line starts, with its dataset in the bucket', async (context) => {
    const cloud = requireCloud(context);
    const inbox = await cloud.subscribeToTopic();
    const local = join(await newTemporaryFolder(), 'store');
    const command = ['run', 'learned-optimizers/mnist', '--preset', 'smoke'];
    const expected = await runStepwise([...command, '--store', local, '--backend', 'wasm-relaxed']);
    const actual = await runStepwise(
      [...command, '--store', `s3://${cloud.bucket}`, '--engine', 'aws', '--state-machine', cloud.stateMachineArn],
      cloud.environment,
    );
    expect(actual.measurements).toEqual(expected.measurements);
    expect(actual).toMatchObject(comparable(expected));
    for (const stage of ['resolve', 'plan', 'aggregate', 'notify']) {
      expect(cloud.functions.invocations.get(cloud.functionId(stage)), stage).toBe(1);
    }
    await expectSameObjects(await cloudStore(cloud), { actual, local, expected });
    expect(await inbox.receive()).toContain(actual.run);
  });

  it('for trials that go on from their checkpoints, because their spot instances were taken away', async (context) => {
    const cloud = requireCloud(context);
    cloud.jobs.disturb = (attempt) => {
      if (attempt.attempt === 1) void onceCheckpointed(cloud, attempt).then(() => attempt.reclaimHost());
    };
    const request = makeRequest('spot', { episodes: 40 });
    expect(await cloud.run(request)).toEqual(succeeded);
    const ended = expect.objectContaining({ exitCode: 0 });
    const reclaimed = [{ statusReason: expect.stringMatching(/^Host EC2/) }, ended];
    for (const { environment, attempts } of jobsOf(cloud, request)) {
      // A short one may have ended before it was taken away.
      const isLong = environment.STEPWISE_BATCH === '1';
      expect(attempts).toEqual(isLong || attempts.length > 1 ? reclaimed : [ended]);
    }
    await expectAsLocal(cloud, request);
    expect((await resultOf(cloud, request)).trials.resumed).toBeGreaterThan(0);
  });
});

describe('what fails', () => {
  it('is tried again where Lambda refused the call, and the run then succeeds', async (context) => {
    const cloud = requireCloud(context);
    const evaluate = cloud.functionId('evaluate');
    const before = cloud.functions.invocations.get(evaluate) ?? 0;
    for (let time = 0; time < 2; time++) {
      const errorMessage = 'Rate Exceeded';
      cloud.functions.failNext(evaluate, { errorType: 'Lambda.TooManyRequestsException', errorMessage });
    }
    expect(await cloud.run(makeRequest('throttled', { episodes: 3 }))).toEqual(succeeded);
    expect(cloud.functions.invocations.get(evaluate)! - before).toBe(3);
  });

  it('is not tried again where the error is ours: the execution fails with its name, and the record says it', async (context) => {
    const cloud = requireCloud(context);
    const resolve = cloud.functionId('resolve');
    const before = cloud.functions.invocations.get(resolve) ?? 0;
    const request = { ...makeRequest('unknown'), experiment: 'learned-optimizers/quadratic' };
    expect(await cloud.run(request)).toMatchObject({ status: 'FAILED', error: 'UnknownExperiment' });
    expect(cloud.functions.invocations.get(resolve)! - before).toBe(1);
    const [failure] = await readAll(await cloudStore(cloud), keys.failuresPrefix(request.run));
    expect(failure![1]).toContain("There is no experiment 'learned-optimizers/quadratic'. Did you mean");
  });

  it('fails the run where a batch in five does and none may', async (context) => {
    const cloud = requireCloud(context);
    killBatch(cloud, '1');
    const request = makeRequest('strict', { episodes: 4, functionsPerSeed: 90 });
    expect(await cloud.run(request)).toMatchObject({
      status: 'FAILED',
      error: 'States.ExceedToleratedFailureThreshold',
    });
    // No second attempt: it was no reclaimed host.
    expect(jobsOf(cloud, request).map(({ attempts }) => attempts.length)).toEqual([1, 1, 1, 1, 1]);
    const failures = (await readAll(await cloudStore(cloud), keys.failuresPrefix(request.run))).map(([, text]) => text);
    expect(failures.join()).toContain('States.ExceedToleratedFailureThreshold');
  });

  it('is missing from the numbers, and said to be, where a batch in five may fail', async (context) => {
    const cloud = requireCloud(context);
    killBatch(cloud, '1');
    const overrides = { episodes: 5, functionsPerSeed: 91 };
    const request = { ...makeRequest('lenient', overrides), toleratedFailurePercentage: 20 };
    expect(await cloud.run(request)).toEqual(succeeded);
    const document = await resultOf(cloud, request);
    expect(document.trials).toMatchObject({ planned: 5, trained: 4, failed: 1 });
    expect(document.missing.length).toBeGreaterThan(0);
    expect(document.measurements.length).toBeGreaterThan(0);
  });
});

it('stops the jobs of a stopped execution and tries none again; a new execution goes on from their checkpoints', async (context) => {
  const cloud = requireCloud(context);
  const running: RunningAttempt[] = [];
  cloud.jobs.disturb = (attempt) => running.push(attempt);
  const request = makeRequest('stopped', { episodes: 200, functionsPerSeed: 92 });
  const executionArn = await cloud.start(request);
  const longest = () => running.find(({ job }) => job.environment.STEPWISE_BATCH === '1');
  while (!longest()) await sleep(20);
  await onceCheckpointed(cloud, longest()!);
  await cloud.stepFunctions.send(new StopExecutionCommand({ executionArn, cause: 'a test' }));
  expect(await cloud.wait(executionArn)).toMatchObject({ status: 'ABORTED', cause: 'a test' });
  // Every item that the emulator's map still submits is refused.
  const jobs = () => jobsOf(cloud, request);
  const isOpen = ({ status }: SubmittedJob) => status === 'RUNNABLE' || status === 'RUNNING';
  while (jobs().length < 5 || jobs().some(isOpen)) await sleep(50);
  const terminated = { statusReason: 'Terminated by Step Functions', retryable: false };
  expect(longest()!.job.attempts).toEqual([terminated]);
  for (const { status, attempts } of jobs()) {
    // The short ones may have been done before.
    expect(attempts).toEqual([status === 'SUCCEEDED' ? expect.objectContaining({ exitCode: 0 }) : terminated]);
  }
  for (const { pid } of running) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);

  cloud.jobs.disturb = () => {};
  expect(await cloud.wait(await cloud.start(request, 'again'))).toEqual(succeeded);
  await expectAsLocal(cloud, request, { stoppedBefore: true });
  expect((await resultOf(cloud, request)).trials.resumed).toBeGreaterThan(0);
});

describe('an uploaded dataset', () => {
  const experiment = 'learned-optimizers/mnist';

  it('starts one run a version, whatever S3 tells how often in which order; its result is served', async (context) => {
    const cloud = requireCloud(context);
    const location = `s3://${cloud.bucket}`;
    await stepwise(cloud, 'subscription', 'add', 'mnist', experiment, '--preset', 'smoke', '--seeds', '1');
    const versions: string[] = [];
    for (const [training, test] of [
      [300, 100],
      [310, 100],
    ] as const) {
      const digits = await makeOwnDigits(training, test);
      versions.push(JSON.parse(await stepwise(cloud, 'upload', 'mnist', digits, '--json')).version);
    }
    const uploadsRuns = async () => {
      const { stateMachineArn } = cloud;
      const { executions } = await cloud.stepFunctions.send(new ListExecutionsCommand({ stateMachineArn }));
      return executions!.filter(({ name }) => /-mnist-smoke-[0-9a-f]{8}$/.test(name!));
    };
    while ((await uploadsRuns()).length < 2) await sleep(100);
    for (const { executionArn } of await uploadsRuns()) expect(await cloud.wait(executionArn!)).toEqual(succeeded);

    const events = shuffledDuplicates(
      versions.map((version) => keys.datasetManifest('mnist', version)),
      1000,
    );
    const starter = cloud.functionId('start-on-upload');
    await repeatEvents(cloud, events, () => cloud.functions.invocations.get(starter) ?? 0);
    expect(await uploadsRuns()).toHaveLength(2);

    const api = createApi(await openApiPorts(() => {}, { ...process.env, STEPWISE_STORE: location }));
    // biome-ignore lint/suspicious/noExplicitAny: JSON of several routes.
    const served = async (path: string): Promise<any> => (await api.request(path)).json();
    const { results } = await served(`/v1/results?experiment=${experiment}`);
    const runs = (await uploadsRuns()).map(({ name }) => name!);
    expect(results.map(({ run }: { run: string }) => run)).toEqual(expect.arrayContaining(runs));
    const documents = await Promise.all(runs.map((run) => served(`/v1/results/${experiment}/${run}`)));
    expect(
      documents.flatMap(({ datasets }) => datasets.map((pinned: { version: string }) => pinned.version)).sort(),
    ).toEqual(versions.sort());
    for (const run of runs) expect((await api.request(`/reports/${run}/index.html`)).status).toBe(200);
  });
});

const succeeded = { status: 'SUCCEEDED', error: undefined, cause: undefined };

/** Five batches of training, one of evaluation; the parameters keep one test's artifacts from another's. */
function makeRequest(run: string, overrides: RunRequest['overrides'] = {}): RunRequest {
  return runRequestSchema.parse({ run, experiment: 'learned-optimizers/quadratics', preset: 'smoke', overrides });
}

async function stepwise(cloud: EmulatedCloud, ...args: string[]): Promise<string> {
  const { ended } = startStepwise([...args, '--store', `s3://${cloud.bucket}`], cloud.environment);
  const { code, stdout, stderr } = await ended;
  expect(code, stderr).toBe(0);
  return stdout;
}

function cloudStore(cloud: EmulatedCloud): Promise<ObjectStore> {
  return openStore(`s3://${cloud.bucket}`);
}

function jobsOf(cloud: EmulatedCloud, { run }: RunRequest) {
  return cloud.jobs.jobs.filter(({ environment }) => environment.STEPWISE_RUN === run);
}

function killBatch(cloud: EmulatedCloud, batch: string): void {
  cloud.jobs.disturb = (attempt) => {
    if (attempt.job.environment.STEPWISE_BATCH === batch) attempt.runOutOfMemory();
  };
}

/** Resolves when a trial of the attempt's batch has a checkpoint, or the attempt needs none any more. */
async function onceCheckpointed(cloud: EmulatedCloud, { job }: RunningAttempt): Promise<void> {
  const { STEPWISE_RUN, STEPWISE_BATCH } = job.environment;
  const store = await cloudStore(cloud);
  const plan = Buffer.from((await store.get(keys.trainBatches(STEPWISE_RUN!)))!.body).toString();
  const batch = plan
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .find((line) => String(line.batch) === STEPWISE_BATCH);
  const digests: readonly string[] = batch.trials.map(({ digest }: { digest: string }) => digest);
  while (job.attempts.length === 0) {
    for (const digest of digests) if (await store.head(keys.checkpoint(digest))) return;
    await sleep(10);
  }
}

async function resultOf(cloud: EmulatedCloud, { experiment, run }: RunRequest): Promise<RunDocument> {
  const stored = await (await cloudStore(cloud)).get(keys.result(experiment, run));
  return JSON.parse(Buffer.from(stored!.body).toString());
}

/** The same request by the local engine, undisturbed. */
async function expectAsLocal(cloud: EmulatedCloud, request: RunRequest, { stoppedBefore = false } = {}): Promise<void> {
  const local = join(await newTemporaryFolder(), 'store');
  const overrides = Object.entries(request.overrides).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  const command = ['run', request.experiment, '--preset', request.preset, ...overrides];
  const expected = await runStepwise([...command, '--store', local, '--backend', 'wasm-relaxed']);
  const actual = await resultOf(cloud, request);
  expect(actual.measurements).toEqual(expected.measurements);
  // How much of it was found in the store or in checkpoints is what the tests differ in.
  const { trials, ...rest } = comparable(expected);
  expect(actual).toMatchObject({ ...rest, trials: { planned: trials.planned, failed: 0 } });
  await expectSameObjects(await cloudStore(cloud), { actual, local, expected, stoppedBefore });
}
