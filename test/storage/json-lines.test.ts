import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { InvalidLine, ObjectNotFound, PreconditionFailed } from '../../lib/storage/errors.ts';
import { readLines, writeLines } from '../../lib/storage/json-lines.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import type { ObjectStore } from '../../lib/storage/object-store.ts';
import { collect, textOf } from './object-store-contract.ts';

const schema = z.strictObject({ name: z.string(), value: z.number() });

describe('JSON Lines', () => {
  test('come back as they were written, one a line', async () => {
    const store = new MemoryObjectStore();
    const records = Array.from({ length: 5000 }, (_, value) => ({ name: `é\n${value}`, value }));
    await writeLines(store, 'k', records, { ifNoneMatch: '*' });
    const text = textOf((await store.get('k'))!.body);
    expect(text.startsWith('{"name":"é\\n0","value":0}\n{"name":')).toBe(true);
    expect(text.endsWith('\n')).toBe(true);
    expect(await collect(readLines(store, 'k', schema))).toEqual(records);
    await expect(writeLines(store, 'k', [], { ifNoneMatch: '*' })).rejects.toThrow(PreconditionFailed);
    await writeLines(store, 'k', []);
    expect(await collect(readLines(store, 'k', schema))).toEqual([]);
  });

  test.each([1, 2, 7, 1000])('may be cut anywhere: pieces of %i bytes', async (pieceBytes) => {
    const bytes = Buffer.from('{"name":"日本","value":1}\n{"name":"","value":2}\n{"name":"no newline","value":3}');
    const lines = await collect(readLines(streaming(bytes, pieceBytes), 'k', schema));
    expect(lines.map(({ value }) => value)).toEqual([1, 2, 3]);
    expect(lines[0]!.name).toBe('日本');
  });

  test.each([
    ['{"name":"a","value":1}\n{"name":"a","val', 'Line 2'],
    ['{"name":"a","value":1}\n\n{"name":"a","value":1}\n', 'Line 2'],
    ['{"name":"a","value":"1"}\n', 'Line 1'],
    ['{"name":"a","value":1,"more":0}\n', 'Line 1'],
    [Buffer.from('{"name":"\xff","value":1}\n', 'latin1'), 'Line 1'],
  ])('%j is refused by its line', async (body, place) => {
    const store = new MemoryObjectStore();
    await store.put('runs/r/plan.jsonl', body);
    const error = await collect(readLines(store, 'runs/r/plan.jsonl', schema)).catch((caught) => caught);
    expect(error).toBeInstanceOf(InvalidLine);
    expect(error.message).toContain(`${place} of 'runs/r/plan.jsonl'`);
  });

  test('a list that is not there is no empty list', async () => {
    await expect(collect(readLines(new MemoryObjectStore(), 'k', schema))).rejects.toThrow(ObjectNotFound);
  });

  test('a line without end is refused before it fills the memory', async () => {
    let asked = 0;
    const endless = {
      async getStream() {
        return (async function* () {
          for (;;) {
            asked++;
            yield Buffer.alloc(1024 * 1024, 'x');
          }
        })();
      },
    } as unknown as ObjectStore;
    await expect(collect(readLines(endless, 'k', schema))).rejects.toThrow(InvalidLine);
    expect(asked).toBeLessThan(20);
  });

  test('are read and written piece by piece', async () => {
    let made = 0;
    let most = 0;
    const store = {
      async putStream(_key: string, body: AsyncIterable<Uint8Array>) {
        for await (const piece of body) most = Math.max(most, piece.length);
        return { etag: '' };
      },
    } as unknown as ObjectStore;
    await writeLines(
      store,
      'k',
      (function* () {
        for (; made < 50_000; made++) yield { name: 'x'.repeat(20), value: made };
      })(),
    );
    expect(made).toBe(50_000);
    expect(most).toBeLessThan(100_000);
  });
});

function streaming(bytes: Buffer, pieceBytes: number): ObjectStore {
  return {
    async getStream() {
      return (async function* () {
        for (let start = 0; start < bytes.length; start += pieceBytes) yield bytes.subarray(start, start + pieceBytes);
      })();
    },
  } as unknown as ObjectStore;
}
