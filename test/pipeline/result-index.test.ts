import { describe, expect, test } from 'vitest';
import { keys } from '../../lib/pipeline/keys.ts';
import { formatRecord } from '../../lib/pipeline/records.ts';
import {
  addToResultIndex,
  newestResults,
  type ResultIndexEntry,
  readResultIndex,
  volumeEntries,
} from '../../lib/pipeline/result-index.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import type { ObjectStore } from '../../lib/storage/object-store.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';

const entry = (number: number, change: Partial<ResultIndexEntry> = {}): ResultIndexEntry => ({
  run: `run-${number}`,
  experiment: `test/${number % 3}`,
  preset: 'smoke',
  outcome: 'holds',
  finishedAt: new Date(Date.UTC(2026, 0, 1) + number * 1000).toISOString(),
  ...change,
});
const entries = (count: number) => Array.from({ length: count }, (_, number) => entry(number));

/** An index as one file, which earlier versions wrote whatever its length. */
async function fill(store: ObjectStore, count: number): Promise<void> {
  await store.put(keys.resultIndex(), formatRecord({ formatVersion: 1, runs: entries(count) }));
}

async function collect(store: ObjectStore, most = Number.POSITIVE_INFINITY): Promise<ResultIndexEntry[]> {
  const found: ResultIndexEntry[] = [];
  for await (const one of newestResults(store)) {
    if (found.length >= most) break;
    found.push(one);
  }
  return found;
}

/** Counts what is read and written. */
class CountingStore extends MemoryObjectStore {
  reads: string[] = [];
  writtenBytes = 0;

  override get(key: string) {
    this.reads.push(key);
    return super.get(key);
  }

  override put(...[key, body, condition]: Parameters<ObjectStore['put']>) {
    this.writtenBytes += body.length;
    return super.put(key, body, condition);
  }
}

describe('the index of results', () => {
  test('has every run once, in the order in which they finished, however they were added', async () => {
    const store = new MemoryObjectStore();
    for (const number of [3, 1, 2]) await addToResultIndex(store, entry(number));
    await addToResultIndex(store, entry(1, { outcome: 'does not hold', finishedAt: entry(9).finishedAt }));
    const index = await readResultIndex(store);
    expect(index.map(({ run }) => run)).toEqual(['run-2', 'run-3', 'run-1']);
    expect(index.at(-1)!.outcome).toBe('does not hold');
    expect(await collect(store)).toEqual(index.toReversed());
  });

  test('is empty where no run has finished', async () => {
    const store = new MemoryObjectStore();
    expect([await readResultIndex(store), await collect(store)]).toEqual([[], []]);
  });

  test.each([
    ['memory', async () => new MemoryObjectStore()],
    ['a folder', async () => openStore(await newTemporaryFolder())],
  ])('loses none of 50 that are added at one time, while volumes are written, in %s', async (_, open) => {
    const store: ObjectStore = await open();
    const before = 2 * volumeEntries - 20;
    await fill(store, before);
    await Promise.all(Array.from({ length: 50 }, (_, more) => addToResultIndex(store, entry(before + more))));
    expect(await readResultIndex(store)).toEqual(entries(before + 50));
  });

  test('moves the oldest into volumes, and reads them only where somebody goes on to them', async () => {
    const store = new CountingStore();
    const count = 5 * volumeEntries + 100;
    await fill(store, count);
    await addToResultIndex(store, entry(count));
    expect(await readResultIndex(store)).toEqual(entries(count + 1));
    store.reads = [];
    expect(await collect(store, 500)).toEqual(
      entries(count + 1)
        .reverse()
        .slice(0, 500),
    );
    expect(store.reads).toEqual([keys.resultIndex()]);
  });

  test('writes as little after a hundred thousand runs as after two thousand', async () => {
    const written = async (count: number) => {
      const store = new CountingStore();
      await fill(store, count);
      await addToResultIndex(store, entry(count));
      store.writtenBytes = 0;
      await addToResultIndex(store, entry(count + 1));
      return store.writtenBytes;
    };
    expect(await written(100_000)).toBeLessThan(1.1 * (await written(2 * volumeEntries - 1)));
  });

  test('has a run that finished again after its volume was written once, as it last was', async () => {
    const store = new MemoryObjectStore();
    await fill(store, 3 * volumeEntries);
    const again = entry(5, { outcome: 'inconclusive', finishedAt: entry(10 * volumeEntries).finishedAt });
    await addToResultIndex(store, again);
    const index = await readResultIndex(store);
    expect(index).toHaveLength(3 * volumeEntries);
    expect(index.filter(({ run }) => run === again.run)).toEqual([again]);
    expect(await collect(store)).toEqual(index.toReversed());
  });

  test('of a writer that died after it wrote a volume is whole, and goes on', async () => {
    class DyingStore extends MemoryObjectStore {
      alive = false;
      override async put(...[key, body, condition]: Parameters<ObjectStore['put']>) {
        if (!this.alive && key === keys.resultIndex() && condition && 'ifMatch' in condition) throw new Error('killed');
        return super.put(key, body, condition);
      }
    }
    const store = new DyingStore();
    const count = 2 * volumeEntries;
    await fill(store, count);
    await expect(addToResultIndex(store, entry(count))).rejects.toThrow('killed');
    expect(await readResultIndex(store)).toEqual(entries(count));
    store.alive = true;
    await addToResultIndex(store, entry(count));
    await addToResultIndex(store, entry(count + 1));
    expect(await readResultIndex(store)).toEqual(entries(count + 2));
  });

  test('says which volume is gone', async () => {
    const store = new MemoryObjectStore();
    await fill(store, 3 * volumeEntries);
    await addToResultIndex(store, entry(3 * volumeEntries));
    for await (const { key } of store.list('results/index/')) await store.delete(key);
    await expect(readResultIndex(store)).rejects.toThrow(/results\/index\/[0-9a-f]{32}\.json.*the index names it/);
  });
});
