import { evaluate } from '../lib/pipeline/evaluate.ts';
import { lambdaHandler } from './lambda-handler.ts';
import { prepareNumericBackend } from './numeric-backend.ts';

export const handler = lambdaHandler('evaluate', evaluate, {
  prepare: ({ backend }) => prepareNumericBackend(backend),
});
