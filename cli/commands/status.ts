/** `stepwise status`: how far a run has come, also one of another process or on AWS. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunDocument } from '../../lib/pipeline/run-document.ts';
import type { ObjectStore } from '../../lib/storage/object-store.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import type { ExitCode } from '../exit-code.ts';
import { renderLiveView } from '../live-view.ts';
import { readRun } from '../read-run.ts';
import { isSilent, type RunState, readRunState } from '../run-state.ts';
import type { Terminal } from '../terminal.ts';

const followSeconds = 2;

interface Status {
  readonly run: string;
  readonly experiment: string;
  readonly status: RunDocument['status'] | 'interrupted' | 'dead';
  readonly trials: RunDocument['trials'];
  readonly state: RunState | null;
}

export async function status(
  name: string,
  options: { readonly store: string; readonly follow?: boolean; readonly json?: boolean },
  terminal: Terminal,
): Promise<ExitCode> {
  const store = await openStore(options.store);
  let current = await readStatus(store, name);
  let lastText = '';
  while (options.follow && current.status === 'running') {
    const text = describe(current, terminal.columns);
    if (text !== lastText) terminal.tell(text);
    lastText = text;
    await sleep(followSeconds * 1000);
    current = await readStatus(store, current.run);
  }
  terminal.print(options.json ? JSON.stringify(current, null, 2) : describe(current, terminal.columns));
  return 0;
}

async function readStatus(store: ObjectStore, name: string): Promise<Status> {
  const { run, experiment, status: recorded, trials } = await readRun(store, name);
  const state = await readRunState(store, run);
  return { run, experiment, status: judge(recorded, state), trials, state: state ?? null };
}

function judge(recorded: RunDocument['status'], state: RunState | undefined): Status['status'] {
  if (recorded !== 'running' || !state) return recorded;
  if (isSilent(state, Date.now())) return 'dead';
  // Aggregate has not written a document, so it cannot have succeeded.
  return state.status === 'succeeded' ? 'running' : state.status;
}

function describe({ run, experiment, status, trials, state }: Status, columns: number): string {
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
    ...(state?.execution ? [`execution ${state.execution}`] : []),
    ...(hints[status] ? [hints[status]] : []),
  ].join('\n');
}
