/** Takes the state machine out of the synthesised template, with what its tasks refer to. */
import { type LambdaStage, lambdaStages } from '../pipeline/stages.ts';
import { UnresolvableTemplate } from './errors.ts';
import {
  isObject,
  type Json,
  type JsonObject,
  requireResource,
  resolveValue,
  type Template,
} from './template-resources.ts';

export interface TemplateDefinition {
  readonly definition: JsonObject;
  readonly template: Template;
}

/** Rules of a Batch job definition's retry strategy, tried in order; every given pattern must match. */
export interface ExitRule {
  readonly action: 'RETRY' | 'EXIT';
  readonly onStatusReason?: string;
  readonly onReason?: string;
  readonly onExitCode?: string;
}

export interface JobDefinition {
  readonly id: string;
  readonly environment: Readonly<Record<string, string>>;
  /** How often a job is started at most. */
  readonly attempts: number;
  readonly evaluateOnExit: readonly ExitRule[];
  readonly attemptDurationSeconds: number | undefined;
}

export interface JobQueue {
  readonly name: string;
  readonly computeEnvironment: string;
}

/** The template's only state machine. Throws UnresolvableTemplate. */
export function findDefinition(template: Template): TemplateDefinition {
  const machines = Object.entries(template.Resources).filter(
    ([, { Type }]) => Type === 'AWS::StepFunctions::StateMachine',
  );
  const [first] = machines;
  if (!first || machines.length > 1) {
    throw new UnresolvableTemplate(
      `The template must hold exactly one AWS::StepFunctions::StateMachine, and holds ${machines.length}: ${machines.map(([id]) => id).join(', ') || 'none'}.`,
    );
  }
  const [id, { Properties = {} }] = first;
  for (const property of ['DefinitionS3Location', 'DefinitionSubstitutions']) {
    if (Properties[property] !== undefined) {
      throw new UnresolvableTemplate(`${id} has ${property}, which the local engine cannot read.`);
    }
  }
  const resolved = resolveValue(Properties.Definition ?? Properties.DefinitionString ?? null, template, id);
  return { definition: parseDefinition(resolved, id), template };
}

function parseDefinition(resolved: Json, id: string): JsonObject {
  if (isObject(resolved)) return resolved;
  if (typeof resolved !== 'string') throw new UnresolvableTemplate(`${id} must have a definition, and has none.`);
  try {
    return JSON.parse(resolved) as JsonObject;
  } catch (cause) {
    throw new UnresolvableTemplate(`The definition of ${id} must be JSON, and does not parse: ${cause}.`, { cause });
  }
}

/** The stage that a Lambda function deploys, from its environment. Throws UnresolvableTemplate. */
export function findStage(template: Template, functionReference: unknown, state: string): LambdaStage {
  const { id, properties } = requireResource(
    template,
    functionReference,
    ['AWS::Lambda::Function'],
    `State '${state}'`,
  );
  const stage = environmentVariables(properties).STEPWISE_STAGE;
  const known = lambdaStages.find((name) => name === stage);
  if (!known) {
    throw new UnresolvableTemplate(
      `The function ${id} of state '${state}' must name its stage in STEPWISE_STAGE (${lambdaStages.join(', ')}), and has ${JSON.stringify(stage)}.`,
    );
  }
  return known;
}

function environmentVariables(properties: JsonObject): JsonObject {
  const { Environment } = properties;
  const variables = isObject(Environment) ? Environment.Variables : undefined;
  return isObject(variables) ? variables : {};
}

/** Throws UnresolvableTemplate. */
export function findJobDefinition(template: Template, reference: unknown, state: string): JobDefinition {
  const { id, properties } = requireResource(template, reference, ['AWS::Batch::JobDefinition'], `State '${state}'`);
  const strategy = asObject(properties.RetryStrategy);
  const rules = Array.isArray(strategy.EvaluateOnExit) ? strategy.EvaluateOnExit : [];
  const seconds = asObject(properties.Timeout).AttemptDurationSeconds;
  return {
    id,
    environment: readEnvironment(findContainer(properties)),
    attempts: strategy.Attempts === undefined ? 1 : Number(strategy.Attempts),
    evaluateOnExit: rules.map((rule) => readExitRule(asObject(rule), id)),
    attemptDurationSeconds: seconds === undefined ? undefined : Number(seconds),
  };
}

/** A job definition describes its container in one of two places: the older flat one, or the ECS task's. */
function findContainer(properties: JsonObject): JsonObject {
  if (isObject(properties.ContainerProperties)) return properties.ContainerProperties;
  const tasks = asObject(properties.EcsProperties).TaskProperties;
  const containers = asObject(Array.isArray(tasks) ? tasks[0] : undefined).Containers;
  return asObject(Array.isArray(containers) ? containers[0] : undefined);
}

function readEnvironment({ Environment = [] }: JsonObject): Readonly<Record<string, string>> {
  const entries = Array.isArray(Environment) ? Environment.map(asObject) : [];
  return Object.fromEntries(entries.map(({ Name, Value }) => [String(Name), String(Value ?? '')]));
}

function readExitRule(rule: JsonObject, id: string): ExitRule {
  const action = String(rule.Action).toUpperCase();
  if (action !== 'RETRY' && action !== 'EXIT') {
    throw new UnresolvableTemplate(`${id} has a retry rule whose Action is ${JSON.stringify(rule.Action)}.`);
  }
  return {
    action,
    ...(rule.OnStatusReason === undefined ? {} : { onStatusReason: String(rule.OnStatusReason) }),
    ...(rule.OnReason === undefined ? {} : { onReason: String(rule.OnReason) }),
    ...(rule.OnExitCode === undefined ? {} : { onExitCode: String(rule.OnExitCode) }),
  };
}

/** The queue's name and the first environment that it would try. Throws UnresolvableTemplate. */
export function findJobQueue(template: Template, reference: unknown, state: string): JobQueue {
  const { id, properties } = requireResource(template, reference, ['AWS::Batch::JobQueue'], `State '${state}'`);
  const order = Array.isArray(properties.ComputeEnvironmentOrder)
    ? properties.ComputeEnvironmentOrder.map(asObject)
    : [];
  const [first] = order.toSorted((a, b) => Number(a.Order) - Number(b.Order));
  const environment = requireResource(
    template,
    first?.ComputeEnvironment,
    ['AWS::Batch::ComputeEnvironment'],
    `The queue ${id}`,
  );
  return {
    name: typeof properties.JobQueueName === 'string' ? properties.JobQueueName : id,
    computeEnvironment: environment.id,
  };
}

/** Everything is in the one store here, so a bucket only has to be one of the template's. Throws UnresolvableTemplate. */
export function requireBucket(template: Template, reference: unknown, state: string): string {
  return requireResource(template, reference, ['AWS::S3::Bucket'], `State '${state}'`).id;
}

function asObject(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}
