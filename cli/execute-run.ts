/** Runs a request that has been checked, from beginning to end; `run` and `resume` differ only in what comes before. */
import { experiments } from '../lib/experiments.ts';
import { runLocally } from '../lib/local/engine.ts';
import type { NumericBackend } from '../lib/numerics/backend.ts';
import type { PriceTable } from '../lib/pipeline/cost/prices.ts';
import { keys } from '../lib/pipeline/keys.ts';
import type { RunRequest } from '../lib/pipeline/request.ts';
import type { RunDocument } from '../lib/pipeline/run-document.ts';
import { readRunDocument } from '../lib/pipeline/run-records.ts';
import type { StagePorts } from '../lib/pipeline/stages.ts';
import { redactingReplacer } from '../lib/redact.ts';
import { describeRun } from './describe-run.ts';
import type { ExitCode } from './exit-code.ts';
import { isInputError } from './input-error-names.ts';
import { openLiveView } from './live-view.ts';
import { openLocalWorld } from './local-ports.ts';
import { resumeCommand } from './resume-command.ts';
import { ProgressTracker } from './run-progress.ts';
import { keepState } from './state-keeper.ts';
import { loadTemplate } from './state-machine-template.ts';
import { reportPath } from './store-paths.ts';
import type { Terminal } from './terminal.ts';

export interface EngineOptions {
  readonly store: string;
  readonly engine: 'local' | 'aws';
  readonly backend?: string;
  readonly threads?: number;
  readonly stateMachine?: string;
  readonly record?: boolean;
  readonly prices?: string;
  readonly json?: boolean;
}

export async function executeLocally(
  request: RunRequest,
  options: EngineOptions & {
    readonly chosenBackend: NumericBackend;
    readonly priceTable: PriceTable | undefined;
    readonly notify?: StagePorts['notify'];
  },
  terminal: Terminal,
  signal: AbortSignal,
): Promise<ExitCode> {
  const { run } = request;
  const tracker = new ProgressTracker();
  const view = openLiveView(terminal, () => performance.now());
  let touch = () => {};
  const onEvent: Parameters<typeof openLocalWorld>[0]['onEvent'] = (event) => {
    // What is stopped from outside has not failed.
    if (signal.aborted) return;
    const now = Date.now();
    tracker.apply(event, now);
    touch();
    view.update(tracker.snapshot(now));
  };
  const world = await openLocalWorld({
    store: options.store,
    backend: options.chosenBackend,
    threads: options.threads,
    prices: options.priceTable,
    onEvent,
    notify: options.notify,
    log: (message, details) => {
      if (process.env.STEPWISE_DEBUG === '1')
        terminal.tell(`${message} ${JSON.stringify(details ?? {}, redactingReplacer)}`);
    },
  });
  const { store } = world.ports;
  const about = { run, engine: 'local', backend: options.chosenBackend, threads: world.threads } as const;
  const keeper = await keepState(store, about, tracker);
  touch = () => keeper.touch();
  terminal.tell(`run ${run}`);
  try {
    const template = await loadTemplate();
    const result = await runLocally({
      template,
      store,
      input: request,
      handlers: world.handlers,
      jobCommand: world.jobCommand,
      threads: world.threads,
      signal,
      onEvent,
    });
    view.close(tracker.snapshot(Date.now()));
    if (signal.aborted && result.status === 'failed') {
      await keeper.finish('interrupted');
      terminal.tell(`Interrupted. What is trained is kept; go on with: ${resumeCommand(run, options.store)}`);
      return 130;
    }
    await keeper.finish(result.status);
    const document = withFailure(await readDocument(run, world), result);
    return finish(document, options, terminal);
  } catch (error) {
    await keeper.finish('failed');
    terminal.tell(`The run can be resumed: ${resumeCommand(run, options.store)}`);
    throw error;
  }
}

/** Prints a document and says how the command ends. */
export async function finish(document: RunDocument, options: EngineOptions, terminal: Terminal): Promise<ExitCode> {
  const { run, status, failure } = document;
  if (options.json) terminal.print(JSON.stringify(document, null, 2));
  else terminal.print(describeRun(document, reportPath(options.store, document)));
  if (status !== 'succeeded') {
    terminal.tell(`error: ${failure?.message || `the run is ${status}`}`);
    terminal.tell(
      `'stepwise logs ${run}' shows more; go on with: ${resumeCommand(run, options.store, { error: failure?.error, engine: options.engine })}`,
    );
    return failure && isInputError(failure.error) ? 2 : 1;
  }
  if (options.record) {
    const { recordRun } = await import('./record-result.ts');
    for (const file of await recordRun(document, experiments.all())) terminal.tell(`wrote ${file}`);
  }
  return 0;
}

export function readDocument(
  run: string,
  { ports, threads }: Awaited<ReturnType<typeof openLocalWorld>>,
): Promise<RunDocument> {
  const { store, hardware, trainingBackend: backend } = ports;
  const provenance = { code: '', backend, threads, hardware };
  return readRunDocument(store, run, (name) => experiments.find(name), provenance);
}

/** Where even the record of the failure could not be written. */
function withFailure(document: RunDocument, result: Awaited<ReturnType<typeof runLocally>>): RunDocument {
  if (result.status === 'succeeded' || document.status === 'failed') return document;
  const failure = { error: result.error, message: result.cause, where: 'run', logTail: '' };
  return { ...document, status: 'failed', failure };
}

/** A failure of an earlier attempt is not one of the next. */
export async function forgetFailures(
  store: { list: LocalStore['list']; delete: LocalStore['delete'] },
  run: string,
): Promise<void> {
  for await (const { key } of store.list(keys.failuresPrefix(run))) await store.delete(key);
}

type LocalStore = Awaited<ReturnType<typeof openLocalWorld>>['ports']['store'];
