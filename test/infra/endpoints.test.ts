import { describe, expect, test } from 'vitest';
import { synthesizeTemplate } from '../../infra/synthesize.ts';
import { defaultLimits } from '../../lib/api/ports.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { type AnyJson, actionsOf, resourcesOf, statementsOf, synthesizeOnce } from './synthesized.ts';

const ofEndpoints = async (type: string): Promise<readonly [id: string, properties: AnyJson]> => {
  const found = (await resourcesOf(type)).filter(([id]) => id.startsWith('Endpoints'));
  expect(found, type).toHaveLength(1);
  return found[0]!;
};

describe('the function URL', () => {
  test('takes signed requests and no others, from no page of another origin', async () => {
    const [functionId] = await ofEndpoints('AWS::Lambda::Function');
    const [, url] = await ofEndpoints('AWS::Lambda::Url');
    expect(url).toEqual({
      AuthType: 'AWS_IAM',
      InvokeMode: 'BUFFERED',
      TargetFunctionArn: { 'Fn::GetAtt': [functionId, 'Arn'] },
    });
  });

  test('may be called by nobody whom no policy of theirs lets', async () => {
    const permissions = (await resourcesOf('AWS::Lambda::Permission')).filter(([id]) => id.startsWith('Endpoints'));
    expect(permissions).toEqual([]);
  });

  test('is the only one', async () => {
    expect(await resourcesOf('AWS::Lambda::Url')).toHaveLength(1);
  });

  test('is said after a deployment, with the policy that callers need', async () => {
    const { Outputs } = await synthesizeOnce();
    const [urlId] = await ofEndpoints('AWS::Lambda::Url');
    const [policyId] = await ofEndpoints('AWS::IAM::ManagedPolicy');
    const values = Object.entries(Outputs)
      .filter(([name]) => name.startsWith('Endpoints'))
      .map(([, { Value }]) => Value);
    expect(values).toEqual(expect.arrayContaining([{ 'Fn::GetAtt': [urlId, 'FunctionUrl'] }, { Ref: policyId }]));
  });
});

describe('the function', () => {
  test('has a cap on what it can cost, and longer than a request’s own deadline', async () => {
    const [, api] = await ofEndpoints('AWS::Lambda::Function');
    expect(api).toMatchObject({ ReservedConcurrentExecutions: 5, MemorySize: 1769 });
    expect(api.Timeout * 1000).toBeGreaterThan(defaultLimits.deadlineMilliseconds);
  });

  test.each([
    ['20', 20],
    // Off: every request is answered 429.
    [0, 0],
  ])('its cap is what the context says: %j', async (given, expected) => {
    const { Resources } = await synthesizeTemplate({ context: { 'stepwise:endpointConcurrency': given } });
    const capped = Object.values(Resources).filter(
      ({ Properties }) => Properties?.ReservedConcurrentExecutions !== undefined,
    );
    expect(capped.map(({ Properties }) => Properties!.ReservedConcurrentExecutions)).toEqual([expected]);
  });

  test.each(['-1', '2.5', 'many', ''])('a cap of %j is refused', async (given) => {
    await expect(synthesizeTemplate({ context: { 'stepwise:endpointConcurrency': given } })).rejects.toThrow(
      `stepwise:endpointConcurrency must be a whole number, 0 or more, and is ${JSON.stringify(given)}`,
    );
  });

  test('may read what its routes read, write its log, and do nothing else', async () => {
    const statements = await statementsOf(/^EndpointsHttpApiRole/);
    const actions = statements.flatMap(actionsOf).sort();
    expect(actions).toEqual([
      ...['logs:CreateLogStream', 'logs:PutLogEvents', 's3:GetObject', 's3:ListBucket'],
      ...['xray:PutTelemetryRecords', 'xray:PutTraceSegments'],
    ]);
    expect(statements.every(({ Effect }) => Effect === 'Allow')).toBe(true);
    const [bucketId] = (await resourcesOf('AWS::S3::Bucket')).find(([id]) => id.startsWith('BucketData'))!;
    const arn = { 'Fn::GetAtt': [bucketId, 'Arn'] };
    const read = statements.find((statement) => actionsOf(statement).includes('s3:GetObject'));
    const prefixes = read.Resource.map((resource: AnyJson) => {
      expect(resource['Fn::Join'][1][0]).toEqual(arn);
      return resource['Fn::Join'][1][1];
    });
    expect(prefixes.sort()).toEqual([
      '/artifacts/*',
      '/datasets/*',
      '/regressions/*',
      '/reports/*',
      '/results/*',
      '/runs/*',
    ]);
    expect(statements.find((statement) => actionsOf(statement).includes('s3:ListBucket')).Resource).toEqual(arn);
    // What the routes read lies there.
    for (const key of [
      ...[keys.resultIndex(), keys.runState('r'), keys.report('r', 'index.html'), keys.regression('a/b', 'r')],
      ...[keys.artifactModel('0'), keys.artifactManifest('0'), keys.datasetNewest('mnist'), keys.trials('r')],
    ]) {
      expect(
        prefixes.some((prefix: string) => `/${key}`.startsWith(prefix.slice(0, -1))),
        key,
      ).toBe(true);
    }
  });
});

describe('callers', () => {
  test('get both actions that Lambda asks for, on this function, through its URL only', async () => {
    const [functionId] = await ofEndpoints('AWS::Lambda::Function');
    const [, policy] = await ofEndpoints('AWS::IAM::ManagedPolicy');
    const Resource = { 'Fn::GetAtt': [functionId, 'Arn'] };
    expect(policy.PolicyDocument.Statement).toEqual([
      {
        Effect: 'Allow',
        Action: 'lambda:InvokeFunctionUrl',
        Resource,
        Condition: { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } },
      },
      {
        Effect: 'Allow',
        Action: 'lambda:InvokeFunction',
        Resource,
        Condition: { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } },
      },
    ]);
    // It is attached to nobody.
    expect(policy.Users ?? policy.Roles ?? policy.Groups).toBeUndefined();
  });
});

describe('alarms', () => {
  test('tell of errors, of requests over the cap, and of answers that are the server’s fault', async () => {
    const [functionId] = await ofEndpoints('AWS::Lambda::Function');
    const alarms = (await resourcesOf('AWS::CloudWatch::Alarm')).filter(
      ([, { Dimensions }]) => Dimensions?.[0]?.Value?.Ref === functionId,
    );
    expect(alarms.map(([, { MetricName }]) => MetricName).sort()).toEqual(['Errors', 'Throttles', 'Url5xxCount']);
    for (const [id, alarm] of alarms) {
      expect(alarm, id).toMatchObject({
        Namespace: 'AWS/Lambda',
        Dimensions: [{ Name: 'FunctionName' }],
        Threshold: 1,
        AlarmActions: [{ Ref: expect.stringMatching(/Topic/) }],
      });
    }
  });
});
