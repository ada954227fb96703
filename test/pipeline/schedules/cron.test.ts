import { describe, expect, test } from 'vitest';
import { InvalidSchedule } from '../../../lib/pipeline/errors.ts';
import {
  checkCron,
  latestCronTime,
  nextCronTime,
  toSchedulerExpression,
} from '../../../lib/pipeline/schedules/cron.ts';

const zurich = 'Europe/Zurich';
const minute = 60_000;
const at = (text: string) => new Date(text);

/** Whether a clock on the wall of that place shows a minute that the fields name: numbers, `*` and steps of `*` only. */
function wallClock(cron: string, timeZone: string): (time: number) => boolean {
  const format = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone, minute: 'numeric', hour: 'numeric', day: 'numeric', month: 'numeric', weekday: 'short' },
    hourCycle: 'h23',
  });
  const matchers = cron.split(' ').map((field) => {
    const [, step] = /^\*\/(\d+)$/.exec(field) ?? [];
    if (step) return (value: number) => value % Number(step) === 0;
    return field === '*' ? () => true : (value: number) => field.split(',').map(Number).includes(value);
  });
  return (time) => {
    const parts = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, value]));
    const weekday = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'].indexOf(parts.weekday!);
    const values = [parts.minute, parts.hour, parts.day, parts.month, weekday].map(Number);
    return matchers.every((matches, index) => matches(values[index]!));
  };
}

describe('the next and the latest time', () => {
  test.each([
    // Neither day of these weeks changes the clocks.
    ['15 3 * * *', zurich, '2026-01-10T00:00:00Z'],
    ['*/20 */6 * * *', 'Asia/Kolkata', '2026-06-01T00:00:00Z'],
    ['30 9 1,31 * *', 'America/St_Johns', '2026-01-27T00:00:00Z'],
    ['0 12 * * 0,3', 'Pacific/Auckland', '2026-07-01T00:00:00Z'],
    ['59 23 * 2 *', 'UTC', '2028-02-25T00:00:00Z'],
    // And of these it does, at hours that nothing is due.
    ['15 5 * * *', zurich, '2026-03-27T00:00:00Z'],
    ['15 5 * * *', 'America/New_York', '2026-10-30T00:00:00Z'],
  ])('of %s in %s are those of a clock on a wall there', (cron, timeZone, start) => {
    const shows = wallClock(cron, timeZone);
    const from = Date.parse(start);
    const expected: number[] = [];
    for (let time = from + minute; time <= from + 8 * 1_440 * minute; time += minute)
      if (shows(time)) expected.push(time);
    expect(expected.length).toBeGreaterThan(0);
    let after = new Date(from);
    for (const time of expected) {
      const next = nextCronTime({ cron, timeZone }, after)!;
      expect(next.toISOString()).toBe(new Date(time).toISOString());
      const latest = (now: number) => latestCronTime({ cron, timeZone }, after, new Date(now))?.getTime();
      expect(latest(time - 1)).toBeUndefined();
      expect(latest(time)).toBe(time);
      expect(latest(time + minute - 1)).toBe(time);
      after = next;
    }
  });

  test('that fell into the hour that the clocks skip is at the end of it, once', () => {
    const times = { cron: '30 2 * * *', timeZone: zurich };
    // At 01:00 UTC it is 3 o'clock at once.
    expect(nextCronTime(times, at('2026-03-28T12:00:00Z'))).toEqual(at('2026-03-29T01:00:00Z'));
    expect(nextCronTime(times, at('2026-03-29T01:00:00Z'))).toEqual(at('2026-03-30T00:30:00Z'));
    const claimed = at('2026-03-28T01:30:00Z');
    expect(latestCronTime(times, claimed, at('2026-03-29T00:59:59Z'))).toBeUndefined();
    expect(latestCronTime(times, claimed, at('2026-03-29T01:20:00Z'))).toEqual(at('2026-03-29T01:00:00Z'));
    expect(latestCronTime(times, at('2026-03-29T01:00:00Z'), at('2026-03-29T23:00:00Z'))).toBeUndefined();
  });

  test('in the hour that comes twice is in the first of the two, once', () => {
    const times = { cron: '30 2 * * *', timeZone: zurich };
    expect(nextCronTime(times, at('2026-10-24T12:00:00Z'))).toEqual(at('2026-10-25T00:30:00Z'));
    expect(nextCronTime(times, at('2026-10-25T00:30:00Z'))).toEqual(at('2026-10-26T01:30:00Z'));
    for (const now of [
      '2026-10-25T00:30:00Z',
      '2026-10-25T01:29:59Z',
      '2026-10-25T01:30:00Z',
      '2026-10-25T22:00:00Z',
    ]) {
      expect(latestCronTime(times, at('2026-10-24T00:30:00Z'), at(now)), now).toEqual(at('2026-10-25T00:30:00Z'));
      expect(latestCronTime(times, at('2026-10-25T00:30:00Z'), at(now)), now).toBeUndefined();
    }
  });

  test('every half hour goes on through both', () => {
    const times = { cron: '*/30 * * * *', timeZone: zurich };
    for (const start of ['2026-03-28T23:00:00Z', '2026-10-24T23:00:00Z']) {
      let after = at(start);
      for (let step = 1; step <= 10; step++) {
        after = nextCronTime(times, after)!;
        expect(after.getTime()).toBe(Date.parse(start) + step * 30 * minute);
      }
    }
  });

  test('however many were missed is the latest of them', () => {
    const times = { cron: '0 4 * * *', timeZone: 'UTC' };
    expect(latestCronTime(times, at('2025-01-01T04:00:00Z'), at('2026-11-25T03:59:00Z'))).toEqual(
      at('2026-11-24T04:00:00Z'),
    );
    expect(
      latestCronTime({ cron: '0 0 29 2 *', timeZone: 'UTC' }, at('2020-01-01T00:00:00Z'), at('2027-06-01T00:00:00Z')),
    ).toEqual(at('2024-02-29T00:00:00Z'));
  });
});

