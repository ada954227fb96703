import { expect, test } from 'vitest';
import { CpuSlots } from '../../lib/local/cpu-slots.ts';

/** Asks for cores in this order on two of them; each holder ends when told. */
function queue(wanted: readonly number[]) {
  const slots = new CpuSlots(2);
  const running = new Set<number>();
  const stops = wanted.map(() => new AbortController());
  const releases: (() => void)[] = [];
  const grants = wanted.map(async (cpus, index) => {
    const release = await slots.take(cpus, stops[index]!.signal);
    running.add(index);
    releases[index] = () => {
      running.delete(index);
      release();
    };
  });
  const settle = () => new Promise((done) => setImmediate(done));
  return { running, stops, grants, settle, end: (index: number) => releases[index]!() };
}

test('small jobs run two at a time, a large one alone, in the order they came', async () => {
  const { running, settle, end } = queue([1, 1, 2, 1, 1]);
  await settle();
  expect([...running]).toEqual([0, 1]);
  end(0);
  await settle();
  // One core is free, and the small jobs behind must not starve the large one.
  expect([...running]).toEqual([1]);
  end(1);
  await settle();
  expect([...running]).toEqual([2]);
  end(2);
  await settle();
  expect([...running]).toEqual([3, 4]);
});

test('a job that wants more cores than there are gets all of them', async () => {
  const { running, settle } = queue([64, 1]);
  await settle();
  expect([...running]).toEqual([0]);
});

test('one that leaves the queue makes way for those behind it', async () => {
  const { running, stops, grants, settle } = queue([1, 2, 1]);
  const left = grants[1]!.catch((error: Error) => error.name);
  stops[1]!.abort();
  await settle();
  expect(await left).toBe('AbortError');
  expect([...running]).toEqual([0, 2]);
});
