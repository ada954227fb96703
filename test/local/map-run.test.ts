import { describe, expect, test, vi } from 'vitest';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { errorNamed, jsonLines, runSample, type Sample, sampleMap, sampleRequest } from './fixtures/sample-run.ts';

type Fields = Record<string, unknown>;
const evaluate = (fields: Fields = {}) => ({
  Evaluate: { Type: 'Task', Resource: '<<evaluate>>', End: true, ...fields },
});
const numbers = (count: number) => Array.from({ length: count }, (_, index) => ({ run: 'run-1', batch: index + 1 }));

interface MapSample extends Partial<Sample> {
  readonly items: readonly unknown[] | string;
  readonly map?: Fields;
  readonly task?: Fields;
}

async function runSampleMap({ items, map, task, ...sample }: MapSample) {
  const store = new MemoryObjectStore();
  await store.put('items.jsonl', typeof items === 'string' ? items : jsonLines(items));
  const states = { Over: sampleMap(evaluate(task), map), ...sample.states };
  const { result, events } = await runSample({ ...sample, states, store });
  const read = async (key: string) => JSON.parse(Buffer.from((await store.get(key))!.body).toString());
  return { result, events, read };
}

const folder = 'results/run-1/sample-1';

test('every item passes through ItemSelector, with the state and the context beside it', async () => {
  const handler = vi.fn(async (_input: unknown) => 1);
  await runSampleMap({
    items: [{ batch: 7, trials: [1, 2] }, { batch: 8 }],
    map: {
      ItemSelector: {
        'batch.$': '$$.Map.Item.Value.batch',
        'index.$': '$$.Map.Item.Index',
        'run.$': '$$.Execution.Name',
        'preset.$': '$.preset',
      },
    },
    handlers: { evaluate: handler },
  });
  expect(handler.mock.calls).toEqual([
    [{ batch: 7, index: 0, run: 'run-1', preset: 'smoke' }],
    [{ batch: 8, index: 1, run: 'run-1', preset: 'smoke' }],
  ]);
});

test('the result writer leaves the layout of AWS, and the state returns where', async () => {
  const { result, read } = await runSampleMap({
    items: numbers(3),
    map: { ToleratedFailureCount: 1, ResultPath: '$.map' },
    handlers: {
      evaluate: async (input) => {
        if ((input as { batch: number }).batch === 2) throw errorNamed('TrialsFailed', 'one did');
        return { measurements: 4 };
      },
    },
    now: () => 1_000,
  });
  expect(result).toMatchObject({
    status: 'succeeded',
    output: { run: 'run-1', map: { ResultWriterDetails: { Bucket: 'Bucket', Key: `${folder}/manifest.json` } } },
  });
  const succeeded = await read(`${folder}/SUCCEEDED_0.json`);
  const failed = await read(`${folder}/FAILED_0.json`);
  expect(await read(`${folder}/manifest.json`)).toEqual({
    DestinationBucket: 'Bucket',
    MapRunArn: expect.any(String),
    ResultFiles: {
      FAILED: [{ Key: `${folder}/FAILED_0.json`, Size: JSON.stringify(failed).length }],
      PENDING: [],
      SUCCEEDED: [{ Key: `${folder}/SUCCEEDED_0.json`, Size: JSON.stringify(succeeded).length }],
    },
  });
  expect(succeeded).toHaveLength(2);
  expect(succeeded[0]).toMatchObject({
    Name: '0',
    Status: 'SUCCEEDED',
    Input: '{"run":"run-1","batch":1}',
    Output: '{"measurements":4}',
    StartDate: '1970-01-01T00:00:01.000Z',
  });
  expect(failed).toMatchObject([{ Name: '1', Status: 'FAILED', Error: 'TrialsFailed' }]);
  expect(JSON.parse(failed[0].Cause)).toMatchObject({ errorMessage: 'one did' });
});

