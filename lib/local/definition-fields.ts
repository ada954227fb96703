/**
 * Walks a whole definition against what the local engine implements, and refuses the rest by name: the interpreter
 * ignores what it does not know (JSONata, tolerated failures) or gets it wrong (see the remarks here), and a run that
 * behaves otherwise than on AWS is worse than none.
 */

import { asList, asObject, checkPath, checkRule, checkTemplate } from './definition-values.ts';
import { UnsupportedDefinitionField } from './errors.ts';
import { isObject, type Json, type JsonObject } from './template-resources.ts';

const commonFields = ['Type', 'Comment', 'QueryLanguage'];
const flow = ['InputPath', 'OutputPath'];
const errors = ['Retry', 'Catch'];
const transition = ['Next', 'End'];

/** Not here because nothing needs them: Parallel, and Map with inline processing. */
const stateFields: Readonly<Record<string, readonly string[]>> = {
  Task: [...flow, ...errors, ...transition, 'Resource', 'Parameters', 'ResultSelector', 'ResultPath', 'TimeoutSeconds'],
  Map: [
    ...[...flow, ...errors, ...transition, 'ResultSelector', 'ResultPath', 'Label', 'ItemReader', 'ItemProcessor'],
    ...['ItemSelector', 'ResultWriter', 'MaxConcurrency', 'MaxConcurrencyPath', 'ToleratedFailurePercentage'],
    ...['ToleratedFailurePercentagePath', 'ToleratedFailureCount', 'ToleratedFailureCountPath'],
  ],
  Pass: [...flow, ...transition, 'Result', 'Parameters', 'ResultPath'],
  Choice: [...flow, 'Choices', 'Default'],
  Wait: [...flow, ...transition, 'Seconds', 'SecondsPath'],
  Succeed: flow,
  Fail: ['Error', 'Cause', 'ErrorPath', 'CausePath'],
};
const machineFields = ['Comment', 'StartAt', 'States', 'TimeoutSeconds', 'Version', 'QueryLanguage'];
const processorFields = ['Comment', 'StartAt', 'States', 'ProcessorConfig', 'QueryLanguage'];
const retrierFields = [
  ...['Comment', 'ErrorEquals', 'IntervalSeconds', 'MaxAttempts', 'BackoffRate', 'MaxDelaySeconds', 'JitterStrategy'],
];
const catcherFields = ['Comment', 'ErrorEquals', 'Next', 'ResultPath'];
/** Longer timers end at once: setTimeout counts in 32 bits. */
export const longestTimerSeconds = 2_147_483;

export function checkDefinition(machine: JsonObject): void {
  checkFields('The state machine', machine, machineFields);
  if (machine.TimeoutSeconds !== undefined) checkSeconds('The state machine', 'TimeoutSeconds', machine.TimeoutSeconds);
  checkStates('The state machine', machine, new Set());
}

function checkStates(where: string, machine: JsonObject, names: Set<string>): void {
  const states = isObject(machine.States) ? machine.States : {};
  checkTarget(where, 'StartAt', machine.StartAt, states);
  for (const [name, state] of Object.entries(states)) {
    const place = `State '${name}'`;
    // Handlers are found by a state's name alone.
    if (names.has(name)) throw new UnsupportedDefinitionField(place, 'States', 'two states have this name');
    names.add(name);
    checkState(place, isObject(state) ? state : {}, states, names);
  }
}

function checkState(place: string, state: JsonObject, states: JsonObject, names: Set<string>): void {
  const fields = Object.hasOwn(stateFields, String(state.Type)) ? stateFields[String(state.Type)] : undefined;
  if (!fields) throw new UnsupportedDefinitionField(place, 'Type', `${JSON.stringify(state.Type)} is not implemented`);
  checkFields(place, state, [...commonFields, ...fields]);
  if (fields.includes('Next')) {
    if (state.End !== true) checkTarget(place, 'Next', state.Next, states);
    else if (state.Next !== undefined) throw new UnsupportedDefinitionField(place, 'End', 'it also has Next');
  }
  if (state.Default !== undefined) checkTarget(place, 'Default', state.Default, states);
  for (const field of ['TimeoutSeconds', 'Seconds']) {
    if (state[field] !== undefined) checkSeconds(place, field, state[field]);
  }
  for (const field of Object.keys(state)) if (field.endsWith('Path')) checkPath(place, field, state[field] ?? null);
  for (const field of ['Parameters', 'ResultSelector', 'ItemSelector']) checkTemplate(place, field, state[field]);
  if (state.Type === 'Pass' && 'Result' in state && !state.Result) {
    throw new UnsupportedDefinitionField(place, 'Result', 'the interpreter takes an empty value for none');
  }
  for (const retrier of asList(state.Retry)) checkRetrier(place, state, retrier);
  for (const catcher of asList(state.Catch)) checkCatcher(place, state, catcher, states);
  for (const choice of asList(state.Choices)) {
    checkTarget(place, 'Choices', choice.Next, states);
    const { Next: _, ...rule } = choice;
    checkRule(place, rule);
  }
  if (state.Type === 'Map') checkMap(place, state, names);
}

