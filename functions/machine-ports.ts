/** What stages and the HTTP API have in common: a store, and a machine that computes. */
import { availableParallelism } from 'node:os';
import type { NumericBackend } from '../lib/numerics/backend.ts';
import type { StagePorts } from '../lib/pipeline/stages.ts';
import { openStore } from '../lib/storage/open-store.ts';
import { InvalidEnvironment } from './errors.ts';
import { describeHardware } from './hardware.ts';
import { readNumericBackend, startTensorFlow } from './numeric-backend.ts';

export type MachinePorts = Pick<StagePorts, 'store' | 'backend' | 'threads' | 'hardware' | 'startTensorFlow' | 'now'>;

/**
 * Reads STEPWISE_STORE (a folder or s3://bucket), STEPWISE_BACKEND and STEPWISE_THREADS. Throws InvalidEnvironment and what
 * `openStore` throws.
 */
export async function openMachinePorts(environment: NodeJS.ProcessEnv): Promise<MachinePorts> {
  const location = environment.STEPWISE_STORE;
  if (!location) throw new InvalidEnvironment('STEPWISE_STORE', location, 'a folder, or s3:// and a bucket');
  const backend = readNumericBackend(environment.STEPWISE_BACKEND);
  return {
    store: await openStore(location),
    backend,
    threads: readPositiveInteger(environment, 'STEPWISE_THREADS') ?? availableParallelism(),
    hardware: describeHardware(environment),
    startTensorFlow: startTensorFlowOnce(backend),
    now: () => Date.now(),
  };
}

function startTensorFlowOnce(backend: NumericBackend): () => Promise<void> {
  let started: Promise<void> | undefined;
  return () => {
    started ??= startTensorFlow(backend);
    return started;
  };
}

function readPositiveInteger(environment: NodeJS.ProcessEnv, variable: string): number | undefined {
  const text = environment[variable];
  if (text === undefined || text === '') return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidEnvironment(variable, text, 'a whole number above 0');
  return Number(text);
}
