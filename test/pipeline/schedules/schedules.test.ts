import { beforeEach, describe, expect, test } from 'vitest';
import { InvalidRecord, InvalidSchedule, ScheduleExists, UnknownSchedule } from '../../../lib/pipeline/errors.ts';
import { keys } from '../../../lib/pipeline/keys.ts';
import { runNamePattern, runRequestSchema } from '../../../lib/pipeline/request.ts';
import {
  addSchedule,
  checkScheduleDefinition,
  claimTime,
  dueTime,
  listScheduleNames,
  nextTime,
  noteStart,
  readSchedule,
  removeSchedule,
  type Schedule,
  scheduledRequest,
  scheduledRunName,
  updateSchedule,
} from '../../../lib/pipeline/schedules/schedules.ts';
import { MemoryObjectStore } from '../../../lib/storage/memory-object-store.ts';

const definition = { name: 'nightly', experiment: 'layer-norm/draw', times: { rate: '1 day' } };
const at = (text: string) => new Date(`2026-11-${text}Z`);

function schedule(changes: Partial<Schedule> = {}): Schedule {
  const checked = checkScheduleDefinition(definition);
  return {
    ...checked,
    ...{ formatVersion: 1, engine: 'local', paused: false, createdAt: '2026-11-01T06:00:00.000Z' },
    ...changes,
  };
}

let store: MemoryObjectStore;
beforeEach(() => {
  store = new MemoryObjectStore();
});

describe('a definition', () => {
  test('is filled in', () => {
    expect(checkScheduleDefinition(definition)).toEqual({
      ...definition,
      ...{ preset: 'laptop', overrides: {}, notify: 'changes' },
    });
    expect(checkScheduleDefinition({ ...definition, times: { cron: '0 3 * * *' } }).times).toEqual({
      cron: '0 3 * * *',
      timeZone: 'UTC',
    });
  });

  test.each([
    [null, /not accepted/],
    ['nightly', /not accepted/],
    [{ ...definition, name: '../nightly' }, /lower-case letters, digits and hyphens/],
    [{ ...definition, name: 'Nightly' }, /lower-case/],
    [{ ...definition, name: 'x'.repeat(41) }, /40 at most/],
    [{ ...definition, name: '' }, /lower-case/],
    [{ ...definition, times: {} }, /not accepted/],
    [{ ...definition, times: { rate: '1 day', cron: '0 3 * * *' } }, /not accepted/],
    [{ ...definition, times: { rate: '0 days' } }, /a rate is such as '6 hours'/],
    [{ ...definition, times: { rate: '1 week' } }, /a rate is such as/],
    [{ ...definition, times: { rate: '1 day; rm -rf' } }, /a rate is such as/],
    [{ ...definition, times: { cron: '61 * * * *' } }, /the minute is from 0 to 59/],
    [{ ...definition, preset: 'huge' }, /not accepted/],
    [{ ...definition, seeds: 0 }, /not accepted/],
    [{ ...definition, budgetUsDollars: 0 }, /not accepted/],
    [{ ...definition, notify: 'sometimes' }, /not accepted/],
    [{ ...definition, command: 'curl' }, /Unrecognized key.*command/],
    [JSON.parse('{"__proto__":{"name":"x"},"name":"nightly"}'), /not accepted/],
  ])('%j is refused, in one line', (input, message) => {
    expect(() => checkScheduleDefinition(input)).toThrow(InvalidSchedule);
    expect(() => checkScheduleDefinition(input)).toThrow(message);
    expect(() => checkScheduleDefinition(input)).not.toThrow(/\n/);
  });
});

describe('in the store', () => {
  test('one is added once, changed, listed, removed', async () => {
    await addSchedule(store, schedule());
    await addSchedule(store, schedule({ name: 'a-first' }));
    await expect(addSchedule(store, schedule({ seeds: 3 }))).rejects.toThrow(ScheduleExists);
    expect(await readSchedule(store, 'nightly')).toEqual(schedule());
    expect(await updateSchedule(store, 'nightly', (one) => ({ ...one, paused: true }))).toEqual(
      schedule({ paused: true }),
    );
    expect(await listScheduleNames(store)).toEqual(['a-first', 'nightly']);
    await removeSchedule(store, 'nightly');
    expect(await listScheduleNames(store)).toEqual(['a-first']);
    for (const act of [readSchedule, removeSchedule]) {
      await expect(act(store, 'nightly')).rejects.toThrow(UnknownSchedule);
    }
    await expect(updateSchedule(store, 'nightly', (one) => one)).rejects.toThrow(/no schedule 'nightly' in memory/);
  });

  test.each(['../secrets', 'a/b', '', 'x'.repeat(4_000)])('%j is no name, and no key is made of it', async (name) => {
    const asked: string[] = [];
    const watched = new Proxy(store, {
      get: (target, member) =>
        member === 'get' ? async (key: string) => void asked.push(key) : Reflect.get(target, member),
    });
    await expect(readSchedule(watched, name)).rejects.toThrow(UnknownSchedule);
    expect(asked).toEqual([]);
  });

  test('what is none is not listed; one that somebody broke is, and is named where it is read', async () => {
    await store.put('schedules/notes.txt', 'hello');
    await store.put('schedules/folder/nightly.json', '{}');
    await store.put(keys.schedule('broken'), '{"name":"broken"}');
    expect(await listScheduleNames(store)).toEqual(['broken']);
    await expect(readSchedule(store, 'broken')).rejects.toThrow(InvalidRecord);
    await expect(readSchedule(store, 'broken')).rejects.toThrow(/^schedules\/broken\.json is not a record/);
  });
});

