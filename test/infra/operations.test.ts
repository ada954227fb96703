/** What an operator relies on: the dashboard, alarms that ring, tags on the bill, logs that end, data that stays. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectRoot } from '../../infra/deployable-code.ts';
import { type SynthesizedTemplate, synthesizeTemplate } from '../../infra/synthesize.ts';
import { type AnyJson, resourcesOf, synthesizeOnce } from './synthesized.ts';

/** The dashboard's body, with references by the name of what they refer to. */
async function readDashboard(): Promise<{ readonly widgets: readonly AnyJson[] }> {
  const [[, { DashboardBody }] = []] = (await resourcesOf('AWS::CloudWatch::Dashboard')) as [
    readonly [string, AnyJson],
  ];
  const parts: readonly AnyJson[] = DashboardBody['Fn::Join'][1];
  return JSON.parse(
    parts.map((part) => (typeof part === 'string' ? part : (part.Ref ?? part['Fn::GetAtt'][0]))).join(''),
  );
}

describe('the dashboard', () => {
  const metrics = async () =>
    (await readDashboard()).widgets.flatMap(({ properties }: AnyJson): AnyJson[] => properties.metrics ?? []);
  const names = async (namespace: string) =>
    new Set((await metrics()).filter(([first]) => first === namespace).map(([, name]) => name));

  test('shows runs, machines, functions, the HTTP API and money', async () => {
    expect(await names('AWS/States')).toEqual(
      new Set([
        ...['ExecutionsStarted', 'ExecutionsSucceeded', 'ExecutionsFailed', 'ExecutionsTimedOut', 'ExecutionsAborted'],
        ...['ExecutionTime', 'ExecutionThrottled', 'OpenExecutionCount'],
      ]),
    );
    expect(await names('AWS/Usage')).toEqual(new Set(['ResourceCount']));
    expect(await names('AWS/Lambda')).toEqual(
      new Set([
        ...['Errors', 'Duration', 'Throttles', 'ConcurrentExecutions'],
        ...['UrlRequestCount', 'Url4xxCount', 'Url5xxCount', 'UrlRequestLatency'],
      ]),
    );
    expect(await names('AWS/SQS')).toEqual(new Set(['ApproximateNumberOfMessagesVisible']));
    expect(await names('AWS/Billing')).toEqual(new Set(['EstimatedCharges']));
  });

  test('shows errors of every function', async () => {
    const shown = (await metrics()).filter(([, name]) => name === 'Errors').map(([, , , fn]) => fn);
    const functions = await resourcesOf('AWS::Lambda::Function');
    expect(new Set(shown)).toEqual(new Set(functions.map(([id]) => id)));
  });

  test('reckons what GPU machines cost an hour with the prices that runs are reckoned with', async () => {
    const [{ expression }] = (await metrics()).flat().filter(({ expression: text }) => /0\.526/.test(text ?? ''));
    expect(expression).toBe('(FILL(spot, 0) * 0.2104 + FILL(onDemand, 0) * 0.526) / 4');
  });

  test('fits the grid', async () => {
    const { widgets } = await readDashboard();
    for (const { x, width } of widgets) expect(x + width).toBeLessThanOrEqual(24);
  });
});

