import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import flags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import { describe, expect, test } from 'vitest';
import { unbundledCode } from '../../infra/deployable-code.ts';
import { Webhook } from '../../infra/webhook.ts';
import type { AnyJson } from './synthesized.ts';

function deploy(parameterName: string): Template {
  const stack = new Stack(new App({ analyticsReporting: false, context: flags }), 'Stack');
  new Webhook(stack, 'Webhook', { code: unbundledCode(), topic: new Topic(stack, 'Topic'), parameterName });
  return Template.fromStack(stack);
}

const template = deploy('/stepwise/webhook');
const only = (type: string): readonly [id: string, properties: AnyJson] => {
  const found = Object.entries(template.findResources(type));
  expect(found).toHaveLength(1);
  return [found[0]![0], found[0]![1].Properties];
};
const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });

test('the function may read this one parameter, keep what fails, and nothing else', () => {
  const [, { PolicyDocument }] = only('AWS::IAM::Policy');
  const [queueId] = only('AWS::SQS::Queue');
  expect(PolicyDocument.Statement).toEqual([
    {
      ...{ Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'] },
      Resource: arnOf(expect.stringMatching(/^WebhookPostLog/) as never),
    },
    { Effect: 'Allow', Action: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'], Resource: '*' },
    {
      ...{ Effect: 'Allow', Action: 'ssm:GetParameter' },
      Resource: {
        'Fn::Join': [
          '',
          [
            ...['arn:', { Ref: 'AWS::Partition' }, ':ssm:', { Ref: 'AWS::Region' }, ':', { Ref: 'AWS::AccountId' }],
            ':parameter/stepwise/webhook',
          ],
        ],
      },
    },
    { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: arnOf(queueId) },
  ]);
});

test('the topic calls the function, and no other topic can', () => {
  const [functionId] = only('AWS::Lambda::Function');
  const [topicId] = only('AWS::SNS::Topic');
  expect(only('AWS::SNS::Subscription')[1]).toMatchObject({
    ...{ Protocol: 'lambda', TopicArn: { Ref: topicId }, Endpoint: arnOf(functionId) },
    RedrivePolicy: { deadLetterTargetArn: arnOf(only('AWS::SQS::Queue')[0]) },
  });
  expect(only('AWS::Lambda::Permission')[1]).toEqual({
    ...{ Action: 'lambda:InvokeFunction', FunctionName: arnOf(functionId) },
    ...{ Principal: 'sns.amazonaws.com', SourceArn: { Ref: topicId } },
  });
});

test('a message that does not reach the chat is kept, and an alarm says so', () => {
  const [queueId] = only('AWS::SQS::Queue');
  expect(only('AWS::Lambda::EventInvokeConfig')[1]).toMatchObject({
    DestinationConfig: { OnFailure: { Destination: arnOf(queueId) } },
  });
  expect(only('AWS::CloudWatch::Alarm')[1]).toMatchObject({
    Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [queueId, 'QueueName'] } }],
    AlarmActions: [{ Ref: only('AWS::SNS::Topic')[0] }],
  });
});

describe('the parameter', () => {
  test('is all that the template knows of the address', () => {
    const [, { Environment }] = only('AWS::Lambda::Function');
    expect(Environment.Variables).toEqual({
      STEPWISE_WEBHOOK_PARAMETER: '/stepwise/webhook',
      NODE_OPTIONS: '--enable-source-maps',
      POWERTOOLS_SERVICE_NAME: 'stepwise-post-to-webhook',
    });
    // CloudFormation could resolve it, and would show it to whoever may look at the function.
    expect(JSON.stringify(template.toJSON())).not.toMatch(/\{\{resolve|https:\/\//);
  });

  test.each(['https://hooks.example.org/services/T000/secret', 'stepwise/webhook', '/', '/a//b', '/a b', '/*'])(
    '%j is none, and is not repeated',
    (parameterName) => {
      const fail = () => deploy(parameterName);
      expect(fail).toThrow(/must be the name of a parameter, such as '\/stepwise\/webhook'/);
      expect(fail).not.toThrow(/secret|hooks/);
    },
  );
});
