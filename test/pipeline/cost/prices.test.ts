import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultPrices, parsePrices, priceTableSchema, readPrices } from '../../../lib/pipeline/cost/prices.ts';
import { InvalidPrices } from '../../../lib/pipeline/errors.ts';
import { keys } from '../../../lib/pipeline/keys.ts';
import { MemoryObjectStore } from '../../../lib/storage/memory-object-store.ts';

describe('prices of one’s own', () => {
  it('replace what they name and leave the rest', () => {
    const gpuInstanceHourSpot = { usDollars: 0.19, source: 'the console, this morning' };
    const table = parsePrices(JSON.stringify({ asOf: '2026-12-01', prices: { gpuInstanceHourSpot } }), 'a file');
    expect(table).toEqual({
      ...defaultPrices,
      asOf: '2026-12-01',
      prices: { ...defaultPrices.prices, gpuInstanceHourSpot },
    });
    expect(priceTableSchema.parse(table)).toEqual(table);
  });

  it.each([
    ['no JSON', '{', 'a file is not a price table: it is not JSON'],
    ['no day', '{"prices":{}}', 'asOf'],
    ['a misspelt price', '{"asOf":"2026-12-01","prices":{"gpuHour":{"usDollars":1,"source":"x"}}}', 'gpuHour'],
    ['a negative price', '{"asOf":"2026-12-01","prices":{"lambdaRequest":{"usDollars":-1,"source":"x"}}}', '>=0'],
    ['no source', '{"asOf":"2026-12-01","prices":{"lambdaRequest":{"usDollars":1}}}', 'source'],
    ['euros', '{"asOf":"2026-12-01","currency":"EUR","prices":{}}', 'currency'],
  ])('are refused with %s', (_, text, message) => {
    expect(() => parsePrices(text, 'a file')).toThrow(InvalidPrices);
    expect(() => parsePrices(text, 'a file')).toThrow(message);
  });

  it('are documented as they are', async () => {
    const text = await readFile(join(import.meta.dirname, '../../../docs/cost.md'), 'utf8');
    expect(text).toContain(`List prices of ${defaultPrices.region} as of ${defaultPrices.asOf}`);
    const rows = [...text.matchAll(/^\| `(\w+)` \| ([\d.]+) \|/gm)].map(([, name, dollars]) => [name, Number(dollars)]);
    expect(Object.fromEntries(rows)).toEqual(
      Object.fromEntries(Object.entries(defaultPrices.prices).map(([name, { usDollars }]) => [name, usDollars])),
    );
    const [, example] = /```json\n(.*?)```/s.exec(text)!;
    expect(parsePrices(example!, 'the example').prices.gpuInstanceHourSpot.usDollars).toBe(0.19);
  });

  it('lie in the store, too', async () => {
    const store = new MemoryObjectStore();
    expect(await readPrices(store)).toBe(defaultPrices);
    await store.put(keys.prices(), '{"asOf":"2026-12-01","prices":{}}');
    expect(await readPrices(store)).toEqual({ ...defaultPrices, asOf: '2026-12-01' });
  });
});