describe('alarms', () => {
  test('one rings after half an hour of GPU machines without a pipeline', async () => {
    const alarms = await resourcesOf('AWS::CloudWatch::Alarm');
    const [, alarm] = alarms.find(([id]) => id.startsWith('AlarmsGpuWithoutPipeline'))!;
    expect(alarm.EvaluationPeriods * alarm.Metrics[1].MetricStat.Period).toBe(1800);
    expect(alarm).toMatchObject({ Threshold: 1, ComparisonOperator: 'GreaterThanOrEqualToThreshold' });
    const [rule, ...counted] = alarm.Metrics as readonly AnyJson[];
    expect(rule.Expression).toBe('IF(FILL(spot, 0) + FILL(onDemand, 0) > 0 AND FILL(open, 0) < 1, 1, 0)');
    const named = Object.fromEntries(counted.map(({ Id, MetricStat }) => [Id, MetricStat.Metric]));
    const classes = ({ Dimensions }: AnyJson) => Dimensions.find(({ Name }: AnyJson) => Name === 'Class').Value;
    expect(classes(named.spot)).toBe('G/Spot');
    expect(classes(named.onDemand)).toBe('G/OnDemand');
    expect(named.open).toEqual({ Namespace: 'AWS/States', MetricName: 'OpenExecutionCount' });
  });

  test('each queue of what could not be delivered has one, and every alarm tells the topic and says in words what it is', async () => {
    const alarms = await resourcesOf('AWS::CloudWatch::Alarm');
    const watched = alarms
      .filter(([, { MetricName }]) => MetricName === 'ApproximateNumberOfMessagesVisible')
      .map(([, { Dimensions }]) => Dimensions[0].Value['Fn::GetAtt'][0]);
    expect(new Set(watched)).toEqual(new Set((await resourcesOf('AWS::SQS::Queue')).map(([id]) => id)));
    for (const [id, { AlarmActions, AlarmDescription }] of alarms) {
      expect(AlarmActions, id).toEqual([{ Ref: expect.stringMatching(/^NotificationsTopic/) }]);
      expect(AlarmDescription, id).toMatch(/\w+ \w+/);
    }
  });
});

test('what a deployment costs idle is documented', async () => {
  const counted = (await resourcesOf('AWS::CloudWatch::Alarm')).flatMap(([, { Metrics }]) =>
    Metrics ? Metrics.filter(({ MetricStat }: AnyJson) => MetricStat) : [1],
  ).length;
  const text = (await readFile(join(projectRoot, 'docs/cost.md'), 'utf8')).replaceAll('\n', ' ');
  // Ten alarms are free, the topic's key is a dollar, three dashboards are free.
  const dollars = (1 + 0.1 * (counted - 10)).toFixed(2);
  expect(text).toContain(`Idle, a deployment costs about ${dollars} a month`);
  expect(text).toContain(`each of the ${counted} alarm metrics`);
  expect(await resourcesOf('AWS::KMS::Key')).toHaveLength(1);
  expect((await resourcesOf('AWS::CloudWatch::Dashboard')).length).toBeLessThanOrEqual(3);
});

describe('everything', () => {
  test('that can carry tags says that it is ours and which part it is', async () => {
    const { Resources } = await synthesizeOnce();
    const untagged = new Set<string>();
    for (const { Type, Properties } of Object.values(Resources)) {
      const tags = tagsOf(Properties?.Tags);
      if (tags.project !== 'stepwise' || !/^[a-z-]+$/.test(tags.component ?? '')) untagged.add(Type);
    }
    // CloudFormation gives these none, or nothing that is billed.
    expect([...untagged].sort()).toEqual([
      ...['AWS::Budgets::Budget', 'AWS::EC2::LaunchTemplate', 'AWS::EC2::Route'],
      ...['AWS::EC2::SubnetRouteTableAssociation', 'AWS::EC2::VPCGatewayAttachment', 'AWS::IAM::InstanceProfile'],
      ...['AWS::IAM::ManagedPolicy', 'AWS::IAM::Policy', 'AWS::Lambda::EventInvokeConfig', 'AWS::Lambda::Permission'],
      ...['AWS::Lambda::Url', 'AWS::S3::BucketPolicy', 'AWS::SNS::TopicPolicy', 'AWS::SQS::QueuePolicy'],
    ]);
  });

  test('that trains is on the bill by part and by run', async () => {
    for (const [id, { ComputeResources }] of await resourcesOf('AWS::Batch::ComputeEnvironment')) {
      expect(ComputeResources.Tags, id).toEqual({ project: 'stepwise', component: 'training' });
    }
    const [[, job] = []] = await resourcesOf('AWS::Batch::JobDefinition');
    expect(job.PropagateTags).toBe(true);
  });

  test('that runs is traced, and every log ends', async () => {
    const [[, machine] = []] = await resourcesOf('AWS::StepFunctions::StateMachine');
    expect(machine.TracingConfiguration).toEqual({ Enabled: true });
    expect(machine.LoggingConfiguration).toMatchObject({ Level: 'ALL' });
    for (const [id, { TracingConfig, LoggingConfig }] of await resourcesOf('AWS::Lambda::Function')) {
      expect(TracingConfig, id).toEqual({ Mode: 'Active' });
      expect(LoggingConfig, id).toBeDefined();
    }
    for (const [id, { RetentionInDays }] of await resourcesOf('AWS::Logs::LogGroup')) {
      expect([30, 90], id).toContain(RetentionInDays);
    }
  });

  test('that holds data is encrypted, lets no public in, and speaks TLS 1.2 or later', async () => {
    const buckets = await resourcesOf('AWS::S3::Bucket');
    const policies = await resourcesOf('AWS::S3::BucketPolicy');
    expect(buckets.length).toBeGreaterThan(1);
    for (const [id, { BucketEncryption, PublicAccessBlockConfiguration }] of buckets) {
      expect(BucketEncryption.ServerSideEncryptionConfiguration, id).toHaveLength(1);
      expect(Object.values(PublicAccessBlockConfiguration), id).toEqual([true, true, true, true]);
      const [, { PolicyDocument }] = policies.find(([, { Bucket }]) => Bucket.Ref === id)!;
      const denied = PolicyDocument.Statement.filter(({ Effect }: AnyJson) => Effect === 'Deny');
      expect(denied.map(({ Action, Condition }: AnyJson) => [Action, Condition])).toEqual([
        ['s3:*', { Bool: { 'aws:SecureTransport': 'false' } }],
        ['s3:*', { NumericLessThan: { 's3:TlsVersion': 1.2 } }],
      ]);
    }
  });

  test('that holds messages is encrypted', async () => {
    for (const [id, { SqsManagedSseEnabled }] of await resourcesOf('AWS::SQS::Queue')) {
      expect(SqsManagedSseEnabled, id).toBe(true);
    }
    for (const [id, { KmsMasterKeyId }] of await resourcesOf('AWS::SNS::Topic'))
      expect(KmsMasterKeyId, id).toBeDefined();
  });
});

