/** How far a run has come, as whoever started it keeps writing it down; passed on as it is. */
import { z } from '@hono/zod-openapi';
import { InvalidRecord } from '../../pipeline/errors.ts';
import { keys } from '../../pipeline/keys.ts';
import { readRecord } from '../../pipeline/records.ts';
import type { ObjectStore } from '../../storage/object-store.ts';

export const runState = z
  .looseObject({
    run: z.string(),
    engine: z.enum(['local', 'aws']),
    status: z.enum(['running', 'succeeded', 'failed', 'interrupted']),
    updatedAt: z.string(),
    progress: z
      .looseObject({})
      .optional()
      .openapi({ description: 'Stages with items done, reused, resumed and failed; a curve; secondsLeft' }),
  })
  .openapi('RunState');

/** Undefined also where it cannot be read: nothing is computed from it. */
export async function readRunState(store: ObjectStore, run: string): Promise<z.infer<typeof runState> | undefined> {
  try {
    return await readRecord(store, keys.runState(run), runState);
  } catch (error) {
    if (error instanceof InvalidRecord) return undefined;
    throw error;
  }
}
