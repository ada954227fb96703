/** What is changed of the synthesised template for the emulator is this and nothing else; docs/testing-the-cloud.md lists it. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type SynthesizedTemplate, synthesizeTemplate } from '../../infra/synthesize.ts';
import { type EmulatedTemplate, emulateTemplate } from './cloud/emulated-template.ts';

let synthesized: SynthesizedTemplate;
let emulated: EmulatedTemplate;
beforeAll(async () => {
  synthesized = await synthesizeTemplate();
  emulated = emulateTemplate(synthesized, {
    code: { bucket: 'assets', key: 'forwarder.zip' },
    functionUrl: (id) => `http://127.0.0.1:1/${id}`,
    jobsUrl: 'http://127.0.0.1:1/jobs',
    toleratedFailurePercentage: 0,
    trainingBackend: 'wasm-relaxed',
  });
});

const ofType = (type: string) => Object.values(synthesized.Resources).filter(({ Type }) => Type === type);

describe('the emulated template', () => {
  it('lists every change', () => {
    const { changes } = emulated;
    expect(changes.filter((change) => !change.startsWith('forwarded ')).toSorted()).toEqual([
      'added AWS::Lambda::Function: EmulatedSubmitJob',
      'removed AWS::Batch::ComputeEnvironment: TrainingOnDemand',
      'removed AWS::Batch::ComputeEnvironment: TrainingSpot',
      'removed AWS::Batch::JobDefinition: TrainingJob',
      'removed AWS::Batch::JobQueue: TrainingQueue',
      'removed AWS::Budgets::Budget: BudgetMonthly',
      'removed AWS::CloudWatch::Alarm: AlarmsGpuWithoutPipeline',
      'removed AWS::EC2::FlowLog: NetworkVpcRejectedFlowLog',
      'removed the parameter BootstrapVersion and its rule',
      'state Evaluate: ResultWriter is ignored',
      'state Evaluate: ToleratedFailurePercentagePath became a number',
      'state Train / Train batch: batch:submitJob.sync became a Lambda task',
      'state Train: ResultWriter is ignored',
      'state Train: ToleratedFailurePercentagePath became a number',
    ]);
    const forwarded = changes.filter((change) => change.startsWith('forwarded '));
    expect(forwarded).toHaveLength(ofType('AWS::Lambda::Function').length);
  });

  it('keeps every other resource as it was synthesised', () => {
    const touched = /^AWS::(Batch::|Budgets::|EC2::FlowLog|Lambda::Function|StepFunctions::StateMachine)/;
    // An alarm that the emulator does not know, and policies and pictures that name what was removed.
    const untouched = Object.entries(synthesized.Resources).filter(
      ([, resource]) =>
        !touched.test(resource.Type) &&
        !/AlarmsGpuWithoutPipeline|"Metrics"|"(Training(Queue|Job|Spot|OnDemand))[0-9A-F]{8}"/.test(
          JSON.stringify(resource),
        ),
    );
    expect(untouched.length).toBeGreaterThan(80);
    for (const [id, resource] of untouched) expect(emulated.template.Resources[id], id).toEqual(resource);
  });

  it('keeps every state of the definition, its retries and its catches', () => {
    const [before] = ofType('AWS::StepFunctions::StateMachine');
    const after = Object.values<{ Type: string; Properties: typeof before }>(emulated.template.Resources).find(
      ({ Type }) => Type === 'AWS::StepFunctions::StateMachine',
    );
    const [expected, actual] = [before!.Properties, after!.Properties as typeof before].map((properties) =>
      // biome-ignore lint/suspicious/noExplicitAny: both are CloudFormation's.
      parseDefinition((properties as any).DefinitionString),
    );
    const policies = (definition: Definition) =>
      Object.entries(definition.States).map(([name, { Type, Next, Retry, Catch }]) => ({
        name,
        Type,
        Next,
        Retry,
        Catch,
      }));
    expect(policies(actual!)).toEqual(policies(expected!));
  });
});

interface Definition {
  readonly States: Readonly<Record<string, Readonly<Record<'Type' | 'Next' | 'Retry' | 'Catch', unknown>>>>;
}

function parseDefinition(text: { readonly 'Fn::Join': readonly [string, readonly unknown[]] }): Definition {
  return JSON.parse(text['Fn::Join'][1].map((part) => (typeof part === 'string' ? part : 'reference')).join(''));
}
