/**
 * `stepwise redrive`: a run on AWS goes on in the same execution, from the state that it stopped in. On this machine
 * there are no executions to go on with, and it is what `stepwise resume` is.
 */
import { keys } from '../../lib/pipeline/keys.ts';
import { findRun, readRequest } from '../../lib/pipeline/run-records.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { forgetFailures } from '../execute-run.ts';
import { checkRedrivable, type ExecutionClient, findExecution, openExecutionClient } from '../execution-on-aws.ts';
import type { ExitCode } from '../exit-code.ts';
import { interruptible } from '../interruption.ts';
import { readRunState } from '../run-state.ts';
import type { Terminal } from '../terminal.ts';
import { type ResumeOptions, resume } from './resume.ts';

/** Throws CannotRedrive. */
export function redrive(
  name: string,
  options: ResumeOptions,
  terminal: Terminal,
  client?: ExecutionClient,
): Promise<ExitCode> {
  if (options.engine === 'local') return resume(name, options, terminal);
  return interruptible(terminal, async (signal) => {
    const store = await openStore(options.store);
    const run = await findRun(store, name);
    const request = await readRequest(store, run);
    const executionArn = findExecution(run, await readRunState(store, run), options);
    const stepFunctions = client ?? (await openExecutionClient());
    const caught = (await store.head(keys.failure(run, 'run'))) !== undefined;
    checkRedrivable(run, await stepFunctions.describe(executionArn), caught, Date.now());
    await forgetFailures(store, run);
    await stepFunctions.redrive(executionArn);
    const { executeOnAws } = await import('../execute-on-aws.ts');
    const world = { store, terminal, signal, again: true, client: stepFunctions, executionArn };
    return executeOnAws(request, options, world);
  });
}
