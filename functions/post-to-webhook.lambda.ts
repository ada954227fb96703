import type { Context } from 'aws-lambda';
import { redactError } from '../lib/redact.ts';
import { InvalidEnvironment } from './errors.ts';
import { openLogger } from './open-logger.ts';
import { postRecords } from './post-to-webhook.ts';
import { readSecretParameter } from './read-secret-parameter.ts';

const logger = openLogger('post-to-webhook');

export async function handler(event: unknown, context: Context): Promise<void> {
  logger.addContext(context);
  try {
    const name = process.env.STEPWISE_WEBHOOK_PARAMETER;
    if (!name) throw new InvalidEnvironment('STEPWISE_WEBHOOK_PARAMETER', name, 'the name of a parameter');
    // Read each time: whoever changes the address need not deploy anything.
    await postRecords(event, () => readSecretParameter(name));
  } catch (error) {
    logger.error('post-to-webhook failed', error as Error);
    throw redactError(error);
  }
}
