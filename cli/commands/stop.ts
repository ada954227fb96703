/** `stepwise stop`: ends a run on AWS, and with it its GPU jobs. What is trained is kept. */
import { findRun } from '../../lib/pipeline/run-records.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { type ExecutionClient, findExecution, openExecutionClient } from '../execution-on-aws.ts';
import type { ExitCode } from '../exit-code.ts';
import { readRunState } from '../run-state.ts';
import type { Terminal } from '../terminal.ts';

export async function stop(
  name: string,
  options: { readonly store: string; readonly stateMachine?: string },
  terminal: Terminal,
  client?: ExecutionClient,
): Promise<ExitCode> {
  const store = await openStore(options.store);
  const run = await findRun(store, name);
  const executionArn = findExecution(run, await readRunState(store, run), options);
  const stepFunctions = client ?? (await openExecutionClient());
  await stepFunctions.stop(executionArn, 'stepwise stop');
  terminal.tell(
    `Run ${run} is being stopped. Go on with: stepwise redrive ${run} --engine aws --store ${options.store}`,
  );
  return 0;
}
