import { readFile } from 'node:fs/promises';
import aslValidator from 'asl-validator';
import { beforeAll, describe, expect, test } from 'vitest';
import { diagramFile, drawTemplate } from '../../infra/draw-state-machine.ts';
import { drawStateMachine } from '../../infra/state-machine-diagram.ts';
import { lambdaStages } from '../../lib/pipeline/stages.ts';
import { type AnyJson, actionsOf, readDefinition, resourcesOf, statementsOf, synthesizeOnce } from './synthesized.ts';

let definition: AnyJson;
let states: Record<string, AnyJson>;
beforeAll(async () => {
  definition = await readDefinition();
  states = definition.States;
});

const allStates = (): [string, AnyJson][] =>
  Object.entries(states).flatMap(([name, state]) => [
    [name, state] as [string, AnyJson],
    ...Object.entries<AnyJson>(state.ItemProcessor?.States ?? {}),
  ]);

describe('the definition', () => {
  test('is valid Amazon States Language', () => {
    expect(aslValidator(structuredClone(definition))).toMatchObject({ isValid: true, errors: [] });
  });

  test('goes Resolve, Plan, Train where there is something to train, Evaluate, Aggregate, Notify', () => {
    expect(definition.StartAt).toBe('Resolve');
    expect(states.Resolve.Next).toBe('Plan');
    expect(states.Plan.Next).toBe('Anything to train?');
    expect(states['Anything to train?']).toMatchObject({
      Choices: [{ Variable: '$.trainBatches', NumericGreaterThan: 0, Next: 'Train' }],
      Default: 'Evaluate',
    });
    expect(['Train', 'Evaluate', 'Aggregate', 'Notify'].map((name) => states[name].Next)).toEqual([
      ...['Evaluate', 'Aggregate', 'Notify', 'Succeed'],
    ]);
  });

  test('is JSONPath throughout, which is all that the local interpreter knows', () => {
    expect(JSON.stringify(definition)).not.toMatch(/JSONata|"QueryLanguage"|"Assign"|"Arguments"|"Output"|{%/);
  });

  test('is Standard, traced, logged, and does not run for ever', async () => {
    const [[, properties] = []] = await resourcesOf('AWS::StepFunctions::StateMachine');
    expect(properties).toMatchObject({
      StateMachineType: 'STANDARD',
      TracingConfiguration: { Enabled: true },
      LoggingConfiguration: { Level: 'ALL' },
    });
    expect(definition.TimeoutSeconds).toBe(7 * 24 * 3600);
    const groups = await resourcesOf('AWS::Logs::LogGroup');
    expect(groups.some(([, { LogGroupName }]) => LogGroupName?.startsWith('/aws/vendedlogs/states/'))).toBe(true);
  });
});

describe('the maps', () => {
  test.each([
    ['Train', 'STANDARD', 'train', '$.trainKey'],
    ['Evaluate', 'EXPRESS', 'evaluate', '$.evaluationKey'],
  ])('%s is distributed over lines in the bucket, its children are %s', (name, executionType, label, keyPath) => {
    const map = states[name];
    expect(map.ItemReader.Parameters.Bucket).toMatch(/^BucketData/);
    expect(map).toMatchObject({
      ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: executionType } },
      ItemReader: {
        Resource: 'arn:aws:states:::s3:getObject',
        ReaderConfig: { InputType: 'JSONL' },
        Parameters: { 'Key.$': keyPath },
      },
      // A line lists its trials, and a child's input is limited to 262,144 bytes.
      ItemSelector: { 'run.$': '$$.Map.Item.Value.run', 'batch.$': '$$.Map.Item.Value.batch' },
      ResultWriter: {
        Resource: 'arn:aws:states:::s3:putObject',
        Parameters: { 'Prefix.$': `States.Format('runs/{}/map-results/${label}/', $.run)` },
      },
      ToleratedFailurePercentagePath: '$.toleratedFailurePercentage',
      Label: label,
      ResultPath: null,
    });
    expect(map.ResultWriter.Parameters.Bucket).toBe(map.ItemReader.Parameters.Bucket);
    expect(map.MaxConcurrency).toBeGreaterThan(0);
    expect(map.MaxConcurrency).toBeLessThan(50);
  });

  test('Evaluate’s function ends before its EXPRESS child would', async () => {
    const functions = await resourcesOf('AWS::Lambda::Function');
    const [, evaluate] = functions.find(([, { Environment }]) => Environment.Variables.STEPWISE_STAGE === 'evaluate')!;
    expect(evaluate.Timeout).toBeLessThan(300);
  });

  test('Train submits a job that gets a pointer, and waits for it', () => {
    const task = states.Train.ItemProcessor.States['Train batch'];
    expect(task.Resource).toBe('arn:aws:states:::batch:submitJob.sync');
    expect(task.Parameters.ContainerOverrides).toEqual({
      Environment: [
        { Name: 'STEPWISE_RUN', 'Value.$': '$.run' },
        { Name: 'STEPWISE_BATCH', 'Value.$': "States.Format('{}', $.batch)" },
      ],
    });
    expect(task.ResultPath).toBeNull();
  });
});