describe('for EventBridge Scheduler', () => {
  test.each([
    ['0 3 * * *', 'cron(0 3 * * ? *)'],
    // It counts weekdays from 1 for Sunday: by name nothing can go wrong.
    ['0 3 * * 1', 'cron(0 3 ? * MON *)'],
    ['0 3 * * 0', 'cron(0 3 ? * SUN *)'],
    ['0 3 * * 7', 'cron(0 3 ? * SUN *)'],
    ['0 3 * * 5-7', 'cron(0 3 ? * SUN,FRI,SAT *)'],
    ['*/15 9-17 * jan-mar mon-fri', 'cron(0,15,30,45 9-17 ? 1-3 MON,TUE,WED,THU,FRI *)'],
    ['5 4 1,15 * *', 'cron(5 4 1,15 * ? *)'],
    ['10-50/20 */12 28-31/2 2,12 *', 'cron(10,30,50 0,12 28,30 2,12 ? *)'],
    ['* * * * *', 'cron(* * * * ? *)'],
  ])('%s is %s', (cron, expression) => {
    expect(toSchedulerExpression(cron)).toBe(expression);
  });

  test('the longest is within the 256 characters that it takes', () => {
    const longest = toSchedulerExpression('0-59/3,1-59/3 0-23/3,1-23/3 1-31/3,2-31/3 1-12/3,2-12/3 *');
    expect(longest).toMatch(/^cron\(0,1,3,4,6,7,9,10,/);
    expect(longest).toHaveLength(238);
  });
});

describe('what is no cron', () => {
  test.each([
    ['', 'UTC', /five fields.*and '' has 1/],
    ['0 3 * *', 'UTC', /has 4/],
    ['0 0 3 * * 1', 'UTC', /has 6/],
    ['@daily', 'UTC', /has 1/],
    [`${'0,'.repeat(150)}0 3 * * *`, 'UTC', /five fields/],
    ['60 3 * * *', 'UTC', /the minute is from 0 to 59.*and '60' is none/],
    ['0 24 * * *', 'UTC', /the hour is from 0 to 23/],
    ['0 3 0 * *', 'UTC', /the day of the month is from 1 to 31/],
    ['0 3 * 13 *', 'UTC', /the month is from 1 to 12 or JAN to DEC/],
    ['0 3 * * 8', 'UTC', /the weekday is from 0 to 6 or SUN to SAT/],
    ['0 3 * * FRI-MON', 'UTC', /the weekday .*'FRI-MON' is none/],
    ['5/10 3 * * *', 'UTC', /the minute .*'5\/10' is none/],
    ['*/0 3 * * *', 'UTC', /the minute/],
    ['-1 3 * * *', 'UTC', /the minute/],
    ['1.5 3 * * *', 'UTC', /the minute/],
    ['0 3 L * *', 'UTC', /the day of the month .*'L' is none/],
    ['0 3 15W * *', 'UTC', /'15W' is none/],
    ['0 3 * * 1#2', 'UTC', /'1#2' is none/],
    ['0 3 ? * 1', 'UTC', /'\?' is none/],
    ['0 3 13 * 5', 'UTC', /names a day of the month and a weekday/],
    ['0 0 30 2 *', 'UTC', /names a date that never comes/],
    ['0 3 * * *', 'Mars/Olympus', /an IANA name .*'Mars\/Olympus' is none/],
    // The runtime takes these; EventBridge Scheduler does not.
    ['0 3 * * *', '+01:00', /'\+01:00' is none/],
    ['0 3 * * *', 'europe/zurich', /'europe\/zurich' is none/],
    ['0 3 * * *', '', /'' is none/],
  ])('%j in %j is refused', (cron, timeZone, message) => {
    expect(() => checkCron({ cron, timeZone })).toThrow(InvalidSchedule);
    expect(() => checkCron({ cron, timeZone })).toThrow(message);
  });

  test.each(['UTC', 'Etc/GMT+5', 'Asia/Calcutta', 'Asia/Kolkata', 'America/Argentina/Buenos_Aires'])(
    '%s is one',
    (timeZone) => {
      expect(() => checkCron({ cron: '0 3 * * *', timeZone })).not.toThrow();
    },
  );
});
