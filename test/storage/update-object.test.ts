import { expect, test } from 'vitest';
import { PreconditionFailed, UpdateConflict } from '../../lib/storage/errors.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { updateObject } from '../../lib/storage/update-object.ts';
import { textOf } from './object-store-contract.ts';

test.each([undefined, 'before'])('decides anew with what another writer has left (at first: %s)', async (before) => {
  const store = new MemoryObjectStore();
  if (before) await store.put('k', before);
  const seen: (string | undefined)[] = [];
  await updateObject(store, 'k', async (current) => {
    seen.push(current && textOf(current));
    if (seen.length === 1) await store.put('k', 'theirs');
    return `${current ? textOf(current) : ''} and ours`;
  });
  expect(seen).toEqual([before, 'theirs']);
  expect(textOf((await store.get('k'))!.body)).toBe('theirs and ours');
});

test('gives up by name where others are always faster, and at once where `next` throws', async () => {
  const store = new MemoryObjectStore();
  let attempts = 0;
  store.put = async (key) => {
    attempts++;
    throw new PreconditionFailed(key, 'it has changed');
  };
  await expect(updateObject(store, 'k', () => 'x', { mostAttempts: 5 })).rejects.toThrow(UpdateConflict);
  expect(attempts).toBe(5);
  await expect(
    updateObject(store, 'k', () => {
      throw new Error('not this one');
    }),
  ).rejects.toThrow('not this one');
  expect(attempts).toBe(5);
});
