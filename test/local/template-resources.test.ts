import { describe, expect, test } from 'vitest';
import { UnresolvableTemplate } from '../../lib/local/errors.ts';
import {
  findDefinition,
  findJobDefinition,
  findJobQueue,
  findStage,
  requireBucket,
} from '../../lib/local/template-definition.ts';
import { type Json, resolveValue, type Template } from '../../lib/local/template-resources.ts';
import { sampleTemplate } from './fixtures/sample-run.ts';

const states = { First: { Type: 'Succeed' } };
const template = sampleTemplate({ states }) as unknown as Template;
const withResources = (resources: object) =>
  ({ ...template, Resources: { ...template.Resources, ...resources } }) as unknown as Template;
/** What Fn::Sub replaces. */
function placeholder(name: string): string {
  return `\${${name}}`;
}

test.each<[Json, Json]>([
  [{ Ref: 'Bucket' }, 'local:Bucket'],
  [{ Ref: 'AWS::Partition' }, 'aws'],
  [{ Ref: 'Size' }, '7'],
  [{ 'Fn::GetAtt': ['Bucket', 'Arn'] }, 'local:Bucket'],
  [{ 'Fn::GetAtt': ['Queue', 'JobQueueArn'] }, 'local:Queue'],
  [{ 'Fn::GetAtt': 'Bucket.DomainName' }, 'local:Bucket.DomainName'],
  [{ 'Fn::Join': ['-', ['a', { Ref: 'Bucket' }, 1]] }, 'a-local:Bucket-1'],
  [
    { 'Fn::Sub': ['Bucket', 'Bucket.Arn', 'AWS::Region', '!Literal'].map(placeholder).join('/') },
    `local:Bucket/local:Bucket/local/${placeholder('Literal')}`,
  ],
  [{ 'Fn::Sub': [placeholder('own'), { own: { Ref: 'Queue' } }] }, 'local:Queue'],
  [
    { a: [{ Ref: 'Bucket' }, null, true], Ref: 1 },
    { a: ['local:Bucket', null, true], Ref: 1 },
  ],
])('resolves %j', (value, expected) => {
  const parameters = { ...template, Parameters: { Size: { Default: 7 } } };
  expect(resolveValue(value, parameters, 'here')).toEqual(expected);
});

test.each<[Json, RegExp]>([
  [{ Ref: 'Gone' }, /here refers to 'Gone'/],
  [{ 'Fn::GetAtt': ['Gone', 'Arn'] }, /here .*'Gone'/],
  [{ 'Fn::Sub': `x${placeholder('Gone')}` }, /'Gone'/],
  [{ 'Fn::ImportValue': 'x' }, /Fn::ImportValue/],
  [{ 'Fn::Join': ['', [{ a: 1 }]] }, /not a text/],
])('refuses %j by name', (value, message) => {
  expect(() => resolveValue(value, template, 'here')).toThrow(UnresolvableTemplate);
  expect(() => resolveValue(value, template, 'here')).toThrow(message);
});

describe('the definition', () => {
  test('is resolved and parsed', () => {
    expect(findDefinition(template).definition).toEqual({ StartAt: 'First', States: states });
  });

  test.each<[string, object, RegExp]>([
    ['a second state machine', { Other: { Type: 'AWS::StepFunctions::StateMachine' } }, /holds 2: Machine, Other/],
    ['none', { Machine: { Type: 'AWS::SNS::Topic' } }, /holds 0/],
    [
      'substitutions',
      { Machine: { Type: 'AWS::StepFunctions::StateMachine', Properties: { DefinitionSubstitutions: {} } } },
      /DefinitionSubstitutions/,
    ],
    [
      'no JSON',
      { Machine: { Type: 'AWS::StepFunctions::StateMachine', Properties: { DefinitionString: '{' } } },
      /must be JSON/,
    ],
  ])('is refused with %s', (_, resources, message) => {
    expect(() => findDefinition(withResources(resources))).toThrow(message);
  });
});

test('a stage is found through a version and an alias of the function', () => {
  const aliased = withResources({
    Version: { Type: 'AWS::Lambda::Version', Properties: { FunctionName: { Ref: 'Functionplan' } } },
    Alias: { Type: 'AWS::Lambda::Alias', Properties: { FunctionName: { 'Fn::GetAtt': ['Version', 'FunctionName'] } } },
    AliasByRef: { Type: 'AWS::Lambda::Alias', Properties: { FunctionName: { Ref: 'Functionplan' } } },
  });
  expect(findStage(aliased, 'local:Version', 'S')).toBe('plan');
  expect(findStage(aliased, 'local:AliasByRef', 'S')).toBe('plan');
});

test.each<[string, unknown, RegExp]>([
  ['names no resource', 'arn:aws:lambda:x', /State 'S' must name .*arn:aws:lambda:x/],
  ['names another kind', 'local:Bucket', /Bucket, which is a AWS::S3::Bucket/],
  ['has no stage', 'local:Stageless', /Stageless .*'S' .*STEPWISE_STAGE.*undefined/],
  ['has an unknown stage', 'local:Odd', /"train"/],
])('a task whose function %s is refused', (_, reference, message) => {
  const odd = withResources({
    Stageless: { Type: 'AWS::Lambda::Function' },
    Odd: { Type: 'AWS::Lambda::Function', Properties: { Environment: { Variables: { STEPWISE_STAGE: 'train' } } } },
  });
  expect(() => findStage(odd, reference, 'S')).toThrow(message);
});

test('a job definition gives environment, attempts, exit rules and timeout; a queue its first environment', () => {
  const timed = sampleTemplate({ states, jobDefinition: { Timeout: { AttemptDurationSeconds: 60 } } });
  expect(findJobDefinition(timed as unknown as Template, 'local:Job', 'S')).toEqual({
    id: 'Job',
    environment: { STEPWISE_STORE: 's3://local:Bucket', FROM_DEFINITION: 'definition' },
    attempts: 3,
    evaluateOnExit: [
      { action: 'RETRY', onStatusReason: 'Host EC2*' },
      { action: 'EXIT', onReason: '*' },
    ],
    attemptDurationSeconds: 60,
  });
  expect(findJobQueue(template, 'local:Queue', 'S')).toEqual({ name: 'gpu', computeEnvironment: 'Spot' });
  expect(() => requireBucket(template, 'local:Queue', 'S')).toThrow(/AWS::S3::Bucket/);
});
