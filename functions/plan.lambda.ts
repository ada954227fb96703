import { plan } from '../lib/pipeline/plan.ts';
import { lambdaHandler } from './lambda-handler.ts';

export const handler = lambdaHandler('plan', plan);
