import { evaluate } from '../lib/pipeline/evaluate.ts';
import { lambdaHandler } from './lambda-handler.ts';

export const handler = lambdaHandler('evaluate', evaluate);
