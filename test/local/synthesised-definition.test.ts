/** The definition that CDK synthesises, as it is, run with handlers that only take notes. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { synthesizeTemplate } from '../../infra/synthesize.ts';
import { type LocalRun, runLocally } from '../../lib/local/engine.ts';
import type { ProgressEvent } from '../../lib/pipeline/events.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { lambdaStages } from '../../lib/pipeline/stages.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { jobProgram } from './fixtures/sample-job.ts';
import { errorNamed, jsonLines, sampleRequest } from './fixtures/sample-run.ts';

let template: unknown;
beforeAll(async () => {
  template = await synthesizeTemplate();
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stepwise-synthesised-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const run = 'run-1';

/** Two batches to train and three to evaluate, or none where `trainBatches` says so. */
async function runSynthesised(handlers: Partial<LocalRun['handlers']> = {}, jobScript = 'succeed', trainBatches = 2) {
  const store = new MemoryObjectStore();
  const calls: [string, unknown][] = [];
  const events: ProgressEvent[] = [];
  const resolved = { run, experiment: 'learned-optimizers/mnist', toleratedFailurePercentage: 40 };
  const planned = {
    ...resolved,
    trainKey: keys.trainBatches(run),
    evaluationKey: keys.evaluationBatches(run),
    trainBatches,
  };
  const outputs: LocalRun['handlers'] = {
    resolve: async () => resolved,
    plan: async () => {
      await store.put(
        keys.trainBatches(run),
        jsonLines([1, 2].map((batch) => ({ run, batch, cpus: 1, trials: [{}, {}] }))),
      );
      await store.put(
        keys.evaluationBatches(run),
        jsonLines([1, 2, 3].map((batch) => ({ run, batch, evaluations: [{}] }))),
      );
      return planned;
    },
    evaluate: async () => ({ measurements: 1 }),
    aggregate: async () => ({ run, experiment: 'learned-optimizers/mnist', verdict: 'holds', reportKey: 'r' }),
    notify: async () => ({}),
    'record-failure': async () => ({}),
    ...handlers,
  };
  const noted = lambdaStages.map((stage) => [
    stage,
    (input: unknown) => {
      calls.push([stage, input]);
      return outputs[stage](input);
    },
  ]);
  const trace = join(folder, 'trace.jsonl');
  const result = await runLocally({
    template,
    store,
    input: sampleRequest(),
    handlers: Object.fromEntries(noted) as LocalRun['handlers'],
    jobCommand: {
      command: process.execPath,
      args: [jobProgram],
      environment: { JOB_SCRIPT: jobScript, JOB_TRACE: trace },
    },
    threads: 2,
    onEvent: (event) => events.push(event),
  });
  const jobs: { env?: Record<string, string> }[] = existsSync(trace)
    ? readFileSync(trace, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
    : [];
  return { result, calls, events, planned, jobs: jobs.flatMap(({ env }) => (env ? [env] : [])), store };
}

test('runs every stage in order, each with what its contract says', async () => {
  const { result, calls, events, planned, jobs, store } = await runSynthesised();
  expect(result).toMatchObject({ status: 'succeeded', output: { verdict: 'holds' } });
  expect(calls.map(([stage]) => stage)).toEqual([
    'resolve',
    'plan',
    'evaluate',
    'evaluate',
    'evaluate',
    'aggregate',
    'notify',
  ]);
  expect(calls[0]![1]).toEqual(sampleRequest());
  expect(calls[2]![1]).toEqual({ run, batch: 1 });
  expect(calls[5]![1]).toEqual(planned);
  expect(jobs.map(({ STEPWISE_RUN, STEPWISE_BATCH }) => `${STEPWISE_RUN}/${STEPWISE_BATCH}`).sort()).toEqual([
    'run-1/1',
    'run-1/2',
  ]);
  expect(jobs[0]).toMatchObject({ STEPWISE_THREADS: '1', STEPWISE_STORE: 'memory:', AWS_BATCH_JOB_ATTEMPT: '1' });
  const stages = events.filter(({ kind }) => kind === 'stage-started');
  expect(stages).toEqual([
    { kind: 'stage-started', stage: 'resolve' },
    { kind: 'stage-started', stage: 'plan' },
    { kind: 'stage-started', stage: 'train', items: 4 },
    { kind: 'stage-started', stage: 'evaluate', items: 3 },
    { kind: 'stage-started', stage: 'aggregate' },
    { kind: 'stage-started', stage: 'notify' },
  ]);
  for (const map of ['train', 'evaluate'] as const) {
    const written = [];
    for await (const { key } of store.list(keys.mapResults(run, map))) written.push(key.split('/').at(-1));
    expect(written).toEqual(['SUCCEEDED_0.json', 'manifest.json']);
  }
});

test('starts no job where everything was trained before', async () => {
  const { result, jobs, events } = await runSynthesised({}, 'fail', 0);
  expect(result.status).toBe('succeeded');
  expect(jobs).toEqual([]);
  expect(events).not.toContainEqual(expect.objectContaining({ stage: 'train' }));
});

test('a reclaimed machine is survived', async () => {
  const { result, jobs } = await runSynthesised({}, 'killed succeed');
  expect(result.status).toBe('succeeded');
  expect(jobs.map(({ AWS_BATCH_JOB_ATTEMPT }) => AWS_BATCH_JOB_ATTEMPT).sort()).toEqual(['1', '1', '2', '2']);
});

test.each(['resolve', 'plan', 'aggregate', 'notify'] as const)(
  'a failure of %s is recorded, and the run fails with it',
  async (stage) => {
    const { result, calls } = await runSynthesised({
      [stage]: async () => {
        throw errorNamed('DatasetCorrupt', 'record 7');
      },
    });
    expect(result).toMatchObject({
      status: 'failed',
      error: 'DatasetCorrupt',
      cause: expect.stringContaining('record 7'),
    });
    expect(calls.at(-1)).toEqual([
      'record-failure',
      expect.objectContaining({ run, error: { Error: 'DatasetCorrupt', Cause: expect.any(String) } }),
    ]);
    expect(calls.filter(([name]) => name === stage)).toHaveLength(1);
  },
);

test('more failed jobs than tolerated are recorded with the log of the first', async () => {
  const { result, calls } = await runSynthesised({}, 'fail');
  expect(result).toMatchObject({ status: 'failed', error: 'States.ExceedToleratedFailureThreshold' });
  expect(JSON.stringify(calls.at(-1))).toContain('the last words');
  expect(calls.at(-1)![0]).toBe('record-failure');
});

test('one of three evaluations may fail where 40 % are tolerated', async () => {
  const { result } = await runSynthesised({
    evaluate: async (input) => {
      if ((input as { batch: number }).batch === 2) throw errorNamed('ArtifactMissing');
    },
  });
  expect(result.status).toBe('succeeded');
});

test('an error survives a failure of RecordFailure', async () => {
  const fail = (name: string) => async () => {
    throw errorNamed(name);
  };
  const { result } = await runSynthesised({ plan: fail('First'), 'record-failure': fail('Second') });
  expect(result).toMatchObject({ status: 'failed', error: 'First' });
});
