/**
 * `stepwise redrive`: a run on AWS goes on in the same execution, from the state that it stopped in; where Step Functions
 * cannot do that, in a new one, which trains only what has no artifact. On this machine there are no executions, and it is
 * what `stepwise resume` is.
 */
import { keys } from '../../lib/pipeline/keys.ts';
import { findRun, readRequest } from '../../lib/pipeline/run-records.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { InvalidUsage } from '../errors.ts';
import { forgetFailures } from '../execute-run.ts';
import { openExecutionClient } from '../execution-client.ts';
import { type ExecutionClient, findExecution, whyNotRedrivable } from '../execution-on-aws.ts';
import type { ExitCode } from '../exit-code.ts';
import { interruptible } from '../interruption.ts';
import { readRunState } from '../run-state.ts';
import type { Terminal } from '../terminal.ts';
import { type ResumeOptions, resume } from './resume.ts';

/** Throws CannotRedrive where the run goes on or has succeeded. */
export async function redrive(
  name: string,
  options: ResumeOptions,
  terminal: Terminal,
  client?: ExecutionClient,
): Promise<ExitCode> {
  if (options.engine === 'local') return resume(name, options, terminal);
  const store = await openStore(options.store);
  const run = await findRun(store, name);
  const request = await readRequest(store, run);
  const executionArn = findExecution(run, await readRunState(store, run), options);
  const stepFunctions = client ?? (await openExecutionClient());
  const caught = (await store.head(keys.failure(run, 'run'))) !== undefined;
  const problem = whyNotRedrivable(run, await stepFunctions.describe(executionArn), caught, Date.now());
  if (problem !== undefined) {
    terminal.tell(`The execution cannot be redriven: ${problem}. A new one trains only what has no artifact.`);
    return resume(name, options, terminal, stepFunctions);
  }
  if (options.budget !== undefined)
    throw new InvalidUsage(
      `A redriven execution keeps the budget that it began with. With another: stepwise resume ${run} --engine aws --budget ${options.budget}`,
    );
  return interruptible(terminal, async (signal) => {
    await forgetFailures(store, run);
    await stepFunctions.redrive(executionArn);
    const { executeOnAws } = await import('../execute-on-aws.ts');
    const world = { store, terminal, signal, again: true, client: stepFunctions, executionArn };
    return executeOnAws(request, options, world);
  });
}
