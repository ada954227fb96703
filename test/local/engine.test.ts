import { describe, expect, test, vi } from 'vitest';
import { errorNamed, runSample, type Sample } from './fixtures/sample-run.ts';

const task = (stage: string, fields: Record<string, unknown> = { End: true }) => ({
  Type: 'Task',
  Resource: `<<${stage}>>`,
  ...fields,
});
/** A retrier that does not wait. */
const retry = (ErrorEquals: string[], MaxAttempts: number) => ({ ErrorEquals, MaxAttempts, IntervalSeconds: 0 });

async function runOne(
  fields: Record<string, unknown>,
  handler: (input: unknown) => Promise<unknown>,
  more: Partial<Sample> = {},
) {
  return runSample({
    ...more,
    states: { First: task('plan', 'Next' in fields ? fields : { End: true, ...fields }), ...more.states },
    handlers: { plan: handler, ...more.handlers },
  });
}

test('a Lambda is called with the state, bare or through lambda:invoke, and its stage comes from its environment', async () => {
  const plan = vi.fn(async () => ({ planned: 2 }));
  const aggregate = vi.fn(async () => 'verdict');
  const { result } = await runSample({
    states: {
      First: task('plan', { ResultPath: '$.plan', Next: 'Second' }),
      Second: {
        Type: 'Task',
        Resource: 'arn:<<partition>>:states:::lambda:invoke',
        Parameters: { FunctionName: '<<aggregate>>', Payload: { 'count.$': '$.plan.planned', fixed: [1] } },
        ResultSelector: { 'verdict.$': '$.Payload', 'status.$': '$.StatusCode' },
        End: true,
      },
    },
    handlers: { plan, aggregate },
  });
  expect(plan).toHaveBeenCalledWith(expect.objectContaining({ run: 'run-1', preset: 'smoke' }));
  expect(aggregate).toHaveBeenCalledWith({ count: 2, fixed: [1] });
  expect(result).toEqual({ status: 'succeeded', output: { verdict: 'verdict', status: 200 } });
});

test('a handler gets a copy, and what it returns becomes JSON', async () => {
  const { result } = await runOne(
    { Next: 'Second' },
    async (input) => ({ ...(input as object), at: new Date(0), gone: undefined }),
    {
      states: { Second: task('evaluate') },
      handlers: {
        evaluate: async (input) => Object.assign(input as object, { seen: true }),
      },
    },
  );
  expect(result).toMatchObject({ status: 'succeeded', output: { at: '1970-01-01T00:00:00.000Z', seen: true } });
  expect((result as { output: object }).output).not.toHaveProperty('gone');
});

describe('retry', () => {
  test.each([
    { name: 'by its own name', retriers: [retry(['DatasetBusy'], 2)], calls: 3 },
    { name: 'not by another name', retriers: [retry(['DatasetGone'], 2)], calls: 1 },
    { name: 'by the first that matches', retriers: [retry(['DatasetBusy'], 1), retry(['States.ALL'], 5)], calls: 2 },
    { name: 'by States.TaskFailed', retriers: [retry(['States.TaskFailed'], 1)], calls: 2 },
    { name: 'never with MaxAttempts 0', retriers: [retry(['States.ALL'], 0)], calls: 1 },
  ])('$name', async ({ retriers, calls }) => {
    const handler = vi.fn(async () => {
      throw errorNamed('DatasetBusy');
    });
    const { result } = await runOne({ Retry: retriers }, handler);
    expect(handler).toHaveBeenCalledTimes(calls);
    expect(result).toMatchObject({ status: 'failed', error: 'DatasetBusy' });
  });

  test('each error name has a count of its own', async () => {
    const names = ['A', 'B', 'A', 'B', 'A'];
    const handler = vi.fn(async () => {
      throw errorNamed(names[handler.mock.calls.length - 1]!);
    });
    await runOne({ Retry: [retry(['A'], 2), retry(['B'], 1)] }, handler);
    expect(handler).toHaveBeenCalledTimes(4);
  });

  test('waits IntervalSeconds times BackoffRate to the power of the attempt', async () => {
    const times: number[] = [];
    await runOne(
      { Retry: [{ ErrorEquals: ['A'], IntervalSeconds: 0.03, BackoffRate: 4, MaxAttempts: 2 }] },
      async () => {
        times.push(performance.now());
        throw errorNamed('A');
      },
    );
    // Timers may be early by a millisecond.
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(29);
    expect(times[2]! - times[1]!).toBeGreaterThanOrEqual(119);
  });

  test('waits MaxDelaySeconds at most', async () => {
    const handler = vi.fn(async () => {
      throw errorNamed('A');
    });
    await runOne(
      { Retry: [{ ErrorEquals: ['A'], IntervalSeconds: 3600, MaxDelaySeconds: 0.01, MaxAttempts: 1 }] },
      handler,
    );
    expect(handler).toHaveBeenCalledTimes(2);
  });
});

