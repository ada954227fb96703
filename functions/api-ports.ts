/** What the HTTP API knows of the world, composed from the environment: the same for a Lambda and for `stepwise serve`. */

import { ModelCache } from '../lib/api/model-cache.ts';
import { type ApiLimits, type ApiPorts, defaultLimits } from '../lib/api/ports.ts';
import { openStagePorts } from './stage-ports.ts';

/** Reads what `openStagePorts` reads. Throws InvalidEnvironment and what `openStore` throws. */
export async function openApiPorts(
  log: ApiPorts['log'],
  environment: NodeJS.ProcessEnv = process.env,
  limits: Partial<ApiLimits> = {},
): Promise<ApiPorts> {
  const quiet = { log: () => {}, progress: () => {}, notify: async () => {} };
  const ports = await openStagePorts(quiet, environment);
  const { store, experiments, backend, threads, hardware, startTensorFlow, now } = ports;
  const models = new ModelCache({ store, now });
  return {
    ...{ store, experiments, models, backend, threads, hardware, startTensorFlow, now, log },
    limits: { ...defaultLimits, ...limits },
  };
}
