/**
 * Starting a run once for something that may be heard of many times, by many at once, in any order, with a crash at any
 * point: a claim in the store gives it the name of its run for ever, and whoever comes later goes on from where the first
 * one stopped.
 */
import { z } from 'zod';
import { PreconditionFailed } from '../../storage/errors.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { InvalidRecord } from '../errors.ts';
import { keys } from '../keys.ts';
import { formatRecord, parseRecord, requireRecord } from '../records.ts';
import { type RunRequest, runRequestSchema } from '../request.ts';

const claimSchema = z.strictObject({
  formatVersion: z.literal(1),
  run: z.string(),
  claimedAt: z.iso.datetime(),
  /** Absent where the starter has not come so far, or died on the way. */
  startedAt: z.iso.datetime().optional(),
});

export interface StartClaim {
  readonly digest: string;
  /** The name proposed by whoever claimed first. */
  readonly run: string;
  readonly claimedAt: string;
  readonly startedAt?: string | undefined;
  /** Whether this call claimed it. */
  readonly isNew: boolean;
  readonly etag: string;
}

/** Of any number that ask, at once or years apart, one gets its own proposal and all get the same run. */
export async function claimStart(store: ObjectStore, digest: string, proposed: string, now: Date): Promise<StartClaim> {
  const key = keys.startClaim(digest);
  const claim = { formatVersion: 1, run: proposed, claimedAt: now.toISOString() } as const;
  try {
    const { etag } = await store.put(key, formatRecord(claim), { ifNoneMatch: '*' });
    return { ...claim, digest, etag, isNew: true };
  } catch (error) {
    if (!(error instanceof PreconditionFailed)) throw error;
  }
  const object = await store.get(key);
  if (!object) throw new InvalidRecord(key, 'it was there a moment ago and is gone');
  const found = parseRecord(key, new TextDecoder().decode(object.body), claimSchema);
  return { ...found, digest, etag: object.etag, isNew: false };
}

/**
 * For where nothing else says whether the claimed run was ever begun: of all that ask for it at once, one gets true, and
 * the claim is as old as that.
 */
export async function takeOverClaim(store: ObjectStore, claim: StartClaim, now: Date): Promise<boolean> {
  const { digest, run, etag } = claim;
  try {
    const renewed = { formatVersion: 1, run, claimedAt: now.toISOString() };
    await store.put(keys.startClaim(digest), formatRecord(renewed), { ifMatch: etag });
    return true;
  } catch (error) {
    if (error instanceof PreconditionFailed) return false;
    throw error;
  }
}

/** From here on nobody starts it again: an execution's name alone would keep them from it for 90 days only. */
export async function markStarted(store: ObjectStore, claim: StartClaim, now: Date): Promise<void> {
  const { digest, run, claimedAt } = claim;
  await store.put(
    keys.startClaim(digest),
    formatRecord({ formatVersion: 1, run, claimedAt, startedAt: now.toISOString() }),
  );
}

/**
 * Keeps a run's request, so that `show`, `status` and `resume` know the run, and returns what is kept: of two that were
 * made of different settings the earlier one, so that nothing runs that the store does not say.
 */
export async function keepRequest(store: ObjectStore, request: RunRequest): Promise<RunRequest> {
  const key = keys.request(request.run);
  try {
    await store.put(key, formatRecord(request), { ifNoneMatch: '*' });
    return request;
  } catch (error) {
    if (!(error instanceof PreconditionFailed)) throw error;
    return requireRecord(store, key, runRequestSchema);
  }
}
