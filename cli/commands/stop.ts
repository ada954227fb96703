/** `stepwise stop`: ends a run on AWS, and with it its GPU jobs. What is trained is kept. */
import { findRun, readRequest } from '../../lib/pipeline/run-records.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { InvalidUsage } from '../errors.ts';
import { openExecutionClient } from '../execution-client.ts';
import { type ExecutionClient, findExecution } from '../execution-on-aws.ts';
import type { ExitCode } from '../exit-code.ts';
import { resumeCommand } from '../resume-command.ts';
import { readRunState, writeRunState } from '../run-state.ts';
import type { Terminal } from '../terminal.ts';

export interface StopOptions {
  readonly store: string;
  readonly stateMachine?: string;
}

export async function stop(
  name: string,
  options: StopOptions,
  terminal: Terminal,
  client?: ExecutionClient,
): Promise<ExitCode> {
  const store = await openStore(options.store);
  const { run } = await readRequest(store, await findRun(store, name));
  const state = await readRunState(store, run);
  if (state?.engine === 'local')
    throw new InvalidUsage(`Run ${run} is of a machine, not of AWS: stop it there with Ctrl+C, or end its process.`);
  const execution = findExecution(run, state, options);
  const stepFunctions = client ?? (await openExecutionClient());
  const { status } = await stepFunctions.describe(execution);
  if (status !== 'RUNNING' && status !== 'PENDING_REDRIVE') {
    terminal.tell(`Run ${run} is not running: its execution has ended as ${status}. Nothing was stopped.`);
    return 0;
  }
  await stepFunctions.stop(execution, 'stepwise stop');
  const updatedAt = new Date().toISOString();
  await writeRunState(store, { formatVersion: 1, run, engine: 'aws', status: 'interrupted', updatedAt, execution });
  const goOn = resumeCommand(run, options.store, { engine: 'aws', command: 'redrive' });
  terminal.tell(
    `Run ${run} is stopped, and Step Functions ends its jobs: a machine without one goes within minutes. What is trained is kept; go on with: ${goOn}`,
  );
  return 0;
}
