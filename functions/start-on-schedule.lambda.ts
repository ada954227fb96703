import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import type { ObjectStore } from '../lib/storage/object-store.ts';
import { openStore } from '../lib/storage/open-store.ts';
import { InvalidEnvironment } from './errors.ts';
import { startExecution } from './start-execution.ts';
import { type Started, startOnSchedule } from './start-on-schedule.ts';

const logger = new Logger({ serviceName: 'stepwise-start-on-schedule' });
let store: Promise<ObjectStore> | undefined;

export async function handler(event: unknown, context: Context): Promise<Started> {
  logger.addContext(context);
  try {
    const stateMachineArn = requireVariable('STEPWISE_STATE_MACHINE');
    // A first call that failed must not fail all later ones of this process.
    store ??= openStore(requireVariable('STEPWISE_STORE')).catch((error) => {
      store = undefined;
      throw error;
    });
    return await startOnSchedule(event, {
      store: await store,
      start: (execution) => startExecution({ stateMachineArn, ...execution }),
      log: (message, details) => logger.info(message, details),
    });
  } catch (error) {
    logger.error('start-on-schedule failed', error as Error);
    throw error;
  }
}

function requireVariable(name: string): string {
  const value = process.env[name];
  if (!value) throw new InvalidEnvironment(name, value, 'set by the deployment');
  return value;
}
