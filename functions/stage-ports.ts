/**
 * What a stage knows of the world, composed from the environment: the same for a Lambda, for a container on AWS Batch and
 * for the child process that stands for it on a laptop.
 */
import { readFile } from 'node:fs/promises';
import { experiments } from '../lib/experiments.ts';
import {
  type CodeDigestTable,
  type CodeSourcesTable,
  codeDigestsFromSource,
  codeDigestsFromTable,
} from '../lib/pipeline/code-digest.ts';
import type { CodeDigests, StagePorts } from '../lib/pipeline/stages.ts';
import { InvalidEnvironment } from './errors.ts';
import { openMachinePorts } from './machine-ports.ts';
import { readNumericBackend } from './numeric-backend.ts';

export type Surroundings = Pick<StagePorts, 'log' | 'progress' | 'notify'>;

/**
 * Reads what `openMachinePorts` reads, STEPWISE_TRAINING_BACKEND (STEPWISE_BACKEND where absent) and
 * STEPWISE_CHECKPOINT_SECONDS. Throws InvalidEnvironment and what `openStore` throws.
 */
export async function openStagePorts(
  surroundings: Surroundings,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<StagePorts> {
  const training = environment.STEPWISE_TRAINING_BACKEND;
  const [machine, code] = await Promise.all([openMachinePorts(environment), openCodeDigests()]);
  return {
    ...machine,
    experiments,
    code,
    trainingBackend: training ? readNumericBackend(training, 'STEPWISE_TRAINING_BACKEND') : machine.backend,
    // What a kill may cost: little where writing is cheap, half a minute where it goes over the network.
    checkpointIntervalSeconds:
      readSeconds(environment, 'STEPWISE_CHECKPOINT_SECONDS') ?? (machine.store.location.startsWith('s3://') ? 30 : 2),
    // Vega is a megabyte that only Aggregate needs.
    renderReport: async (finished) => (await import('../lib/report/render-report.ts')).renderReport(finished),
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

function readSeconds(environment: NodeJS.ProcessEnv, variable: string): number | undefined {
  const text = environment[variable];
  if (text === undefined || text === '') return undefined;
  if (!/^\d{1,9}(\.\d+)?$/.test(text)) throw new InvalidEnvironment(variable, text, 'a number of seconds, 0 or more');
  return Number(text);
}
