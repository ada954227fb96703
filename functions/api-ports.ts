/** What the HTTP API knows of the world, composed from the environment: the same for a Lambda and for `stepwise serve`. */
import { ModelCache } from '../lib/api/model-cache.ts';
import { type ApiLimits, type ApiPorts, defaultLimits } from '../lib/api/ports.ts';
import { openMachinePorts } from './machine-ports.ts';

/** Reads what `openMachinePorts` reads. Throws InvalidEnvironment and what `openStore` throws. */
export async function openApiPorts(
  log: ApiPorts['log'],
  environment: NodeJS.ProcessEnv = process.env,
  limits: Partial<ApiLimits> = {},
): Promise<ApiPorts> {
  const machine = await openMachinePorts(environment);
  const { store, now } = machine;
  return {
    ...machine,
    // Half of what a cold start would compile, and no route that computes needs it.
    loadExperiments: async () => (await import('../lib/experiments.ts')).experiments,
    models: new ModelCache({ store, now }),
    log,
    limits: { ...defaultLimits, ...limits },
  };
}
