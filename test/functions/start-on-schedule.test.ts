import { beforeEach, describe, expect, test } from 'vitest';
import { type SchedulePorts, startOnSchedule } from '../../functions/start-on-schedule.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { runRequestSchema } from '../../lib/pipeline/request.ts';
import { readRequest } from '../../lib/pipeline/run-records.ts';
import {
  addSchedule,
  checkScheduleDefinition,
  readSchedule,
  removeSchedule,
  updateSchedule,
} from '../../lib/pipeline/schedules/schedules.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';

const time = '2026-11-25T02:30:00Z';
const run = '20261125-023000-000-nightly';
const definition = checkScheduleDefinition({
  ...{ name: 'nightly', experiment: 'layer-norm/draw', preset: 'smoke', seeds: 2, budgetUsDollars: 3 },
  times: { cron: '30 2 * * *' },
});

let store: MemoryObjectStore;
let executions: Map<string, string>;
let running: Set<string>;
let ports: SchedulePorts;

beforeEach(async () => {
  store = new MemoryObjectStore();
  executions = new Map();
  running = new Set();
  ports = {
    store,
    log: () => {},
    isRunning: async (name) => running.has(name),
    // As Step Functions knows names.
    start: async ({ name, input }) => {
      if (executions.has(name)) return false;
      executions.set(name, input);
      return true;
    },
  };
  const createdAt = '2026-11-01T00:00:00.000Z';
  await addSchedule(store, { ...definition, formatVersion: 1, engine: 'aws', paused: false, createdAt });
});

describe('a firing', () => {
  test('starts what the schedule says, and is noted', async () => {
    expect(await startOnSchedule({ schedule: 'nightly', time }, ports)).toEqual({ run, outcome: 'started' });
    const input = JSON.parse(executions.get(run)!);
    expect(input).toEqual(
      runRequestSchema.parse({
        ...{ run, experiment: 'layer-norm/draw', preset: 'smoke', seeds: 2, budgetUsDollars: 3, notify: 'changes' },
        trigger: { kind: 'schedule', name: 'nightly' },
      }),
    );
    expect(await readRequest(store, run)).toEqual(input);
    expect(await readSchedule(store, 'nightly')).toMatchObject({ lastRun: run, claimedAt: '2026-11-25T02:30:00.000Z' });
  });

  test('that is delivered many times, at once and later, starts one run', async () => {
    const event = { schedule: 'nightly', time };
    const first = await Promise.all(Array.from({ length: 50 }, () => startOnSchedule(event, ports)));
    expect(first.filter(({ outcome }) => outcome === 'started')).toHaveLength(1);
    expect(new Set(first.map((one) => one.run))).toEqual(new Set([run]));
    // What runs is what the first one said, whatever became of the schedule.
    await updateSchedule(store, 'nightly', (schedule) => ({ ...schedule, seeds: 9 }));
    expect(await startOnSchedule(event, ports)).toEqual({ run, outcome: 'started before' });
    expect(executions.size).toBe(1);
    expect((await readRequest(store, run)).seeds).toBe(2);
  });

  test('that died after the start is noted by the next delivery', async () => {
    const { start } = ports;
    const dying: SchedulePorts = {
      ...ports,
      start: async (execution) => {
        await start(execution);
        throw new Error('killed');
      },
    };
    await expect(startOnSchedule({ schedule: 'nightly', time }, dying)).rejects.toThrow('killed');
    expect((await readSchedule(store, 'nightly')).lastRun).toBeUndefined();
    expect((await startOnSchedule({ schedule: 'nightly', time }, ports)).outcome).toBe('started before');
    expect((await readSchedule(store, 'nightly')).lastRun).toBe(run);
  });

  test('of the time before that comes late starts its run, and does not go back in the note', async () => {
    await startOnSchedule({ schedule: 'nightly', time }, ports);
    const late = await startOnSchedule({ schedule: 'nightly', time: '2026-11-24T02:30:00Z' }, ports);
    expect(late).toEqual({ run: '20261124-023000-000-nightly', outcome: 'started' });
    expect((await readSchedule(store, 'nightly')).lastRun).toBe(run);
  });

  test('while the run before still goes on starts nothing; its own copies change nothing', async () => {
    await startOnSchedule({ schedule: 'nightly', time }, ports);
    running.add(run);
    const next = { schedule: 'nightly', time: '2026-11-26T02:30:00Z' };
    expect(await startOnSchedule(next, ports)).toEqual({ run: null, outcome: 'still running' });
    expect((await startOnSchedule({ schedule: 'nightly', time }, ports)).outcome).toBe('started before');
    expect(executions.size).toBe(1);
    expect(await store.get(keys.request('20261126-023000-000-nightly'))).toBeUndefined();
    running.clear();
    expect((await startOnSchedule(next, ports)).outcome).toBe('started');
  });

  test('of a paused schedule starts nothing', async () => {
    await updateSchedule(store, 'nightly', (schedule) => ({ ...schedule, paused: true }));
    expect(await startOnSchedule({ schedule: 'nightly', time }, ports)).toEqual({ run: null, outcome: 'paused' });
    expect(executions.size).toBe(0);
    expect(await store.get(keys.request(run))).toBeUndefined();
  });

  test('of a schedule that was removed is an error, for the queue', async () => {
    await removeSchedule(store, 'nightly');
    await expect(startOnSchedule({ schedule: 'nightly', time }, ports)).rejects.toMatchObject({
      name: 'UnknownSchedule',
    });
    expect(executions.size).toBe(0);
  });

  test('while the schedule is being removed does not fail once its run is started', async () => {
    const { start } = ports;
    const removing: SchedulePorts = {
      ...ports,
      start: async (execution) => {
        await removeSchedule(store, 'nightly');
        return start(execution);
      },
    };
    expect(await startOnSchedule({ schedule: 'nightly', time }, removing)).toEqual({ run, outcome: 'started' });
  });
});

