import { describe, expect, it } from 'vitest';
import {
  ArtifactCorrupt,
  BackendMismatch,
  InvalidRecord,
  TooManyTrialsFailed,
  TrialsFailed,
} from '../../lib/pipeline/errors.ts';
import type { ProgressEvent } from '../../lib/pipeline/events.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { plan } from '../../lib/pipeline/plan.ts';
import { plannedTrialSchema, readRecord, trainBatchSchema, trainingRecordSchema } from '../../lib/pipeline/records.ts';
import { resolve } from '../../lib/pipeline/resolve.ts';
import { readResultIndex } from '../../lib/pipeline/result-index.ts';
import { type RunDocument, runDocumentSchema } from '../../lib/pipeline/run-document.ts';
import type { StagePorts } from '../../lib/pipeline/stages.ts';
import { train } from '../../lib/pipeline/train.ts';
import { readLines } from '../../lib/storage/json-lines.ts';
import { computedSteps } from './counting-experiment.ts';
import { countingRequest, runStages, testPorts } from './run-stages.ts';

async function documentOf(ports: StagePorts, run: string): Promise<RunDocument> {
  return (await readRecord(ports.store, keys.result('test/counting', run), runDocumentSchema))!;
}

describe('a run through all stages', () => {
  it('trains, measures, judges, and leaves document, report and index', async () => {
    const ports = testPorts();
    const output = await runStages(countingRequest('one'), ports);
    expect(output).toEqual({
      run: 'one',
      experiment: 'test/counting',
      verdict: 'holds',
      reportKey: 'reports/one/index.html',
      notify: 'always',
      trained: 3,
      change: 'first run',
    });
    const document = await documentOf(ports, 'one');
    expect(document.trials).toEqual({ planned: 3, trained: 3, reused: 0, resumed: 0, failed: 0 });
    expect(document.measurements).toHaveLength(6);
    expect(document.measurements.every(({ value }) => value === 10)).toBe(true);
    expect(document.verdict).toEqual({ outcome: 'holds', claim: 'Counting to n gives n.', reason: '6 counts' });
    expect(document.durations.train).toBeGreaterThan(0);
    expect(document.cost.train).toBeCloseTo(((await trainedSeconds(ports, 'one')) * 0.526) / 3600, 10);
    expect((await readResultIndex(ports.store)).map(({ run }) => run)).toEqual(['one']);
    expect(new TextDecoder().decode((await ports.store.get(output.reportKey))!.body)).toContain(
      'Counting to n gives n.',
    );
    expect(await ports.store.head(keys.checkpoint((await digests(ports, 'one'))[0]!))).toBeUndefined();
  });

  it('trains and measures nothing twice, whatever the preset, and compares with the run before', async () => {
    const ports = testPorts();
    await runStages(countingRequest('one'), ports);
    const before = computedSteps.length;
    await runStages(countingRequest('two'), ports);
    expect(computedSteps.length).toBe(before);
    const [one, two] = [await documentOf(ports, 'one'), await documentOf(ports, 'two')];
    expect(two.trials).toMatchObject({ trained: 0, reused: 3 });
    expect(two.measurements).toEqual(one.measurements);
    expect(two.comparison).toEqual({ run: 'one', outcome: 'holds', changes: [], causes: [] });
    await runStages(countingRequest('three', { preset: 'laptop', overrides: { steps: 11 } }), ports);
    expect((await documentOf(ports, 'three')).trials).toMatchObject({ trained: 3, reused: 0 });
    expect((await documentOf(ports, 'three')).comparison).toBeUndefined();
  });

  it('keeps a value that is not finite as null, and other values as they are', async () => {
    const ports = testPorts();
    await runStages(countingRequest('nan', { seeds: 14, overrides: { trials: 1 } }), ports);
    const values = (await documentOf(ports, 'nan')).measurements.map(({ value }) => value);
    expect(values).toEqual([...Array(13).fill(10), null]);
    const cells = (await documentOf(ports, 'nan')).tables[0]!.rows.map(([, cell]) => cell);
    expect(cells).toEqual([...Array(13).fill(10), null, '∞']);
  });
});

