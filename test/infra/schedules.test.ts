import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import flags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import { describe, expect, test } from 'vitest';
import { startOnSchedule } from '../../functions/start-on-schedule.ts';
import { unbundledCode } from '../../infra/deployable-code.ts';
import { Schedules } from '../../infra/schedules.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import type { AnyJson } from './synthesized.ts';

const nightly = {
  ...{ name: 'nightly', experiment: 'layer-norm/draw', preset: 'smoke', budgetUsDollars: 2 },
  times: { cron: '30 2 * * 1', timeZone: 'Europe/Zurich' },
};

/** The construct alone, and what stands around it. */
function deploy(definitions?: unknown): Template {
  const stack = new Stack(new App({ analyticsReporting: false, context: flags }), 'Stack');
  const bucket = new Bucket(stack, 'Bucket') as IBucket;
  const stateMachine = StateMachine.fromStateMachineName(stack, 'Machine', 'machine');
  const topic = new Topic(stack, 'Topic');
  new Schedules(stack, 'Schedules', { code: unbundledCode(), bucket, stateMachine, topic, definitions });
  return Template.fromStack(stack);
}

const template = deploy([nightly]);
const all = (type: string): readonly (readonly [id: string, properties: AnyJson])[] =>
  Object.entries(template.findResources(type)).map(([id, { Properties }]) => [id, Properties]);
const [[starterId]] = all('AWS::Lambda::Function') as [readonly [string, AnyJson]];
const [[queueId, queue]] = all('AWS::SQS::Queue') as [readonly [string, AnyJson]];
const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
const statementsOf = (role: RegExp): readonly AnyJson[] =>
  all('AWS::IAM::Policy')
    .filter(([, { Roles }]) => Roles.some(({ Ref }: AnyJson) => role.test(Ref)))
    .flatMap(([, { PolicyDocument }]) => PolicyDocument.Statement);

describe('the role that the entries use', () => {
  const [roleId, role] = all('AWS::IAM::Role').find(([, { AssumeRolePolicyDocument }]) =>
    JSON.stringify(AssumeRolePolicyDocument).includes('scheduler.amazonaws.com'),
  )!;

  test('can be taken by entries of this group alone', () => {
    expect(role.AssumeRolePolicyDocument.Statement).toEqual([
      {
        ...{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'scheduler.amazonaws.com' } },
        Condition: {
          StringEquals: {
            'aws:SourceAccount': { Ref: 'AWS::AccountId' },
            'aws:SourceArn': {
              'Fn::Join': ['', expect.arrayContaining([':scheduler:', ':schedule-group/stepwise'])],
            },
          },
        },
      },
    ]);
    expect(all('AWS::Scheduler::ScheduleGroup').map(([, { Name }]) => Name)).toEqual(['stepwise']);
  });

  test('may call the starter and put what was not delivered into the queue, and nothing else', () => {
    expect(role.ManagedPolicyArns).toBeUndefined();
    expect(statementsOf(new RegExp(`^${roleId}$`))).toEqual([
      { Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: arnOf(starterId) },
      { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: arnOf(queueId) },
    ]);
  });
});

test('the starter may read schedules, keep requests, start this state machine and ask how its runs are, and nothing else', () => {
  const statements = statementsOf(/^SchedulesStarterRole/);
  const objects = (...paths: readonly string[]) =>
    paths.map((path) => ({ 'Fn::Join': ['', [arnOf(expect.stringMatching(/^Bucket/) as never), path]] }));
  expect(statements).toEqual([
    {
      ...{ Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'] },
      Resource: arnOf(expect.stringMatching(/^SchedulesStarterLog/) as never),
    },
    { Effect: 'Allow', Action: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'], Resource: '*' },
    {
      ...{ Effect: 'Allow', Action: ['s3:AbortMultipartUpload', 's3:GetObject', 's3:PutObject'] },
      Resource: objects('/runs/*/request.json*', '/schedules/*'),
    },
    { Effect: 'Allow', Action: 's3:ListBucket', Resource: arnOf(expect.stringMatching(/^Bucket/) as never) },
    {
      ...{ Effect: 'Allow', Action: 'states:StartExecution' },
      Resource: { 'Fn::Join': ['', expect.arrayContaining([':stateMachine:machine'])] },
    },
    {
      ...{ Effect: 'Allow', Action: 'states:DescribeExecution' },
      Resource: { 'Fn::Join': ['', expect.arrayContaining([':states:', ':execution:', ':*'])] },
    },
    { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: arnOf(queueId) },
  ]);
  // And that is where these are: a firing that comes twice reads the request that it finds.
  expect(keys.request('20261125-023000-000-nightly')).toMatch(/^runs\/.*\/request\.json/);
  expect(keys.schedule('nightly')).toMatch(/^schedules\//);
});

test('what could not be delivered, or started nothing, is kept for two weeks, and an alarm says so', () => {
  expect(queue).toMatchObject({ SqsManagedSseEnabled: true, MessageRetentionPeriod: 1_209_600 });
  const [[, config]] = all('AWS::Lambda::EventInvokeConfig') as [readonly [string, AnyJson]];
  expect(config).toMatchObject({
    FunctionName: { Ref: starterId },
    DestinationConfig: { OnFailure: { Destination: arnOf(queueId) } },
  });
  const [[, alarm]] = all('AWS::CloudWatch::Alarm') as [readonly [string, AnyJson]];
  expect(alarm).toMatchObject({
    ...{ MetricName: 'ApproximateNumberOfMessagesVisible', Threshold: 1, EvaluationPeriods: 1 },
    Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [queueId, 'QueueName'] } }],
    AlarmActions: [{ Ref: expect.stringMatching(/^Topic/) }],
    AlarmDescription: expect.stringContaining('no run was started'),
  });
});

