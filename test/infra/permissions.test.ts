/**
 * Who may do what, word by word: a permission that is added, widened or lost shows here. And every wildcard has a reason in
 * the code, found without the tool that asks for it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Validations } from 'aws-cdk-lib';
import { beforeAll, describe, expect, test } from 'vitest';
import { createApp, stackName } from '../../infra/create-app.ts';
import { unbundledCode } from '../../infra/deployable-code.ts';
import type { SynthesizedTemplate } from '../../infra/synthesize.ts';
import type { AnyJson } from './synthesized.ts';

interface Statement {
  /** The construct whose role it is, without CloudFormation's digest. */
  readonly role: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions: AnyJson;
}

let template: SynthesizedTemplate;
/** Reasons by finding, as acknowledged in the code. */
const acknowledged = new Map<string, string>();

beforeAll(async () => {
  const outputDirectory = await mkdtemp(join(tmpdir(), 'stepwise-permissions-'));
  try {
    const context = { 'stepwise:notificationWebhookParameter': '/stepwise/webhook' };
    const app = createApp({ code: unbundledCode(), checked: false, outputDirectory, context });
    template = app.synth().getStackByName(stackName).template;
    for (const { node } of app.node.findAll()) {
      for (const { type, data } of node.metadata) {
        if (type !== Validations.ACKNOWLEDGED_RULES_METADATA_KEY) continue;
        for (const [finding, reason] of Object.entries(data as Record<string, string>))
          acknowledged.set(finding, reason);
      }
    }
  } finally {
    await rm(outputDirectory, { recursive: true });
  }
});

function resourcesOf(type: string): readonly (readonly [string, AnyJson])[] {
  return Object.entries(template.Resources)
    .filter(([, { Type }]) => Type === type)
    .map(([id, { Properties }]) => [id, Properties] as const);
}

/** `WebhookPostRoleE86894B1` → `WebhookPostRole` */
function withoutDigest(id: string): string {
  return id.replace(/[0-9A-F]{8}$/, '');
}

/** References as cdk-nag writes them: `<BucketData05616C16.Arn>/runs/*`. */
function flatten(value: AnyJson): string {
  if (typeof value === 'string') return value;
  if (value.Ref) return `<${value.Ref}>`;
  if (value['Fn::GetAtt']) return `<${value['Fn::GetAtt'].join('.')}>`;
  if (value['Fn::Join']) return value['Fn::Join'][1].map(flatten).join(value['Fn::Join'][0]);
  return JSON.stringify(value);
}

function allowed(): readonly Statement[] {
  const attached = resourcesOf('AWS::IAM::Policy').map(([, { Roles, PolicyDocument }]) => ({
    role: withoutDigest(Roles[0].Ref),
    statements: PolicyDocument.Statement,
  }));
  const managed = resourcesOf('AWS::IAM::ManagedPolicy').map(([id, { PolicyDocument }]) => ({
    role: withoutDigest(id),
    statements: PolicyDocument.Statement,
  }));
  return [...attached, ...managed].flatMap(({ role, statements }) =>
    statements
      .filter(({ Effect }: AnyJson) => Effect === 'Allow')
      .map(({ Action, Resource, Condition }: AnyJson) => ({
        role,
        actions: [Action].flat(),
        resources: [Resource].flat().map(flatten),
        conditions: Condition,
      })),
  );
}

/** In few words: the bucket's keys, and names without digests and attributes. */
function brief(resource: string): string {
  return resource
    .replace(/^<BucketData\w+\.Arn>\/?/, 'data:')
    .replace(/^arn:<AWS::Partition>:/, '')
    .replaceAll(/<AWS::\w+>/g, '')
    .replace(/\{"Fn::Sub":"cdk-[^"]*"\}/, '<assets of CDK>')
    .replaceAll(/\{"Fn::Select".*?"Ref":"(\w+?)[0-9A-F]{8}"\}\]\}\]\}/g, '<$1>')
    .replaceAll(/<(\w+?)[0-9A-F]{8}(\.\w+)?>/g, '<$1>');
}

function tableOf(role: string): readonly string[] {
  return allowed()
    .filter((statement) => statement.role === role)
    .map(({ actions, resources }) => `${actions.join(' ')} on ${resources.map(brief).join(' ')}`)
    .filter((line) => !everyFunction.has(line.replace(`<${role.replace(/Role$/, 'Log')}>`, '<its log>')))
    .sort();
}

/** What every function may do: write its own log, and send traces, which know no resources. */
const everyFunction = new Set([
  'logs:CreateLogStream logs:PutLogEvents on <its log>',
  'xray:PutTelemetryRecords xray:PutTraceSegments on *',
]);

