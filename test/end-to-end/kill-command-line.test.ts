/** SIGKILL of the whole command line at random moments of a run: `stepwise resume` goes on, to the same bits. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { randomStream } from '../../lib/numerics/random.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';
import { runStepwise, startStepwise } from './command-line.ts';

const experiment = ['run', 'learned-optimizers/quadratics', '--preset', 'smoke', '--set', 'episodes=40'];
const environment = { STEPWISE_CHECKPOINT_SECONDS: '0' };
const kills = 5;

it(`is killed ${kills} times, resumed each time, and measures and trains the same bits`, async () => {
  const folder = await newTemporaryFolder();
  const calm = join(folder, 'calm');
  const store = join(folder, 'killed');
  const undisturbed = await runStepwise([...experiment, '--store', calm], environment);

  const random = randomStream(2, 'kills');
  let run: string | undefined;
  for (let kill = 0; kill < kills; kill++) {
    const command = run === undefined ? experiment : ['resume', run];
    const { process: child, ended } = startStepwise([...command, '--store', store], environment);
    run ??= await firstRun(store);
    await sleep(random.uniform() * 1200);
    // Now the command line alone, whose jobs must then end by themselves, now with everything it started.
    process.kill(kill % 2 === 0 ? child.pid! : -child.pid!, 'SIGKILL');
    expect((await ended).code).toBeNull();
  }
  const resumed = await runStepwise(['resume', run!, '--store', store], environment);
  expect(resumed.status).toBe('succeeded');
  expect(resumed.run).toBe(run);
  expect(resumed.trials).toMatchObject({ ...undisturbed.trials, resumed: resumed.trials.resumed });
  expect(resumed.measurements).toEqual(undisturbed.measurements);
  expect(await artifacts(store)).toEqual(await artifacts(calm));
  // And there is nothing left to do.
  expect((await runStepwise(['resume', run!, '--store', store])).trials).toEqual(resumed.trials);
});

/** A run can be resumed from the moment its folder is there. */
async function firstRun(store: string): Promise<string> {
  for (;;) {
    const runs = existsSync(join(store, 'runs')) ? await readdir(join(store, 'runs')) : [];
    const found = runs.find((name) => existsSync(join(store, 'runs', name, 'request.json')));
    if (found) return found;
    await sleep(20);
  }
}

/** Every file of every artifact, by name. */
async function artifacts(store: string): Promise<Record<string, string>> {
  const names = await readdir(join(store, 'artifacts'), { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(
    files.sort().map(async (file) => [file.slice(store.length), await readFile(file, 'hex')]),
  );
  return Object.fromEntries(contents);
}
