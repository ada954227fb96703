/** `stepwise upload` and `stepwise subscription`, as a user calls them. */
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { main } from '../../cli/main.ts';
import { formatBytes, openUploadView, renderUpload } from '../../cli/upload-view.ts';
import type { DatasetManifest } from '../../lib/datasets/dataset.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { makeOwnDigits, mnistFileNames } from '../datasets/mnist-folder.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';
import { runCommand } from './run-command.ts';

/** In this process. */
async function call(...args: string[]) {
  const printed: string[] = [];
  const told: string[] = [];
  const terminal = {
    print: (text: string) => void printed.push(text.trimEnd()),
    tell: (line: string) => void told.push(line),
    draw: () => {},
    isInteractive: false,
    columns: 80,
  };
  const code = await main(args, terminal);
  return { code, stdout: printed.join('\n'), stderr: told.join('\n') };
}

async function readManifestOf(folder: string, dataset: string, version: string): Promise<DatasetManifest> {
  const object = await (await openStore(folder)).get(`datasets/${dataset}/${version}/_manifest.json`);
  return JSON.parse(new TextDecoder().decode(object!.body));
}

describe('upload', () => {
  test('sends what is not there, and says what it sent', async () => {
    const [store, digits] = [await newTemporaryFolder(), await makeOwnDigits(30, 10)];
    const first = await call('upload', 'mnist', digits, '--store', store);
    expect(first).toMatchObject({ code: 0 });
    const [, version] =
      /^mnist ([0-9a-f]{16}), stand-in: 4 files, 31\.4 kB\nsent 4 files, 31\.4 kB; 0 were there already$/.exec(
        first.stdout,
      )!;
    expect(first.stderr).toContain('what is made of it says stand-in');
    const manifest = await readManifestOf(store, 'mnist', version!);
    expect(manifest).toMatchObject({ name: 'mnist', version, origin: 'stand-in' });
    expect(manifest.files.map(({ name }) => name).sort()).toEqual([...mnistFileNames].sort());

    const second = await call('upload', 'mnist', digits, '--store', store, '--json');
    expect(JSON.parse(second.stdout)).toEqual({
      dataset: 'mnist',
      version,
      origin: 'stand-in',
      files: 4,
      bytes: 31_448,
      sent: { files: 0, bytes: 0 },
      kept: 4,
      runs: [],
    });

    // As after a kill just before the end.
    await rm(join(store, 'datasets/mnist', version!, '_manifest.json'));
    await rm(join(store, 'datasets/mnist', version!, mnistFileNames[1]));
    await writeFile(join(store, 'datasets/mnist', version!, mnistFileNames[3]), Buffer.alloc(18));
    const third = JSON.parse((await call('upload', 'mnist', digits, '--store', store, '--json')).stdout);
    expect(third).toMatchObject({ version, sent: { files: 2, bytes: 56 }, kept: 2 });
    expect(await readManifestOf(store, 'mnist', version!)).toEqual(manifest);
  });

  test('that is interrupted exits with 130, leaves no manifest, and goes on', async () => {
    const [store, folder] = [await newTemporaryFolder(), await newTemporaryFolder()];
    const count = 400;
    for (let index = 0; index < count; index++) await writeFile(join(folder, `${index}.txt`), `${index}`);
    const args = ['upload', 'numbers', folder, '--as-is', '--store', store];
    let told = false;
    const interrupted = await runCommand(args, (stderr, kill) => {
      if (told || !stderr.includes('upload ')) return;
      told = true;
      kill('SIGINT');
    });
    expect(interrupted).toMatchObject({ code: 130, stdout: '' });
    const [, there] = /Interrupted: (\d+) of 400 files are there/.exec(interrupted.stderr)!;
    const [version] = await readdir(join(store, 'datasets/numbers'));
    const names = await readdir(join(store, 'datasets/numbers', version!));
    expect(names).toHaveLength(Number(there));
    expect(names).not.toContain('_manifest.json');
    const again = JSON.parse((await call(...args, '--json')).stdout);
    expect(again).toMatchObject({ version, sent: { files: count - Number(there) }, kept: Number(there) });
    expect((await readManifestOf(store, 'numbers', version!)).files).toHaveLength(count);
  });

  test.each([
    [['mnist', 'EMPTY'], /Dataset 'mnist' is missing: .* has no train-images-idx3-ubyte/],
    [['mnist', 'EMPTY/none'], /there is no folder/],
    [['minst', 'EMPTY'], /There is no importer for a dataset 'minst'.*--as-is uploads a folder's files unchecked/],
    [['../mnist', 'EMPTY', '--as-is'], /a dataset is named by lower-case letters/],
    [['mnist', 'EMPTY', '--as-is'], /'mnist' has an importer/],
    [['numbers', 'EMPTY', '--as-is'], /has no files/],
    [['mnist', 'EMPTY', '--start', '--store', 's3://bucket'], /--start runs on this machine/],
    [['mnist', 'EMPTY', '--concurrency', '0'], /a whole number above 0/],
    [['mnist', 'EMPTY', '--concurrency', '51'], /It must be 50 at most/],
    [['mnist'], /missing required argument 'folder'/],
    [['mnist', 'EMPTY', '--data', 'EMPTY/none'], /--data must name a folder/],
  ])('%j exits with 2 and writes nothing', async (args, message) => {
    const empty = await newTemporaryFolder();
    const store = join(empty, '.store');
    const located = args.includes('--store') ? [] : ['--store', store];
    const result = await call('upload', ...args.map((arg) => arg.replace('EMPTY', empty)), ...located);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toMatch(message);
    expect(await readdir(empty)).toEqual([]);
  });

  test('shows files, bytes, pace and time left', () => {
    const progress = { files: 25, allFiles: 100, bytes: 5_000_000, allBytes: 10_000_000 };
    expect(renderUpload(progress, 0.2)).toBe('25/100 files, 5.0 MB of 10.0 MB');
    expect(renderUpload(progress, 10)).toBe('25/100 files, 5.0 MB of 10.0 MB, 500 kB/s, about 30 s left');
    expect(renderUpload({ ...progress, files: 100, bytes: 10_000_000 }, 10)).toBe(
      '100/100 files, 10.0 MB of 10.0 MB, 1.0 MB/s',
    );
    expect([0, 999, 1_000, 99_940, 999_600, 2.5e12].map(formatBytes)).toEqual([
      ...['0 B', '999 B', '1.0 kB', '99.9 kB', '1.0 MB', '2.5 TB'],
    ]);
    const drawn: string[] = [];
    const terminal = {
      print() {},
      tell() {},
      draw: (text: string) => void drawn.push(text),
      isInteractive: true,
      columns: 50,
    };
    let now = 0;
    const view = openUploadView(terminal, () => now);
    now = 10_000;
    view.update(progress);
    view.close(progress);
    expect(drawn).toHaveLength(2);
    expect(drawn[0]).toMatch(/\r\S+█{9}░{15} 25\/100 files, 5\.0 MB of…\n$/u);
  });
});

describe('subscription', () => {
  test('is added, listed, refused twice and removed', async () => {
    const store = await newTemporaryFolder();
    const experiment = 'learned-optimizers/mnist';
    const ask = (...args: string[]) => call('subscription', ...args, '--store', store);
    expect(
      await ask(
        'add',
        'mnist',
        experiment,
        '--preset',
        'smoke',
        '--seeds',
        '2',
        '--budget',
        '0.5',
        '--set',
        'episodes=3',
      ),
    ).toMatchObject({
      code: 0,
      stdout: `Each new version of mnist starts ${experiment} (smoke, episodes=3, 2 seeds, for $0.50 at most)`,
    });
    expect(await ask('add', 'mnist', experiment, '--preset', 'smoke')).toMatchObject({ code: 2 });
    expect(JSON.parse((await ask('list', '--json')).stdout)).toEqual([
      { dataset: 'mnist', experiment, preset: 'smoke', overrides: { episodes: 3 }, seeds: 2, budgetUsDollars: 0.5 },
    ]);
    expect((await ask('list', 'mnist')).stdout).toMatch(
      /mnist +learned-optimizers\/mnist +smoke +episodes=3 +2 +\$0\.50/,
    );
    expect((await ask('list', 'cifar-10')).stdout).toMatch(/^There are no subscriptions/);
    expect(await ask('remove', 'mnist', experiment, '--preset', 'paper')).toMatchObject({ code: 2 });
    expect((await ask('remove', 'mnist', experiment)).stdout).toMatch(/\(smoke\) no longer; its runs stay$/);
    expect((await ask('list')).stdout).toMatch(/^There are no subscriptions/);
  });

  test.each([
    [['mnist', 'learned-optimizers/minst'], /There is no experiment.*Did you mean 'learned-optimizers\/mnist'/],
    [['cifar-10', 'learned-optimizers/mnist'], /does not read 'cifar-10'.*It reads: mnist/],
    [['mnist', 'learned-optimizers/quadratics'], /It reads: no dataset/],
    [['mnist', 'learned-optimizers/mnist', '--preset', 'smok'], /Did you mean 'smoke'/],
    [['mnist', 'learned-optimizers/mnist', '--set', 'episode=3'], /has no parameter 'episode'/],
    [['mnist', 'learned-optimizers/mnist', '--budget', '0'], /above 0/],
    [['../mnist', 'learned-optimizers/mnist'], /a dataset is named by lower-case letters/],
  ])('of %j is refused, and nothing is kept', async (args, message) => {
    const store = join(await newTemporaryFolder(), 'store');
    const result = await call('subscription', 'add', ...args, '--store', store);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toMatch(message);
    await expect(readdir(store)).rejects.toThrow('ENOENT');
  });
});
