/** The commands that look at a run on AWS, go on with it and stop it, on a stand-in for Step Functions. */
import { describe, expect, it } from 'vitest';
import { logs } from '../../cli/commands/logs.ts';
import { redrive } from '../../cli/commands/redrive.ts';
import { status } from '../../cli/commands/status.ts';
import { stop } from '../../cli/commands/stop.ts';
import { CannotRedrive, InvalidUsage } from '../../cli/errors.ts';
import { readRunState } from '../../cli/run-state.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import {
  executionArn,
  machineArn,
  recordFailure,
  rememberingTerminal,
  run,
  storeWithRun,
  stubClient,
} from './execution-stub.ts';

const aws = (store: string) => ({ store, engine: 'aws' }) as const;

describe('status', () => {
  it('tells what Step Functions knows: the execution, each map’s batches, how long it will take', async () => {
    const { folder } = await storeWithRun();
    const tenMinutesAgo = new Date(Date.now() - 600_000).toISOString();
    const client = stubClient([{ status: 'RUNNING', redrives: 1 }], {
      mapRuns: async () => [
        { map: 'train', status: 'RUNNING', startedAt: tenMinutesAgo, total: 40, succeeded: 8, failed: 2, running: 16 },
      ],
    });
    const terminal = rememberingTerminal();
    expect(await status(run, aws(folder), terminal, client)).toBe(0);
    const [text] = terminal.printed as [string];
    expect(text).toContain(`${run}: learned-optimizers/quadratics, running`);
    // Ten of forty in ten minutes.
    expect(text).toContain('train: running, 8 of 40 batches done, 2 failed, 16 running, about 30 min left');
    expect(text).toContain(`execution ${executionArn}: running, redriven 1 ×`);

    await status(run, { ...aws(folder), json: true }, terminal, client);
    expect(JSON.parse(terminal.printed[1]!)).toMatchObject({
      ...{ run, status: 'running', failure: null },
      execution: { arn: executionArn, status: 'RUNNING' },
      maps: [{ map: 'train', total: 40, secondsLeft: expect.closeTo(1800, -1) }],
    });
  });

  it.each([
    ['ABORTED', 'interrupted', 'stepwise redrive on-aws --engine aws'],
    ['TIMED_OUT', 'failed', 'stepwise redrive on-aws --engine aws'],
  ])('believes Step Functions where an execution is %s and nothing was written down', async (ended, judged, goOn) => {
    const { folder } = await storeWithRun();
    const terminal = rememberingTerminal();
    await status(run, aws(folder), terminal, stubClient([{ status: ended }]));
    expect(terminal.printed[0]).toContain(`, ${judged}\n`);
    expect(terminal.printed[0]).toContain(`${goOn} --store ${folder}`);
  });

  it('says why a run failed, and to resume it where the failure was caught', async () => {
    const { folder, store } = await storeWithRun({ status: 'failed' });
    await recordFailure(store, 'run', 'TooManyTrialsFailed');
    const terminal = rememberingTerminal();
    await status(run, aws(folder), terminal, stubClient([{ status: 'FAILED', error: 'TooManyTrialsFailed' }]));
    expect(terminal.printed[0]).toContain('TooManyTrialsFailed: it went wrong');
    expect(terminal.printed[0]).toContain(`stepwise resume ${run} --engine aws --store`);
  });

  it('follows until the end', async () => {
    const { folder } = await storeWithRun();
    const client = stubClient([{ status: 'RUNNING' }, { status: 'ABORTED' }]);
    const terminal = rememberingTerminal();
    await status(run, { ...aws(folder), follow: true, followSeconds: 0.001 }, terminal, client);
    expect(terminal.told[0]).toContain('running');
    expect(terminal.printed).toHaveLength(1);
    expect(terminal.printed[0]).toContain('interrupted');
  });

  it('needs to know the state machine where the run has not written its execution down', async () => {
    const { folder, store } = await storeWithRun();
    await store.delete(keys.runState(run));
    const ask = status(run, aws(folder), rememberingTerminal(), stubClient([{}]));
    await expect(ask).rejects.toThrow(InvalidUsage);
    const local = await storeWithRun({ engine: 'local', execution: undefined });
    await expect(status(run, aws(local.folder), rememberingTerminal(), stubClient([{}]))).rejects.toThrow(
      'not on AWS: leave --engine aws out',
    );
  });
});

