/** Evaluates a payload template (`{"key.$": "$.a"}`) outside of a state, by the interpreter's own rules. */
import { StateError } from './errors.ts';
import { interpret } from './interpreter.ts';
import type { Json, JsonObject } from './template-resources.ts';

/** Throws StateError. */
export async function evaluateTemplate(template: JsonObject, input: Json, context: JsonObject): Promise<Json> {
  const definition = {
    StartAt: 'Evaluate',
    States: { Evaluate: { Type: 'Pass', Parameters: template, End: true } },
  };
  const outcome = await interpret(definition, input, {
    tasks: new Map(),
    context,
    signal: new AbortController().signal,
  });
  if (outcome.status === 'succeeded') return outcome.output;
  const { error, cause } = outcome.status === 'failed' ? outcome : { error: 'States.Runtime', cause: 'aborted' };
  throw new StateError(error, cause, { terminal: error === 'States.Runtime' || error === 'States.DataLimitExceeded' });
}
