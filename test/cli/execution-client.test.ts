/** The SDK of Step Functions as it is, against answers as the service writes them. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AwsRefused, InvalidUsage } from '../../cli/errors.ts';
import { openExecutionClient } from '../../cli/execution-client.ts';
import { executionArn, machineArn } from './execution-stub.ts';

interface Answer {
  readonly statusCode?: number;
  readonly body: unknown;
}

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };

let server: Server;
let answer: (action: string, input: Record<string, unknown>) => Answer;
beforeAll(async () => {
  server = createServer(async (request, response) => {
    const { statusCode = 200, body } = answer(
      String(request.headers['x-amz-target']).split('.')[1]!,
      (await json(request)) as Record<string, unknown>,
    );
    response.writeHead(statusCode, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

/** Answers each action with its next answer; what was sent is kept. */
async function clientAnswering(answers: Readonly<Record<string, readonly Answer[]>>) {
  const sent: { readonly action: string; readonly input: Record<string, unknown> }[] = [];
  const left = new Map(Object.entries(answers).map(([action, list]) => [action, [...list]]));
  answer = (action, input) => {
    sent.push({ action, input });
    return left.get(action)!.shift()!;
  };
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = await openExecutionClient({ region: 'eu-west-1', credentials, endpoint, maxAttempts: 1 });
  return { client, sent };
}

const refused = (name: string, message = 'no'): Answer => ({ statusCode: 400, body: { __type: name, message } });
const mapRunArn = 'arn:aws:states:eu-west-1:123456789012:mapRun:Stepwise/train:0f2c';

describe('an execution', () => {
  it('is described with times, redrives and why it cannot be redriven', async () => {
    const { client } = await clientAnswering({
      DescribeExecution: [
        {
          body: {
            ...{ status: 'FAILED', startDate: 1_767_225_600, stopDate: 1_767_225_660, error: 'E', cause: 'because' },
            ...{ redriveCount: 2, redriveStatus: 'NOT_REDRIVABLE', redriveStatusReason: 'too old' },
          },
        },
      ],
    });
    expect(await client.describe(executionArn)).toEqual({
      ...{ status: 'FAILED', startedAt: '2026-01-01T00:00:00.000Z', stoppedAt: '2026-01-01T00:01:00.000Z' },
      ...{ error: 'E', cause: 'because', redrives: 2, notRedrivable: 'too old' },
    });
  });

  it('has map runs, oldest first, over all pages', async () => {
    const counts = { total: 9, succeeded: 4, failed: 1, timedOut: 1, aborted: 1, running: 2 };
    const evaluate = mapRunArn.replace('train:0f2c', 'evaluate:77aa');
    const { client, sent } = await clientAnswering({
      ListMapRuns: [
        { body: { mapRuns: [{ mapRunArn: evaluate, startDate: 1_767_225_660 }], nextToken: 'more' } },
        { body: { mapRuns: [{ mapRunArn, startDate: 1_767_225_600 }] } },
      ],
      DescribeMapRun: [
        { body: { status: 'SUCCEEDED', itemCounts: counts } },
        { body: { status: 'RUNNING', itemCounts: counts } },
      ],
    });
    expect(await client.mapRuns(executionArn)).toEqual([
      {
        ...{ map: 'train', status: 'SUCCEEDED', startedAt: '2026-01-01T00:00:00.000Z' },
        ...{ total: 9, succeeded: 4, failed: 3, running: 2 },
      },
      expect.objectContaining({ map: 'evaluate', status: 'RUNNING' }),
    ]);
    expect(sent.filter(({ action }) => action === 'DescribeMapRun')[0]!.input).toEqual({ mapRunArn });
  });

  it('tells what failed: states by its history, batches by the Train map’s children with the job’s log stream', async () => {
    const job = { Attempts: [], Container: { LogStreamName: 'train/default/0f2c' }, StatusReason: 'Host EC2 "lost"' };
    const { client, sent } = await clientAnswering({
      GetExecutionHistory: [
        {
          body: {
            events: [
              { id: 1, type: 'ExecutionStarted', timestamp: 1_767_225_600 },
              { id: 2, type: 'TaskStateEntered', timestamp: 1_767_225_600, stateEnteredEventDetails: { name: 'Plan' } },
              {
                ...{ id: 3, type: 'TaskFailed', timestamp: 1_767_225_601 },
                taskFailedEventDetails: { error: 'Lambda.Unknown', cause: 'gone', resource: 'x', resourceType: 'y' },
              },
            ],
            nextToken: 'more',
          },
        },
        {
          body: {
            events: [
              { id: 4, type: 'MapStateEntered', timestamp: 1_767_225_602, stateEnteredEventDetails: { name: 'Train' } },
              {
                ...{ id: 5, type: 'MapRunFailed', timestamp: 1_767_225_603 },
                mapRunFailedEventDetails: { error: 'States.ExceedToleratedFailureThreshold' },
              },
              { id: 6, type: 'ExecutionTimedOut', timestamp: 1_767_225_604, executionTimedOutEventDetails: {} },
            ],
          },
        },
      ],
      ListMapRuns: [{ body: { mapRuns: [{ mapRunArn, startDate: 1_767_225_602 }] } }],
      ListExecutions: [{ body: { executions: [{ executionArn: 'arn:child' }] } }],
      DescribeExecution: [
        {
          body: {
            ...{ status: 'FAILED', stopDate: 1_767_225_603, error: 'States.TaskFailed', cause: JSON.stringify(job) },
            input: '{"run":"on-aws","batch":3}',
          },
        },
      ],
    });
    expect(await client.failures(executionArn, 50)).toEqual([
      { where: 'Plan', at: '2026-01-01T00:00:01.000Z', error: 'Lambda.Unknown', cause: 'gone' },
      {
        ...{ where: 'Train', at: '2026-01-01T00:00:03.000Z' },
        ...{ error: 'States.ExceedToleratedFailureThreshold', cause: '' },
      },
      { where: 'the execution', at: '2026-01-01T00:00:04.000Z', error: 'ExecutionTimedOut', cause: '' },
      {
        ...{ where: 'Train, batch 3', at: '2026-01-01T00:00:03.000Z', error: 'States.TaskFailed' },
        ...{ cause: 'Host EC2 "lost"', logStream: 'train/default/0f2c' },
      },
    ]);
    expect(sent.find(({ action }) => action === 'ListExecutions')!.input).toMatchObject({
      ...{ mapRunArn, statusFilter: 'FAILED', maxResults: 47 },
    });
  });

  it('is started, redriven and stopped', async () => {
    const { client, sent } = await clientAnswering({
      StartExecution: [{ body: { executionArn, startDate: 1_767_225_600 } }],
      RedriveExecution: [{ body: { redriveDate: 1_767_225_600 } }],
      StopExecution: [{ body: { stopDate: 1_767_225_600 } }],
    });
    expect(await client.start({ stateMachineArn: machineArn, name: 'on-aws', input: '{}' })).toBe(executionArn);
    await client.redrive(executionArn);
    await client.stop(executionArn, 'stepwise stop');
    expect(sent.map(({ action }) => action)).toEqual(['StartExecution', 'RedriveExecution', 'StopExecution']);
    expect(sent[2]!.input).toEqual({ executionArn, error: 'Stopped', cause: 'stepwise stop' });
  });

  it('logs into the group that its state machine names', async () => {
    const logGroupArn = 'arn:aws:logs:eu-west-1:123456789012:log-group:/aws/vendedlogs/states/Stepwise-pipeline:*';
    const { client } = await clientAnswering({
      DescribeStateMachine: [
        { body: { loggingConfiguration: { destinations: [{ cloudWatchLogsLogGroup: { logGroupArn } }] } } },
        { body: {} },
      ],
    });
    expect(await client.logGroup(machineArn)).toBe('/aws/vendedlogs/states/Stepwise-pipeline');
    expect(await client.logGroup(machineArn)).toBeUndefined();
  });
});