describe('deleting the stack', () => {
  const kept = ({ Resources }: SynthesizedTemplate) =>
    Object.entries(Resources)
      .filter(([, { DeletionPolicy }]) => DeletionPolicy?.startsWith('Retain'))
      .map(([id]) => id.replace(/[0-9A-F]{8}$/, ''));

  test('leaves the data, and nothing that costs money without it', async () => {
    expect(kept(await synthesizeOnce()).sort()).toEqual(['BucketAccessLogs', 'BucketData']);
  });

  test('takes the data along where the context says so, and cdk-nag has nothing against it', async () => {
    const template = await synthesizeTemplate({ context: { 'stepwise:destroyData': 'true' }, checked: true });
    expect(kept(template)).toEqual([]);
    const emptied = Object.values(template.Resources)
      .filter(({ Type }) => Type === 'Custom::S3AutoDeleteObjects')
      .map(({ Properties }) => Properties!.BucketName.Ref.replace(/[0-9A-F]{8}$/, ''));
    expect(emptied.sort()).toEqual(['BucketAccessLogs', 'BucketData']);
  });

  test.each(['yes', 'True', ''])('does not guess what %j means', async (value) => {
    await expect(synthesizeTemplate({ context: { 'stepwise:destroyData': value } })).rejects.toThrow(
      `stepwise:destroyData must be true or false, and is ${JSON.stringify(value)}`,
    );
  });
});

test('every exception of Checkov has its reason above it, and those beside a resource say one', async () => {
  const lines = (await readFile(join(projectRoot, 'infra/checkov.yaml'), 'utf8')).split('\n');
  const exceptions = lines.flatMap((line, index) => (/^ {2}- CKV/.test(line) ? [index] : []));
  expect(exceptions.length).toBeGreaterThan(0);
  for (const index of exceptions) expect(lines[index - 1], lines[index]).toMatch(/^ {2}# .*\w/);
  const beside = Object.values((await synthesizeOnce()).Resources).flatMap(
    ({ Metadata }) => (Metadata?.checkov?.skip ?? []) as readonly { readonly id: string; readonly comment: string }[],
  );
  expect(new Set(beside.map(({ id }) => id))).toEqual(new Set(['CKV_AWS_18', 'CKV_AWS_21', 'CKV_AWS_27']));
  for (const { comment } of beside) expect(comment).toMatch(/\w+ \w+ \w+/);
});

function tagsOf(tags: AnyJson): Readonly<Record<string, string>> {
  if (!Array.isArray(tags)) return tags ?? {};
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));
}
