import { notify } from '../lib/pipeline/notify.ts';
import { lambdaHandler } from './lambda-handler.ts';

export const handler = lambdaHandler('notify', notify);
