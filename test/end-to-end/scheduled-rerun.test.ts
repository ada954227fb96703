/** Two schedules in a copy of the project: one line of layer-norm training is changed, and only what it makes is trained again. */
import { execFile } from 'node:child_process';
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { readRegression } from '../../lib/pipeline/regressions/regression-records.ts';
import { updateSchedule } from '../../lib/pipeline/schedules/schedules.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';

const projectRoot = resolve(import.meta.dirname, '../..');
const copied = ['lib', 'cli', 'functions', 'infra', 'package.json', 'package-lock.json', 'cdk.json'];
const changedModule = 'lib/layer-norm/training/draw.ts';

async function copyProject(): Promise<string> {
  const folder = join(await newTemporaryFolder(), 'project');
  for (const name of copied) await cp(join(projectRoot, name), join(folder, name), { recursive: true });
  await symlink(join(projectRoot, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

it('trains layer-norm artifacts only, names the module, tells once; then trains nothing and tells nobody', async () => {
  const project = await copyProject();
  const location = join(project, 'store');
  const stepwise = async (...args: string[]) => {
    const commandLine = [join(project, 'cli/stepwise.ts'), 'schedule', ...args, '--store', location];
    return (await promisify(execFile)(process.execPath, commandLine, { cwd: project })).stdout;
  };
  const store = await openStore(location);
  let round = 0;
  /** As if a day had gone by: the schedules' beginning is put back, each time a minute less far. */
  const runDue = async () => {
    const createdAt = new Date(Date.now() - 86_400_000 - (10 - round++) * 60_000).toISOString();
    for (const name of ['optimizers', 'draw']) {
      await updateSchedule(store, name, ({ claimedAt: _, ...schedule }) => ({ ...schedule, createdAt }));
    }
    const { runs } = JSON.parse(await stepwise('run-due', '--json'));
    return Object.fromEntries(runs.map((run: { schedule: string }) => [run.schedule, run]));
  };
  await stepwise('add', 'optimizers', 'learned-optimizers/quadratics', '--preset', 'smoke', '--rate', '1 day');
  await stepwise('add', 'draw', 'layer-norm/draw', '--preset', 'smoke', '--rate', '1 day');

  const first = await runDue();
  expect(first.optimizers).toMatchObject({ status: 'succeeded', change: 'the first run', reused: 0, messages: [] });
  expect(first.draw).toMatchObject({ status: 'succeeded', change: 'the first run', reused: 0, messages: [] });

  const source = await readFile(join(project, changedModule), 'utf8');
  expect(source).toContain('firstDecay: 0.9,');
  await writeFile(join(project, changedModule), source.replace('firstDecay: 0.9,', 'firstDecay: 0.5,'));
  const second = await runDue();
  const { trained } = first.optimizers;
  expect(trained).toBeGreaterThan(0);
  expect(second.optimizers).toMatchObject({ change: 'the same', trained: 0, reused: trained, messages: [] });
  expect(second.draw).toMatchObject({ trained: first.draw.trained, reused: 0 });
  expect(second.draw.change).toMatch(/numbers changed|verdict flipped/);
  expect(second.draw.messages).toHaveLength(1);
  expect(second.draw.messages[0]).toMatch(new RegExp(`training code \\w+ → \\w+.*: ${changedModule} changed\\n`));
  const report = (await readRegression(store, 'layer-norm/draw', second.draw.run))!;
  expect(report.previous.run).toBe(first.draw.run);
  expect(report.changes.length).toBeGreaterThan(0);
  expect(report.causes).toEqual({
    code: {
      training: { before: expect.any(String), now: expect.any(String) },
      evaluation: { before: expect.any(String), now: expect.any(String) },
      modules: [{ name: changedModule, change: 'changed', training: true }],
    },
    datasets: [],
    params: [],
  });
  expect(await readRegression(store, 'learned-optimizers/quadratics', second.optimizers.run)).toBeUndefined();

  const third = await runDue();
  for (const name of ['optimizers', 'draw']) {
    expect(third[name]).toMatchObject({ status: 'succeeded', change: 'the same', trained: 0, messages: [] });
  }
  expect(await stepwise('run-due')).toBe('');
});
