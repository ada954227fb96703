/** `stepwise resume`: the same run through the state machine once more. What is trained is found and not trained again. */
import { keys } from '../../lib/pipeline/keys.ts';
import { readRecord } from '../../lib/pipeline/records.ts';
import { runDocumentSchema } from '../../lib/pipeline/run-document.ts';
import { findRun, readRequest, writeRequest } from '../../lib/pipeline/run-records.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { type EngineOptions, executeLocally, finish, forgetFailures } from '../execute-run.ts';
import type { ExitCode } from '../exit-code.ts';
import { interruptible } from '../interruption.ts';
import { chooseBackend } from '../local-ports.ts';
import { readPriceTable } from '../read-price-table.ts';
import { readRunState } from '../run-state.ts';
import type { StateMachineClient } from '../start-on-aws.ts';
import type { Terminal } from '../terminal.ts';

export interface ResumeOptions extends EngineOptions {
  readonly budget?: number;
}

export function resume(
  name: string,
  options: ResumeOptions,
  terminal: Terminal,
  client?: StateMachineClient,
): Promise<ExitCode> {
  return interruptible(terminal, async (signal) => {
    const store = await openStore(options.store);
    const run = await findRun(store, name);
    const earlier = await readRequest(store, run);
    const request = options.budget === undefined ? earlier : { ...earlier, budgetUsDollars: options.budget };
    const priceTable = await readPriceTable(options);
    const finished = await readRecord(store, keys.result(request.experiment, run), runDocumentSchema);
    if (finished) return finish(finished, options, terminal);
    if (request !== earlier) await writeRequest(store, request);
    await forgetFailures(store, run);
    if (options.engine === 'aws') {
      const { executeOnAws } = await import('../execute-on-aws.ts');
      return executeOnAws(request, options, { store, terminal, signal, again: true, ...(client && { client }) });
    }
    // On another backend everything would have another address, and be trained anew.
    const { backend } = (await readRunState(store, run)) ?? {};
    const chosenBackend = chooseBackend(options.backend ?? backend);
    return executeLocally(request, { ...options, chosenBackend, priceTable }, terminal, signal);
  });
}