describe('errors', () => {
  test('every task and map is retried by error name, with jitter, and never for an error of ours', () => {
    const retried = allStates().filter(([, { Type }]) => Type === 'Task' || Type === 'Map');
    expect(retried).toHaveLength(9);
    for (const [name, { Retry }] of retried) {
      expect(Retry, name).toHaveLength(1);
      expect(Retry[0], name).toMatchObject({ JitterStrategy: 'FULL' });
      expect(Retry[0].MaxDelaySeconds, name).toBeGreaterThan(0);
      for (const error of Retry[0].ErrorEquals) {
        expect(error, name).toMatch(/^(Lambda|Batch)\.\w+Exception$|^States\.(ItemReader|ResultWriter)Failed$/);
      }
    }
    expect(states.Plan.Retry[0].ErrorEquals).toEqual([
      ...['Lambda.ServiceException', 'Lambda.AWSLambdaException', 'Lambda.SdkClientException'],
      ...['Lambda.TooManyRequestsException', 'Lambda.ClientExecutionTimeoutException'],
    ]);
    const [batch] = states.Train.ItemProcessor.States['Train batch'].Retry;
    expect(batch.ErrorEquals).toContain('Batch.AWSBatchException');
    // A job that ran and failed is Batch's to retry: it knows a reclaimed host from a bug.
    expect(batch.ErrorEquals).not.toContain('States.TaskFailed');
  });

  test('whatever else happens goes to RecordFailure with the state and the error, then fails with that error', () => {
    const caught = Object.entries(states).filter(
      ([name, { Type }]) => (Type === 'Task' || Type === 'Map') && name !== 'RecordFailure',
    );
    expect(caught).toHaveLength(6);
    for (const [name, { Catch }] of caught) {
      expect(Catch, name).toEqual([{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'RecordFailure' }]);
    }
    expect(states.RecordFailure).toMatchObject({ Next: 'Failed', ResultPath: null });
    expect(states.RecordFailure.Catch).toEqual([{ ErrorEquals: ['States.ALL'], ResultPath: null, Next: 'Failed' }]);
    expect(states.Failed).toEqual({ Type: 'Fail', ErrorPath: '$.error.Error', CausePath: '$.error.Cause' });
  });
});

describe('who may do what', () => {
  test('every stage is one function, recognisable by its environment', async () => {
    const functions = (await resourcesOf('AWS::Lambda::Function')).filter(
      ([, { Environment }]) => Environment.Variables.STEPWISE_STAGE !== undefined,
    );
    const stageNames = functions.map(([, { Environment }]) => Environment.Variables.STEPWISE_STAGE);
    expect(stageNames.sort()).toEqual([...lambdaStages].sort());
    const called = allStates().flatMap(([, { Resource = '' }]) => /function:(\w+)$/.exec(Resource)?.[1] ?? []);
    expect(new Set(called)).toEqual(new Set(functions.map(([id]) => id)));
  });

  test('an abort can stop the GPU', async () => {
    const statements = await statementsOf(/^PipelineStateMachineRole/);
    const allowed = statements.flatMap(actionsOf);
    expect(allowed).toEqual(
      expect.arrayContaining(['batch:SubmitJob', 'batch:DescribeJobs', 'batch:TerminateJob', 'batch:TagResource']),
    );
    const terminate = statements.find((statement) => actionsOf(statement).includes('batch:TerminateJob'));
    expect(JSON.stringify(terminate.Resource)).toMatch(/:job\/\*"/);
  });

  test('the machine may start and stop its maps’ children', async () => {
    const policies = (await resourcesOf('AWS::IAM::Policy')).filter(([id]) => /DistributedMapPolicy/.test(id));
    const allowed = policies.flatMap(([, { PolicyDocument }]) => PolicyDocument.Statement.flatMap(actionsOf));
    expect(allowed).toEqual(expect.arrayContaining(['states:StartExecution', 'states:StopExecution']));
  });
});

describe('the picture', () => {
  test('is up to date: node infra/draw-state-machine.ts', async () => {
    expect(await readFile(diagramFile, 'utf8')).toBe(drawTemplate(await synthesizeOnce()));
  });

  test('refuses a state that it has no place for', () => {
    const lost = { StartAt: 'A', States: { A: { Type: 'Succeed' }, B: { Type: 'Succeed' } } };
    expect(() => drawStateMachine(lost)).toThrow('no place for the states B');
  });
});
