import { describe, expect, test } from 'vitest';
import { checkDefinition } from '../../lib/local/definition-fields.ts';
import { UnsupportedDefinitionField } from '../../lib/local/errors.ts';
import { lowerDefinition } from '../../lib/local/lowering.ts';
import { findDefinition } from '../../lib/local/template-definition.ts';
import type { JsonObject, Template } from '../../lib/local/template-resources.ts';
import { type States, sampleMap, sampleTemplate } from './fixtures/sample-run.ts';

type Fields = Record<string, unknown>;
const task = (fields: Fields = {}) => ({ First: { Type: 'Task', Resource: '<<plan>>', End: true, ...fields } });
const map = (fields: Fields, inner: States = { Inner: { Type: 'Pass', End: true } }) => ({
  First: sampleMap(inner, fields),
});
const retry = (fields: Fields) => task({ Retry: [{ ErrorEquals: ['A'], ...fields }] });
const choice = (rule: Fields) => ({
  First: { Type: 'Choice', Choices: [{ Variable: '$.a', ...rule, Next: 'End' }] },
  End: { Type: 'Succeed' },
});
const parameters = (value: string) => ({
  First: { Type: 'Pass', Parameters: { list: [{ 'a.$': value }] }, End: true },
});
const processor = (fields: Fields) =>
  map({
    ItemProcessor: {
      ProcessorConfig: { Mode: 'DISTRIBUTED' },
      StartAt: 'I',
      States: { I: { Type: 'Pass', End: true } },
      ...fields,
    },
  });
const job = (fields: Fields = {}) => ({
  Job: {
    Type: 'Task',
    Resource: 'arn:<<partition>>:states:::batch:submitJob.sync',
    Parameters: { JobDefinition: '<<job>>', JobQueue: '<<queue>>', JobName: 'train', ...fields },
    End: true,
  },
});

function refusalOf(states: States, machine?: Fields): UnsupportedDefinitionField | undefined {
  const template = sampleTemplate({ states, ...(machine ? { machine } : {}) }) as unknown as Template;
  try {
    lowerDefinition(findDefinition(template));
  } catch (error) {
    if (error instanceof UnsupportedDefinitionField) return error;
    throw error;
  }
  return undefined;
}

