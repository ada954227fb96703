/** Schedules: an experiment that is run again and again, as `schedules/{name}.json`. Everything in one is hostile until this schema accepted it. */
import { z } from 'zod';
import { PreconditionFailed } from '../../storage/errors.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { updateObject } from '../../storage/update-object.ts';
import { InvalidSchedule, ScheduleExists, UnknownSchedule } from '../errors.ts';
import { presetNames } from '../experiment.ts';
import { keys } from '../keys.ts';
import { formatRecord, parseRecord, readRecord } from '../records.ts';
import { notificationModes } from '../request.ts';
import { checkCron, latestCronTime, nextCronTime } from './cron.ts';

/** A part of keys, of runs' names and of AWS's own. */
export const scheduleNamePattern = /^[a-z0-9][a-z0-9-]{0,39}$/;
const ratePattern = /^([1-9]\d{0,4}) (minutes?|hours?|days?)$/;
const unitMilliseconds = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/** When, what, and who is told. */
export const scheduleDefinitionSchema = z.strictObject({
  name: z
    .string()
    .regex(scheduleNamePattern, 'a schedule is named by lower-case letters, digits and hyphens, 40 at most'),
  experiment: z.string().max(100),
  preset: z.enum(presetNames).default('laptop'),
  overrides: z.record(z.string().max(100), z.json()).default({}),
  seeds: z.number().int().min(1).max(10_000).optional(),
  times: z.union([
    z.strictObject({ cron: z.string().max(200), timeZone: z.string().max(60).default('UTC') }),
    z.strictObject({ rate: z.string().regex(ratePattern, "a rate is such as '6 hours', in minutes, hours or days") }),
  ]),
  /** Passed on in each run's request. */
  budgetUsDollars: z.number().positive().max(1_000_000).optional(),
  notify: z.enum(notificationModes).default('changes'),
});
export type ScheduleDefinition = z.infer<typeof scheduleDefinitionSchema>;

export const scheduleSchema = scheduleDefinitionSchema.extend({
  formatVersion: z.literal(1),
  /** `local`: by `schedule run-due`; `aws`: by an entry of EventBridge Scheduler. */
  engine: z.enum(['local', 'aws']),
  paused: z.boolean(),
  createdAt: z.iso.datetime(),
  /** The time that was claimed last, by whoever started a run for it. */
  claimedAt: z.iso.datetime().optional(),
  lastRun: z.string().optional(),
});
export type Schedule = z.infer<typeof scheduleSchema>;

/** Throws InvalidSchedule. */
export function checkScheduleDefinition(input: unknown): ScheduleDefinition {
  const parsed = scheduleDefinitionSchema.safeParse(input);
  if (!parsed.success) throw new InvalidSchedule(z.prettifyError(parsed.error).replaceAll('\n', ' '));
  if ('cron' in parsed.data.times) checkCron(parsed.data.times);
  return parsed.data;
}

/** Throws ScheduleExists. */
export async function addSchedule(store: ObjectStore, schedule: Schedule): Promise<void> {
  try {
    await store.put(keys.schedule(schedule.name), formatRecord(schedule), { ifNoneMatch: '*' });
  } catch (error) {
    if (error instanceof PreconditionFailed) throw new ScheduleExists(schedule.name);
    throw error;
  }
}

/** Throws UnknownSchedule, also where the name could be no key. */
export async function readSchedule(store: ObjectStore, name: string): Promise<Schedule> {
  const schedule = scheduleNamePattern.test(name)
    ? await readRecord(store, keys.schedule(name), scheduleSchema)
    : undefined;
  if (!schedule) throw new UnknownSchedule(name, store.location);
  return schedule;
}

/** In their order, whether or not what lies there can be read. */
export async function listScheduleNames(store: ObjectStore): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { key } of store.list(keys.schedulesPrefix())) {
    const name = key.slice(keys.schedulesPrefix().length, -'.json'.length);
    if (key === keys.schedule(name) && scheduleNamePattern.test(name)) names.push(name);
  }
  return names;
}

/** Safe against a claim at the same time. Throws UnknownSchedule. */
export async function updateSchedule(
  store: ObjectStore,
  name: string,
  change: (schedule: Schedule) => Schedule,
): Promise<Schedule> {
  let changed = await readSchedule(store, name);
  await updateObject(store, keys.schedule(name), (current) => {
    if (!current) throw new UnknownSchedule(name, store.location);
    changed = change(parseRecord(keys.schedule(name), new TextDecoder().decode(current), scheduleSchema));
    return formatRecord(changed);
  });
  return changed;
}

