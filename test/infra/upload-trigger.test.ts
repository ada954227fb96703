import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { describe, expect, test } from 'vitest';
import { unbundledCode } from '../../infra/deployable-code.ts';
import { UploadTrigger } from '../../infra/upload-trigger.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { actionsOf, resourcesOf, statementsOf } from './synthesized.ts';

const subscription = { dataset: 'mnist', experiment: 'learned-optimizers/mnist', preset: 'smoke' };
const ofUploads = async (type: string) => (await resourcesOf(type)).find(([id]) => id.startsWith('Uploads'))!;

describe('the rule', () => {
  test('hears of manifests in this bucket, and of nothing else', async () => {
    const [, rule] = await ofUploads('AWS::Events::Rule');
    expect(rule).toMatchObject({
      State: 'ENABLED',
      EventPattern: {
        source: ['aws.s3'],
        'detail-type': ['Object Created'],
        detail: { bucket: { name: [{ Ref: expect.stringMatching(/^BucketData/) }] } },
      },
    });
    const [{ wildcard }] = rule.EventPattern.detail.object.key;
    const pattern = new RegExp(`^${wildcard.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
    expect(keys.datasetManifest('mnist', '0123456789abcdef')).toMatch(pattern);
    for (const key of [
      keys.datasetFile('mnist', '0123456789abcdef', 'a.bin'),
      keys.datasetNewest('mnist'),
      keys.artifactManifest('0'),
      keys.startClaim('0'),
    ]) {
      expect(key).not.toMatch(pattern);
    }
  });

  test('delivers to the starter for a day, and then keeps the event where an alarm sees it', async () => {
    const [, rule] = await ofUploads('AWS::Events::Rule');
    const [queueId, queue] = await ofUploads('AWS::SQS::Queue');
    const [starterId] = await ofUploads('AWS::Lambda::Function');
    expect(rule.Targets).toEqual([
      {
        Id: expect.any(String),
        Arn: { 'Fn::GetAtt': [starterId, 'Arn'] },
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': [queueId, 'Arn'] } },
        RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
      },
    ]);
    expect(queue).toMatchObject({ SqsManagedSseEnabled: true, MessageRetentionPeriod: 1_209_600 });
    const alarms = await resourcesOf('AWS::CloudWatch::Alarm');
    const ofQueue = alarms.filter(([, { Dimensions }]) => JSON.stringify(Dimensions ?? '').includes(queueId));
    expect(ofQueue).toHaveLength(1);
    expect(ofQueue[0]![1]).toMatchObject({ Threshold: 1, AlarmActions: [{ Ref: expect.stringMatching(/Topic/) }] });
  });

  test('alone may put into the queue or call the starter, and over TLS', async () => {
    const [ruleId] = await ofUploads('AWS::Events::Rule');
    const [, policy] = await ofUploads('AWS::SQS::QueuePolicy');
    const statements = policy.PolicyDocument.Statement;
    expect(statements).toContainEqual(
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    );
    const allowed = statements.filter(({ Effect }: { Effect: string }) => Effect === 'Allow');
    expect(allowed).toEqual([
      expect.objectContaining({
        Action: 'sqs:SendMessage',
        Principal: { Service: 'events.amazonaws.com' },
        Condition: { ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': [ruleId, 'Arn'] } } },
      }),
    ]);
    const [, permission] = await ofUploads('AWS::Lambda::Permission');
    expect(permission).toMatchObject({
      Action: 'lambda:InvokeFunction',
      Principal: 'events.amazonaws.com',
      SourceArn: { 'Fn::GetAtt': [ruleId, 'Arn'] },
    });
  });
});

describe('the starters', () => {
  test.each(['Uploads', 'Schedules'])('of %s keep what they failed on', async (id) => {
    const configs = await resourcesOf('AWS::Lambda::EventInvokeConfig');
    const [, config] = configs.find(([name]) => name.startsWith(id))!;
    const [queueId] = (await resourcesOf('AWS::SQS::Queue')).find(([name]) => name.startsWith(id))!;
    expect(config).toMatchObject({
      FunctionName: { Ref: expect.stringMatching(new RegExp(`^${id}Start`)) },
      DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': [queueId, 'Arn'] } } },
      MaximumRetryAttempts: 2,
    });
  });

  test('of uploads may claim, keep requests and start this state machine, and nothing else', async () => {
    const statements = await statementsOf(/^UploadsStartOnUploadRole/);
    const byAction = Object.fromEntries(
      statements.flatMap((statement) => actionsOf(statement).map((action) => [action, statement.Resource])),
    );
    expect(Object.keys(byAction).sort()).toEqual([
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      's3:AbortMultipartUpload',
      's3:GetObject',
      's3:ListBucket',
      's3:PutObject',
      'sqs:SendMessage',
      'states:StartExecution',
      'xray:PutTelemetryRecords',
      'xray:PutTraceSegments',
    ]);
    const paths = (resource: unknown) => [...JSON.stringify(resource).matchAll(/"\/([^"]+)"/g)].map(([, path]) => path);
    expect(paths(byAction['s3:GetObject'])).toEqual(['runs/*/request.json*', 'starts/*', 'subscriptions/*']);
    expect(paths(byAction['s3:PutObject'])).toEqual(['runs/*/request.json*', 'starts/*']);
    expect(byAction['states:StartExecution']).toEqual({ Ref: expect.stringMatching(/^PipelineStateMachine/) });
  });
});

describe('subscriptions of the deployment', () => {
  /** The trigger alone. */
  const deploy = (subscriptions: unknown) => {
    const stack = new Stack(new App({ analyticsReporting: false }));
    new UploadTrigger(stack, 'Uploads', {
      code: unbundledCode(),
      bucket: new Bucket(stack, 'Bucket') as IBucket,
      stateMachine: StateMachine.fromStateMachineName(stack, 'Machine', 'machine'),
      topic: new Topic(stack, 'Topic'),
      subscriptions,
    });
    const [starter] = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
    return JSON.parse(starter!.Properties.Environment.Variables.STEPWISE_SUBSCRIPTIONS);
  };

  test('reach the function, from a list and from --context', () => {
    const expected = [{ ...subscription, overrides: {} }];
    expect(deploy([subscription])).toEqual(expected);
    expect(deploy(JSON.stringify([subscription]))).toEqual(expected);
  });

  test.each([
    ['of no dataset', [{ ...subscription, dataset: '../mnist' }], /was not accepted: .*named by lower-case/],
    ['that may spend nothing', [{ ...subscription, budgetUsDollars: 0 }], /was not accepted/],
    ['that are no list', '{}', /must be a list/],
    ['that no variable holds', Array.from({ length: 40 }, () => subscription), /has 3000 characters at most/],
  ])('%s are refused', (_, subscriptions, message) => {
    expect(() => deploy(subscriptions)).toThrow(message);
  });
});
