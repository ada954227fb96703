import { recordFailure } from '../lib/pipeline/record-failure.ts';
import { lambdaHandler } from './lambda-handler.ts';

export const handler = lambdaHandler('record-failure', recordFailure);
