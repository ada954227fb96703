import { aggregate } from '../lib/pipeline/aggregate.ts';
import { lambdaHandler } from './lambda-handler.ts';

export const handler = lambdaHandler('aggregate', aggregate);