test('a retried handler gets the input as it came, whatever the first attempt did to it', async () => {
  const seen: unknown[] = [];
  await runOne({ InputPath: '$.overrides', Retry: [retry(['A'], 1)] }, async (input) => {
    seen.push({ ...(input as object) });
    Object.assign(input as object, { spoiled: true });
    throw errorNamed('A');
  });
  expect(seen).toEqual([{}, {}]);
});

describe('catch', () => {
  const recording = {
    states: {
      Record: task('record-failure', { ResultPath: null, Next: 'Failed' }),
      Failed: { Type: 'Fail', ErrorPath: '$.error.Error', CausePath: '$.error.Cause' },
    },
  };

  test('a catch-all leads to RecordFailure, which gets name and cause as Lambda gives them, and the run fails with both', async () => {
    const record = vi.fn(async (_input: unknown) => undefined);
    const { result } = await runOne(
      { Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Record' }] },
      async () => {
        throw errorNamed('DatasetCorrupt', 'record 7 is short');
      },
      { ...recording, handlers: { 'record-failure': record } },
    );
    const { run, error } = record.mock.calls[0]![0] as { run: string; error: { Error: string; Cause: string } };
    expect([run, error.Error]).toEqual(['run-1', 'DatasetCorrupt']);
    const cause = JSON.parse(error.Cause);
    expect(cause).toEqual({ errorType: 'DatasetCorrupt', errorMessage: 'record 7 is short', trace: expect.any(Array) });
    expect(result).toEqual({ status: 'failed', error: 'DatasetCorrupt', cause: error.Cause });
  });

  test('is asked only when the retries are used up', async () => {
    const plan = vi.fn(async () => {
      throw errorNamed('A');
    });
    const record = vi.fn(async () => undefined);
    await runOne(
      { Retry: [retry(['A'], 2)], Catch: [{ ErrorEquals: ['A'], ResultPath: '$.error', Next: 'Record' }] },
      plan,
      { ...recording, handlers: { 'record-failure': record } },
    );
    expect([plan.mock.calls.length, record.mock.calls.length]).toEqual([3, 1]);
  });

  test('by another name lets the error pass', async () => {
    const { result } = await runOne(
      { Catch: [{ ErrorEquals: ['B'], Next: 'Caught' }] },
      async () => {
        throw errorNamed('A');
      },
      { states: { Caught: { Type: 'Succeed' } } },
    );
    expect(result).toMatchObject({ status: 'failed', error: 'A' });
  });
});

describe('timeouts', () => {
  const never = () => new Promise<never>(() => {});

  test('a state that takes too long fails with States.Timeout, which States.TaskFailed does not match', async () => {
    const { result } = await runOne(
      {
        TimeoutSeconds: 0.05,
        Retry: [retry(['States.TaskFailed'], 3)],
        Catch: [{ ErrorEquals: ['States.Timeout'], ResultPath: '$.error', Next: 'Caught' }],
      },
      never,
      { states: { Caught: { Type: 'Pass', OutputPath: '$.error.Error', End: true } } },
    );
    expect(result).toEqual({ status: 'succeeded', output: 'States.Timeout' });
  });

  test('an execution that takes too long fails with States.Timeout', async () => {
    const { result } = await runOne({}, never, { machine: { TimeoutSeconds: 0.05 } });
    expect(result).toMatchObject({ status: 'failed', error: 'States.Timeout' });
  });
});

describe('the payload limit of 262,144 bytes', () => {
  /** The JSON text of a string has two quotes more. */
  const textOf = (bytes: number) => 'x'.repeat(bytes - 2);

  test('holds for what a state returns, to the byte, and passes by retry and catch', async () => {
    const fields = {
      Retry: [retry(['States.ALL'], 3)],
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Second' }],
      Next: 'Second',
    };
    const second = vi.fn(async () => 'small');
    const run = (bytes: number) =>
      runOne(fields, async () => textOf(bytes), {
        states: { Second: task('evaluate') },
        handlers: { evaluate: second },
      });
    expect((await run(262_144)).result.status).toBe('succeeded');
    expect(second).toHaveBeenCalledTimes(1);
    expect((await run(262_145)).result).toMatchObject({
      status: 'failed',
      error: 'States.DataLimitExceeded',
      cause: expect.stringContaining('262145 bytes'),
    });
    expect(second).toHaveBeenCalledTimes(1);
  });

  test('holds for what ResultPath makes of input and result', async () => {
    const { result } = await runOne({ ResultPath: '$.more' }, async () => textOf(262_100));
    expect(result).toMatchObject({ status: 'failed', error: 'States.DataLimitExceeded' });
  });

  test('holds for the request', async () => {
    const plan = vi.fn(async () => 1);
    const { result } = await runOne({}, plan, {
      input: {
        run: 'r',
        experiment: 'x',
        preset: 'smoke',
        overrides: { a: textOf(262_144) },
        datasetVersions: {},
        toleratedFailurePercentage: 0,
      },
    });
    expect(result).toMatchObject({ status: 'failed', error: 'States.DataLimitExceeded' });
    expect(plan).not.toHaveBeenCalled();
  });
});

test.each([
  [{ Variable: '$.trainBatches', NumericGreaterThan: 0 }, { trainBatches: 1 }, true],
  [{ Variable: '$.trainBatches', NumericGreaterThan: 0 }, { trainBatches: 0 }, false],
  [{ Variable: '$.missing', IsPresent: false }, {}, true],
  [{ Variable: '$.missing', IsPresent: false }, { missing: 1 }, false],
  [{ Not: { Variable: '$.a', IsNull: false } }, { a: 1 }, false],
  [{ And: [{ Variable: '$.a', IsPresent: true }, { Not: { Variable: '$.a', IsNull: false } }] }, { a: null }, true],
  [
    {
      Or: [
        { Variable: '$.a', StringEquals: 'x' },
        { Variable: '$.b', BooleanEquals: true },
      ],
    },
    { a: 'y', b: true },
    true,
  ],
])('choice %j of %j is %j', async (rule, output, expected) => {
  const { result } = await runOne({ Next: 'Choose' }, async () => output, {
    states: {
      Choose: { Type: 'Choice', Choices: [{ ...rule, Next: 'Yes' }], Default: 'No' },
      Yes: { Type: 'Pass', Result: { chosen: 'yes' }, End: true },
      No: { Type: 'Pass', Result: { chosen: 'no' }, End: true },
    },
  });
  expect(result).toEqual({ status: 'succeeded', output: { chosen: expected ? 'yes' : 'no' } });
});

test('context object, States.Format and the paths of a state', async () => {
  const { result } = await runOne({ ResultPath: '$', Next: 'Second' }, async () => ({ inner: { batch: 3 } }), {
    states: {
      Second: {
        Type: 'Pass',
        InputPath: '$.inner',
        Parameters: {
          'text.$': "States.Format('{}/{}-{}', $$.Execution.Name, $.batch, $$.Execution.Input.preset)",
          'list.$': 'States.Array($.batch, 4)',
        },
        ResultPath: '$.made.here',
        OutputPath: '$.made',
        End: true,
      },
    },
  });
  expect(result).toEqual({ status: 'succeeded', output: { here: { text: 'run-1/3-smoke', list: [3, 4] } } });
});

test('a path to nothing is States.Runtime, which no catch-all catches', async () => {
  const { result } = await runOne(
    { Parameters: { 'a.$': '$.nothing' }, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }] },
    async () => 1,
    { states: { Caught: { Type: 'Succeed' } } },
  );
  expect(result).toMatchObject({ status: 'failed', error: 'States.Runtime' });
});

test('stages are told once each, with RecordFailure as none of them', async () => {
  let calls = 0;
  const { events } = await runOne(
    { Retry: [retry(['A'], 1)], Next: 'Second', ResultPath: null },
    async () => {
      if (++calls === 1) throw errorNamed('A');
    },
    { states: { Second: task('record-failure') } },
  );
  expect(events).toEqual([
    { kind: 'stage-started', stage: 'plan' },
    { kind: 'stage-finished', stage: 'plan', seconds: expect.any(Number) },
  ]);
});

test('an abort ends the run at once, also while it waits to retry, and calls nothing more', async () => {
  const stop = new AbortController();
  const handler = vi.fn(async () => {
    setTimeout(() => stop.abort(), 20);
    throw errorNamed('A');
  });
  const { result } = await runOne({ Retry: [{ ErrorEquals: ['A'], IntervalSeconds: 60 }] }, handler, {
    signal: stop.signal,
  });
  expect(result).toMatchObject({ status: 'failed', error: 'ExecutionAborted' });
  await new Promise((done) => setTimeout(done, 20));
  expect(handler).toHaveBeenCalledTimes(1);
});
