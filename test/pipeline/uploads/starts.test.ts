import { describe, expect, test } from 'vitest';
import { keys } from '../../../lib/pipeline/keys.ts';
import { runRequestSchema } from '../../../lib/pipeline/request.ts';
import { claimStart, keepRequest, markStarted, takeOverClaim } from '../../../lib/pipeline/uploads/starts.ts';
import { MemoryObjectStore } from '../../../lib/storage/memory-object-store.ts';

const at = (minute: number) => new Date(Date.UTC(2026, 10, 25, 12, minute));
const digest = '0123456789abcdef0123456789abcdef';

describe('a claim', () => {
  test('belongs to one of any number, and all learn its run', async () => {
    const store = new MemoryObjectStore();
    const claims = await Promise.all(
      Array.from({ length: 50 }, (_, index) => claimStart(store, digest, `run-${index}`, at(0))),
    );
    const [winner, ...others] = claims.filter(({ isNew }) => isNew);
    expect(others).toEqual([]);
    expect(new Set(claims.map(({ run }) => run))).toEqual(new Set([winner!.run]));
  });

  test('is marked for good', async () => {
    const store = new MemoryObjectStore();
    await markStarted(store, await claimStart(store, digest, 'one', at(0)), at(1));
    expect(await claimStart(store, digest, 'two', at(2))).toMatchObject({
      ...{ isNew: false, run: 'one' },
      claimedAt: at(0).toISOString(),
      startedAt: at(1).toISOString(),
    });
  });

  test('that was left can be taken over by one, and by none once it was started', async () => {
    const store = new MemoryObjectStore();
    await claimStart(store, digest, 'one', at(0));
    const found = await claimStart(store, digest, 'two', at(1));
    const taken = await Promise.all([1, 2, 3].map((minute) => takeOverClaim(store, found, at(minute))));
    expect(taken.filter(Boolean)).toHaveLength(1);
    const claim = await claimStart(store, digest, 'three', at(4));
    expect(claim.run).toBe('one');
    await markStarted(store, claim, at(5));
    expect(await takeOverClaim(store, claim, at(6))).toBe(false);
  });

  test('that somebody broke is named', async () => {
    const store = new MemoryObjectStore();
    await store.put(keys.startClaim(digest), '{"run":"../x"}');
    await expect(claimStart(store, digest, 'one', at(0))).rejects.toThrow(/^starts\/\w+\.json is not a record/);
  });
});

test('of two requests for one run the first is kept, and both get it', async () => {
  const store = new MemoryObjectStore();
  const request = (seeds: number) => runRequestSchema.parse({ run: 'r', experiment: 'a/b', preset: 'smoke', seeds });
  expect(await keepRequest(store, request(1))).toEqual(request(1));
  expect(await keepRequest(store, request(2))).toEqual(request(1));
});
