import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import { InvalidEnvironment } from './errors.ts';
import { postRecords } from './post-to-webhook.ts';
import { readSecretParameter } from './read-secret-parameter.ts';

const logger = new Logger({ serviceName: 'stepwise-post-to-webhook' });

export async function handler(event: unknown, context: Context): Promise<void> {
  logger.addContext(context);
  try {
    const name = process.env.STEPWISE_WEBHOOK_PARAMETER;
    if (!name) throw new InvalidEnvironment('STEPWISE_WEBHOOK_PARAMETER', name, 'the name of a parameter');
    // Read each time: whoever changes the address need not deploy anything.
    await postRecords(event, () => readSecretParameter(name));
  } catch (error) {
    logger.error('post-to-webhook failed', error as Error);
    throw error;
  }
}
