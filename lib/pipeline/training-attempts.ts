/**
 * When a trial's training began: what makes a run's cost known while it goes, and not only at the end of each trial. An
 * attempt that fails is closed, because it was paid for; one that ends well has a record of its own (`keys.trainingRecord`);
 * one that was killed stays open until the next begins.
 */
import { z } from 'zod';
import type { ObjectStore } from '../storage/object-store.ts';
import { keys } from './keys.ts';
import { formatRecord, readRecord } from './records.ts';

const attemptSchema = z.strictObject({ startedAt: z.string(), finishedAt: z.string().optional() });

/** No job goes on for longer (infra/training-queue.ts): what is still open then was killed. */
const longestSeconds = 24 * 3600;

export async function recordAttempt<T>(
  store: ObjectStore,
  { run, digest, now }: { readonly run: string; readonly digest: string; readonly now: () => number },
  work: () => Promise<T>,
): Promise<T> {
  const key = keys.trainingAttempt(run, digest);
  const startedAt = new Date(now()).toISOString();
  await store.put(key, formatRecord({ startedAt }));
  try {
    return await work();
  } catch (error) {
    const finishedAt = new Date(now()).toISOString();
    // The error is what matters; without the end, the attempt counts as killed.
    await store.put(key, formatRecord({ startedAt, finishedAt })).catch(() => {});
    throw error;
  }
}

/**
 * Seconds of those attempts, summed, at trials that have no artifact.
 *
 * @param now milliseconds; up to when open attempts count. They do not where it is absent: the run does not go on
 */
export async function sumAttemptSeconds(
  store: ObjectStore,
  run: string,
  unfinished: ReadonlySet<string>,
  now?: number,
): Promise<number> {
  let sum = 0;
  if (unfinished.size === 0) return sum;
  for await (const { key } of store.list(keys.trainingAttemptsPrefix(run))) {
    if (
      !unfinished.has(
        key
          .split('/')
          .at(-1)!
          .replace(/\.json$/, ''),
      )
    )
      continue;
    const attempt = await readRecord(store, key, attemptSchema);
    if (!attempt) continue;
    const end = attempt.finishedAt === undefined ? now : Date.parse(attempt.finishedAt);
    if (end === undefined) continue;
    sum += Math.min(Math.max((end - Date.parse(attempt.startedAt)) / 1000, 0), longestSeconds);
  }
  return sum;
}
