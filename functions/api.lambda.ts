/** The HTTP API behind a function URL, which lets signed requests through and no others. */
import type { Context, LambdaFunctionURLEvent } from 'aws-lambda';
import { createApiHandler } from './api-handler.ts';
import { openApiPorts } from './api-ports.ts';
import { openLogger } from './open-logger.ts';

const logger = openLogger('api');
const answer = createApiHandler(await openApiPorts((level, message, details) => logger[level](message, details)));

export const handler = (event: LambdaFunctionURLEvent, context: Context) => {
  // A process works on one request at a time, so its lines cannot get another's context.
  logger.addContext(context);
  return answer(event);
};