describe('a deployed schedule', () => {
  test('carries all that it runs, and takes no run from one of its name in the store', async () => {
    await startOnSchedule({ schedule: 'nightly', time }, ports);
    const event = { definition: { ...definition, seeds: 5 }, time };
    const deployed = '20261125-023000-001-nightly';
    expect(await startOnSchedule(event, ports)).toEqual({ run: deployed, outcome: 'started' });
    expect(await startOnSchedule(event, ports)).toEqual({ run: deployed, outcome: 'started before' });
    expect((await readRequest(store, deployed)).seeds).toBe(5);
    expect([...executions.keys()]).toEqual([run, deployed]);
    expect((await readSchedule(store, 'nightly')).lastRun).toBe(run);
  });

  test('is checked again', async () => {
    const event = { definition: { ...definition, name: '../x' }, time };
    await expect(startOnSchedule(event, ports)).rejects.toThrow(/named by lower-case letters/);
  });
});

describe('what is no firing', () => {
  test.each([
    null,
    [],
    'nightly',
    {},
    { schedule: 'nightly' },
    { time },
    { schedule: 7, time },
    // As it is where the service has not put the time in.
    { schedule: 'nightly', time: '<aws.scheduler.scheduled-time>' },
    { schedule: 'nightly', time: '2026-13-45T00:00:00Z' },
    { schedule: 'nightly', time, run: 'mine' },
    { schedule: 'nightly', definition, time },
    { version: '0', 'detail-type': 'Scheduled Event', detail: {} },
    { schedule: 'x'.repeat(1_000_000), time },
  ])('%#: is refused', async (event) => {
    await expect(startOnSchedule(event, ports)).rejects.toMatchObject({ name: 'InvalidRequest' });
    await expect(startOnSchedule(event, ports)).rejects.toThrow(/^A firing is \{ schedule, time \}/);
    expect(executions.size).toBe(0);
  });

  test.each(['../request', 'nightly/../nightly', '__proto__', 'NIGHTLY'])('%j is no schedule', async (schedule) => {
    await expect(startOnSchedule({ schedule, time }, ports)).rejects.toMatchObject({ name: 'UnknownSchedule' });
  });

  test('and a schedule that somebody broke is named', async () => {
    await store.put(keys.schedule('broken'), '{"name":"broken"}');
    await expect(startOnSchedule({ schedule: 'broken', time }, ports)).rejects.toThrow(
      /^schedules\/broken\.json is not a record/,
    );
  });
});
