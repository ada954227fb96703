/** `stepwise schedule add|list|pause|resume|remove`, as a user calls them. */
import { beforeEach, describe, expect, test } from 'vitest';
import { type AddOptions, addSchedule, remove, setPaused } from '../../cli/commands/schedule.ts';
import { main } from '../../cli/main.ts';
import type { SchedulerClient } from '../../cli/scheduler-client.ts';
import type { SchedulerEntry } from '../../lib/pipeline/schedules/scheduler-entry.ts';
import { listScheduleNames, readSchedule } from '../../lib/pipeline/schedules/schedules.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';

const experiment = 'learned-optimizers/quadratics';

function listen() {
  const printed: string[] = [];
  const told: string[] = [];
  const terminal = {
    print: (text: string) => void printed.push(text.trimEnd()),
    tell: (line: string) => void told.push(line),
    draw: () => {},
    isInteractive: false,
    columns: 120,
  };
  return { terminal, stdout: () => printed.join('\n'), stderr: () => told.join('\n') };
}

describe('in a folder', () => {
  let store: string;
  beforeEach(async () => {
    store = await newTemporaryFolder();
  });

  async function schedule(...args: string[]) {
    const { terminal, stdout, stderr } = listen();
    const code = await main(['schedule', ...args, '--store', store], terminal);
    return { code, stdout: stdout(), stderr: stderr() };
  }
  const names = async () => listScheduleNames(await openStore(store));

  test('a schedule is added, listed, paused, resumed and removed', async () => {
    const times = ['--cron', '0 3 * * 1', '--time-zone', 'Europe/Zurich'];
    const asked = [
      '--preset',
      'smoke',
      '--set',
      'hiddenUnits=8',
      '--seeds',
      '3',
      '--budget',
      '1.5',
      '--notify',
      'always',
    ];
    const added = await schedule('add', 'weekly', experiment, ...times, ...asked);
    expect(added).toMatchObject({ code: 0, stderr: expect.stringContaining('run-due') });
    expect(added.stdout).toMatch(
      /^weekly: learned-optimizers\/quadratics \(smoke\), 0 3 \* \* 1 Europe\/Zurich, next \d{4}-\d\d-\d\dT0[12]:00:00Z$/,
    );
    const { createdAt, ...kept } = await readSchedule(await openStore(store), 'weekly');
    expect(Date.now() - Date.parse(createdAt)).toBeLessThan(600_000);
    expect(kept).toEqual({
      ...{ formatVersion: 1, name: 'weekly', experiment, preset: 'smoke', engine: 'local', paused: false },
      ...{ overrides: { hiddenUnits: 8 }, seeds: 3, budgetUsDollars: 1.5, notify: 'always' },
      times: { cron: '0 3 * * 1', timeZone: 'Europe/Zurich' },
    });

    await schedule('add', 'often', experiment, '--rate', '6 hours', '--preset', 'smoke');
    const lines = (await schedule('list')).stdout.split('\n').map((line) => line.trim().split(/\s{2,}/));
    expect(lines[0]).toEqual(['schedule', 'experiment', 'preset', 'times', 'engine', 'next', 'last run']);
    expect(lines.filter(([name]) => name === 'often' || name === 'weekly')).toEqual([
      ['often', experiment, 'smoke', 'every 6 hours', 'local', expect.stringMatching(/Z$/), '–'],
      ['weekly', experiment, 'smoke', '0 3 * * 1 Europe/Zurich', 'local', expect.stringMatching(/Z$/), '–'],
    ]);
    const json = JSON.parse((await schedule('list', '--json')).stdout);
    expect(json[1]).toMatchObject({ name: 'weekly', next: expect.stringMatching(/^\d{4}-/) });

    expect(await schedule('pause', 'weekly')).toMatchObject({ code: 0, stdout: 'weekly: paused' });
    expect(JSON.parse((await schedule('list', '--json')).stdout)[1]).toMatchObject({ paused: true, next: null });
    expect((await schedule('resume', 'weekly')).stdout).toMatch(/^weekly: goes on, next /);
    const resumed = await readSchedule(await openStore(store), 'weekly');
    expect(resumed.paused).toBe(false);
    // What came while it was paused is not made up for.
    expect(Date.now() - Date.parse(resumed.claimedAt!)).toBeLessThan(600_000);
    expect(await schedule('remove', 'weekly')).toMatchObject({ code: 0, stdout: 'weekly: removed; its runs stay' });
    expect(await names()).toEqual(['often']);
  });

  test('one that somebody broke is said to be, and does not hide the others', async () => {
    await (await openStore(store)).put('schedules/broken.json', '{"name":"broken"}');
    await schedule('add', 'daily', experiment, '--rate', '1 day', '--preset', 'smoke');
    const { code, stdout, stderr } = await schedule('list', '--json');
    expect(JSON.parse(stdout).map(({ name }: { name: string }) => name)).toEqual(['daily']);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/^error: schedules\/broken\.json is not/),
    });
  });

  test('none is said to be none', async () => {
    expect(await schedule('list')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^There are no schedules/) });
    expect((await schedule('list', '--json')).stdout).toBe('[]');
  });

  test.each([
    [
      'an experiment with a slip',
      ['learned-optimizers/quadratic', '--rate', '1 day'],
      /Did you mean 'learned-optimizers\/quadratics'/,
    ],
    ['a parameter with a slip', [experiment, '--rate', '1 day', '--set', 'hidenUnits=5'], /Did you mean 'hiddenUnits'/],
    ['no times', [experiment], /needs its times: --cron .* or --rate/],
    ['two kinds of times', [experiment, '--rate', '1 day', '--cron', '0 3 * * *'], /cannot be used with/],
    ['a time zone for a rate', [experiment, '--rate', '1 day', '--time-zone', 'UTC'], /belongs to --cron/],
    ['a rate that is none', [experiment, '--rate', 'daily'], /a rate is such as '6 hours'/],
    ['times that never come', [experiment, '--cron', '0 0 31 2 *'], /never comes/],
    ['another engine', [experiment, '--rate', '1 day', '--engine', 'steam'], /local, aws/],
    ['no dollars', [experiment, '--rate', '1 day', '--budget', '0'], /above 0/],
    ['AWS without a bucket', [experiment, '--rate', '1 day', '--engine', 'aws'], /--engine aws needs --store s3:/],
    ['a data folder that is not there', [experiment, '--rate', '1 day', '--data', '/nonexistent'], /nonexistent/],
  ])('%s is refused with a sentence, and nothing is added', async (_, args, words) => {
    const { code, stdout, stderr } = await schedule('add', 'x', ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(words);
    expect(stderr).not.toMatch(/unexpected|^\s+at /m);
    expect(await names()).toEqual([]);
  });

  test('a name is taken once, and one that is none is refused everywhere', async () => {
    const add = (name: string) => schedule('add', name, experiment, '--rate', '1 day', '--preset', 'smoke');
    expect((await add('daily')).code).toBe(0);
    expect(await add('daily')).toMatchObject({ code: 2, stderr: expect.stringContaining('remove it first') });
    expect(await add('../daily')).toMatchObject({ code: 2, stderr: expect.stringContaining('lower-case') });
    for (const command of ['pause', 'resume', 'remove']) {
      const { code, stderr } = await schedule(command, '../schedules/daily');
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('There is no schedule') });
    }
    expect(await names()).toEqual(['daily']);
  });
});

