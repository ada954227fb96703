/** A stand-in for Step Functions, a store with one run, and a terminal that remembers: for the commands of `--engine aws`. */
import type { ExecutionClient, ExecutionDescription } from '../../cli/execution-on-aws.ts';
import { type RunState, writeRunState } from '../../cli/run-state.ts';
import type { Terminal } from '../../cli/terminal.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { formatRecord } from '../../lib/pipeline/records.ts';
import { writeRequest } from '../../lib/pipeline/run-records.ts';
import type { ObjectStore } from '../../lib/storage/object-store.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';

export const run = 'on-aws';
export const machineArn = 'arn:aws:states:eu-west-1:123456789012:stateMachine:Stepwise';
export const executionArn = `arn:aws:states:eu-west-1:123456789012:execution:Stepwise:${run}`;

export interface StubbedClient extends ExecutionClient {
  /** What was called, in words. */
  readonly calls: string[];
}

/** Describes itself by each of these in turn, and by the last for ever. */
export function stubClient(
  descriptions: readonly Partial<ExecutionDescription>[],
  more: Partial<ExecutionClient> = {},
): StubbedClient {
  const calls: string[] = [];
  const left = [...descriptions];
  return {
    calls,
    async start({ stateMachineArn, name }) {
      calls.push(`start ${stateMachineArn} ${name}`);
      return executionArn;
    },
    async describe(arn) {
      calls.push(`describe ${arn}`);
      return { status: 'RUNNING', redrives: 0, ...(left.length > 1 ? left.shift() : left[0]) };
    },
    mapRuns: async () => [],
    failures: async () => [],
    async redrive(arn) {
      calls.push(`redrive ${arn}`);
    },
    async stop(arn, cause) {
      calls.push(`stop ${arn} ${cause}`);
    },
    logGroup: async () => '/aws/vendedlogs/states/Stepwise-pipeline',
    ...more,
  };
}

/** A store with the request of a run, and how far it is. */
export async function storeWithRun(
  state: Partial<RunState> = {},
): Promise<{ readonly folder: string; readonly store: ObjectStore }> {
  const folder = await newTemporaryFolder();
  const store = await openStore(folder);
  await writeRequest(store, {
    ...{ run, experiment: 'learned-optimizers/quadratics', preset: 'smoke', overrides: {}, datasetVersions: {} },
    toleratedFailurePercentage: 0,
  });
  await writeRunState(store, {
    ...{ formatVersion: 1, run, engine: 'aws', status: 'running', updatedAt: '2026-01-01T00:00:00.000Z' },
    ...{ execution: executionArn, ...state },
  });
  return { folder, store };
}

export async function recordFailure(store: ObjectStore, name: string, error: string): Promise<void> {
  const failure = { where: name, error, message: 'it went wrong', logTail: 'at last', at: '2026-01-01T00:01:00.000Z' };
  await store.put(keys.failure(run, name), formatRecord(failure));
}

export function rememberingTerminal(): Terminal & { readonly printed: string[]; readonly told: string[] } {
  const printed: string[] = [];
  const told: string[] = [];
  return {
    ...{ printed, told, isInteractive: false, columns: 80 },
    print: (text) => void printed.push(text),
    tell: (line) => void told.push(line),
    draw: () => {},
  };
}
