/**
 * Times of a schedule: five cron fields, understood the same by the local clock and by EventBridge Scheduler. What the two
 * would read differently (`L`, `W`, `#`, a day of the month together with a weekday) is refused instead. One difference is
 * left: an hour that daylight saving skips is made up for at its end here, and not at all there. One that comes twice is
 * run at its first time by both.
 */
import { Cron } from 'croner';
import { InvalidSchedule } from '../errors.ts';

export interface CronTimes {
  /** Minute, hour, day of the month, month, weekday: `0 3 * * 1`. */
  readonly cron: string;
  /** IANA name: `Europe/Zurich`. */
  readonly timeZone: string;
}

interface Field {
  readonly name: string;
  readonly lowest: number;
  readonly highest: number;
  /** Names that stand for numbers, from the lowest on. */
  readonly names?: readonly string[];
}

const weekdays = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] as const;
const fields: readonly Field[] = [
  { name: 'minute', lowest: 0, highest: 59 },
  { name: 'hour', lowest: 0, highest: 23 },
  { name: 'day of the month', lowest: 1, highest: 31 },
  {
    name: 'month',
    lowest: 1,
    highest: 12,
    names: ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'],
  },
  // 7 is Sunday, too.
  { name: 'weekday', lowest: 0, highest: 7, names: weekdays },
];

/** Throws InvalidSchedule: for fields that are none, an unknown time zone, a date that never comes. */
export function checkCron(times: CronTimes): void {
  parseFields(times.cron);
  checkTimeZone(times.timeZone);
  if (!clock(times).nextRun()) throw new InvalidSchedule(`'${times.cron}' names a date that never comes`);
}

function checkTimeZone(timeZone: string): void {
  const known = knownTimeZone(timeZone);
  // `+01:00` and `europe/zurich` are known here, and not to EventBridge Scheduler.
  if (known && /^[A-Z]/i.test(timeZone) && (known === timeZone || known.toLowerCase() !== timeZone.toLowerCase()))
    return;
  throw new InvalidSchedule(
    `a time zone has an IANA name such as 'Europe/Zurich' or 'UTC', and '${timeZone.slice(0, 60)}' is none`,
  );
}

/** By the name that the runtime prefers: of an old name another one. */
function knownTimeZone(timeZone: string): string | undefined {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}

/** The latest time that is due: after `after`, not after `now`; undefined where there is none. However many were missed, it is one. */
export function latestCronTime(times: CronTimes, after: Date, now: Date): Date | undefined {
  // The reference itself is left out, and a run that is due this very second is due.
  const [latest] = clock(times).previousRuns(1, new Date(now.getTime() + 1000));
  return latest && latest > after && latest <= now ? latest : undefined;
}

export function nextCronTime(times: CronTimes, after: Date): Date | undefined {
  return clock(times).nextRun(after) ?? undefined;
}

/**
 * As EventBridge Scheduler writes it: six fields, weekdays by name because it counts them from 1, and `?` for whichever of
 * day and weekday says nothing. Throws InvalidSchedule.
 */
export function toSchedulerExpression(cron: string): string {
  const [minute, hour, day, month, weekday] = parseFields(cron) as [Values, Values, Values, Values, Values];
  const days = weekday === 'every' ? [list(day), '?'] : ['?', joinWeekdays(weekday)];
  // 238 characters at most, as the longest lists are pairs such as 0,1,3,4; the service takes 256.
  return `cron(${[list(minute), list(hour), days[0], list(month), days[1], '*'].join(' ')})`;
}

function clock({ cron, timeZone }: CronTimes): Cron {
  return new Cron(cron, { mode: '5-part', timezone: timeZone, paused: true });
}

type Values = 'every' | readonly number[];

function parseFields(cron: string): readonly Values[] {
  const parts = cron.trim().split(/\s+/);
  if (cron.length > 200 || parts.length !== fields.length) {
    throw new InvalidSchedule(
      `times are five fields, minute, hour, day of the month, month and weekday, such as '0 3 * * 1', and '${cron.slice(0, 60)}' has ${parts.length}`,
    );
  }
  const values = parts.map((part, index) => parseField(part, fields[index]!));
  if (values[2] !== 'every' && values[4] !== 'every') {
    throw new InvalidSchedule(
      `'${cron}' names a day of the month and a weekday; leave one of them '*', or make two schedules of it`,
    );
  }
  return values;
}

function parseField(text: string, field: Field): Values {
  if (text === '*') return 'every';
  const values = text.split(',').flatMap((part) => parsePart(part, field));
  // Sunday once, by the number that the names have.
  const unified = field.names === weekdays ? values.map((value) => value % 7) : values;
  return [...new Set(unified)].sort((a, b) => a - b);
}

/** `5`, `1-5`, `MON-FRI`, `0-59/15`, `10-50/20` */
function parsePart(part: string, field: Field): readonly number[] {
  const match = /^(?:(\*)|([\dA-Z]+)(?:-([\dA-Z]+))?)(?:\/(\d{1,2}))?$/i.exec(part);
  const [, star, from, to, step] = match ?? [];
  const first = star ? field.lowest : readValue(from, field);
  const last = star ? highest(field) : to === undefined ? first : readValue(to, field);
  const every = step === undefined ? 1 : Number(step);
  // `5/10` would be read as "from 5 on" by some and as 5 alone by others.
  const isClear = step === undefined || star !== undefined || to !== undefined;
  if (first === undefined || last === undefined || first > last || every < 1 || !isClear) {
    throw new InvalidSchedule(
      `the ${field.name} is from ${field.lowest} to ${highest(field)}${field.names ? ` or ${field.names[0]} to ${field.names.at(-1)}` : ''}, a range, a list or a step of those, and '${part.slice(0, 40)}' is none`,
    );
  }
  const values: number[] = [];
  for (let value = first; value <= last; value += every) values.push(value);
  return values;
}

function readValue(text: string | undefined, { names, lowest, highest: most }: Field): number | undefined {
  const index = names?.indexOf((text ?? '').toUpperCase()) ?? -1;
  if (index >= 0) return lowest + index;
  if (text === undefined || !/^\d{1,2}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= lowest && value <= most ? value : undefined;
}

function highest({ names, highest: most }: Field): number {
  return names === weekdays ? 6 : most;
}

/** `0,15,30`, with runs of three and more as ranges. */
function list(values: Values): string {
  if (values === 'every') return '*';
  const parts: string[] = [];
  for (let start = 0; start < values.length; ) {
    let end = start;
    while (values[end + 1] === values[end]! + 1) end++;
    if (end - start >= 2) parts.push(`${values[start]}-${values[end]}`);
    else parts.push(...values.slice(start, end + 1).map(String));
    start = end + 1;
  }
  return parts.join(',');
}

function joinWeekdays(values: readonly number[]): string {
  return values.map((value) => weekdays[value]).join(',');
}
