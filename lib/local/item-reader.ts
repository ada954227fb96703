/** The Distributed Map's reader: JSON Lines from the store, a line an item, never the whole list at once. */
import { z } from 'zod';
import { readLines } from '../storage/json-lines.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { StateError } from './errors.ts';
import { countBytes, payloadLimitBytes } from './interpreter.ts';
import type { Json } from './template-resources.ts';

/** Yields the items in the file's order. Throws States.ItemReaderFailed, with the line's number. */
export async function* readItems(store: ObjectStore, key: string): AsyncGenerator<Json> {
  let number = 0;
  try {
    for await (const item of readLines(store, key, z.unknown())) {
      number++;
      const bytes = countBytes(item);
      if (bytes > payloadLimitBytes) {
        throw new Error(`Line ${number} of '${key}' has ${bytes} bytes, and an item may have ${payloadLimitBytes}.`);
      }
      yield item as Json;
    }
  } catch (error) {
    throw new StateError('States.ItemReaderFailed', error instanceof Error ? error.message : String(error));
  }
}
