/**
 * Batches of a plan: the list that a Distributed Map goes through, and one batch of it for a job or a Lambda, which gets a run
 * and a number and never the work itself. A job must not read a hundred thousand lines to find its own, so what lies beyond
 * the first page of the list also lies in pages of its own.
 */
import type { z } from 'zod';
import { readLines, writeLines } from '../storage/json-lines.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { InvalidRecord } from './errors.ts';
import { type BatchKind, keys } from './keys.ts';

/** Lines of a page: about a hundred kilobytes. */
export const batchesAPage = 500;

/** @param batches numbered from 1, in order */
export async function writeBatches(
  store: ObjectStore,
  run: string,
  kind: BatchKind,
  batches: readonly { readonly batch: number }[],
): Promise<void> {
  for (let start = batchesAPage; start < batches.length; start += batchesAPage) {
    const page = start / batchesAPage + 1;
    await writeLines(store, keys.batchPage(run, kind, page), batches.slice(start, start + batchesAPage));
  }
  // Last: whoever finds it finds the pages, too.
  await writeLines(store, keys.batches(run, kind), batches);
}

/** Throws InvalidRecord where the plan has no batch of that number, ObjectNotFound where there is no plan. */
export async function findBatch<T extends { readonly batch: number }>(
  store: ObjectStore,
  run: string,
  kind: BatchKind,
  number: number,
  schema: z.ZodType<T>,
): Promise<T> {
  const page = Math.ceil(number / batchesAPage);
  const isPaged = page > 1 && (await store.head(keys.batchPage(run, kind, page))) !== undefined;
  const key = isPaged ? keys.batchPage(run, kind, page) : keys.batches(run, kind);
  for await (const line of readLines(store, key, schema)) if (line.batch === number) return line;
  throw new InvalidRecord(key, `it has no batch ${number}`);
}
