/** Read, change, write back, safe against concurrent writers: compare and swap, again until it holds. */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PreconditionFailed, UpdateConflict } from './errors.ts';
import type { ObjectStore } from './object-store.ts';

const longestPauseMilliseconds = 200;

/**
 * Replaces an object's content by what `next` makes of it; `next` gets undefined where there is no object yet, and may
 * be called several times. Throws UpdateConflict where others are faster every time, and whatever `next` throws.
 */
export async function updateObject(
  store: ObjectStore,
  key: string,
  next: (current: Uint8Array | undefined) => Uint8Array | string | Promise<Uint8Array | string>,
  { mostAttempts = 200 }: { readonly mostAttempts?: number } = {},
): Promise<void> {
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const current = await store.get(key);
    const body = await next(current?.body);
    try {
      await store.put(key, body, current ? { ifMatch: current.etag } : { ifNoneMatch: '*' });
      return;
    } catch (error) {
      if (!(error instanceof PreconditionFailed)) throw error;
    }
    // Random pauses keep writers from meeting again and again.
    await sleep(randomInt(1, Math.min(longestPauseMilliseconds, 4 * (attempt + 2))));
  }
  throw new UpdateConflict(key, mostAttempts);
}
