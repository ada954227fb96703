/** Finds a batch in a plan: jobs and Lambdas get a run and a number, never the work itself. */
import type { z } from 'zod';
import { readLines } from '../storage/json-lines.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { InvalidRecord } from './errors.ts';

/** The line of a JSON Lines plan whose `batch` is this number. Throws InvalidRecord. */
export async function findBatch<T extends { readonly batch: number }>(
  store: ObjectStore,
  key: string,
  number: number,
  schema: z.ZodType<T>,
): Promise<T> {
  for await (const line of readLines(store, key, schema)) if (line.batch === number) return line;
  throw new InvalidRecord(key, `it has no batch ${number}`);
}