describe('logs', () => {
  const failures = [
    {
      where: 'Plan',
      at: '2026-01-01T00:01:00.000Z',
      error: 'Lambda.TooManyRequestsException',
      cause: 'Rate\nexceeded',
    },
    {
      where: 'Train, batch 3',
      error: 'States.TaskFailed',
      cause: 'Host EC2 terminated',
      logStream: 'train/default/0f',
    },
  ];

  it('tells what the run recorded, what Step Functions saw fail, and where the whole logs are', async () => {
    const { folder, store } = await storeWithRun();
    await recordFailure(store, 'run', 'TooManyTrialsFailed');
    const client = stubClient([{ status: 'FAILED', error: 'TooManyTrialsFailed', cause: '2 of 9' }], {
      failures: async () => failures,
    });
    const terminal = rememberingTerminal();
    expect(await logs('latest', aws(folder), terminal, client)).toBe(0);
    const [text] = terminal.printed as [string];
    expect(text).toContain('run: TooManyTrialsFailed: it went wrong\n\nat last');
    expect(text).toContain(`execution ${executionArn}: FAILED, TooManyTrialsFailed: 2 of 9`);
    expect(text).toContain('2026-01-01T00:01:00.000Z Plan: Lambda.TooManyRequestsException: Rate exceeded\n');
    expect(text).toContain('Train, batch 3: States.TaskFailed: Host EC2 terminated (log stream train/default/0f)');
    expect(text).toContain(
      `aws logs filter-log-events --log-group-name /aws/vendedlogs/states/Stepwise-pipeline --filter-pattern '"${run}"'`,
    );
    expect(text).toContain('--log-group-name-prefix Stepwise-');

    await logs(run, { ...aws(folder), json: true }, terminal, client);
    expect(JSON.parse(terminal.printed[1]!)).toMatchObject({
      failures: [{ where: 'run' }],
      execution: { status: 'FAILED', cause: '2 of 9', failures },
      logGroup: '/aws/vendedlogs/states/Stepwise-pipeline',
      logGroupPrefix: 'Stepwise-',
    });
  });

  it('asks AWS only where it is told to', async () => {
    const { folder } = await storeWithRun();
    const client = stubClient([{}]);
    const terminal = rememberingTerminal();
    await logs(run, { store: folder }, terminal, client);
    expect(terminal.printed).toEqual([`Run ${run} has recorded no failure.`]);
    expect(client.calls).toEqual([]);
  });

  it('has no place to name where the state machine does not log', async () => {
    const { folder } = await storeWithRun();
    const terminal = rememberingTerminal();
    await logs(run, aws(folder), terminal, stubClient([{}], { logGroup: async () => undefined }));
    expect(terminal.printed[0]).not.toContain('aws logs');
  });
});

