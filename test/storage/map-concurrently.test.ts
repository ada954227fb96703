import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { mapConcurrently } from '../../lib/storage/map-concurrently.ts';

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

it('keeps the items’ order, however long each takes, and no more under way than allowed', async () => {
  let [underWay, most] = [0, 0];
  const items = Array.from({ length: 20 }, (_, index) => index);
  const work = async (item: number) => {
    most = Math.max(most, ++underWay);
    await sleep((item * 7) % 5);
    underWay--;
    return 2 * item;
  };
  expect(await collect(mapConcurrently(items, work, 4))).toEqual(items.map((item) => 2 * item));
  expect(most).toBe(4);
});

it('fails with the first failure in the items’ order, and begins no more', async () => {
  const begun: number[] = [];
  const work = async (item: number) => {
    begun.push(item);
    await sleep(item === 1 ? 10 : 0);
    if (item === 1 || item === 2) throw new Error(`no ${item}`);
  };
  await expect(collect(mapConcurrently([0, 1, 2, 3, 4, 5, 6], work, 3))).rejects.toThrow('no 1');
  expect(begun).toEqual([0, 1, 2, 3]);
});

it('is nothing for nothing', async () => {
  expect(await collect(mapConcurrently([], async () => 1))).toEqual([]);
});
