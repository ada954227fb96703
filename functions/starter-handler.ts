/** A Lambda that makes executions of events: the store and the state machine from the environment, every end in the log. */
import type { Context } from 'aws-lambda';
import { redactError } from '../lib/redact.ts';
import type { ObjectStore } from '../lib/storage/object-store.ts';
// Not by openStore, which loads it late: here it is always needed, and loading is quickest before the first event.
import { openS3Store } from '../lib/storage/s3-object-store.ts';
import { InvalidEnvironment } from './errors.ts';
import { openLogger } from './open-logger.ts';
import { startExecution } from './start-execution.ts';

export interface StarterPorts {
  readonly store: ObjectStore;
  /** False where an execution of this name was started before. */
  start(execution: { readonly name: string; readonly input: string }): Promise<boolean>;
  log(message: string, details: Readonly<Record<string, unknown>>): void;
}

/** Reads STEPWISE_STORE and STEPWISE_STATE_MACHINE. An error leaves as it is: Lambda tries again, then keeps the event. */
export function starterHandler<Outcome>(
  name: string,
  handle: (event: unknown, ports: StarterPorts) => Promise<Outcome>,
): (event: unknown, context: Context) => Promise<Outcome> {
  const logger = openLogger(name);
  let store: ObjectStore | undefined;
  return async (event, context) => {
    logger.addContext(context);
    try {
      const stateMachineArn = requireVariable('STEPWISE_STATE_MACHINE');
      store ??= openS3Store(requireVariable('STEPWISE_STORE'));
      return await handle(event, {
        store,
        start: (execution) => startExecution({ stateMachineArn, ...execution }),
        log: (message, details) => logger.info(message, details),
      });
    } catch (error) {
      logger.error(`${name} failed`, error as Error);
      throw redactError(error);
    }
  };
}

function requireVariable(name: string): string {
  const value = process.env[name];
  if (!value) throw new InvalidEnvironment(name, value, 'set by the deployment');
  return value;
}