describe('faults', () => {
  it('goes on from the checkpoint of a killed attempt, to the same bits', async () => {
    const undisturbed = testPorts();
    await runStages(countingRequest('calm'), undisturbed);
    const ports = testPorts();
    // Dies after step 7 in its first attempt; dieAtStep is part of the trial, so only the model's bits can be compared.
    const request = countingRequest('killed', { overrides: { dieAtStep: 7, trials: 1 } });
    const planned = await plan(await resolve(request, ports), ports);
    await expect(train({ run: planned.run, batch: 1 }, ports)).rejects.toBeInstanceOf(TrialsFailed);
    const before = computedSteps.length;
    await runStages(request, ports);
    expect(computedSteps.slice(before)).toEqual([7, 8, 9]);
    expect((await documentOf(ports, 'killed')).trials).toMatchObject({ trained: 1, resumed: 1, failed: 0 });
    const model = async (from: StagePorts, run: string) =>
      (await from.store.get(keys.artifactModel((await digests(from, run))[0]!)))!.body;
    expect(await model(ports, 'killed')).toEqual(await model(undisturbed, 'calm'));
  });

  it('tolerates a share of failed trials, names what is missing, and refuses more', async () => {
    const broken = countingRequest('broken', { overrides: { broken: ['count/1'] } });
    const ports = testPorts();
    await runStages({ ...broken, toleratedFailurePercentage: 34 }, ports);
    const document = await documentOf(ports, 'broken');
    expect(document.trials).toMatchObject({ planned: 3, trained: 2, failed: 1 });
    expect(document.missing).toEqual(['trial count/1', 'evaluation count/1/seed-0', 'evaluation count/1/seed-1']);
    const failure = await ports.store.get(keys.failure('broken', 'trial-count-1'));
    expect(JSON.parse(new TextDecoder().decode(failure!.body))).toMatchObject({
      error: 'RangeError',
      message: 'count/1 cannot count',
    });
    await expect(runStages({ ...broken, toleratedFailurePercentage: 33 }, ports)).rejects.toThrow(TooManyTrialsFailed);
  });

  it('refuses to serve an artifact whose bytes were changed', async () => {
    const ports = testPorts();
    await runStages(countingRequest('one'), ports);
    const [digest] = await digests(ports, 'one');
    await ports.store.put(keys.artifactModel(digest!), 'something else');
    const again = runStages(countingRequest('two', { seeds: 3 }), ports);
    await expect(again).rejects.toThrow(ArtifactCorrupt);
  });

  it('refuses a job on another backend, or with other code, than the plan was made for', async () => {
    const ports = testPorts();
    await plan(await resolve(countingRequest('one'), ports), ports);
    await expect(train({ run: 'one', batch: 1 }, { ...ports, backend: 'node-gpu' })).rejects.toThrow(BackendMismatch);
    const code = { ...ports.code, training: async () => 'another' };
    await expect(train({ run: 'one', batch: 1 }, { ...ports, code })).rejects.toThrow(InvalidRecord);
    await expect(train({ run: 'one', batch: 9 }, ports)).rejects.toThrow('no batch 9');
  });

  it('lets two runs end at once in one store', async () => {
    const ports = testPorts();
    await Promise.all(['a', 'b', 'c', 'd'].map((run) => runStages(countingRequest(run), ports)));
    expect((await readResultIndex(ports.store)).map(({ run }) => run).sort()).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('plan', () => {
  it('puts trials of one group into one batch, leaves out what is there, and asks for the most cores any of them uses', async () => {
    const ports = testPorts();
    await plan(await resolve(countingRequest('one'), ports), ports);
    const batches = [];
    for await (const line of readLines(ports.store, keys.trainBatches('one'), trainBatchSchema)) batches.push(line);
    expect(batches.map(({ batch, cpus, trials }) => [batch, cpus, trials.map(({ trial }) => trial.name)])).toEqual([
      [1, 2, ['count/0', 'count/1']],
      [2, 1, ['count/2']],
    ]);
    await train({ run: 'one', batch: 1 }, ports);
    const again = await plan(await resolve(countingRequest('two'), ports), ports);
    expect(again.trainBatches).toBe(1);
  });

  it('reports progress of every trial', async () => {
    const events: ProgressEvent[] = [];
    await runStages(countingRequest('one'), testPorts({ progress: (event) => events.push(event) }));
    const done = events
      .filter((event) => event.kind === 'item-finished')
      .map(({ stage, item, outcome }) => `${stage} ${item} ${outcome}`);
    expect(done.filter((line) => line.startsWith('train'))).toEqual([
      'train count/0 done',
      'train count/1 done',
      'train count/2 done',
    ]);
    expect(done.filter((line) => line.startsWith('evaluate'))).toHaveLength(6);
  });
});

async function trainedSeconds(ports: StagePorts, run: string): Promise<number> {
  let seconds = 0;
  for (const digest of await digests(ports, run)) {
    const record = await readRecord(ports.store, keys.trainingRecord(run, digest), trainingRecordSchema);
    seconds += (Date.parse(record!.finishedAt) - Date.parse(record!.startedAt)) / 1000;
  }
  return seconds;
}

async function digests(ports: StagePorts, run: string): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { digest } of readLines(ports.store, keys.trials(run), plannedTrialSchema)) found.push(digest);
  return found;
}
