/** The HTTP API behind a function URL, which lets signed requests through and no others. */
import { Logger } from '@aws-lambda-powertools/logger';
import { handle } from 'hono/aws-lambda';
import { createApi } from '../lib/api/create-api.ts';
import { openApiPorts } from './api-ports.ts';

const logger = new Logger({ serviceName: 'stepwise' });
const ports = await openApiPorts((level, message, details) => logger[level](message, details));

export const handler = handle(createApi(ports));
