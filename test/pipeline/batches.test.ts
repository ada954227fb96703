import { expect, test } from 'vitest';
import { z } from 'zod';
import { batchesAPage, findBatch, writeBatches } from '../../lib/pipeline/batches.ts';
import { InvalidRecord } from '../../lib/pipeline/errors.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';

const schema = z.strictObject({ batch: z.number(), name: z.string() });
const batchesOf = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ batch: index + 1, name: `batch ${index + 1}` }));

/** Counts the bytes that are read. */
class CountingStore extends MemoryObjectStore {
  read = 0;

  override async getStream(key: string) {
    const counted = async function* (this: CountingStore, pieces: AsyncIterable<Uint8Array>) {
      for await (const piece of pieces) {
        this.read += piece.length;
        yield piece;
      }
    };
    return counted.call(this, await super.getStream(key));
  }
}

test.each([1, batchesAPage, batchesAPage + 1, 3 * batchesAPage, 3 * batchesAPage + 7])(
  'each of %i batches is found by its number',
  async (count) => {
    const store = new MemoryObjectStore();
    const batches = batchesOf(count);
    await writeBatches(store, 'run', 'train', batches);
    for (const number of new Set(
      [1, batchesAPage, batchesAPage + 1, 2 * batchesAPage, count].filter((one) => one <= count),
    )) {
      expect(await findBatch(store, 'run', 'train', number, schema)).toEqual(batches[number - 1]);
    }
    for (const number of [0, count + 1, count + batchesAPage]) {
      await expect(findBatch(store, 'run', 'train', number, schema)).rejects.toThrow(InvalidRecord);
    }
  },
);

test('finding one of a hundred thousand reads a page, and not the list', async () => {
  const store = new CountingStore();
  await writeBatches(store, 'run', 'evaluate', batchesOf(100_000));
  await findBatch(store, 'run', 'evaluate', 99_999, schema);
  expect(store.read).toBeLessThan(batchesAPage * 60);
});

test('lists of earlier versions, which have no pages, are read through', async () => {
  const store = new MemoryObjectStore();
  const lines = batchesOf(2 * batchesAPage).map((batch) => JSON.stringify(batch));
  await store.put('runs/run/plan.jsonl', lines.join('\n'));
  expect(await findBatch(store, 'run', 'train', batchesAPage + 3, schema)).toEqual({
    batch: batchesAPage + 3,
    name: `batch ${batchesAPage + 3}`,
  });
});
