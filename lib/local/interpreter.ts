/**
 * Runs a lowered definition with the npm package aws-local-stepfunctions, and adds what it lacks: the payload limit
 * between states, timeouts that stop the work, errors as Lambda would give them, an abort that reaches the tasks.
 */
import { ExecutionAbortedError, ExecutionError, ExecutionTimeoutError, StateMachine } from 'aws-local-stepfunctions';
import { longestTimerSeconds } from './definition-fields.ts';
import { StateError } from './errors.ts';
import type { Json, JsonObject } from './template-resources.ts';

/** 256 KiB of UTF-8: the most that may pass between two states. */
export const payloadLimitBytes = 262_144;

/** A state's work. It should end soon after `signal` aborts; nobody looks at its result then. */
export interface BoundTask {
  readonly timeoutSeconds: number | undefined;
  run(input: Json, signal: AbortSignal): Promise<unknown>;
}

export interface InterpretOptions {
  readonly tasks: ReadonlyMap<string, BoundTask>;
  /** The context object: what `$$` is. */
  readonly context: JsonObject;
  readonly signal: AbortSignal;
}

export type Outcome =
  | { readonly status: 'succeeded'; readonly output: Json }
  | { readonly status: 'failed'; readonly error: string; readonly cause: string }
  | { readonly status: 'aborted' };

type PackageDefinition = ConstructorParameters<typeof StateMachine>[0];
type PackageRunOptions = NonNullable<Parameters<StateMachine['run']>[1]>;
type PackageJson = Parameters<StateMachine['run']>[0];

/** Never throws for what happens in the execution. */
export async function interpret(definition: JsonObject, input: Json, options: InterpretOptions): Promise<Outcome> {
  const { signal, tasks } = options;
  if (signal.aborted) return { status: 'aborted' };
  const stop = new AbortController();
  const handlers = Object.fromEntries([...tasks].map(([name, task]) => [name, bindHandler(name, task, stop.signal)]));
  const machine = new StateMachine(withTimeouts(definition, tasks) as unknown as PackageDefinition, {
    // checkDefinition has walked it already; the package's validator would cost each run a fifth of a second.
    validationOptions: { noValidate: true },
  });
  const execution = machine.run(input as PackageJson, {
    overrides: { taskResourceLocalHandlers: handlers as never },
    context: options.context as NonNullable<PackageRunOptions['context']>,
  });
  const abort = () => execution.abort();
  signal.addEventListener('abort', abort, { once: true });
  const tooLarge = findTooLarge(execution.eventLogs, abort);
  try {
    const output = (await execution.result) as Json;
    // The last state's output is judged like every other.
    return (await tooLarge) ?? { status: 'succeeded', output };
  } catch (error) {
    return (await tooLarge) ?? describeFailure(error);
  } finally {
    signal.removeEventListener('abort', abort);
    stop.abort();
  }
}

type EventLogs = ReturnType<StateMachine['run']>['eventLogs'];

/** Reads the events to their end, or they would pile up; aborts at the first state whose output is over the limit. */
async function findTooLarge(events: EventLogs, abort: () => void): Promise<Outcome | undefined> {
  let found: Outcome | undefined;
  for await (const event of events) {
    if (found || event.type !== 'StateExited') continue;
    const bytes = countBytes(event.state.output ?? null);
    if (bytes <= payloadLimitBytes) continue;
    const cause = `The state '${event.state.name}' returned ${bytes} bytes, and at most ${payloadLimitBytes} may pass between states. Write the data to the store and pass its key.`;
    found = { status: 'failed', error: 'States.DataLimitExceeded', cause };
    abort();
  }
  return found;
}

export function countBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

function describeFailure(error: unknown): Outcome {
  if (error instanceof ExecutionAbortedError) return { status: 'aborted' };
  if (error instanceof ExecutionTimeoutError) {
    return { status: 'failed', error: 'States.Timeout', cause: 'The execution took longer than its TimeoutSeconds.' };
  }
  const known = error instanceof ExecutionError ? error.cause : error;
  if (known instanceof Error) return { status: 'failed', error: known.name, cause: known.message };
  return { status: 'failed', error: 'States.Runtime', cause: String(known) };
}

/** Without a timeout of its own a Task would end after the package's minute. */
function withTimeouts(definition: JsonObject, tasks: ReadonlyMap<string, BoundTask>): JsonObject {
  const states = Object.entries(definition.States as JsonObject).map(([name, state]) => {
    const task = tasks.get(name);
    return [
      name,
      task ? { ...(state as JsonObject), TimeoutSeconds: task.timeoutSeconds ?? longestTimerSeconds } : state,
    ];
  });
  return { ...definition, States: Object.fromEntries(states) };
}

function bindHandler(name: string, task: BoundTask, signal: AbortSignal): (input: Json) => Promise<Json> {
  return async (input) => {
    // Lets findTooLarge see what the state before this one returned, before this one does anything.
    await new Promise((done) => setImmediate(done));
    if (signal.aborted) throw stoppedError(name);
    const stop = new AbortController();
    const { promise: stopped, reject } = Promise.withResolvers<never>();
    const abort = () => {
      stop.abort();
      reject(stoppedError(name));
    };
    // A millisecond after the package's own timer, whose error States.TaskFailed does not match.
    const timer = task.timeoutSeconds === undefined ? undefined : setTimeout(abort, task.timeoutSeconds * 1000 + 1);
    signal.addEventListener('abort', abort, { once: true });
    try {
      const result = await Promise.race([task.run(input, stop.signal), stopped]);
      const text = JSON.stringify(result ?? null);
      return JSON.parse(text) as Json;
    } catch (error) {
      throw error instanceof StateError ? error : describeThrown(error);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  };
}

/** Reaches nobody, except the package's Retry, which must not go on with an execution that has ended. */
function stoppedError(name: string): StateError {
  return new StateError('States.Runtime', `The state '${name}' was stopped.`, { terminal: true });
}

/** What a Lambda makes of an exception: its class's name, and a cause of type, message and stack. */
function describeThrown(error: unknown): StateError {
  const known = error instanceof Error ? error : new Error(String(error));
  const cause = {
    errorType: known.name,
    errorMessage: known.message,
    trace: (known.stack ?? '').split('\n').slice(0, 20),
  };
  return new StateError(known.name, JSON.stringify(cause));
}