describe('a rate', () => {
  test('is due once a period from the beginning, and what was missed is one', () => {
    const daily = schedule();
    expect(dueTime(daily, at('01T06:00:00'))).toBeUndefined();
    expect(dueTime(daily, at('02T05:59:59.999'))).toBeUndefined();
    expect(dueTime(daily, at('02T06:00:00'))).toEqual(at('02T06:00:00'));
    expect(dueTime(daily, at('09T05:00:00'))).toEqual(at('08T06:00:00'));
    const claimed = schedule({ claimedAt: '2026-11-08T06:00:00.000Z' });
    expect(dueTime(claimed, at('09T05:00:00'))).toBeUndefined();
    expect(dueTime(claimed, at('09T06:00:01'))).toEqual(at('09T06:00:00'));
    expect(nextTime(claimed, at('09T06:00:01'))).toEqual(at('10T06:00:00'));
  });

  test('that is resumed does not make up for what was not wanted', () => {
    const resumed = schedule({ claimedAt: '2026-11-08T09:00:00.000Z' });
    expect(dueTime(resumed, at('08T10:00:00'))).toBeUndefined();
    expect(dueTime(resumed, at('09T06:00:00'))).toEqual(at('09T06:00:00'));
  });
});

describe('a cron', () => {
  test('is due at its times since it was made', () => {
    const weekly = schedule({ times: { cron: '0 3 * * 1', timeZone: 'Europe/Zurich' } });
    expect(dueTime(weekly, at('02T01:59:00'))).toBeUndefined();
    expect(dueTime(weekly, at('02T02:00:00'))).toEqual(at('02T02:00:00'));
    expect(dueTime({ ...weekly, claimedAt: '2026-11-02T02:00:00.000Z' }, at('05T00:00:00'))).toBeUndefined();
    expect(nextTime(weekly, at('05T00:00:00'))).toEqual(at('09T02:00:00'));
  });
});

test('a paused schedule is never due', () => {
  for (const times of [{ rate: '1 day' }, { cron: '* * * * *', timeZone: 'UTC' }]) {
    const paused = schedule({ times, paused: true });
    expect(dueTime(paused, at('20T00:00:00'))).toBeUndefined();
    expect(nextTime(paused, at('20T00:00:00'))).toBeUndefined();
  }
});

describe('a claim', () => {
  const due = at('02T06:00:00');

  test('of many at once is given to one', async () => {
    await addSchedule(store, schedule());
    const claims = await Promise.all(
      Array.from({ length: 20 }, (_, index) => claimTime(store, 'nightly', due, `run-${index}`)),
    );
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await readSchedule(store, 'nightly')).toMatchObject({
      claimedAt: due.toISOString(),
      lastRun: `run-${claims.indexOf(true)}`,
    });
    expect(await claimTime(store, 'nightly', due, 'later')).toBe(false);
    expect(await claimTime(store, 'nightly', at('03T06:00:00'), 'next')).toBe(true);
  });

  test('is refused where the schedule was paused, or removed, or made anew', async () => {
    expect(await claimTime(store, 'nightly', due, 'run')).toBe(false);
    await addSchedule(store, schedule({ paused: true }));
    expect(await claimTime(store, 'nightly', due, 'run')).toBe(false);
    await removeSchedule(store, 'nightly');
    await addSchedule(store, schedule({ createdAt: '2026-11-02T07:00:00.000Z' }));
    expect(await claimTime(store, 'nightly', due, 'run')).toBe(false);
  });
});

test('a start is noted: the later of two in the wrong order, and none of a schedule that is gone', async () => {
  await addSchedule(store, schedule());
  await noteStart(store, 'nightly', at('03T06:00:00'), 'second');
  await noteStart(store, 'nightly', at('02T06:00:00'), 'first');
  expect(await readSchedule(store, 'nightly')).toEqual(
    schedule({ claimedAt: '2026-11-03T06:00:00.000Z', lastRun: 'second' }),
  );
  await noteStart(store, 'gone', at('03T06:00:00'), 'run');
  expect(await listScheduleNames(store)).toEqual(['nightly']);
});

describe('a run', () => {
  test('is named by its schedule, its time and where the schedule is kept', () => {
    const due = at('02T06:05:00');
    expect(scheduledRunName('nightly', due)).toBe('20261102-060500-000-nightly');
    expect(scheduledRunName('nightly', due, 'deployment')).toBe('20261102-060500-001-nightly');
    expect(scheduledRunName('x'.repeat(40), due)).toMatch(runNamePattern);
  });

  test('is asked what the schedule says', () => {
    const full = schedule({
      overrides: { steps: 3 },
      seeds: 4,
      budgetUsDollars: 1.5,
      preset: 'smoke',
      notify: 'always',
    });
    const request = runRequestSchema.parse(scheduledRequest(full, at('02T06:00:00')));
    expect(request).toMatchObject({
      ...{ run: '20261102-060000-000-nightly', experiment: 'layer-norm/draw', preset: 'smoke' },
      ...{ overrides: { steps: 3 }, seeds: 4, budgetUsDollars: 1.5, notify: 'always' },
      trigger: { kind: 'schedule', name: 'nightly' },
    });
    expect(scheduledRequest(schedule(), at('02T06:00:00'))).not.toHaveProperty('budgetUsDollars');
  });
});
