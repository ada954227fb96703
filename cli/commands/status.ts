/** `stepwise status`: how far a run has come, also one of another process or on AWS. */
import { setTimeout as sleep } from 'node:timers/promises';
import { spentOf } from '../../lib/pipeline/cost/costed-stages.ts';
import type { RunDocument } from '../../lib/pipeline/run-document.ts';
import { formatDollars, formatSeconds } from '../../lib/report/format-numbers.ts';
import type { ObjectStore } from '../../lib/storage/object-store.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { openExecutionClient } from '../execution-client.ts';
import {
  type ExecutionClient,
  type ExecutionDescription,
  findExecution,
  type MapRun,
  secondsLeft,
} from '../execution-on-aws.ts';
import type { ExitCode } from '../exit-code.ts';
import { renderLiveView } from '../live-view.ts';
import { readRun } from '../read-run.ts';
import { resumeCommand } from '../resume-command.ts';
import { isSilent, type RunState, readRunState } from '../run-state.ts';
import type { Terminal } from '../terminal.ts';
import { oneLine } from '../text-table.ts';

const followSeconds = 2;
/** Describing an execution and its maps is several calls, of an account's shared few a second. */
const followAwsSeconds = 10;

interface Status {
  readonly run: string;
  readonly experiment: string;
  readonly status: RunDocument['status'] | 'interrupted' | 'dead';
  readonly trials: RunDocument['trials'];
  /** Why it failed, where that was recorded. */
  readonly failure: { readonly error: string; readonly message: string } | null;
  readonly state: RunState | null;
  /** US dollars as AWS charges; what trains right now is in it. */
  readonly cost: RunDocument['cost'];
  readonly execution?: ExecutionDescription & { readonly arn: string };
  readonly maps?: readonly (MapRun & { readonly secondsLeft: number | null })[];
}

export interface StatusOptions {
  readonly store: string;
  readonly engine?: 'local' | 'aws';
  readonly stateMachine?: string;
  readonly follow?: boolean;
  /** Seconds between looks; for tests. */
  readonly followSeconds?: number;
  readonly json?: boolean;
}

export async function status(
  name: string,
  options: StatusOptions,
  terminal: Terminal,
  client?: ExecutionClient,
): Promise<ExitCode> {
  const store = await openStore(options.store);
  const stepFunctions = options.engine === 'aws' ? (client ?? (await openExecutionClient())) : undefined;
  const pause = options.followSeconds ?? (stepFunctions ? followAwsSeconds : followSeconds);
  const read = (run: string) => readStatus(store, run, options, stepFunctions);
  let current = await read(name);
  let lastText = '';
  while (options.follow && current.status === 'running') {
    const text = describe(current, options.store, terminal.columns);
    if (text !== lastText) terminal.tell(text);
    lastText = text;
    await sleep(pause * 1000);
    current = await read(current.run);
  }
  terminal.print(options.json ? JSON.stringify(current, null, 2) : describe(current, options.store, terminal.columns));
  return 0;
}

async function readStatus(
  store: ObjectStore,
  name: string,
  options: StatusOptions,
  client: ExecutionClient | undefined,
): Promise<Status> {
  const { run, experiment, status: recorded, trials, cost, failure } = await readRun(store, name);
  const state = await readRunState(store, run);
  const now = Date.now();
  const execution = client && (await describeExecution(run, state, options, client, now));
  const status = execution ? judgeExecution(recorded, execution.execution) : judge(recorded, state, now);
  return {
    ...{ run, experiment, status, trials },
    failure: failure ? { error: failure.error, message: failure.message } : null,
    state: state ?? null,
    cost,
    ...execution,
  };
}

async function describeExecution(
  run: string,
  state: RunState | undefined,
  options: StatusOptions,
  client: ExecutionClient,
  now: number,
): Promise<Required<Pick<Status, 'execution' | 'maps'>>> {
  const arn = findExecution(run, state, options);
  const [execution, maps] = await Promise.all([client.describe(arn), client.mapRuns(arn)]);
  return {
    execution: { arn, ...execution },
    maps: maps.map((map) => ({ ...map, secondsLeft: secondsLeft(map, now) ?? null })),
  };
}