describe('on AWS', () => {
  const target = [
    'arn:aws:lambda:eu-west-1:111122223333:function:start',
    'arn:aws:iam::111122223333:role/scheduler',
    'arn:aws:sqs:eu-west-1:111122223333:undelivered',
  ].join('|');
  const options = { store: 's3://bucket', scheduleTarget: target };
  const add: AddOptions = { ...options, engine: 'aws', preset: 'smoke', set: [], notify: 'changes', cron: '0 3 * * 1' };

  let store: MemoryObjectStore;
  let entries: Map<string, SchedulerEntry>;
  let world: { openStore(): Promise<MemoryObjectStore>; openClient(): Promise<SchedulerClient> };
  const { terminal } = listen();
  beforeEach(() => {
    store = new MemoryObjectStore();
    entries = new Map();
    const client: SchedulerClient = {
      async create(entry) {
        if (entries.has(entry.Name)) throw new Error('ConflictException');
        entries.set(entry.Name, entry);
      },
      async update(entry) {
        if (!entries.has(entry.Name)) throw new Error('ResourceNotFoundException');
        entries.set(entry.Name, entry);
      },
      remove: async (name) => void entries.delete(name),
    };
    world = { openStore: async () => store, openClient: async () => client };
  });

  test('a schedule has an entry from beginning to end', async () => {
    expect(await addSchedule('weekly', experiment, add, terminal, world)).toBe(0);
    expect(await readSchedule(store, 'weekly')).toMatchObject({ engine: 'aws', paused: false });
    expect(entries.get('weekly')).toMatchObject({
      ...{ ScheduleExpression: 'cron(0 3 ? * MON *)', State: 'ENABLED' },
      Target: { Arn: target.split('|')[0], Input: expect.stringContaining('"schedule":"weekly"') },
    });
    await setPaused('weekly', true, options, terminal, world);
    expect(entries.get('weekly')!.State).toBe('DISABLED');
    expect((await readSchedule(store, 'weekly')).paused).toBe(true);
    await setPaused('weekly', false, options, terminal, world);
    expect(entries.get('weekly')!.State).toBe('ENABLED');
    await remove('weekly', options, terminal, world);
    expect([entries.size, (await listScheduleNames(store)).length]).toEqual([0, 0]);
  });

  test('a schedule whose entry cannot be made is not kept', async () => {
    entries.set('weekly', {} as SchedulerEntry);
    await expect(addSchedule('weekly', experiment, add, terminal, world)).rejects.toThrow('ConflictException');
    expect(await listScheduleNames(store)).toEqual([]);
  });

  test('an entry is removed before its schedule, so that nothing fires that is not there', async () => {
    await addSchedule('weekly', experiment, add, terminal, world);
    const failing = {
      ...world,
      openClient: async () => ({
        ...(await world.openClient()),
        remove: () => Promise.reject(new Error('AccessDenied')),
      }),
    };
    await expect(remove('weekly', options, terminal, failing)).rejects.toThrow('AccessDenied');
    expect(await listScheduleNames(store)).toEqual(['weekly']);
  });

  test.each([
    '',
    target.split('|')[0]!,
    `${target}|x`,
    target.replace('lambda', 's3'),
    target.replace('111122223333', 'me'),
  ])('the target %j is refused', async (scheduleTarget) => {
    await expect(addSchedule('weekly', experiment, { ...add, scheduleTarget }, terminal, world)).rejects.toThrow(
      /the output ScheduleTarget/,
    );
    expect(await listScheduleNames(store)).toEqual([]);
  });
});
