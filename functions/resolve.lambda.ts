import { resolve } from '../lib/pipeline/resolve.ts';
import { lambdaHandler } from './lambda-handler.ts';

export const handler = lambdaHandler('resolve', resolve);
