/** `stepwise schedule … --engine aws` and the starter that its entries call, against servers that speak S3, EventBridge Scheduler and Step Functions. */
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { CreateScheduleGroupCommand, GetScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  ListExecutionsCommand,
  SFNClient,
} from '@aws-sdk/client-sfn';
import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { main } from '../../cli/main.ts';
import { readRequest } from '../../lib/pipeline/run-records.ts';
import { listScheduleNames, readSchedule } from '../../lib/pipeline/schedules/schedules.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { type MiniStack, s3ClientFor, startMiniStack } from './ministack.ts';

const server: MiniStack | undefined = await startMiniStack();
const store = 's3://schedules';
const functionArn = 'arn:aws:lambda:eu-central-1:000000000000:function:start-on-schedule';
let stateMachineArn: string;

beforeAll(async () => {
  if (!server) return;
  const target = [
    functionArn,
    'arn:aws:iam::000000000000:role/entries',
    'arn:aws:sqs:eu-central-1:000000000000:undelivered',
  ];
  const environment = {
    ...server.environment,
    AWS_ENDPOINT_URL: server.endpoint,
    STEPWISE_SCHEDULE_TARGET: target.join('|'),
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const s3 = s3ClientFor(server.endpoint);
  await s3.send(new CreateBucketCommand({ Bucket: store.slice('s3://'.length) }));
  s3.destroy();
  await new SchedulerClient().send(new CreateScheduleGroupCommand({ Name: 'stepwise' }));
  const created = await new SFNClient().send(
    new CreateStateMachineCommand({
      name: 'pipeline',
      // At 6 o'clock it ends at once; what starts later goes on for longer than the test does.
      definition: JSON.stringify({
        StartAt: 'Choose',
        States: {
          Choose: {
            Type: 'Choice',
            Choices: [{ Variable: '$.run', StringMatches: '*-060000-*', Next: 'Done' }],
            Default: 'Wait',
          },
          Wait: { Type: 'Wait', Seconds: 600, Next: 'Done' },
          Done: { Type: 'Pass', End: true },
        },
      }),
      roleArn: 'arn:aws:iam::000000000000:role/pipeline',
    }),
  );
  stateMachineArn = created.stateMachineArn!;
  vi.stubEnv('STEPWISE_STORE', store);
  vi.stubEnv('STEPWISE_STATE_MACHINE', stateMachineArn);
  vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'SILENT');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server?.stop();
});

async function schedule(...args: string[]) {
  const printed: string[] = [];
  const told: string[] = [];
  const terminal = {
    print: (text: string) => void printed.push(text.trimEnd()),
    tell: (line: string) => void told.push(line),
    draw: () => {},
    isInteractive: false,
    columns: 120,
  };
  const code = await main(['schedule', ...args, '--store', store], terminal);
  return { code, stdout: printed.join('\n'), stderr: told.join('\n') };
}

const entryOf = (name: string) =>
  new SchedulerClient().send(new GetScheduleCommand({ Name: name, GroupName: 'stepwise' }));
const add = (name: string) =>
  schedule('add', name, 'learned-optimizers/quadratics', '--preset', 'smoke', '--rate', '6 hours', '--engine', 'aws');

test.skipIf(!server)(
  'a schedule is an entry that starts one run a time, until it is paused, and then is gone',
  async () => {
    expect(await add('often')).toMatchObject({ code: 0, stderr: '' });
    const entry = await entryOf('often');
    expect(entry).toMatchObject({
      ...{ ScheduleExpression: 'rate(6 hours)', State: 'ENABLED', FlexibleTimeWindow: { Mode: 'OFF' } },
      Target: { Arn: functionArn, RetryPolicy: { MaximumRetryAttempts: 20, MaximumEventAgeInSeconds: 3600 } },
    });

    // As the service calls the function: the time put in, and more than once.
    const { handler } = await import('../../functions/start-on-schedule.lambda.ts');
    const fire = (time: string) =>
      handler(JSON.parse(entry.Target!.Input!.replace('<aws.scheduler.scheduled-time>', time)), {
        ...{ functionName: 'start-on-schedule', awsRequestId: '1' },
      } as Context);
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => fire('2026-11-25T06:00:00Z')));
    expect(outcomes.filter(({ outcome }) => outcome === 'started')).toHaveLength(1);
    await expect.poll(async () => (await fire('2026-11-25T12:00:00Z')).outcome).toMatch(/^started/);
    expect(await fire('2026-11-25T18:00:00Z')).toEqual({ run: null, outcome: 'still running' });
    const { executions } = await new SFNClient().send(new ListExecutionsCommand({ stateMachineArn }));
    const runs = ['20261125-060000-000-often', '20261125-120000-000-often'];
    expect(executions!.map(({ name }) => name).sort()).toEqual(runs);
    const described = await new SFNClient().send(
      new DescribeExecutionCommand({ executionArn: executions!.find(({ name }) => name === runs[1])!.executionArn }),
    );
    const opened = await openStore(store);
    expect(JSON.parse(described.input!)).toEqual(await readRequest(opened, runs[1]!));
    expect((await readSchedule(opened, 'often')).lastRun).toBe(runs[1]);

    expect((await schedule('pause', 'often')).code).toBe(0);
    expect((await entryOf('often')).State).toBe('DISABLED');
    expect(await fire('2026-11-25T18:00:00Z')).toEqual({ run: null, outcome: 'paused' });
    expect((await schedule('resume', 'often')).code).toBe(0);
    expect(await entryOf('often')).toMatchObject({ State: 'ENABLED', ScheduleExpression: 'rate(6 hours)' });
    expect((await schedule('list')).stdout).toMatch(/often .* every 6 hours +aws .* 20261125-120000-000-often/);
    expect((await schedule('remove', 'often')).code).toBe(0);
    await expect(entryOf('often')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(fire('2026-11-26T00:00:00Z')).rejects.toMatchObject({ name: 'UnknownSchedule' });
  },
);

test.skipIf(!server)('an entry that somebody else made is not taken, and one that is gone is no obstacle', async () => {
  await add('taken');
  const opened = await openStore(store);
  await opened.delete('schedules/taken.json');
  expect(await add('taken')).toEqual({
    ...{ code: 2, stdout: '' },
    stderr: expect.stringMatching(
      /^error: EventBridge Scheduler did not take the schedule 'taken' \(ConflictException: .*another name/,
    ),
  });
  expect(await listScheduleNames(opened)).toEqual([]);

  await add('lost');
  const { openSchedulerClient } = await import('../../cli/scheduler-client.ts');
  await (await openSchedulerClient()).remove('lost');
  expect(await schedule('pause', 'lost')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/'lost' \(ResourceNotFoundException: .*removed and added again/),
  });
  expect((await schedule('remove', 'lost')).code).toBe(0);
});
