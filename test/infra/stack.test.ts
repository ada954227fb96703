import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import flags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import { describe, expect, test } from 'vitest';
import { projectRoot, standaloneFunctions } from '../../infra/deployable-code.ts';
import { synthesizeTemplate } from '../../infra/synthesize.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { lambdaStages } from '../../lib/pipeline/stages.ts';
import { type AnyJson, assertions, resourcesOf, synthesizeOnce } from './synthesized.ts';

describe('the bucket', () => {
  test('is private, encrypted, versioned, kept, and tells EventBridge', async () => {
    const [, bucket] = (await resourcesOf('AWS::S3::Bucket')).find(([id]) => id.startsWith('BucketData'))!;
    expect(bucket).toMatchObject({
      PublicAccessBlockConfiguration: {
        ...{ BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
      },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
      VersioningConfiguration: { Status: 'Enabled' },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
      LoggingConfiguration: { DestinationBucketName: { Ref: expect.stringMatching(/^BucketAccessLogs/) } },
    });
    const { Resources } = await synthesizeOnce();
    const kept = Object.values(Resources).filter(({ Type }) => Type === 'AWS::S3::Bucket');
    expect(kept.map(({ DeletionPolicy }) => DeletionPolicy)).toEqual(['Retain', 'Retain']);
  });

  test('speaks TLS only', async () => {
    const policies = await resourcesOf('AWS::S3::BucketPolicy');
    expect(policies).toHaveLength(2);
    for (const [, { PolicyDocument }] of policies) {
      expect(PolicyDocument.Statement).toContainEqual(
        expect.objectContaining({
          Effect: 'Deny',
          Action: 's3:*',
          Principal: { AWS: '*' },
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        }),
      );
    }
  });

  test('expires checkpoints, and nothing else that was made', async () => {
    const [, bucket] = (await resourcesOf('AWS::S3::Bucket')).find(([id]) => id.startsWith('BucketData'))!;
    const rules: AnyJson[] = bucket.LifecycleConfiguration.Rules;
    expect(rules.every(({ Status }) => Status === 'Enabled')).toBe(true);
    const expiring = rules.filter(({ ExpirationInDays }) => ExpirationInDays !== undefined);
    expect(expiring).toHaveLength(1);
    const [{ Prefix, ExpirationInDays }] = expiring as [AnyJson];
    expect(ExpirationInDays).toBe(30);
    expect(keys.checkpoint('0123')).toMatch(new RegExp(`^${Prefix}`));
    for (const key of [
      keys.artifactModel('0'),
      keys.artifactManifest('0'),
      keys.resolved('r'),
      keys.result('e', 'r'),
    ]) {
      expect(key.startsWith(Prefix)).toBe(false);
    }
    expect(rules).toContainEqual(
      expect.objectContaining({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }),
    );
    expect(rules).toContainEqual(
      expect.objectContaining({ NoncurrentVersionExpiration: { NoncurrentDays: 30 }, ExpiredObjectDeleteMarker: true }),
    );
  });
});

describe('the functions', () => {
  test('run on Node 24 on arm64, traced, with a log that ends', async () => {
    const functions = await resourcesOf('AWS::Lambda::Function');
    // Ours, and nothing that the constructs bring along.
    const names = functions.map(([, { Environment }]) => Environment.Variables.POWERTOOLS_SERVICE_NAME);
    const deployable = [...lambdaStages, ...standaloneFunctions()].map((name) => `stepwise-${name}`);
    expect(deployable).toEqual(expect.arrayContaining(names));
    expect(new Set(names).size).toBe(names.length);
    for (const [id, properties] of functions) {
      expect(properties, id).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        TracingConfig: { Mode: 'Active' },
        Handler: 'index.handler',
        LoggingConfig: { LogGroup: { Ref: expect.stringMatching(/Log/) } },
      });
      expect(properties.MemorySize, id).toBeLessThanOrEqual(3008);
    }
    for (const [id, group] of await resourcesOf('AWS::Logs::LogGroup')) {
      expect(group.RetentionInDays, id).toBeGreaterThanOrEqual(30);
    }
  });

  test('Plan plans for what the jobs compute on, and each function for what it computes on itself', async () => {
    for (const [id, { Environment }] of await resourcesOf('AWS::Lambda::Function')) {
      if (Environment.Variables.STEPWISE_STAGE === undefined) continue;
      expect(Environment.Variables, id).toMatchObject({
        STEPWISE_BACKEND: 'wasm-relaxed',
        STEPWISE_TRAINING_BACKEND: 'node-gpu',
      });
    }
    const [[, job] = []] = await resourcesOf('AWS::Batch::JobDefinition');
    expect(job.ContainerProperties.Environment).toContainEqual({ Name: 'STEPWISE_BACKEND', Value: 'node-gpu' });
  });
});