test.each<[string, States, string, string]>([
  ['an unknown field', task({ HeartbeatSeconds: 5 }), "State 'First'", 'HeartbeatSeconds'],
  ['a path to a timeout', task({ TimeoutSecondsPath: '$.a' }), "State 'First'", 'TimeoutSecondsPath'],
  ['a timer beyond setTimeout', task({ TimeoutSeconds: 2_147_484 }), "State 'First'", 'TimeoutSeconds'],
  ['JSONata in a state', task({ QueryLanguage: 'JSONata' }), "State 'First'", 'QueryLanguage'],
  ['variables', task({ Assign: { a: 1 } }), "State 'First'", 'Assign'],
  ['another service', task({ Resource: 'arn:<<partition>>:states:::sns:publish' }), "State 'First'", 'Resource'],
  ['a field of a retrier', retry({ Backoff: 2 }), "State 'First': Retry", 'Backoff'],
  [
    'a retry that waits for months',
    retry({ IntervalSeconds: 99, BackoffRate: 10, MaxAttempts: 7 }),
    "State 'First'",
    'Retry',
  ],
  ['a retry of what is terminal', retry({ ErrorEquals: ['States.Runtime'] }), "State 'First'", 'Retry'],
  ['States.TaskFailed of a map', map({ Retry: [{ ErrorEquals: ['States.TaskFailed'] }] }), "State 'First'", 'Retry'],
  ['a catcher to nowhere', task({ Catch: [{ ErrorEquals: ['A'], Next: 'Gone' }] }), "State 'First'", 'Catch'],
  ['a next state that is missing', task({ End: false, Next: 'Gone' }), "State 'First'", 'Next'],
  ['both an end and a next state', task({ Next: 'First' }), "State 'First'", 'End'],
  [
    'an inline map',
    processor({ ProcessorConfig: { Mode: 'INLINE' } }),
    "State 'First'",
    'ItemProcessor.ProcessorConfig.Mode',
  ],
  ['batched items', map({ ItemBatcher: { MaxItemsPerBatch: 2 } }), "State 'First'", 'ItemBatcher'],
  ['items from the state', map({ ItemsPath: '$.items' }), "State 'First'", 'ItemsPath'],
  ['a map without a result writer', map({ ResultWriter: null }), "State 'First'", 'ResultWriter'],
  [
    'another reader',
    map({ ItemReader: { Resource: 'arn:aws:states:::s3:listObjectsV2', Parameters: {} } }),
    "State 'First'",
    'ItemReader.Resource',
  ],
  [
    'a field of the reader',
    map({ ItemReader: { Resource: 'x', Parameters: { Bucket: 'b', Key: 'k', VersionId: 'v' } } }),
    "State 'First': ItemReader.Parameters",
    'VersionId',
  ],
  [
    'a writer that compacts',
    map({
      ResultWriter: {
        Resource: 'arn:aws:states:::s3:putObject',
        Parameters: {},
        WriterConfig: { Transformation: 'COMPACT' },
      },
    }),
    "State 'First'",
    'ResultWriter.WriterConfig',
  ],
  [
    'JSONata in an item processor',
    processor({ QueryLanguage: 'JSONata' }),
    "State 'First': ItemProcessor",
    'QueryLanguage',
  ],
  [
    'an unknown field inside an item',
    map({}, { Inner: { Type: 'Pass', End: true, Output: 1 } }),
    "State 'Inner'",
    'Output',
  ],
  [
    'a job in an express item',
    map({
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'EXPRESS' },
        StartAt: 'Job',
        States: job(),
      },
    }),
    "State 'Job'",
    'Resource',
  ],
  ['a name that two states have', map({}, { First: { Type: 'Pass', End: true } }), "State 'First'", 'States'],
  ['parallel branches', { First: { Type: 'Parallel', Branches: [], End: true } }, "State 'First'", 'Type'],
  ['a type like a property of objects', { First: { Type: 'constructor', End: true } }, "State 'First'", 'Type'],
  ['an empty Result', { First: { Type: 'Pass', Result: 0, End: true } }, "State 'First'", 'Result'],
  ['text patterns', choice({ StringMatches: 'a*' }), "State 'First'", 'Choices.StringMatches'],
  [
    'timestamps',
    choice({ Not: { Variable: '$.a', TimestampEquals: 'x' } }),
    "State 'First'",
    'Choices.TimestampEquals',
  ],
  ['a filter, which would be a script', parameters('$.a[?(@.b)]'), "State 'First'", 'Parameters.list.a.$'],
  ['a wildcard', choice({ Variable: '$.a[*]', IsPresent: true }), "State 'First'", 'Variable'],
  ['a context path that is not there', parameters('$$.State.RetryCount'), "State 'First'", 'Parameters.list.a.$'],
  [
    'a context path in a function',
    parameters("States.Format('{}', $$.Task.Token)"),
    "State 'First'",
    'Parameters.list.a.$',
  ],
  ['a function with random results', parameters('States.Array(States.UUID())'), "State 'First'", 'Parameters.list.a.$'],
  ['a result path with an index', task({ ResultPath: '$.a[0]' }), "State 'First'", 'ResultPath'],
  [
    'a version of a function',
    task({ Resource: 'arn:aws:states:::lambda:invoke', Parameters: { FunctionName: '<<plan>>', Qualifier: 'v' } }),
    "State 'First'",
    'Parameters.Qualifier',
  ],
  ['an array of jobs', job({ ArrayProperties: { Size: 2 } }), "State 'Job'", 'Parameters.ArrayProperties'],
  [
    'a command of its own',
    job({ ContainerOverrides: { Command: ['x'] } }),
    "State 'Job'",
    'Parameters.ContainerOverrides.Command',
  ],
])('refuses %s, by state and field', (_, states, state, field) => {
  expect(refusalOf(states)).toMatchObject({ name: 'UnsupportedDefinitionField', state, field, exitCode: 2 });
});

test('refuses fields of the state machine itself', () => {
  expect(refusalOf(task(), { QueryLanguage: 'JSONata' })).toMatchObject({
    state: 'The state machine',
    field: 'QueryLanguage',
  });
  expect(refusalOf(task(), { StartAt: 'Gone' })).toMatchObject({ state: 'The state machine', field: 'StartAt' });
});

describe('accepts', () => {
  test.each<[string, States]>([
    ['JSONPath by name', task({ QueryLanguage: 'JSONPath' })],
    ['the word States.UUID in a text', parameters("States.Format('States.UUID() costs $5, {}', $.a)")],
    ['a function in a function', parameters('States.ArrayLength(States.Array($.a, $$.Execution.Name))')],
    ['keys in brackets', parameters("$.a['b c'][0]")],
    [
      'a writer that says what it does anyway',
      map({
        ResultWriter: {
          Resource: 'arn:aws:states:::s3:putObject',
          Parameters: { Bucket: '<<bucket>>', Prefix: 'x' },
          WriterConfig: { OutputType: 'JSON', Transformation: 'NONE' },
        },
      }),
    ],
    ['a job with a tag', job({ Tags: { 'run.$': '$.run' } })],
  ])('%s', (_, states) => {
    expect(refusalOf(states)).toBeUndefined();
  });
});

test('a definition without states is refused, not run', () => {
  expect(() => checkDefinition({} as JsonObject)).toThrow(UnsupportedDefinitionField);
});