/** An execution that was aborted or timed out wrote nothing down. */
function judgeExecution(recorded: RunDocument['status'], execution: ExecutionDescription): Status['status'] {
  if (recorded !== 'running') return recorded;
  if (execution.status === 'ABORTED') return 'interrupted';
  return isOver(execution) ? 'failed' : 'running';
}

function isOver({ status }: ExecutionDescription): boolean {
  return status === 'FAILED' || status === 'TIMED_OUT' || status === 'ABORTED';
}

function judge(recorded: RunDocument['status'], state: RunState | undefined, now: number): Status['status'] {
  if (recorded !== 'running' || !state) return recorded;
  if (isSilent(state, now)) return 'dead';
  // Aggregate has not written a document, so it cannot have succeeded.
  return state.status === 'succeeded' ? 'running' : state.status;
}

function describe(current: Status, store: string, columns: number): string {
  const { run, experiment, status, trials, failure, state, execution, maps = [] } = current;
  // What was recorded was caught: the execution ended in its state Failed, and a redrive would enter that again.
  const command = execution && isOver(execution) && !failure ? 'redrive' : 'resume';
  const goOn = `Go on with: ${resumeCommand(run, store, { error: failure?.error, engine: state?.engine, command })}`;
  const hints: Partial<Record<Status['status'], string>> = {
    dead: `It has given no sign of life since ${state?.updatedAt}. ${goOn}`,
    interrupted: goOn,
    failed: `'stepwise logs ${run}' shows more. ${goOn}`,
  };
  const finished = trials.trained + trials.reused;
  return [
    `${run}: ${experiment}, ${status}`,
    ...(failure ? [`${oneLine(failure.error)}: ${oneLine(failure.message)}`] : []),
    ...(state?.progress
      ? renderLiveView(state.progress, columns)
      : [`${finished} of ${trials.planned} trials trained`]),
    ...maps.map(describeMap),
    ...describeSpending(current),
    ...(execution ? [tellExecution(execution)] : state?.execution ? [`execution ${state.execution}`] : []),
    ...(hints[status] ? [hints[status]] : []),
  ].join('\n');
}

function describeMap({ map, status, total, succeeded, failed, running, secondsLeft: left }: MapItem): string {
  const parts = [
    `${succeeded} of ${total} batches done`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(running > 0 ? [`${running} running`] : []),
    ...(left === null ? [] : [`about ${formatSeconds(left)} left`]),
  ];
  return `${map}: ${status.toLowerCase()}, ${parts.join(', ')}`;
}

type MapItem = NonNullable<Status['maps']>[number];

function tellExecution({ arn, status, error, redrives }: NonNullable<Status['execution']>): string {
  const details = [
    status.toLowerCase(),
    ...(error ? [oneLine(error)] : []),
    ...(redrives ? [`redriven ${redrives} ×`] : []),
  ];
  return `execution ${arn}: ${details.join(', ')}`;
}

/** `$0.0031 spent of about $0.018, budget $0.020 (as AWS charges it, prices of 2026-11-01)` */
function describeSpending({ cost, status }: Status): readonly string[] {
  const spent = spentOf(cost);
  if (spent === undefined) return [];
  const expected = cost.estimatedMissing ?? cost.estimated;
  const parts = [
    `${formatDollars(spent)} spent`,
    ...(status === 'running' && expected !== undefined ? [`estimated ${formatDollars(expected)}`] : []),
    ...(cost.budget === undefined ? [] : [`budget ${formatDollars(cost.budget)}`]),
  ];
  return [`${parts.join(', ')} (as if on AWS${cost.pricesAsOf ? `, prices of ${cost.pricesAsOf}` : ''})`];
}
