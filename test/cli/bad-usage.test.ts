import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { newTemporaryFolder } from '../temporary-folder.ts';
import { runCommand } from './run-command.ts';

const mnist = 'learned-optimizers/mnist';

it.each([
  ['an experiment with a slip', ['run', 'learned-optimizers/mnits'], "Did you mean 'learned-optimizers/mnist'"],
  ['a preset with a slip', ['run', mnist, '--preset', 'laptpo'], "Did you mean 'laptop'"],
  [
    'a parameter that is none',
    ['run', mnist, '--preset', 'smoke', '--set', 'unrolSteps=2'],
    "Did you mean 'unrollSteps'",
  ],
  ['a parameter out of range', ['run', mnist, '--preset', 'smoke', '--set', 'unrollSteps=-3'], 'unrollSteps'],
  ['a parameter of another type', ['run', mnist, '--preset', 'smoke', '--set', 'unrollSteps=ten'], 'unrollSteps'],
  ['a setting without a value', ['run', mnist, '--set', 'unrollSteps'], 'key=value'],
  ['no number of seeds', ['run', mnist, '--seeds', '0'], 'whole number'],
  ['a data folder that is not there', ['run', mnist, '--preset', 'smoke', '--data', '/nonexistent'], '/nonexistent'],
  ['a backend that is none', ['run', mnist, '--backend', 'abacus'], 'wasm-relaxed'],
  ['AWS without a bucket', ['run', mnist, '--engine', 'aws'], '--store s3://'],
  ['an engine that is none', ['run', mnist, '--engine', 'steam'], 'local, aws'],
  ['an unknown command', ['rnu'], 'run'],
  ['an unknown option', ['list', '--jsno'], '--json'],
  ['an unknown run', ['show', 'nope'], "'nope'"],
  ['no run at all', ['show'], "'latest'"],
])('%s ends with 2, a sentence, and nothing written', async (_, args, words) => {
  const folder = await newTemporaryFolder();
  const store = args[0] === 'rnu' || args.includes('aws') ? [] : ['--store', join(folder, 'store')];
  const { code, stdout, stderr } = await runCommand([...args, ...store]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(words);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(await readdir(folder)).toEqual([]);
});

it('a store of a newer version is refused by every command', async () => {
  const store = await newTemporaryFolder();
  await writeFile(join(store, 'stepwise-store.json'), '{"formatVersion":99}');
  const { code, stderr } = await runCommand(['list', '--store', store]);
  expect(code).toBe(2);
  expect(stderr).toContain('99');
});
