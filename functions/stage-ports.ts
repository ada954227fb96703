/**
 * What a stage knows of the world, composed from the environment: the same for a Lambda, for a container on AWS Batch and
 * for the child process that stands for it on a laptop.
 */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { experiments } from '../lib/experiments.ts';
import type { NumericBackend } from '../lib/numerics/backend.ts';
import {
  type CodeDigestTable,
  type CodeSourcesTable,
  codeDigestsFromSource,
  codeDigestsFromTable,
} from '../lib/pipeline/code-digest.ts';
import type { CodeDigests, StagePorts } from '../lib/pipeline/stages.ts';
import { openStore } from '../lib/storage/open-store.ts';
import { InvalidEnvironment } from './errors.ts';
import { describeHardware } from './hardware.ts';
import { readNumericBackend, startTensorFlow } from './numeric-backend.ts';

export type Surroundings = Pick<StagePorts, 'log' | 'progress' | 'notify'>;

/**
 * Reads STEPWISE_STORE (a folder or s3://bucket), STEPWISE_BACKEND, STEPWISE_TRAINING_BACKEND (the same where absent),
 * STEPWISE_THREADS and STEPWISE_CHECKPOINT_SECONDS. Throws InvalidEnvironment and what `openStore` throws.
 */
export async function openStagePorts(
  surroundings: Surroundings,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<StagePorts> {
  const location = environment.STEPWISE_STORE;
  if (!location) throw new InvalidEnvironment('STEPWISE_STORE', location, 'a folder, or s3:// and a bucket');
  const backend = readNumericBackend(environment.STEPWISE_BACKEND);
  const training = environment.STEPWISE_TRAINING_BACKEND;
  const [store, code] = await Promise.all([openStore(location), openCodeDigests()]);
  return {
    store,
    experiments,
    code,
    backend,
    trainingBackend: training ? readNumericBackend(training, 'STEPWISE_TRAINING_BACKEND') : backend,
    threads: readPositiveInteger(environment, 'STEPWISE_THREADS') ?? availableParallelism(),
    // What a kill may cost: little where writing is cheap, half a minute where it goes over the network.
    checkpointIntervalSeconds:
      readSeconds(environment, 'STEPWISE_CHECKPOINT_SECONDS') ?? (location.startsWith('s3://') ? 30 : 2),
    hardware: describeHardware(environment),
    startTensorFlow: startTensorFlowOnce(backend),
    // Vega is a megabyte that only Aggregate needs.
    renderReport: async (finished) => (await import('../lib/report/render-report.ts')).renderReport(finished),
    now: () => Date.now(),
    ...surroundings,
  };
}

/** A bundle has a table beside it, made of the same sources; the checkout is those sources. */
async function openCodeDigests(): Promise<CodeDigests> {
  const table = await readTable<CodeDigestTable>('./code-digests.json');
  if (table === undefined) return codeDigestsFromSource();
  return codeDigestsFromTable(table, () => readTable<CodeSourcesTable>('./code-sources.json'));
}

async function readTable<Table>(file: string): Promise<Table | undefined> {
  try {
    return JSON.parse(await readFile(new URL(file, import.meta.url), 'utf8')) as Table;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  }
}

function startTensorFlowOnce(backend: NumericBackend): () => Promise<void> {
  let started: Promise<void> | undefined;
  return () => {
    started ??= startTensorFlow(backend);
    return started;
  };
}

export function readPositiveInteger(environment: NodeJS.ProcessEnv, variable: string): number | undefined {
  const text = environment[variable];
  if (text === undefined || text === '') return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidEnvironment(variable, text, 'a whole number above 0');
  return Number(text);
}

function readSeconds(environment: NodeJS.ProcessEnv, variable: string): number | undefined {
  const text = environment[variable];
  if (text === undefined || text === '') return undefined;
  if (!/^\d{1,9}(\.\d+)?$/.test(text)) throw new InvalidEnvironment(variable, text, 'a number of seconds, 0 or more');
  return Number(text);
}