function checkMap(place: string, state: JsonObject, names: Set<string>): void {
  const processor = asObject(state.ItemProcessor);
  checkFields(`${place}: ItemProcessor`, processor, processorFields);
  const config = asObject(processor.ProcessorConfig);
  checkFields(`${place}: ProcessorConfig`, config, ['Mode', 'ExecutionType']);
  if (config.Mode !== 'DISTRIBUTED') {
    throw new UnsupportedDefinitionField(
      place,
      'ItemProcessor.ProcessorConfig.Mode',
      `${config.Mode ?? 'INLINE'} is not implemented`,
    );
  }
  checkFields(`${place}: ItemReader`, requireField(place, state, 'ItemReader'), [
    'Resource',
    'ReaderConfig',
    'Parameters',
  ]);
  checkFields(`${place}: ResultWriter`, requireField(place, state, 'ResultWriter'), [
    'Resource',
    'WriterConfig',
    'Parameters',
  ]);
  for (const field of ['ItemReader', 'ResultWriter']) {
    const { Parameters } = asObject(state[field]);
    checkFields(`${place}: ${field}.Parameters`, asObject(Parameters), [
      'Bucket',
      field === 'ItemReader' ? 'Key' : 'Prefix',
    ]);
    checkTemplate(place, `${field}.Parameters`, Parameters);
  }
  checkStates(place, processor, names);
}

function requireField(place: string, state: JsonObject, field: string): JsonObject {
  const value = state[field];
  if (!isObject(value))
    throw new UnsupportedDefinitionField(place, field, 'a Distributed Map without it is not implemented');
  return value;
}

function checkRetrier(place: string, state: JsonObject, retrier: JsonObject): void {
  checkFields(`${place}: Retry`, retrier, retrierFields);
  checkErrorNames(place, 'Retry', state, retrier);
  const { IntervalSeconds = 1, BackoffRate = 2, MaxAttempts = 3, MaxDelaySeconds } = retrier;
  const longest = Number(IntervalSeconds) * Number(BackoffRate) ** Math.max(0, Number(MaxAttempts) - 1);
  if (Math.min(longest, Number(MaxDelaySeconds ?? longest)) > longestTimerSeconds) {
    throw new UnsupportedDefinitionField(place, 'Retry', `it waits longer than ${longestTimerSeconds} seconds`);
  }
}

function checkCatcher(place: string, state: JsonObject, catcher: JsonObject, states: JsonObject): void {
  checkFields(`${place}: Catch`, catcher, catcherFields);
  checkErrorNames(place, 'Catch', state, catcher);
  checkTarget(place, 'Catch', catcher.Next, states);
  if (catcher.ResultPath !== undefined) checkPath(place, 'ResultPath', catcher.ResultPath);
}

function checkErrorNames(place: string, field: string, state: JsonObject, { ErrorEquals }: JsonObject): void {
  for (const name of Array.isArray(ErrorEquals) ? ErrorEquals : []) {
    if (name === 'States.Runtime' || name === 'States.DataLimitExceeded') {
      throw new UnsupportedDefinitionField(place, field, `${name} is terminal here`);
    }
    if (name === 'States.TaskFailed' && state.Type !== 'Task') {
      throw new UnsupportedDefinitionField(place, field, `${name} means a Task, and this is a ${state.Type}`);
    }
  }
}

function checkFields(place: string, object: JsonObject, allowed: readonly string[]): void {
  for (const field of Object.keys(object)) {
    const known = allowed.includes(field) || (field.endsWith('.$') && allowed.includes(field.slice(0, -2)));
    if (!known) throw new UnsupportedDefinitionField(place, field, 'it is not implemented');
  }
  if ((object.QueryLanguage ?? 'JSONPath') !== 'JSONPath') {
    throw new UnsupportedDefinitionField(
      place,
      'QueryLanguage',
      `${object.QueryLanguage} is not implemented, JSONPath is`,
    );
  }
}

function checkTarget(place: string, field: string, target: Json | undefined, states: JsonObject): void {
  if (typeof target !== 'string' || !Object.hasOwn(states, target)) {
    throw new UnsupportedDefinitionField(place, field, `there is no state ${JSON.stringify(target)} beside it`);
  }
}

function checkSeconds(place: string, field: string, seconds: Json | undefined): void {
  if (typeof seconds !== 'number' || !(seconds >= 0 && seconds <= longestTimerSeconds)) {
    throw new UnsupportedDefinitionField(
      place,
      field,
      `it must be 0 to ${longestTimerSeconds} seconds, and is ${seconds}`,
    );
  }
}