describe('tolerated failures', () => {
  const failing = (count: number) => async (input: unknown) => {
    if ((input as { batch: number }).batch <= count) throw errorNamed('TrialsFailed');
  };
  test.each([
    { fields: {}, failed: 0, status: 'succeeded' },
    { fields: {}, failed: 1, status: 'failed' },
    { fields: { ToleratedFailurePercentage: 20 }, failed: 2, status: 'succeeded' },
    { fields: { ToleratedFailurePercentage: 20 }, failed: 3, status: 'failed' },
    { fields: { ToleratedFailurePercentage: 19 }, failed: 2, status: 'failed' },
    { fields: { ToleratedFailurePercentage: 100 }, failed: 10, status: 'succeeded' },
    { fields: { ToleratedFailurePercentagePath: '$.toleratedFailurePercentage' }, failed: 3, status: 'succeeded' },
    { fields: { ToleratedFailurePercentagePath: '$.toleratedFailurePercentage' }, failed: 4, status: 'failed' },
    { fields: { ToleratedFailureCount: 3 }, failed: 3, status: 'succeeded' },
    { fields: { ToleratedFailureCount: 3 }, failed: 4, status: 'failed' },
    { fields: { ToleratedFailureCount: 3, ToleratedFailurePercentage: 20 }, failed: 3, status: 'failed' },
  ])('$fields with $failed of 10 failed: $status', async ({ fields, failed, status }) => {
    const { result } = await runSampleMap({
      items: numbers(10),
      map: fields,
      handlers: { evaluate: failing(failed) },
      input: { ...sampleRequest(), toleratedFailurePercentage: 30 },
    });
    expect(result.status).toBe(status);
    if (result.status === 'failed') expect(result.error).toBe('States.ExceedToleratedFailureThreshold');
  });

  test('above the threshold no other item is begun, what had begun is written down, and the cause names the first failure', async () => {
    const handler = vi.fn(failing(1));
    const { result, read } = await runSampleMap({ items: numbers(10), handlers: { evaluate: handler } });
    expect(handler).toHaveBeenCalledTimes(1);
    expect(result).toMatchObject({
      cause: expect.stringMatching(/1 of 10 items failed, 0 may.*item 0 with TrialsFailed/),
    });
    expect((await read(`${folder}/manifest.json`)).ResultFiles.FAILED).toHaveLength(1);
  });

  test('items that run when it is crossed end as aborted, and are not counted as failed', async () => {
    const { result, read } = await runSampleMap({
      items: numbers(2),
      concurrentHandlers: 2,
      handlers: {
        evaluate: async (input) => {
          if ((input as { batch: number }).batch === 2) return new Promise(() => {});
          throw errorNamed('TrialsFailed');
        },
      },
    });
    expect(result).toMatchObject({ cause: expect.stringContaining('1 of 2 items failed') });
    const failed = await read(`${folder}/FAILED_0.json`);
    expect(failed.map(({ Status }: { Status: string }) => Status)).toEqual(['FAILED', 'ABORTED']);
  });

  test('a share that is no share fails the execution', async () => {
    const { result } = await runSampleMap({
      items: numbers(1),
      map: { ToleratedFailurePercentagePath: '$.experiment' },
    });
    expect(result).toMatchObject({ status: 'failed', error: 'States.Runtime' });
  });
});

test('retries and catches inside an item behave as outside, and a caught error is no failure', async () => {
  const handler = vi.fn(async () => {
    throw errorNamed('Busy');
  });
  const store = new MemoryObjectStore();
  await store.put('items.jsonl', jsonLines(numbers(2)));
  const inner = {
    ...evaluate({
      Retry: [{ ErrorEquals: ['Busy'], IntervalSeconds: 0, MaxAttempts: 2 }],
      Catch: [{ ErrorEquals: ['Busy'], ResultPath: '$.error', Next: 'Give up' }],
    }),
    'Give up': { Type: 'Pass', Parameters: { 'gaveUp.$': '$.error.Error' }, End: true },
  };
  const run = await runSample({ states: { Over: sampleMap(inner) }, store, handlers: { evaluate: handler } });
  expect(run.result.status).toBe('succeeded');
  expect(handler).toHaveBeenCalledTimes(6);
  const written = JSON.parse(Buffer.from((await store.get(`${folder}/SUCCEEDED_0.json`))!.body).toString());
  expect(written.map(({ Output }: { Output: string }) => Output)).toEqual(['{"gaveUp":"Busy"}', '{"gaveUp":"Busy"}']);
});

test('an item is an execution of its own, with a name of its own', async () => {
  const handler = vi.fn(async (_input: unknown) => 1);
  await runSampleMap({
    items: numbers(2),
    task: { Parameters: { 'name.$': '$$.Execution.Name' } },
    handlers: { evaluate: handler },
  });
  expect(handler.mock.calls).toEqual([[{ name: 'sample-1:0' }], [{ name: 'sample-1:1' }]]);
});

test('an aborted run leaves no results behind', async () => {
  const stop = new AbortController();
  const store = new MemoryObjectStore();
  await store.put('items.jsonl', jsonLines(numbers(3)));
  const handler = vi.fn(async () => stop.abort());
  const { result } = await runSample({
    states: { Over: sampleMap(evaluate()) },
    store,
    signal: stop.signal,
    handlers: { evaluate: handler },
  });
  expect(result).toMatchObject({ error: 'ExecutionAborted' });
  await new Promise((done) => setTimeout(done, 20));
  expect(handler).toHaveBeenCalledTimes(1);
  expect(await store.get(`${folder}/manifest.json`)).toBeUndefined();
});

