/** `stepwise status`: how far a run has come, also one of another process or on AWS. */
import { setTimeout as sleep } from 'node:timers/promises';
import { spentOf } from '../../lib/pipeline/costed-stages.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { readRecord, resolvedRunSchema } from '../../lib/pipeline/records.ts';
import type { RunDocument } from '../../lib/pipeline/run-document.ts';
import { readUnderWay } from '../../lib/pipeline/spending.ts';
import { formatDollars, formatSeconds } from '../../lib/report/format-numbers.ts';
import type { ObjectStore } from '../../lib/storage/object-store.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import {
  type ExecutionClient,
  type ExecutionDescription,
  findExecution,
  type MapRun,
  openExecutionClient,
  secondsLeft,
} from '../execution-on-aws.ts';
import type { ExitCode } from '../exit-code.ts';
import { renderLiveView } from '../live-view.ts';
import { readRun } from '../read-run.ts';
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
  readonly state: RunState | null;
  /** US dollars as AWS charges: spent as far as records tell, and `underWay` what has none yet. */
  readonly cost: RunDocument['cost'] & { readonly underWay: number };
  readonly execution?: ExecutionDescription & { readonly arn: string };
  readonly maps?: readonly (MapRun & { readonly secondsLeft: number | null })[];
}

export interface StatusOptions {
  readonly store: string;
  readonly engine?: 'local' | 'aws';
  readonly stateMachine?: string;
  readonly follow?: boolean;
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
  const read = (run: string) => readStatus(store, run, options, stepFunctions);
  let current = await read(name);
  let lastText = '';
  while (options.follow && current.status === 'running') {
    const text = describe(current, terminal.columns);
    if (text !== lastText) terminal.tell(text);
    lastText = text;
    await sleep((stepFunctions ? followAwsSeconds : followSeconds) * 1000);
    current = await read(current.run);
  }
  terminal.print(options.json ? JSON.stringify(current, null, 2) : describe(current, terminal.columns));
  return 0;
}

async function readStatus(
  store: ObjectStore,
  name: string,
  options: StatusOptions,
  client: ExecutionClient | undefined,
): Promise<Status> {
  const { run, experiment, status: recorded, trials, cost } = await readRun(store, name);
  const state = await readRunState(store, run);
  const now = Date.now();
  const resolved = recorded === 'running' ? await readRecord(store, keys.resolved(run), resolvedRunSchema) : undefined;
  const underWay = resolved ? await readUnderWay(store, resolved, now) : 0;
  const known = { run, experiment, trials, state: state ?? null, cost: { ...cost, underWay } };
  if (!client) return { ...known, status: judge(recorded, state) };
  const arn = findExecution(run, state, options);
  const [execution, maps] = await Promise.all([client.describe(arn), client.mapRuns(arn)]);
  return {
    ...known,
    // An execution that was aborted or timed out wrote nothing down.
    status: recorded === 'running' && isOver(execution) ? 'failed' : recorded,
    execution: { arn, ...execution },
    maps: maps.map((map) => ({ ...map, secondsLeft: secondsLeft(map, now) ?? null })),
  };
}

function isOver({ status }: ExecutionDescription): boolean {
  return status === 'FAILED' || status === 'ABORTED' || status === 'TIMED_OUT';
}

function judge(recorded: RunDocument['status'], state: RunState | undefined): Status['status'] {
  if (recorded !== 'running' || !state) return recorded;
  if (isSilent(state, Date.now())) return 'dead';
  // Aggregate has not written a document, so it cannot have succeeded.
  return state.status === 'succeeded' ? 'running' : state.status;
}

function describe(current: Status, columns: number): string {
  const { run, experiment, status, trials, state, execution, maps = [] } = current;
  const hints: Partial<Record<Status['status'], string>> = {
    dead: `It has given no sign of life since ${state?.updatedAt}. Go on with: stepwise resume ${run}`,
    interrupted: `Go on with: stepwise resume ${run}`,
    failed: `'stepwise logs ${run}' shows why. Go on with: stepwise resume ${run}`,
  };
  const finished = trials.trained + trials.reused;
  return [
    `${run}: ${experiment}, ${status}`,
    ...(state?.progress
      ? renderLiveView(state.progress, columns)
      : [`${finished} of ${trials.planned} trials trained`]),
    ...maps.map(describeMap),
    ...describeSpending(current),
    ...(execution ? [describeExecution(execution)] : state?.execution ? [`execution ${state.execution}`] : []),
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

function describeExecution({ arn, status, error, redrives }: NonNullable<Status['execution']>): string {
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
    `${formatDollars(spent + cost.underWay)} spent`,
    ...(status === 'running' && expected !== undefined ? [`estimated ${formatDollars(expected)}`] : []),
    ...(cost.budget === undefined ? [] : [`budget ${formatDollars(cost.budget)}`]),
  ];
  return [`${parts.join(', ')} (as if on AWS${cost.pricesAsOf ? `, prices of ${cost.pricesAsOf}` : ''})`];
}
