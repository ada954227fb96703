/** `stepwise schedule run-due`, as cron calls it. What it does with a change is in test/end-to-end/scheduled-rerun.test.ts. */
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { main } from '../../cli/main.ts';
import { writeRunState } from '../../cli/run-state.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import {
  addSchedule,
  checkScheduleDefinition,
  readSchedule,
  type Schedule,
} from '../../lib/pipeline/schedules/schedules.ts';
import type { ObjectStore } from '../../lib/storage/object-store.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';
import { runCommand } from './run-command.ts';

let folder: string;
let store: ObjectStore;
beforeEach(async () => {
  folder = await newTemporaryFolder();
  store = await openStore(folder);
});

/** Made two days ago and not run since, so that it is due. */
async function add(name: string, experiment: string, changes: Partial<Schedule> = {}): Promise<void> {
  const preset = 'smoke';
  await addSchedule(store, {
    ...checkScheduleDefinition({ name, experiment, preset, times: { rate: '1 day' } }),
    ...{ formatVersion: 1, engine: 'local', paused: false },
    createdAt: new Date(Date.now() - 2 * 86_400_000 - 60_000).toISOString(),
    ...changes,
  });
}

/** In this process. */
async function runDue(...args: string[]) {
  const printed: string[] = [];
  const told: string[] = [];
  const terminal = {
    print: (text: string) => void printed.push(text),
    tell: (line: string) => void told.push(line),
    draw: () => {},
    isInteractive: false,
    columns: 80,
  };
  const code = await main(['schedule', 'run-due', '--store', folder, ...args], terminal);
  return { code, stdout: printed.join('\n'), stderr: told.join('\n') };
}

const quadratics = 'learned-optimizers/quadratics';
/** That was there when the schedule was made. */
const gone = ['old', 'learned-optimizers/gone'] as const;

describe('two crons at once', () => {
  test('run each due time once, the others in spite of those that fail', async () => {
    await store.put(keys.schedule('a-broken'), '{"name":"a-broken"}');
    await add(...gone);
    await add('small', quadratics);
    const command = ['schedule', 'run-due', '--store', folder, '--json'];
    const results = await Promise.all([runCommand(command), runCommand(command)]);
    // Both met the broken one.
    expect(results.map(({ code }) => code)).toEqual([1, 1]);
    const runs = results.flatMap(({ stdout }) => JSON.parse(stdout).runs);
    expect(runs).toEqual([
      expect.objectContaining({
        schedule: 'small',
        status: 'succeeded',
        change: 'the first run',
        reused: 0,
        messages: [],
        sent: 0,
      }),
    ]);
    const { lastRun, claimedAt } = await readSchedule(store, 'small');
    expect([lastRun, claimedAt]).toEqual([runs[0].run, runs[0].due]);
    const stderr = results.map((result) => result.stderr).join('');
    expect(stderr.match(/^error: a-broken: schedules\/a-broken\.json is not a record/gm)).toHaveLength(2);
    expect(stderr.match(/^error: old: There is no experiment 'learned-optimizers\/gone'/gm)).toHaveLength(1);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe('nothing is started', () => {
  test('where nothing is due', async () => {
    await add('new', quadratics, { createdAt: new Date().toISOString() });
    await add('paused', quadratics, { paused: true });
    await add('elsewhere', quadratics, { engine: 'aws' });
    await add('claimed', quadratics, { claimedAt: new Date().toISOString() });
    expect(await runDue()).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(JSON.parse((await runDue('--json')).stdout)).toEqual({ runs: [] });
  });

  test('while the run before still goes on, and the time is not lost for it', async () => {
    const lastRun = '20261101-000000-000-small';
    await add('small', quadratics, { lastRun });
    const state = { formatVersion: 1, run: lastRun, engine: 'local', status: 'running' } as const;
    await writeRunState(store, { ...state, updatedAt: new Date().toISOString() });
    expect(await runDue()).toEqual({
      ...{ code: 0, stdout: '' },
      stderr: `small: run ${lastRun} still goes on; this time waits for it.`,
    });
    expect((await readSchedule(store, 'small')).claimedAt).toBeUndefined();
  });
});

describe('a webhook', () => {
  const secret = 'https://127.0.0.1:9/services/secret-in-the-path';
  function setVariable(value: string): void {
    process.env.STEPWISE_TEST_WEBHOOK = value;
    onTestFinished(() => {
      delete process.env.STEPWISE_TEST_WEBHOOK;
    });
  }

  test('that takes nothing loses no message, fails no run, and is in no word', async () => {
    setVariable(secret);
    await add(...gone);
    const { code, stdout, stderr } = await runDue('--webhook-url-env', 'STEPWISE_TEST_WEBHOOK');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: The message was not delivered: no answer \(TypeError\)/m);
    expect(stderr).toMatch(/^error: old: There is no experiment 'learned-optimizers\/gone'/m);
    expect(stdout + stderr).not.toContain('secret-in-the-path');
    // Once a time that is due, not once a call.
    expect(await runDue('--webhook-url-env', 'STEPWISE_TEST_WEBHOOK')).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test.each([
    ['STEPWISE_TEST_NONE', undefined, /STEPWISE_TEST_NONE is not set/],
    ['STEPWISE_TEST_WEBHOOK', 'http://example.org/secret-in-the-path', /STEPWISE_TEST_WEBHOOK holds something else/],
    [secret, undefined, /that one is not set/],
  ])('named by %s is refused before anything runs', async (variable, value, words) => {
    if (value) setVariable(value);
    await add('small', quadratics);
    const { code, stderr } = await runDue('--webhook-url-env', variable);
    expect(code).toBe(2);
    expect(stderr).toMatch(words);
    expect(stderr).not.toContain('secret-in-the-path');
    expect((await readSchedule(store, 'small')).claimedAt).toBeUndefined();
  });
});
