/** A run on AWS from the command line: starts it, follows it through the store, prints what came of it. */
import { randomBytes } from 'node:crypto';
import { experiments } from '../lib/experiments.ts';
import { detectWasmBackend } from '../lib/numerics/backend.ts';
import type { RunRequest } from '../lib/pipeline/request.ts';
import type { RunDocument } from '../lib/pipeline/run-document.ts';
import { readRunDocument } from '../lib/pipeline/run-records.ts';
import type { ObjectStore } from '../lib/storage/object-store.ts';
import { ExecutionFailed } from './errors.ts';
import { type EngineOptions, finish } from './execute-run.ts';
import { openExecutionClient } from './execution-client.ts';
import { stateMachineOf } from './execution-on-aws.ts';
import type { ExitCode } from './exit-code.ts';
import { type RunState, writeRunState } from './run-state.ts';
import { checkAwsOptions, type StateMachineClient, startOnAws } from './start-on-aws.ts';
import type { Terminal } from './terminal.ts';

const pollSeconds = 10;

export async function executeOnAws(
  request: RunRequest,
  options: EngineOptions,
  {
    store,
    terminal,
    signal,
    again,
    client,
    executionArn,
  }: {
    readonly store: ObjectStore;
    readonly terminal: Terminal;
    readonly signal: AbortSignal;
    /** Whether the run had been started before. */
    readonly again: boolean;
    readonly client?: StateMachineClient;
    /** An execution that goes on already. */
    readonly executionArn?: string;
  },
): Promise<ExitCode> {
  const { run } = request;
  const stateMachineArn =
    executionArn === undefined
      ? checkAwsOptions(options.store, options.stateMachine ?? process.env.STEPWISE_STATE_MACHINE)
      : stateMachineOf(executionArn);
  let execution: string | undefined;
  let failure: RunDocument['failure'];
  const save = (status: RunState['status']) =>
    writeRunState(store, {
      formatVersion: 1,
      run,
      engine: 'aws',
      status,
      updatedAt: new Date().toISOString(),
      ...(execution !== undefined && { execution }),
    });
  try {
    const outcome = await startOnAws({
      request,
      stateMachineArn,
      client: client ?? (await openExecutionClient()),
      signal,
      pollSeconds,
      async onStarted(arn) {
        execution = arn;
        await save('running');
        terminal.tell(`run ${run} ${executionArn === undefined ? 'started' : 'goes on'} as ${arn}`);
      },
      onPoll: (status) => terminal.tell(`execution ${status.toLowerCase()}`),
      ...(executionArn !== undefined && { executionArn }),
      ...(again && { suffix: randomBytes(3).toString('hex') }),
    });
    if (outcome === 'interrupted') {
      terminal.tell(
        `The execution goes on. Look at it with: stepwise status ${run} --engine aws --store ${options.store}`,
      );
      return 130;
    }
  } catch (error) {
    if (!(error instanceof ExecutionFailed)) throw error;
    terminal.tell(error.message);
    failure = { error: error.name, message: error.message, where: 'the execution', logTail: '' };
  }
  const provenance = { code: '', backend: detectWasmBackend(), threads: 1, hardware: 'AWS' };
  const recorded = await readRunDocument(store, run, (name) => experiments.find(name), provenance);
  // An execution that was aborted or timed out has written nothing down.
  const document: RunDocument =
    failure && recorded.status === 'running' ? { ...recorded, status: 'failed', failure } : recorded;
  await save(document.status);
  return finish(document, options, terminal);
}
