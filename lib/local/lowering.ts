/**
 * Lowers a definition to what the interpreter does right: every task becomes a Task whose work is looked up by the
 * state's name, every Distributed Map a Task too, whose work is to run the item processor, itself lowered, per item.
 */
import type { LambdaStage } from '../pipeline/stages.ts';
import { checkDefinition } from './definition-fields.ts';
import { UnsupportedDefinitionField } from './errors.ts';
import {
  findJobDefinition,
  findJobQueue,
  findStage,
  type JobDefinition,
  type JobQueue,
  requireBucket,
  type TemplateDefinition,
} from './template-definition.ts';
import { isObject, type Json, type JsonObject, logicalIdOf, type Template } from './template-resources.ts';

export interface LoweredMachine {
  /** What the interpreter runs. */
  readonly definition: JsonObject;
  /** What each of its Task states does, by the state's name. */
  readonly tasks: ReadonlyMap<string, LoweredTask>;
}

export type LoweredTask = LambdaTask | JobTask | MapTask;

interface TaskCommon {
  /** Undefined: as long as it takes. */
  readonly timeoutSeconds: number | undefined;
}

export interface LambdaTask extends TaskCommon {
  readonly kind: 'lambda';
  readonly stage: LambdaStage;
  /** Through `lambda:invoke` the event is the parameter Payload, and the result comes wrapped; else both are bare. */
  readonly wrapped: boolean;
}

export interface JobTask extends TaskCommon {
  readonly kind: 'job';
  readonly jobDefinition: JobDefinition;
  readonly queue: JobQueue;
}

export interface MapTask extends TaskCommon {
  readonly kind: 'map';
  readonly label: string;
  /** A payload template over the state's input: key, prefix, concurrency and tolerance. */
  readonly settings: JsonObject;
  readonly itemSelector: JsonObject | undefined;
  readonly resultBucket: string;
  readonly processor: LoweredMachine;
}

/** Throws UnsupportedDefinitionField and UnresolvableTemplate. */
export function lowerDefinition({ definition, template }: TemplateDefinition): LoweredMachine {
  checkDefinition(definition);
  return lowerMachine(definition, template);
}

function lowerMachine(machine: JsonObject, template: Template): LoweredMachine {
  const tasks = new Map<string, LoweredTask>();
  const states = Object.entries(machine.States as JsonObject).map(([name, value]) => {
    const state = value as JsonObject;
    const task =
      state.Type === 'Task'
        ? lowerTask(name, state, template)
        : state.Type === 'Map'
          ? lowerMap(name, state, template)
          : undefined;
    if (task) tasks.set(name, task);
    return [name, lowerState(name, state)];
  });
  return { definition: { ...machine, States: Object.fromEntries(states) }, tasks };
}

/** Rewrites what the interpreter gets wrong, in fields that mean the same. */
function lowerState(name: string, state: JsonObject): JsonObject {
  const { ResultPath, ...others } = state;
  // To the interpreter `$` is a key of this name; absent means the same.
  const lowered: Record<string, Json> =
    ResultPath === undefined || ResultPath === '$' ? others : { ...others, ResultPath };
  if (state.Catch) lowered.Catch = (state.Catch as readonly JsonObject[]).map((catcher) => lowerState(name, catcher));
  if (state.Choices) lowered.Choices = (state.Choices as readonly JsonObject[]).map(lowerRule);
  if (state.Type === 'Fail') {
    lowered.Error = state.Error ?? '';
    lowered.Cause = state.Cause ?? '';
  }
  if (state.Type !== 'Map') return lowered;
  const kept = ['Comment', 'InputPath', 'OutputPath', 'ResultSelector', 'ResultPath', 'Retry', 'Catch', 'Next', 'End'];
  const fields = Object.entries(lowered).filter(([field]) => kept.includes(field));
  return { Type: 'Task', Resource: `local:${name}`, ...Object.fromEntries(fields) };
}

/** The interpreter says no to `IsPresent: false` whatever came. */
function lowerRule(rule: JsonObject): JsonObject {
  const lowered: Record<string, Json> = { ...rule };
  for (const operator of ['And', 'Or']) {
    const inner = rule[operator];
    if (Array.isArray(inner)) lowered[operator] = inner.map((item) => lowerRule(item as JsonObject));
  }
  if (isObject(rule.Not)) lowered.Not = lowerRule(rule.Not);
  const negated = Object.keys(rule).find((field) => field.startsWith('Is') && rule[field] === false);
  if (negated === undefined) return lowered;
  const { Next, ...test } = lowered;
  return { Not: { ...test, [negated]: true }, ...(Next === undefined ? {} : { Next }) };
}

