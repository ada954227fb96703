import { describe, expect, it } from 'vitest';
import { ExecutionFailed, InvalidUsage } from '../../cli/errors.ts';
import { checkAwsOptions, type StateMachineClient, startOnAws } from '../../cli/start-on-aws.ts';
import { runRequestSchema } from '../../lib/pipeline/request.ts';

const arn = 'arn:aws:states:us-east-1:123456789012:stateMachine:Stepwise';
const request = runRequestSchema.parse({
  run: 'r'.repeat(80),
  experiment: 'learned-optimizers/mnist',
  preset: 'paper',
});

/** Answers with these statuses in turn. */
function stub(...statuses: readonly string[]) {
  const started: Parameters<StateMachineClient['start']>[0][] = [];
  const left = [...statuses];
  const client: StateMachineClient = {
    async start(execution) {
      started.push(execution);
      return 'arn:execution';
    },
    async describe(executionArn) {
      expect(executionArn).toBe('arn:execution');
      return { status: left.shift()!, error: 'TrialsFailed', cause: '2 of 9' };
    },
  };
  return { client, started };
}

const start = (client: StateMachineClient, more: Partial<Parameters<typeof startOnAws>[0]> = {}) => {
  const seen: string[] = [];
  const signal = new AbortController().signal;
  const outcome = startOnAws({
    request,
    stateMachineArn: arn,
    client,
    signal,
    pollSeconds: 0.001,
    onStarted: (execution) => void seen.push(execution),
    onPoll: (status) => void seen.push(status),
    ...more,
  });
  return { outcome, seen };
};

describe('startOnAws', () => {
  it('starts the execution under the run’s name and waits for its end', async () => {
    const { client, started } = stub('RUNNING', 'RUNNING', 'SUCCEEDED');
    const { outcome, seen } = start(client);
    expect(await outcome).toBe('succeeded');
    expect(seen).toEqual(['arn:execution', 'RUNNING', 'RUNNING', 'SUCCEEDED']);
    expect(started).toEqual([{ stateMachineArn: arn, name: request.run, input: JSON.stringify(request) }]);
  });

  it('takes another name the second time, no longer than a name may be', async () => {
    const { client, started } = stub('SUCCEEDED');
    await start(client, { suffix: 'a1b2c3' }).outcome;
    expect(started[0]!.name).toMatch(/^r{73}-a1b2c3$/);
  });

  it('says why an execution failed', async () => {
    const { outcome } = start(stub('FAILED').client);
    await expect(outcome).rejects.toThrow(ExecutionFailed);
    await expect(outcome).rejects.toThrow('FAILED, TrialsFailed: 2 of 9');
  });

  it('stops waiting at once when interrupted', async () => {
    const controller = new AbortController();
    const { outcome } = start(stub('RUNNING').client, {
      signal: controller.signal,
      pollSeconds: 1_000,
      onPoll: () => controller.abort(),
    });
    expect(await outcome).toBe('interrupted');
  });
});

it('needs the bucket and the state machine', () => {
  expect(checkAwsOptions('s3://bucket', arn)).toBe(arn);
  expect(() => checkAwsOptions('.stepwise', arn)).toThrow(InvalidUsage);
  expect(() => checkAwsOptions('s3://bucket', undefined)).toThrow('got none');
  expect(() => checkAwsOptions('s3://bucket', 'arn:aws:lambda:us-east-1:123456789012:function:x')).toThrow(
    InvalidUsage,
  );
});
