/** What somebody types to go on with a run that has stopped. */
import { BudgetExceeded } from '../lib/pipeline/errors.ts';
import { absoluteLocation } from './local-ports.ts';
import { quoteForShell } from './store-paths.ts';

export interface HowToResume {
  /** What the run failed with: one that its budget stopped would stop again without another. */
  readonly error?: string | undefined;
  readonly engine?: 'local' | 'aws' | undefined;
  /** `redrive`: Step Functions would go on with the same execution. */
  readonly command?: 'resume' | 'redrive';
}

export function resumeCommand(run: string, store: string, how: HowToResume = {}): string {
  return [
    `stepwise ${how.command ?? 'resume'} ${run}`,
    ...(how.engine === 'aws' ? ['--engine aws'] : []),
    ...(store === '.stepwise' ? [] : [`--store ${quoteForShell(absoluteLocation(store))}`]),
    ...(how.error === BudgetExceeded.name ? ['--budget DOLLARS'] : []),
  ].join(' ');
}
