/** The HTTP API behind a function URL, which lets signed requests through and no others. */
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context, LambdaFunctionURLEvent } from 'aws-lambda';
import { createApiHandler } from './api-handler.ts';
import { openApiPorts } from './api-ports.ts';

const logger = new Logger({ serviceName: 'stepwise' });
const answer = createApiHandler(await openApiPorts((level, message, details) => logger[level](message, details)));

export const handler = (event: LambdaFunctionURLEvent, context: Context) => {
  // A process works on one request at a time, so its lines cannot get another's context.
  logger.addContext(context);
  return answer(event);
};