describe('telling people', () => {
  test('the topic is encrypted and speaks TLS only', async () => {
    const template = await assertions();
    template.hasResourceProperties('AWS::KMS::Key', { EnableKeyRotation: true });
    const [[, topic] = []] = await resourcesOf('AWS::SNS::Topic');
    expect(topic.KmsMasterKeyId).toBeDefined();
    const [[, policy] = []] = await resourcesOf('AWS::SNS::TopicPolicy');
    expect(JSON.stringify(policy)).toMatch(/"Condition":\{"Bool":\{"aws:SecureTransport":"false"\}\},"Effect":"Deny"/);
  });

  test('there is an alarm for failed runs, and for each function’s errors and throttles', async () => {
    const alarms = await resourcesOf('AWS::CloudWatch::Alarm');
    const metrics = Map.groupBy(alarms, ([, { MetricName }]) => MetricName);
    for (const metric of ['ExecutionThrottled', 'ExecutionsFailed', 'ExecutionsTimedOut']) {
      expect(metrics.get(metric), metric).toHaveLength(1);
    }
    const functions = await resourcesOf('AWS::Lambda::Function');
    for (const metric of ['Errors', 'Throttles']) {
      const watched = metrics.get(metric)!.map(([, { Dimensions }]) => Dimensions[0].Value.Ref);
      expect(new Set(watched), metric).toEqual(new Set(functions.map(([id]) => id)));
    }
    for (const [id, alarm] of alarms) expect(alarm.AlarmActions, id).toHaveLength(1);
  });

  test('the budget is what the context says', async () => {
    const context = { 'stepwise:monthlyBudgetUsDollars': '25', 'stepwise:notificationEmail': 'a@example.org' };
    const { Resources } = await synthesizeTemplate({ context });
    const resources = Object.values(Resources);
    const budget = resources.find(({ Type }) => Type === 'AWS::Budgets::Budget')!;
    expect(budget.Properties).toMatchObject({
      Budget: { BudgetLimit: { Amount: 25, Unit: 'USD' }, TimeUnit: 'MONTHLY' },
    });
    expect(
      resources.some(
        ({ Type, Properties }) => Type === 'AWS::SNS::Subscription' && Properties?.Endpoint === 'a@example.org',
      ),
    ).toBe(true);
    await expect(synthesizeTemplate({ context: { 'stepwise:monthlyBudgetUsDollars': 'much' } })).rejects.toThrow(
      'must be a number above 0, and is "much"',
    );
  });
});

describe('the whole', () => {
  test('has no finding of cdk-nag that is not acknowledged with a reason, whatever the context brings', async () => {
    const experiment = 'learned-optimizers/mnist';
    const context = {
      'stepwise:notificationEmail': 'a@example.org',
      'stepwise:notificationWebhookParameter': '/stepwise/webhook',
      'stepwise:schedules': [{ name: 'nightly', experiment, times: { rate: '1 day' } }],
      'stepwise:subscriptions': [{ dataset: 'mnist', experiment }],
    };
    const { Resources } = await synthesizeTemplate({ checked: true, context });
    // What the context brings is watched as all else is.
    const watched = Object.values(Resources)
      .filter(({ Type, Properties }) => Type === 'AWS::CloudWatch::Alarm' && Properties!.Namespace === 'AWS/Lambda')
      .map(({ Properties }) => Properties!.Dimensions[0].Value.Ref);
    expect(watched.filter((id) => id.startsWith('WebhookPostFunction'))).toHaveLength(2);
  });

  test('uses every feature flag that the installed CDK recommends', async () => {
    const { context } = JSON.parse(await readFile(join(projectRoot, 'cdk.json'), 'utf8'));
    expect(context).toEqual(flags);
    expect(context['@aws-cdk/aws-stepfunctions:useDistributedMapResultWriterV2']).toBe(true);
  });

  test('says where the bucket and the state machine are', async () => {
    const { Outputs } = await synthesizeOnce();
    expect(Outputs).toMatchObject({
      BucketName: { Value: { Ref: expect.stringMatching(/^BucketData/) } },
      StateMachineArn: { Value: { Ref: expect.stringMatching(/^PipelineStateMachine/) } },
    });
  });

  const cfnLint = [join(projectRoot, '.cache/services/bin'), ...(process.env.PATH ?? '').split(delimiter)]
    .map((folder) => join(folder, 'cfn-lint'))
    .find((file) => existsSync(file));

  test.skipIf(!cfnLint)('passes cfn-lint (skipped where test/services/install.sh has not put it)', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stepwise-cfn-lint-'));
    try {
      const file = join(folder, 'template.json');
      await writeFile(file, JSON.stringify(await synthesizeOnce()));
      // W3005 finds the DependsOn that CDK writes for the order of deletion superfluous.
      const lint = promisify(execFile)(cfnLint!, ['--regions', 'eu-west-1', '--ignore-checks', 'W3005', '--', file]);
      await expect(lint.catch(({ stdout }) => ({ stdout }))).resolves.toMatchObject({ stdout: '' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