const list = 's3:ListBucket on data:';
const put = 's3:AbortMultipartUpload s3:PutObject on';
const tell = ['kms:Decrypt kms:GenerateDataKey on <NotificationsKey>', 'sns:Publish on <NotificationsTopic>'];
const start = 'states:StartExecution on <PipelineStateMachine>';

const permissions: Readonly<Record<string, readonly string[]>> = {
  ResolveStageRole: [
    's3:AbortMultipartUpload s3:DeleteObject s3:PutObject on data:runs/*',
    's3:GetObject on data:datasets/* data:runs/* data:settings/*',
    list,
  ],
  PlanStageRole: [`${put} data:runs/*`, 's3:GetObject on data:artifacts/* data:measurements/* data:runs/*', list],
  EvaluateStageRole: [
    `${put} data:measurements/* data:runs/*`,
    's3:GetObject on data:artifacts/* data:datasets/* data:measurements/* data:runs/*',
    list,
  ],
  AggregateStageRole: [
    `${put} data:regressions/* data:reports/* data:results/* data:runs/*`,
    's3:GetObject on data:artifacts/* data:results/* data:runs/*',
    list,
  ],
  NotifyStageRole: [tell[0]!, 's3:GetObject on data:regressions/*', list, tell[1]!],
  RecordFailureStageRole: [tell[0]!, `${put} data:runs/*`, tell[1]!],
  SchedulesStarterRole: [
    's3:AbortMultipartUpload s3:GetObject s3:PutObject on data:runs/*/request.json* data:schedules/*',
    list,
    'sqs:SendMessage on <SchedulesUndeliveredQueue>',
    'states:DescribeExecution on states:::execution:<PipelineStateMachine>:*',
    start,
  ],
  SchedulesRole: [
    'lambda:InvokeFunction on <SchedulesStarterFunction>',
    'sqs:SendMessage on <SchedulesUndeliveredQueue>',
  ],
  UploadsStartOnUploadRole: [
    `${put} data:runs/*/request.json* data:starts/*`,
    's3:GetObject on data:runs/*/request.json* data:starts/* data:subscriptions/*',
    list,
    'sqs:SendMessage on <UploadsUndeliveredQueue>',
    start,
  ],
  EndpointsHttpApiRole: [
    's3:GetObject on data:artifacts/* data:datasets/* data:regressions/* data:reports/* data:results/* data:runs/*',
    list,
  ],
  EndpointsCallers: [
    'lambda:InvokeFunction on <EndpointsHttpApiFunction>',
    'lambda:InvokeFunctionUrl on <EndpointsHttpApiFunction>',
  ],
  WebhookPostRole: [
    'sqs:SendMessage on <WebhookUndeliveredQueue>',
    'ssm:GetParameter on ssm:::parameter/stepwise/webhook',
  ],
  TrainingJobRole: [
    `${put} data:artifacts/* data:checkpoints/* data:runs/*`,
    's3:DeleteObject on data:checkpoints/*',
    's3:GetObject on data:artifacts/* data:checkpoints/* data:datasets/* data:runs/*',
    list,
  ],
  TrainingContainerExecutionRole: [
    'ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer on ecr:::repository/<assets of CDK>',
    'ecr:GetAuthorizationToken on *',
    'logs:CreateLogStream logs:PutLogEvents on <TrainingLog>',
  ],
  NetworkVpcRejectedIAMRole: ['logs:CreateLogStream logs:DescribeLogStreams logs:PutLogEvents on <NetworkFlowLog>'],
  PipelineStateMachineRole: [
    'batch:DescribeJobs logs:CreateLogDelivery logs:DeleteLogDelivery logs:DescribeLogGroups logs:DescribeResourcePolicies logs:GetLogDelivery logs:ListLogDeliveries logs:PutResourcePolicy logs:UpdateLogDelivery xray:GetSamplingRules xray:GetSamplingTargets xray:PutTelemetryRecords xray:PutTraceSegments on *',
    'batch:SubmitJob on <TrainingQueue> batch:::job-definition/*',
    'batch:TagResource batch:TerminateJob on batch:::job/*',
    'events:DescribeRule events:PutRule events:PutTargets on events:::rule/StepFunctionsGetEventsForBatchJobsRule',
    'lambda:InvokeFunction on <AggregateStageFunction> <EvaluateStageFunction> <NotifyStageFunction> <PlanStageFunction> <RecordFailureStageFunction> <ResolveStageFunction> <AggregateStageFunction>:* <EvaluateStageFunction>:* <NotifyStageFunction>:* <PlanStageFunction>:* <RecordFailureStageFunction>:* <ResolveStageFunction>:*',
    's3:AbortMultipartUpload s3:GetObject s3:ListMultipartUploadParts s3:PutObject on s3:::<BucketData>/*',
    'states:DescribeExecution states:StopExecution on states:::execution:<PipelineStateMachine>:*',
    'states:RedriveExecution on states:::execution:<PipelineStateMachine>/evaluate:* states:::execution:<PipelineStateMachine>/train:*',
    start,
  ],
};