function lowerTask(name: string, state: JsonObject, template: Template): LoweredTask {
  const resource = String(state.Resource);
  const parameters = isObject(state.Parameters) ? state.Parameters : {};
  const timeoutSeconds = state.TimeoutSeconds as number | undefined;
  if (logicalIdOf(resource) !== undefined) {
    return { kind: 'lambda', stage: findStage(template, resource, name), wrapped: false, timeoutSeconds };
  }
  switch (resource.replace(/^arn:[^:]*:states:::/, '')) {
    case 'lambda:invoke': {
      checkParameters(name, parameters, ['FunctionName', 'Payload', 'Payload.$']);
      return {
        kind: 'lambda',
        stage: findStage(template, parameters.FunctionName, name),
        wrapped: true,
        timeoutSeconds,
      };
    }
    case 'batch:submitJob.sync':
      checkJobParameters(name, parameters);
      return {
        kind: 'job',
        jobDefinition: findJobDefinition(template, parameters.JobDefinition, name),
        queue: findJobQueue(template, parameters.JobQueue, name),
        timeoutSeconds,
      };
    default:
      throw new UnsupportedDefinitionField(`State '${name}'`, 'Resource', `${resource} is not implemented`);
  }
}

function checkJobParameters(name: string, parameters: JsonObject): void {
  const own = ['JobName', 'JobName.$', 'JobDefinition', 'JobQueue', 'ContainerOverrides', 'Tags', 'PropagateTags'];
  checkParameters(name, parameters, own);
  const overrides = isObject(parameters.ContainerOverrides) ? parameters.ContainerOverrides : {};
  checkParameters(name, overrides, ['Environment'], 'ContainerOverrides.');
}

function checkParameters(name: string, parameters: JsonObject, allowed: readonly string[], prefix = ''): void {
  const unknown = Object.keys(parameters).find((field) => !allowed.includes(field));
  if (unknown === undefined) return;
  throw new UnsupportedDefinitionField(`State '${name}'`, `Parameters.${prefix}${unknown}`, 'it is not implemented');
}

function lowerMap(name: string, state: JsonObject, template: Template): MapTask {
  const reader = state.ItemReader as JsonObject;
  const writer = state.ResultWriter as JsonObject;
  const processor = state.ItemProcessor as JsonObject;
  requireSetting(name, 'ItemReader.Resource', reader.Resource, /^arn:[^:]*:states:::s3:getObject$/);
  requireSetting(name, 'ItemReader.ReaderConfig', reader.ReaderConfig, /^\{"InputType":"JSONL"\}$/);
  requireSetting(name, 'ResultWriter.Resource', writer.Resource, /^arn:[^:]*:states:::s3:putObject$/);
  requireSetting(
    name,
    'ResultWriter.WriterConfig',
    writer.WriterConfig ?? {},
    /^\{("OutputType":"JSON",?)?("Transformation":"NONE",?)?("OutputType":"JSON")?\}$/,
  );
  const machine = lowerMachine(processor, template);
  const { ExecutionType } = processor.ProcessorConfig as JsonObject;
  const jobs = [...machine.tasks].find(([, { kind }]) => kind === 'job');
  if (ExecutionType === 'EXPRESS' && jobs) {
    throw new UnsupportedDefinitionField(
      `State '${jobs[0]}'`,
      'Resource',
      'an EXPRESS execution cannot wait for a job',
    );
  }
  const readerParameters = reader.Parameters as JsonObject;
  const writerParameters = writer.Parameters as JsonObject;
  requireBucket(template, readerParameters.Bucket, name);
  return {
    kind: 'map',
    label: typeof state.Label === 'string' ? state.Label : name,
    settings: {
      ...pick(readerParameters, 'Key'),
      ...pick(writerParameters, 'Prefix'),
      ...pick(state, 'MaxConcurrency'),
      ...pick(state, 'ToleratedFailurePercentage'),
      ...pick(state, 'ToleratedFailureCount'),
    },
    itemSelector: isObject(state.ItemSelector) ? state.ItemSelector : undefined,
    resultBucket: requireBucket(template, writerParameters.Bucket, name),
    processor: machine,
    timeoutSeconds: undefined,
  };
}

/** A setting in its three spellings, as an entry of a payload template: `Key`, `Key.$`, `KeyPath`. */
function pick(object: JsonObject, field: string): JsonObject {
  const dynamic = object[`${field}.$`] ?? object[`${field}Path`];
  if (dynamic !== undefined) return { [`${field}.$`]: dynamic };
  return object[field] === undefined ? {} : { [field]: object[field] };
}

function requireSetting(name: string, field: string, value: Json | undefined, expected: RegExp): void {
  const text = typeof value === 'string' ? value : JSON.stringify(value ?? null);
  if (expected.test(text)) return;
  throw new UnsupportedDefinitionField(`State '${name}'`, field, `${text} is not implemented`);
}
