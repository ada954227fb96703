/** What the synthesised state machine says of its own concurrency and retries. */
import { synthesizeTemplate } from '../../infra/synthesize.ts';
import { findDefinition } from '../../lib/local/template-definition.ts';
import type { Template } from '../../lib/local/template-resources.ts';
import type { QuotaAssumptions } from './plan-quotas.ts';

interface State {
  readonly Type: string;
  readonly MaxConcurrency?: number;
  readonly Retry?: readonly { readonly MaxAttempts?: number }[];
}

export async function readPipeline(): Promise<Pick<QuotaAssumptions, 'trainingJobs' | 'evaluations' | 'states'>> {
  const { definition } = findDefinition((await synthesizeTemplate()) as Template);
  const states = definition.States as unknown as Readonly<Record<string, State>>;
  const concurrencyOf = (name: string) => {
    const concurrency = states[name]?.MaxConcurrency;
    if (concurrency === undefined) throw new Error(`The state machine has no map ${name} with a MaxConcurrency.`);
    return concurrency;
  };
  return {
    trainingJobs: concurrencyOf('Train'),
    evaluations: concurrencyOf('Evaluate'),
    states: Object.values(states).map(({ Type, Retry = [] }) => ({
      kind: Type === 'Task' ? 'task' : Type === 'Map' ? 'map' : 'other',
      // Step Functions’ own default is three.
      retries: Retry.reduce((sum, { MaxAttempts = 3 }) => sum + MaxAttempts, 0),
    })),
  };
}