test("a map's own Retry and Catch see States.ExceedToleratedFailureThreshold", async () => {
  const handler = vi.fn(async () => {
    throw errorNamed('TrialsFailed');
  });
  const { result } = await runSampleMap({
    items: numbers(1),
    map: {
      Retry: [{ ErrorEquals: ['States.ExceedToleratedFailureThreshold'], IntervalSeconds: 0, MaxAttempts: 1 }],
      Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Caught' }],
    },
    states: { Caught: { Type: 'Pass', OutputPath: '$.error.Error', End: true } },
    handlers: { evaluate: handler },
  });
  expect(handler).toHaveBeenCalledTimes(2);
  expect(result).toEqual({ status: 'succeeded', output: 'States.ExceedToleratedFailureThreshold' });
});

test.each([
  { map: { MaxConcurrency: 3 }, most: 3 },
  { map: { MaxConcurrency: 0 }, most: 8 },
  { map: { MaxConcurrencyPath: '$.seeds' }, most: 2 },
])('$map lets $most of 8 handlers run at once', async ({ map, most }) => {
  let now = 0;
  let seen = 0;
  await runSampleMap({
    items: numbers(20),
    map,
    concurrentHandlers: 8,
    input: { ...sampleRequest(), seeds: 2 },
    handlers: {
      evaluate: async () => {
        seen = Math.max(seen, ++now);
        await new Promise((done) => setTimeout(done, 5));
        now--;
      },
    },
  });
  expect(seen).toBe(most);
});

test('handlers run one at a time unless the caller says otherwise', async () => {
  let now = 0;
  await runSampleMap({
    items: numbers(5),
    handlers: {
      evaluate: async () => {
        expect(++now).toBe(1);
        await new Promise((done) => setTimeout(done, 2));
        now--;
      },
    },
  }).then(({ result }) => expect(result.status).toBe('succeeded'));
});

describe('the item reader', () => {
  const handler = vi.fn(async () => 1);
  test.each([
    {
      name: 'a line that is no JSON, by its number',
      items: '{"a":1}\n{"a":\n{"a":3}\n',
      cause: /Line 2 of 'items.jsonl'/,
    },
    { name: 'a file without items', items: '', cause: /has no items/ },
    {
      name: 'an item over the payload limit',
      items: jsonLines([1, 'x'.repeat(262_144)]),
      cause: /Line 2 .*262146 bytes/,
    },
  ])('refuses $name, before the first item has begun', async ({ items, cause }) => {
    const { result } = await runSampleMap({ items, handlers: { evaluate: handler } });
    expect(result).toMatchObject({ error: 'States.ItemReaderFailed', cause: expect.stringMatching(cause) });
    expect(handler).not.toHaveBeenCalled();
  });

  test('refuses a key without an object', async () => {
    const map = sampleMap(evaluate());
    const { result } = await runSample({ states: { Over: map } });
    expect(result).toMatchObject({ error: 'States.ItemReaderFailed', cause: expect.stringContaining('items.jsonl') });
  });
});

test('the stage of a map is its task, and its items are the trials and evaluations in the lines', async () => {
  const { events } = await runSampleMap({
    items: [
      { batch: 1, evaluations: [{}, {}] },
      { batch: 2, evaluations: [{}] },
    ],
  });
  expect(events).toMatchObject([
    { kind: 'stage-started', stage: 'evaluate', items: 3 },
    { kind: 'stage-finished', stage: 'evaluate' },
  ]);
});

test('1,000 items hold no more than the few at work: results leave memory file by file', async () => {
  const store = new MemoryObjectStore();
  await store.put('items.jsonl', jsonLines(numbers(1000)));
  const { result } = await runSample({
    states: { Over: sampleMap(evaluate()) },
    store,
    handlers: { evaluate: async () => 'x'.repeat(10_000) },
  });
  expect(result.status).toBe('succeeded');
  const manifest = JSON.parse(Buffer.from((await store.get(`${folder}/manifest.json`))!.body).toString());
  const files: { Key: string; Size: number }[] = manifest.ResultFiles.SUCCEEDED;
  expect(files.length).toBeGreaterThanOrEqual(9);
  expect(Math.max(...files.map(({ Size }) => Size))).toBeLessThan(2 ** 20 + 20_000);
  const names = new Set<string>();
  for (const { Key } of files) {
    for (const { Name } of JSON.parse(Buffer.from((await store.get(Key))!.body).toString())) names.add(Name);
  }
  expect(names.size).toBe(1000);
});
