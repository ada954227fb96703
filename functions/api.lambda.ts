/** The HTTP API behind a function URL, which lets signed requests through and no others. */
import type { Context } from 'aws-lambda';
import { handle, type LambdaEvent } from 'hono/aws-lambda';
import { createApi } from '../lib/api/create-api.ts';
import { openApiPorts } from './api-ports.ts';
import { openLogger } from './open-logger.ts';

const logger = openLogger('api');
const ports = await openApiPorts((level, message, details) => logger[level](message, details));
const answer = handle(createApi(ports));

export const handler = (event: LambdaEvent, context: Context) => {
  // A process works on one request at a time, so its lines cannot get another's context.
  logger.addContext(context);
  return answer(event);
};