describe('redrive', () => {
  it('goes on with the same execution, forgets what failed, and follows it', async () => {
    const { folder, store } = await storeWithRun();
    await recordFailure(store, 'trial-count-0', 'RangeError');
    // Of an attempt before: what was stopped did not end in the state Failed.
    await recordFailure(store, 'run', 'TrialsFailed');
    const client = stubClient([{ status: 'ABORTED' }, { status: 'TIMED_OUT', error: 'States.Timeout' }]);
    const terminal = rememberingTerminal();
    expect(await redrive(run, aws(folder), terminal, client)).toBe(1);
    expect(client.calls).toEqual([`describe ${executionArn}`, `redrive ${executionArn}`, `describe ${executionArn}`]);
    expect(await store.head(keys.failure(run, 'trial-count-0'))).toBeUndefined();
    expect(terminal.told).toContain(`run ${run} goes on as ${executionArn}`);
    expect(terminal.told.join('\n')).toContain('The execution ended as TIMED_OUT, States.Timeout.');
    // Nothing was recorded, and still the run does not stand there as if it went on.
    expect(await readRunState(store, run)).toMatchObject({ status: 'failed', execution: executionArn });
  });

  const dayAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();

  it.each([
    ['its failure was caught', { status: 'FAILED' }, true, 'caught and recorded'],
    ['it is too old', { status: 'ABORTED', stoppedAt: dayAgo(15) }, false, 'more than 14 days ago'],
    [
      'Step Functions says no',
      { status: 'ABORTED', stoppedAt: dayAgo(1), notRedrivable: 'its history is full' },
      false,
      'its history is full',
    ],
  ])('asks for a new execution where %s', async (_, description, caught, words) => {
    const { folder, store } = await storeWithRun();
    if (caught) await recordFailure(store, 'run', 'TrialsFailed');
    const client = stubClient([description, { status: 'TIMED_OUT' }]);
    const terminal = rememberingTerminal();
    // A new one is started on a deployment's bucket, which this folder is not.
    const started = redrive(run, { ...aws(folder), stateMachine: machineArn }, terminal, client);
    await expect(started).rejects.toThrow('--engine aws needs --store s3://BUCKET');
    expect(terminal.told[0]).toContain(words);
    expect(client.calls).not.toContain(`redrive ${executionArn}`);
  });

  it.each([
    ['goes on', 'RUNNING', 'it is running'],
    ['has succeeded', 'SUCCEEDED', 'it succeeded'],
  ])('refuses a run that %s', async (_, ended, words) => {
    const { folder } = await storeWithRun();
    const refused = redrive(run, aws(folder), rememberingTerminal(), stubClient([{ status: ended }]));
    await expect(refused).rejects.toThrow(CannotRedrive);
    await expect(refused).rejects.toThrow(words);
  });

  it('cannot change the budget of an execution', async () => {
    const { folder, store } = await storeWithRun();
    await recordFailure(store, 'trial-count-0', 'RangeError');
    const refused = redrive(
      run,
      { ...aws(folder), budget: 5 },
      rememberingTerminal(),
      stubClient([{ status: 'ABORTED' }]),
    );
    await expect(refused).rejects.toThrow(`stepwise resume ${run} --engine aws --budget 5`);
    expect(await store.head(keys.failure(run, 'trial-count-0'))).toBeDefined();
  });
});

describe('stop', () => {
  it('ends the execution, writes that down and says how to go on', async () => {
    const { folder, store } = await storeWithRun();
    const client = stubClient([{ status: 'RUNNING' }]);
    const terminal = rememberingTerminal();
    expect(await stop('latest', { store: folder }, terminal, client)).toBe(0);
    expect(client.calls).toEqual([`describe ${executionArn}`, `stop ${executionArn} stepwise stop`]);
    expect(await readRunState(store, run)).toMatchObject({ status: 'interrupted', execution: executionArn });
    expect(terminal.told[0]).toContain(`stepwise redrive ${run} --engine aws --store ${folder}`);
  });

  it('does nothing to a run that has ended', async () => {
    const { folder, store } = await storeWithRun({ status: 'succeeded' });
    const client = stubClient([{ status: 'SUCCEEDED' }]);
    const terminal = rememberingTerminal();
    expect(await stop(run, { store: folder }, terminal, client)).toBe(0);
    expect(terminal.told[0]).toContain('has ended as SUCCEEDED');
    expect(client.calls).toEqual([`describe ${executionArn}`]);
    expect(await readRunState(store, run)).toMatchObject({ status: 'succeeded' });
  });

  it('is not for a run of this machine, nor for one that nobody knows', async () => {
    const { folder } = await storeWithRun({ engine: 'local', execution: undefined });
    const client = stubClient([{}]);
    await expect(stop(run, { store: folder }, rememberingTerminal(), client)).rejects.toThrow('Ctrl+C');
    await expect(stop('nobody', { store: folder }, rememberingTerminal(), client)).rejects.toThrow(
      "There is no run 'nobody'",
    );
    expect(client.calls).toEqual([]);
  });
});
