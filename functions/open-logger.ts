/** The logger of a Lambda: JSON lines from which secrets have been taken. */
import { Logger } from '@aws-lambda-powertools/logger';
import { redactingReplacer } from '../lib/redact.ts';

/** `name`: as the function's entry is called. */
export function openLogger(name: string): Logger {
  return new Logger({ serviceName: `stepwise-${name}`, jsonReplacerFn: redactingReplacer });
}