/** Throws UnknownSchedule. */
export async function removeSchedule(store: ObjectStore, name: string): Promise<void> {
  await readSchedule(store, name);
  await store.delete(keys.schedule(name));
}

/**
 * The time for which a run is due: the latest that has come since the last claim, or since the schedule was made. Times
 * that were missed, because the machine was off, are one run and not many. Undefined where nothing is due.
 */
export function dueTime({ times, createdAt, claimedAt, paused }: Schedule, now: Date): Date | undefined {
  if (paused) return undefined;
  const after = new Date(claimedAt ?? createdAt);
  if ('cron' in times) return latestCronTime(times, after, now);
  const latest = gridTime(times.rate, createdAt, now, 0);
  return latest > after && latest <= now ? latest : undefined;
}

/** The first time after now; undefined where it is paused. */
export function nextTime({ times, createdAt, paused }: Schedule, now: Date): Date | undefined {
  if (paused) return undefined;
  return 'cron' in times ? nextCronTime(times, now) : gridTime(times.rate, createdAt, now, 1);
}

/**
 * Takes a due time before anything is started for it; false where another process took it, or the schedule was changed or
 * removed meanwhile. Of any number that ask at once, one gets true.
 */
export async function claimTime(store: ObjectStore, name: string, due: Date, run: string): Promise<boolean> {
  const key = keys.schedule(name);
  const current = await store.get(key);
  if (!current) return false;
  const schedule = parseRecord(key, new TextDecoder().decode(current.body), scheduleSchema);
  if (schedule.paused || new Date(schedule.claimedAt ?? schedule.createdAt) >= due) return false;
  const claimed: Schedule = { ...schedule, claimedAt: due.toISOString(), lastRun: run };
  try {
    await store.put(key, formatRecord(claimed), { ifMatch: current.etag });
    return true;
  } catch (error) {
    if (error instanceof PreconditionFailed) return false;
    throw error;
  }
}

/**
 * Notes a run that somebody else has started once, as EventBridge Scheduler does: of two that arrive in the wrong order the
 * later stays, and nothing is noted of a schedule that was removed meanwhile.
 */
export async function noteStart(store: ObjectStore, name: string, time: Date, run: string): Promise<void> {
  try {
    await updateSchedule(store, name, (schedule) => {
      if (schedule.claimedAt && new Date(schedule.claimedAt) >= time) return schedule;
      return { ...schedule, claimedAt: time.toISOString(), lastRun: run };
    });
  } catch (error) {
    if (!(error instanceof UnknownSchedule)) throw error;
  }
}

/** Where a schedule is kept: both may have one of the same name. */
export type ScheduleOrigin = 'store' | 'deployment';

/** One name a schedule and time, so that a time that is delivered twice cannot become two runs. */
export function scheduledRunName(schedule: string, due: Date, origin: ScheduleOrigin = 'store'): string {
  const time = due.toISOString().replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 15);
  // Where the names of other runs have their milliseconds.
  return `${time}-${origin === 'store' ? '000' : '001'}-${schedule}`;
}

/** What a run of the schedule is asked, before `checkRequest`. */
export function scheduledRequest(
  schedule: ScheduleDefinition,
  due: Date,
  origin: ScheduleOrigin = 'store',
): Readonly<Record<string, unknown>> {
  const { name, experiment, preset, overrides, seeds, budgetUsDollars, notify } = schedule;
  return {
    run: scheduledRunName(name, due, origin),
    experiment,
    preset,
    overrides,
    notify,
    trigger: { kind: 'schedule', name },
    ...(seeds !== undefined && { seeds }),
    ...(budgetUsDollars !== undefined && { budgetUsDollars }),
  };
}

/** Milliseconds between two times of a rate that the schema has accepted. */
export function rateMilliseconds(rate: string): number {
  const [, count, unit] = ratePattern.exec(rate)!;
  return Number(count) * unitMilliseconds[unit!.replace(/s$/, '') as keyof typeof unitMilliseconds];
}

/** The last whole period before now, counted from the schedule's beginning, or so many after it. */
function gridTime(rate: string, createdAt: string, now: Date, ahead: number): Date {
  const period = rateMilliseconds(rate);
  const start = Date.parse(createdAt);
  return new Date(start + (Math.floor((now.getTime() - start) / period) + ahead) * period);
}
