/**
 * The synthesised template as MiniStack can deploy it. Whatever is changed for that is listed in `changes`, which a test
 * asserts in full and docs/testing-the-cloud.md explains: nothing is replaced silently.
 */
import type { SynthesizedResource, SynthesizedTemplate } from '../../../infra/synthesize.ts';

// biome-ignore lint/suspicious/noExplicitAny: a template is any JSON.
type AnyJson = any;

export interface EmulationOptions {
  /** What stands for every function's code: an object in a bucket. */
  readonly code: { readonly bucket: string; readonly key: string };
  /** Where the function of this logical id is really run. */
  readonly functionUrl: (logicalId: string) => string;
  /** Where a submitted job is really run. */
  readonly jobsUrl: string;
  /** MiniStack reads the number and not the path to it. */
  readonly toleratedFailurePercentage: number;
  /** Without a GPU, training computes on this. */
  readonly trainingBackend: string;
}

export interface EmulatedTemplate {
  readonly template: AnyJson;
  /** One line a change, in the template's order; logical ids without their hash. */
  readonly changes: readonly string[];
}

export const jobFunctionId = 'EmulatedSubmitJob';

/** MiniStack refuses a template that has them. */
const unknownTypes = /^AWS::(Batch::\w+|Budgets::Budget|EC2::FlowLog)$/;

/** An alarm on a formula of metrics is refused, too. */
function isRefused({ Type, Properties }: SynthesizedResource): boolean {
  return unknownTypes.test(Type) || (Type === 'AWS::CloudWatch::Alarm' && Properties?.Metrics !== undefined);
}

export function emulateTemplate(synthesized: SynthesizedTemplate, options: EmulationOptions): EmulatedTemplate {
  const changes: string[] = [];
  const removed = new Set<string>();
  const resources: Record<string, AnyJson> = {};
  for (const [id, resource] of Object.entries(synthesized.Resources)) {
    if (isRefused(resource)) {
      removed.add(id);
      changes.push(`removed ${resource.Type}: ${withoutHash(id)}`);
    } else {
      resources[id] = structuredClone(resource);
    }
  }
  let role: AnyJson;
  for (const [id, { Type, Properties }] of Object.entries(resources)) {
    if (Type === 'AWS::Lambda::Function') {
      replaceCode(Properties, options.functionUrl(id), options);
      role = Properties.Role;
      changes.push(`forwarded AWS::Lambda::Function: ${withoutHash(id)}`);
      if (Properties.Environment.Variables.STEPWISE_TRAINING_BACKEND !== undefined) {
        Properties.Environment.Variables.STEPWISE_TRAINING_BACKEND = options.trainingBackend;
      }
    }
    if (Type === 'AWS::StepFunctions::StateMachine') {
      Properties.DefinitionString = editDefinition(Properties.DefinitionString, (definition) =>
        changes.push(...emulateDefinition(definition, options)),
      );
    }
  }
  resources[jobFunctionId] = {
    Type: 'AWS::Lambda::Function',
    Properties: { Role: role, Handler: 'none', Timeout: 900, MemorySize: 128 },
  };
  replaceCode(resources[jobFunctionId].Properties, options.jobsUrl, options);
  changes.push(`added AWS::Lambda::Function: ${jobFunctionId}`);
  // The parameter and the rule ask whether the account is bootstrapped, which it is not.
  changes.push('removed the parameter BootstrapVersion and its rule');
  const template = { Resources: nameRemoved(resources, removed), Outputs: synthesized.Outputs };
  return { template, changes };
}

function replaceCode(properties: AnyJson, url: string, { code }: EmulationOptions): void {
  properties.Runtime = 'provided.al2023';
  properties.Code = { S3Bucket: code.bucket, S3Key: code.key };
  properties.Environment ??= { Variables: {} };
  properties.Environment.Variables.FORWARD_TO = url;
  // Its bootstrap is started with the PATH of MiniStack, whose Node may be another.
  properties.Environment.Variables.FORWARDER_NODE = process.execPath;
}

function emulateDefinition(definition: AnyJson, options: EmulationOptions): string[] {
  const changes: string[] = [];
  for (const [name, state] of Object.entries<AnyJson>(definition.States)) {
    if (state.Type !== 'Map') continue;
    if (state.ToleratedFailurePercentagePath !== undefined) {
      delete state.ToleratedFailurePercentagePath;
      state.ToleratedFailurePercentage = options.toleratedFailurePercentage;
      changes.push(`state ${name}: ToleratedFailurePercentagePath became a number`);
    }
    if (state.ResultWriter) changes.push(`state ${name}: ResultWriter is ignored`);
    for (const [inner, task] of Object.entries<AnyJson>(state.ItemProcessor.States)) {
      if (!String(task.Resource).endsWith(':states:::batch:submitJob.sync')) continue;
      task.Resource = { 'Fn::GetAtt': [jobFunctionId, 'Arn'] };
      // Step Functions knows which execution a job is of, and stops it with that; the server has to be told.
      task.Parameters['Execution.$'] = '$$.Execution.Id';
      changes.push(`state ${name} / ${inner}: batch:submitJob.sync became a Lambda task`);
    }
  }
  return changes;
}

/** The definition is text with references in it: they are set aside, the rest is edited as JSON, and they are put back. */
function editDefinition(text: AnyJson, edit: (definition: AnyJson) => void): AnyJson {
  const references: AnyJson[] = [];
  const mark = (reference: AnyJson) => `\u0001${references.push(reference) - 1}\u0001`;
  const parts: readonly AnyJson[] = text['Fn::Join'][1];
  const definition = JSON.parse(parts.map((part) => (typeof part === 'string' ? part : escaped(mark(part)))).join(''));
  edit(definition);
  const marked = JSON.stringify(definition, (_, value) =>
    value !== null && typeof value === 'object' && 'Fn::GetAtt' in value ? mark(value) : value,
  );
  const pieces = marked.split(/\\u0001(\d+)\\u0001/);
  return { 'Fn::Join': ['', pieces.map((piece, at) => (at % 2 === 0 ? piece : references[Number(piece)]))] };
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** References to what was removed become names that nothing has. */
function nameRemoved(value: AnyJson, removed: ReadonlySet<string>): AnyJson {
  if (Array.isArray(value)) return value.map((item) => nameRemoved(item, removed));
  if (value === null || typeof value !== 'object') return value;
  const id = value.Ref ?? value['Fn::GetAtt']?.[0];
  if (typeof id === 'string' && removed.has(id)) return `arn:aws:batch:eu-central-1:000000000000:removed/${id}`;
  const entries = Object.entries(value).map(([key, item]) => [key, nameRemoved(item, removed)]);
  return Object.fromEntries(entries);
}

/** `TrainingQueueCFB9BA02` → `TrainingQueue` */
function withoutHash(id: string): string {
  return id.replace(/[0-9A-F]{8}$/, '');
}
