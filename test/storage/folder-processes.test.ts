import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { randomStream } from '../../lib/numerics/random.ts';
import { withFolderLock } from '../../lib/storage/folder-lock.ts';
import { newOwnedName, ownerState } from '../../lib/storage/folder-owner.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { updateObject } from '../../lib/storage/update-object.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';
import { keysOf, textOf } from './object-store-contract.ts';

type Writer = ChildProcessByStdio<null, Readable, null>;

function startWriter(folder: string, ...words: string[]): Writer {
  const program = join(import.meta.dirname, 'folder-writer.ts');
  return spawn(process.execPath, [program, folder, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function outputOf(writer: Writer): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of writer.stdout) pieces.push(piece);
  if (writer.exitCode === null && writer.signalCode === null) await once(writer, 'exit');
  return Buffer.concat(pieces).toString();
}

test('of several processes that create one object, one wins', async () => {
  const folder = await newTemporaryFolder();
  const outputs = await Promise.all(Array.from({ length: 4 }, () => outputOf(startWriter(folder, 'claim'))));
  const winners = outputs.filter(Boolean);
  expect(winners).toHaveLength(1);
  expect(textOf((await (await openStore(folder)).get('claim'))!.body)).toBe(winners[0]);
});

test('processes add to one counter, and no increment is lost', async () => {
  const folder = await newTemporaryFolder();
  await Promise.all(Array.from({ length: 4 }, () => outputOf(startWriter(folder, 'increment', '10'))));
  expect(textOf((await (await openStore(folder)).get('counter'))!.body)).toBe('40');
});

test('writers killed at any moment leave whole objects, open locks and no litter', async () => {
  const folder = await newTemporaryFolder();
  const random = randomStream(1, 'kill');
  const kills = 12;
  for (let kill = 0; kill < kills; kill++) {
    const writer = startWriter(folder, 'overwrite');
    // From its first round on it is always in the middle of something.
    await once(writer.stdout, 'data');
    await sleep(random.uniformInteger(15));
    writer.kill('SIGKILL');
    await once(writer, 'exit');

    const store = await openStore(folder);
    for (const key of ['torn', 'gone']) {
      const body = (await store.get(key))?.body;
      if (body) expect(Buffer.alloc(300_000, body[0]!).equals(body)).toBe(true);
    }
    for (const key of await keysOf(store, '')) expect(['chain', 'gone', 'torn']).toContain(key);
    await store.put('torn', Buffer.alloc(300_000, 'a'));
    await store.delete('gone');
    await updateObject(store, 'chain', () => '.');
  }
  expect(await filesUnder(join(folder, '.writing'))).toEqual([]);
});

test('what a dead process left is cleared away, what a live or foreign one has in hand is not', async () => {
  const folder = await newTemporaryFolder();
  const writer = startWriter(folder, 'claim');
  await outputOf(writer);
  const parts = newOwnedName().split('.');
  const dead = ['11111111-dead', parts[1], writer.pid, '1'].join('.');
  // The number of a live process, but of an earlier one that had it.
  const reused = ['22222222-reused', parts[1], process.pid, '1'].join('.');
  const foreign = ['33333333-foreign', 'another-host', writer.pid, '1'].join('.');
  const live = newOwnedName();
  const hasProc = parts[3] !== '0';
  expect([dead, foreign, live].map(ownerState)).toEqual(['gone', 'unknown', 'running']);
  if (hasProc) expect(ownerState(reused)).toBe('gone');

  for (const name of [dead, foreign, live]) await writeFile(join(folder, '.writing', name), 'half an obj');
  await mkdir(join(folder, '.writing', 'locks', 'abc'), { recursive: true });
  await writeFile(join(folder, '.writing', 'locks', 'abc', dead), '');
  const store = await openStore(folder);
  expect(await keysOf(store, '')).toEqual(['claim']);
  await store.put('x', 'y');
  expect(await filesUnder(join(folder, '.writing'))).toEqual([foreign, live].sort());
});

test('a lock of a dead owner is opened, one of a live owner is waited for', async () => {
  const folder = await newTemporaryFolder();
  const lock = join(folder, 'lock');
  const writer = startWriter(await newTemporaryFolder(), 'claim');
  await outputOf(writer);
  await mkdir(lock);
  await writeFile(join(lock, ['uuid', newOwnedName().split('.')[1], writer.pid, '1'].join('.')), '');
  const order: string[] = [];
  let release = () => {};
  const first = withFolderLock(folder, lock, async () => {
    order.push('first in');
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    order.push('first out');
  });
  while (order.length === 0) await sleep(1);
  const second = withFolderLock(folder, lock, async () => {
    order.push('second in');
  });
  await sleep(30);
  release();
  await Promise.all([first, second]);
  expect(order).toEqual(['first in', 'first out', 'second in']);
  expect(await readdir(folder)).toEqual([]);
});

async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.flatMap((entry) => (entry.isFile() ? [entry.name] : [])).sort();
}