describe('a deployed schedule', () => {
  test('fires at its times, with an event that the starter takes', async () => {
    const [[, entry]] = all('AWS::Scheduler::Schedule') as [readonly [string, AnyJson]];
    expect(entry).toMatchObject({
      ...{ Name: 'deployed.nightly', GroupName: 'stepwise', FlexibleTimeWindow: { Mode: 'OFF' } },
      ...{ ScheduleExpression: 'cron(30 2 ? * MON *)', ScheduleExpressionTimezone: 'Europe/Zurich' },
      Target: { Arn: arnOf(starterId), DeadLetterConfig: { Arn: arnOf(queueId) } },
    });
    const event = JSON.parse(entry.Target.Input.replace('<aws.scheduler.scheduled-time>', '2026-11-30T01:30:00Z'));
    const started: string[] = [];
    await startOnSchedule(event, {
      store: new MemoryObjectStore(),
      log: () => {},
      isRunning: async () => false,
      start: async ({ input }) => started.push(input) > 0,
    });
    expect(JSON.parse(started[0]!)).toMatchObject({
      ...{ run: '20261130-013000-001-nightly', experiment: 'layer-norm/draw', preset: 'smoke' },
      ...{ notify: 'changes', budgetUsDollars: 2, trigger: { kind: 'schedule', name: 'nightly' } },
    });
  });

  test('may come as a list, as its JSON, or not at all', () => {
    const countOf = (definitions?: unknown) =>
      Object.keys(deploy(definitions).findResources('AWS::Scheduler::Schedule')).length;
    expect(countOf(JSON.stringify([nightly, { ...nightly, name: 'second' }]))).toBe(2);
    expect(countOf()).toBe(0);
  });

  test.each([
    ['with a name that is none', [{ ...nightly, name: '../x' }], /named by lower-case/],
    ['with times that are none', [{ ...nightly, times: { cron: '0 3 13 * 5' } }], /a day of the month and a weekday/],
    ['that may spend nothing', [{ ...nightly, budgetUsDollars: 0 }], /was not accepted/],
    ['twice', [nightly, nightly], /There is already a Construct with name 'Schedule-nightly'/],
    ['that is no list', nightly, /must be a list/],
    ['that is no JSON', 'nightly', /must be a list/],
  ])('%s stops the deployment', (_, definitions, message) => {
    expect(() => deploy(definitions)).toThrow(message);
  });
});

test('the output is what the command line takes', async () => {
  const { readScheduleTarget } = await import('../../cli/scheduler-client.ts');
  const output = Object.values(template.findOutputs('ScheduleTarget'))[0]!.Value['Fn::Join'];
  expect(output[1].map((part: AnyJson) => part['Fn::GetAtt'][0])).toEqual([
    starterId,
    expect.stringMatching(/^SchedulesRole/),
    queueId,
  ]);
  const arns = [
    'arn:aws:lambda:eu-west-1:111122223333:function:Stepwise-SchedulesStarterFunction84444D35-a1B2',
    'arn:aws:iam::111122223333:role/Stepwise-SchedulesRole523D57EE-a1B2',
    'arn:aws:sqs:eu-west-1:111122223333:Stepwise-SchedulesUndeliveredQueueF987B4E9-a1B2',
  ];
  expect(Object.values(readScheduleTarget(arns.join(output[0])))).toEqual(arns);
});
