/** `stepwise schedule run-due`: for cron on a laptop. Runs what is due, each time once, and says what changed. */
import { experiments } from '../../lib/experiments.ts';
import type { NumericBackend } from '../../lib/numerics/backend.ts';
import { summarizeRegression } from '../../lib/pipeline/regressions/describe-regression.ts';
import { readRegression } from '../../lib/pipeline/regressions/regression-records.ts';
import { runRequestSchema } from '../../lib/pipeline/request.ts';
import { checkRequest } from '../../lib/pipeline/resolve.ts';
import type { RunDocument } from '../../lib/pipeline/run-document.ts';
import { writeRequest } from '../../lib/pipeline/run-records.ts';
import {
  claimTime,
  dueTime,
  listScheduleNames,
  readSchedule,
  type Schedule,
  scheduledRequest,
  scheduledRunName,
} from '../../lib/pipeline/schedules/schedules.ts';
import type { ObjectStore } from '../../lib/storage/object-store.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { executeLocally } from '../execute-run.ts';
import type { ExitCode } from '../exit-code.ts';
import { importRequiredDatasets } from '../import-datasets.ts';
import { interruptible } from '../interruption.ts';
import { chooseBackend } from '../local-ports.ts';
import { type Outbox, openOutbox, readWebhook } from '../outbox.ts';
import { readRun } from '../read-run.ts';
import { checkDataFolder } from '../request-options.ts';
import { isSilent, readRunState } from '../run-state.ts';
import type { Terminal } from '../terminal.ts';

export interface RunDueOptions {
  readonly store: string;
  readonly data?: string;
  readonly backend?: string;
  readonly threads?: number;
  readonly webhookUrlEnv?: string;
  readonly json?: boolean;
}

interface DueRun {
  readonly schedule: string;
  readonly run: string;
  readonly due: string;
  readonly status: 'succeeded' | 'failed';
  readonly trained: number;
  readonly reused: number;
  readonly verdict: string | null;
  /** In words: `the same`, `3 numbers changed`, `verdict flipped: holds → does not hold`. */
  readonly change: string;
  /** What there is to tell: to the webhook where one is named, else to stdout. */
  readonly messages: readonly string[];
  /** How many of the messages the webhook took. */
  readonly sent: number;
}

interface World {
  readonly store: ObjectStore;
  readonly options: RunDueOptions;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly chosenBackend: NumericBackend;
  readonly dataFolder: string | undefined;
  readonly webhook: string | undefined;
}

/** 0 also where nothing is due; 1 where a run failed. */
export function runDue(options: RunDueOptions, terminal: Terminal): Promise<ExitCode> {
  return interruptible(terminal, async (signal) => {
    const chosenBackend = chooseBackend(options.backend);
    const webhook = readWebhook(options.webhookUrlEnv);
    const dataFolder = options.data === undefined ? undefined : await checkDataFolder(options.data);
    const store = await openStore(options.store);
    const world: World = { store, options, terminal, signal, chosenBackend, dataFolder, webhook };
    const finished: DueRun[] = [];
    let failed = false;
    for (const name of await listScheduleNames(store)) {
      if (signal.aborted) break;
      try {
        const result = await runIfDue(name, world);
        if (!result || signal.aborted) continue;
        finished.push(result);
        failed ||= result.status === 'failed';
        if (!options.json) terminal.print(describe(result));
      } catch (error) {
        // One schedule whose data are gone, or that somebody broke, must not keep the others from running.
        failed = true;
        terminal.tell(`error: ${name}: ${messageOf(error)}`);
      }
    }
    if (options.json) terminal.print(JSON.stringify({ runs: finished }, null, 2));
    if (signal.aborted) return 130;
    return failed ? 1 : 0;
  });
}

/** Undefined where nothing is due, or another process has taken it. */
async function runIfDue(name: string, world: World): Promise<DueRun | undefined> {
  const { store, terminal } = world;
  // Read only now: the schedule before it may have taken hours.
  const schedule = await readSchedule(store, name);
  const due = schedule.engine === 'local' ? dueTime(schedule, new Date()) : undefined;
  if (!due || (await isStillRunning(store, schedule, terminal))) return undefined;
  // Others, on this machine or on another one with the same store, may be about to do the same.
  if (!(await claimTime(store, name, due, scheduledRunName(name, due)))) return undefined;
  const outbox = openOutbox(world.webhook, terminal);
  try {
    return await runOne(schedule, due, outbox, world);
  } catch (error) {
    // Nothing has come so far that a stage could tell of it: the data are gone, or the experiment.
    await outbox.send(`schedule ${name} failed`, `${messageOf(error)}\n`);
    throw error;
  }
}

async function runOne(schedule: Schedule, due: Date, outbox: Outbox, world: World): Promise<DueRun> {
  const { store, options, terminal, signal } = world;
  const { experiment, request: draft } = checkRequest(scheduledRequest(schedule, due), experiments);
  const datasetVersions = await importRequiredDatasets(store, experiment, schedule.preset, world.dataFolder);
  const request = runRequestSchema.parse({ ...draft, datasetVersions });
  await writeRequest(store, request);
  // Cron mails whatever a command says: the run's own words are for somebody who watches.
  const quiet: Terminal = { ...terminal, print: () => {}, tell: terminal.isInteractive ? terminal.tell : () => {} };
  const { store: location, threads } = options;
  const engine = { store: location, engine: 'local', ...(threads !== undefined && { threads }) } as const;
  await executeLocally(
    request,
    { ...engine, chosenBackend: world.chosenBackend, priceTable: undefined, notify: outbox.send },
    quiet,
    signal,
  );
  const document = await readRun(store, request.run);
  const { run, trials, verdict, status, failure } = document;
  const regression = await readRegression(store, request.experiment, run);
  const change = regression ? summarizeRegression(regression) : withoutRegression(document);
  return {
    schedule: schedule.name,
    run,
    due: due.toISOString(),
    status: status === 'succeeded' ? 'succeeded' : 'failed',
    trained: trials.trained,
    reused: trials.reused,
    verdict: verdict?.outcome ?? null,
    change: status === 'succeeded' ? change : `the run failed: ${failure?.message ?? status}`,
    messages: outbox.messages,
    sent: outbox.sent,
  };
}

/** There is a regression report only where the same was asked before and the answer is another one. */
function withoutRegression({ comparison, verdict }: RunDocument): string {
  if (!comparison) return 'the first run';
  const isSame = comparison.changes.length === 0 && comparison.outcome === verdict?.outcome;
  return isSame ? 'the same' : 'the first run with these parameters';
}

function describe({ schedule, verdict, change, trained, messages, sent, status }: DueRun): string {
  const work = trained === 0 ? 'nothing was trained' : `${trained} trial${trained === 1 ? '' : 's'} trained`;
  const headline = `${schedule}: ${status === 'succeeded' ? `${verdict}, ` : ''}${change}; ${work}`;
  // Without a webhook that takes them, this is where the messages go.
  if (sent < messages.length) return `${headline}\n\n${messages.join('\n')}`;
  return `${headline}; ${messages.length === 0 ? 'nothing was sent' : 'a message was sent'}`;
}

/** A run that takes longer than the time between two: the next one waits for it. */
async function isStillRunning(store: ObjectStore, { name, lastRun }: Schedule, terminal: Terminal): Promise<boolean> {
  const state = lastRun === undefined ? undefined : await readRunState(store, lastRun);
  if (state?.status !== 'running' || isSilent(state, Date.now())) return false;
  terminal.tell(`${name}: run ${lastRun} still goes on; this time waits for it.`);
  return true;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
