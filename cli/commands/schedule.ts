/** `stepwise schedule add|list|pause|resume|remove`: schedules in the store, and their entries on AWS. */
import { experiments } from '../../lib/experiments.ts';
import { InvalidRecord } from '../../lib/pipeline/errors.ts';
import type { NotificationMode } from '../../lib/pipeline/request.ts';
import { checkRequest } from '../../lib/pipeline/resolve.ts';
import { storedEntry } from '../../lib/pipeline/schedules/scheduler-entry.ts';
import {
  checkScheduleDefinition,
  addSchedule as keepSchedule,
  listScheduleNames,
  nextTime,
  readSchedule,
  removeSchedule,
  type Schedule,
  scheduledRequest,
  updateSchedule,
} from '../../lib/pipeline/schedules/schedules.ts';
import type { ObjectStore } from '../../lib/storage/object-store.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { InvalidUsage } from '../errors.ts';
import type { ExitCode } from '../exit-code.ts';
import { importRequiredDatasets } from '../import-datasets.ts';
import { checkDataFolder, type RequestOptions, readOverrides, readPreset } from '../request-options.ts';
import { openSchedulerClient, readScheduleTarget, type SchedulerClient } from '../scheduler-client.ts';
import type { Terminal } from '../terminal.ts';
import { renderTextTable } from '../text-table.ts';

interface StoreOptions {
  readonly store: string;
  readonly scheduleTarget?: string;
}

export interface AddOptions extends StoreOptions, RequestOptions {
  readonly cron?: string;
  readonly rate?: string;
  readonly timeZone?: string;
  readonly budget?: number;
  readonly notify: NotificationMode;
  readonly data?: string;
  readonly engine: 'local' | 'aws';
}

/** How a test stands in for AWS. */
export interface Outside {
  openStore(location: string): Promise<ObjectStore>;
  openClient(): Promise<SchedulerClient>;
}
const outside: Outside = { openStore, openClient: openSchedulerClient };

export async function addSchedule(
  name: string,
  experimentName: string,
  options: AddOptions,
  terminal: Terminal,
  world: Outside = outside,
): Promise<ExitCode> {
  const preset = readPreset(options.preset);
  const definition = checkScheduleDefinition({
    name,
    experiment: experimentName,
    preset,
    overrides: readOverrides(options.set),
    times: readTimes(options),
    notify: options.notify,
    ...(options.seeds !== undefined && { seeds: options.seeds }),
    ...(options.budget !== undefined && { budgetUsDollars: options.budget }),
  });
  const now = new Date();
  // Refused now rather than in a night when nobody looks.
  const { experiment } = checkRequest(scheduledRequest(definition, now), experiments);
  const { engine } = options;
  if (engine === 'aws' && !options.store.startsWith('s3://')) {
    throw new InvalidUsage(
      `--engine aws needs --store s3://BUCKET, the deployment's bucket, and got '${options.store}'.`,
    );
  }
  const target = engine === 'aws' ? readScheduleTarget(options.scheduleTarget) : undefined;
  const dataFolder = options.data === undefined ? undefined : await checkDataFolder(options.data);
  const store = await world.openStore(options.store);
  await importRequiredDatasets(store, experiment, preset, dataFolder);
  const schedule: Schedule = { ...definition, formatVersion: 1, engine, paused: false, createdAt: now.toISOString() };
  await keepSchedule(store, schedule);
  if (target) {
    try {
      await (await world.openClient()).create(storedEntry(schedule, target));
    } catch (error) {
      // A schedule that nothing fires must not look like one that does.
      await removeSchedule(store, name);
      throw error;
    }
  }
  terminal.print(
    `${name}: ${experimentName} (${preset}), ${describeTimes(schedule)}, next ${describeNext(schedule, now)}`,
  );
  if (engine === 'local')
    terminal.tell("'stepwise schedule run-due' runs it; call that from cron, as often as is fine enough.");
  return 0;
}

export async function list(
  options: { readonly store: string; readonly json?: boolean },
  terminal: Terminal,
): Promise<ExitCode> {
  const store = await openStore(options.store);
  const schedules: Schedule[] = [];
  for (const name of await listScheduleNames(store)) {
    try {
      schedules.push(await readSchedule(store, name));
    } catch (error) {
      // One that somebody broke must not hide the others.
      if (!(error instanceof InvalidRecord)) throw error;
      terminal.tell(`error: ${error.message}`);
    }
  }
  const now = new Date();
  if (options.json) {
    const shown = schedules.map((schedule) => ({ ...schedule, next: nextTime(schedule, now)?.toISOString() ?? null }));
    terminal.print(JSON.stringify(shown, null, 2));
    return 0;
  }
  if (schedules.length === 0) {
    terminal.print("There are no schedules. 'stepwise schedule add --help' says how to make one.");
    return 0;
  }
  const columns = ['schedule', 'experiment', 'preset', 'times', 'engine', 'next', 'last run'].map((label) => ({
    label,
  }));
  const rows = schedules.map((schedule) => [
    schedule.name,
    schedule.experiment,
    schedule.preset,
    describeTimes(schedule),
    schedule.engine,
    describeNext(schedule, now),
    schedule.lastRun ?? '–',
  ]);
  terminal.print(renderTextTable(columns, rows));
  return 0;
}

export async function setPaused(
  name: string,
  paused: boolean,
  options: StoreOptions,
  terminal: Terminal,
  world: Outside = outside,
): Promise<ExitCode> {
  const store = await world.openStore(options.store);
  const now = new Date();
  const { engine } = await readSchedule(store, name);
  const target = engine === 'aws' ? readScheduleTarget(options.scheduleTarget) : undefined;
  const schedule = await updateSchedule(store, name, (current) => ({
    ...current,
    paused,
    // What came while it was paused was not wanted.
    ...(!paused && current.paused && { claimedAt: now.toISOString() }),
  }));
  if (target) await (await world.openClient()).update(storedEntry(schedule, target));
  terminal.print(`${name}: ${paused ? 'paused' : `goes on, next ${describeNext(schedule, now)}`}`);
  return 0;
}

export async function remove(
  name: string,
  options: StoreOptions,
  terminal: Terminal,
  world: Outside = outside,
): Promise<ExitCode> {
  const store = await world.openStore(options.store);
  const { engine } = await readSchedule(store, name);
  // First what fires, then what is fired.
  if (engine === 'aws') await (await world.openClient()).remove(name);
  await removeSchedule(store, name);
  terminal.print(`${name}: removed; its runs stay`);
  return 0;
}

function readTimes({ cron, rate, timeZone }: AddOptions): Schedule['times'] {
  if (cron !== undefined) return { cron, timeZone: timeZone ?? 'UTC' };
  if (rate === undefined)
    throw new InvalidUsage("A schedule needs its times: --cron '0 3 * * 1', or --rate '6 hours'.");
  if (timeZone !== undefined) throw new InvalidUsage('--time-zone belongs to --cron: a rate is the same everywhere.');
  return { rate };
}

function describeTimes({ times }: Schedule): string {
  return 'cron' in times ? `${times.cron} ${times.timeZone}` : `every ${times.rate}`;
}

function describeNext(schedule: Schedule, now: Date): string {
  if (schedule.paused) return 'paused';
  return nextTime(schedule, now)?.toISOString().replace('.000', '') ?? 'never';
}