describe('a role', () => {
  test.each(Object.keys(permissions))('%s may do exactly this', (role) => {
    expect(tableOf(role)).toEqual([...permissions[role]!].sort());
  });

  test('that is not in the table does not exist, but for the machines’', () => {
    const roles = resourcesOf('AWS::IAM::Role').map(([id]) => withoutDigest(id));
    const callers = resourcesOf('AWS::IAM::ManagedPolicy').map(([id]) => withoutDigest(id));
    expect(new Set([...roles, ...callers])).toEqual(new Set([...Object.keys(permissions), 'TrainingInstanceRole']));
    expect(new Set(allowed().map(({ role }) => role))).toEqual(new Set(Object.keys(permissions)));
    // No user, no group, no policy inside a role that the table would not see.
    for (const [id, role] of resourcesOf('AWS::IAM::Role')) {
      expect(role.Policies, id).toBeUndefined();
      expect(role.ManagedPolicyArns, id).toEqual(
        id.startsWith('TrainingInstanceRole')
          ? ['arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role']
          : undefined,
      );
    }
    expect([...resourcesOf('AWS::IAM::User'), ...resourcesOf('AWS::IAM::Group')]).toEqual([]);
  });

  test('can be taken by a service of AWS and by nobody else', () => {
    for (const [id, { AssumeRolePolicyDocument }] of resourcesOf('AWS::IAM::Role')) {
      for (const { Principal, Action, Effect } of AssumeRolePolicyDocument.Statement) {
        expect({ Principal, Action, Effect }, id).toEqual({
          Principal: { Service: expect.stringMatching(/^[\w-]+\.amazonaws\.com$/) },
          ...{ Action: 'sts:AssumeRole', Effect: 'Allow' },
        });
      }
    }
  });

  test('may call the HTTP API through its URL only', () => {
    const conditions = allowed()
      .filter(({ role }) => role === 'EndpointsCallers')
      .map(({ conditions: condition }) => condition);
    expect(conditions).toEqual([
      { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } },
      { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } },
    ]);
  });
});

describe('a wildcard', () => {
  const findings = () =>
    new Set(
      allowed().flatMap(({ actions, resources }) => [
        ...actions.filter((action) => action.includes('*')).map((action) => `Action::${action}`),
        ...resources.filter((resource) => resource.includes('*')).map((resource) => `Resource::${resource}`),
      ]),
    );

  test('in an action does not exist', () => {
    expect([...findings()].filter((finding) => finding.startsWith('Action::'))).toEqual([]);
  });

  test('in a resource has a reason in the code', () => {
    const reasons = new Map(
      [...acknowledged].map(([id, reason]) => [/AwsSolutions-IAM5\[(.*)\]$/.exec(id)?.[1] ?? '', reason]),
    );
    expect(findings().size).toBeGreaterThan(20);
    for (const finding of findings()) expect(reasons.get(finding), finding).toMatch(/\w+ \w+ \w+/);
  });

  test('that is gone takes its reason along', () => {
    const wildcards = [...acknowledged.keys()].flatMap((id) => /AwsSolutions-IAM5\[(.*)\]$/.exec(id)?.[1] ?? []);
    for (const wildcard of wildcards) expect(findings()).toContain(wildcard);
  });
});

describe('a resource’s own policy', () => {
  test('lets nobody in but services that work for this account', () => {
    const types = ['AWS::S3::BucketPolicy', 'AWS::SQS::QueuePolicy', 'AWS::SNS::TopicPolicy'];
    const statements = types
      .flatMap(resourcesOf)
      .flatMap(([id, { PolicyDocument }]) => PolicyDocument.Statement.map((s: AnyJson) => [id, s] as const));
    expect(statements.length).toBeGreaterThan(6);
    for (const [id, { Effect, Principal, Condition }] of statements) {
      if (Effect === 'Deny') continue;
      expect(Principal.Service, id).toBeDefined();
      expect(Object.keys(Principal), id).toEqual(['Service']);
      expect(JSON.stringify(Condition), id).toMatch(/aws:Source(Account|Arn)/);
    }
  });

  test('calls a function only for the rule or topic of this stack', () => {
    const invocations = resourcesOf('AWS::Lambda::Permission');
    expect(invocations).toHaveLength(2);
    for (const [id, { Principal, SourceArn }] of invocations) {
      expect(Principal, id).toMatch(/^(events|sns)\.amazonaws\.com$/);
      expect(SourceArn, id).toBeDefined();
    }
  });
});