describe('a refusal', () => {
  it.each([
    ['expired credentials', 'ExpiredTokenException', 'no', AwsRefused, 'does not accept the credentials'],
    ['unknown credentials', 'UnrecognizedClientException', 'no', AwsRefused, 'AWS_PROFILE'],
    [
      'a missing permission',
      'AccessDeniedException',
      'User: arn:aws:iam::1:user/a is not authorized to perform: states:DescribeExecution on resource: b',
      AwsRefused,
      'states:DescribeExecution is not allowed',
    ],
    ['throttling', 'ThrottlingException', 'Rate exceeded', AwsRefused, 'asked too often'],
    ['an unknown execution', 'ExecutionDoesNotExist', "Execution Does Not Exist: 'x'", InvalidUsage, '90 days'],
    ['an unknown state machine', 'StateMachineDoesNotExist', 'x', InvalidUsage, '--state-machine'],
  ] as const)('for %s says what to do', async (_, name, message, kind, words) => {
    const { client } = await clientAnswering({ DescribeExecution: [refused(name, message)] });
    const error = await client.describe(executionArn).catch((thrown: Error) => thrown);
    expect(error).toBeInstanceOf(kind);
    expect((error as Error).message).toContain(words);
    expect((error as Error).message).not.toMatch(/AKID|user\/a/);
  });

  it('names missing credentials, and a region that is not set', async () => {
    const noCredentials = await openExecutionClient({
      region: 'eu-west-1',
      credentials: async () => {
        throw Object.assign(new Error('Could not load credentials from any providers'), {
          name: 'CredentialsProviderError',
        });
      },
    });
    await expect(noCredentials.describe(executionArn)).rejects.toThrow('or there are none (CredentialsProviderError)');
    const noRegion = await openExecutionClient({
      region: async () => {
        throw new Error('Region is missing');
      },
      credentials,
    });
    await expect(noRegion.describe(executionArn)).rejects.toThrow('no region is set. Set AWS_REGION');
  });

  it('that nobody foresaw leaves as it is', async () => {
    const { client } = await clientAnswering({ DescribeExecution: [refused('InternalFailure', 'oh')] });
    await expect(client.describe(executionArn)).rejects.toMatchObject({ name: 'InternalFailure' });
  });
});
