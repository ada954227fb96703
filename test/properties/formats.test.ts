/** Files and bodies from outside: read back as they were written, or refused by an error of ours; never anything else. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseBounded } from '../../lib/api/json-body.ts';
import { StepwiseError } from '../../lib/errors.ts';
import { decodeSafetensors, encodeSafetensors } from '../../lib/numerics/safetensors.ts';
import { checkCron, latestCronTime, nextCronTime } from '../../lib/pipeline/schedules/cron.ts';
import './seed.ts';

describe('safetensors', () => {
  const tensors = fc.dictionary(
    fc.string({ minLength: 1, maxLength: 12 }).filter((name) => name !== '__metadata__' && name !== '__proto__'),
    fc
      .array(fc.float({ noNaN: true }), { maxLength: 12 })
      .map((values) => ({ shape: [values.length], data: Float32Array.from(values) })),
    { maxKeys: 6 },
  );
  const metadata = fc.dictionary(
    fc.string({ minLength: 1 }).filter((name) => name !== '__proto__'),
    fc.string(),
    { maxKeys: 4 },
  );

  test('come back to the bit', () => {
    fc.assert(
      fc.property(tensors, metadata, (written, about) => {
        const read = decodeSafetensors(encodeSafetensors(written, about));
        expect(Object.keys(read.tensors).sort()).toEqual(Object.keys(written).sort());
        for (const [name, { shape, data }] of Object.entries(written)) {
          expect([...read.tensors[name]!.shape]).toEqual(shape);
          expect(read.tensors[name]!.data).toEqual(data);
        }
        expect({ ...read.metadata }).toEqual({ ...about });
      }),
      { numRuns: 1000 },
    );
  });

  test('that were damaged are refused by an error of ours, or are still tensors', () => {
    const whole = encodeSafetensors({ a: { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) } }, { kind: 'test' });
    const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(damage, fc.nat(whole.length), (changes, length) => {
        const bytes = Uint8Array.from(whole);
        for (const [place, value] of changes) bytes[place] = value;
        try {
          for (const { shape, data } of Object.values(decodeSafetensors(bytes.subarray(0, length)).tensors)) {
            expect(data.length).toBe(shape.reduce((product, size) => product * size, 1));
          }
        } catch (error) {
          expect(error).toBeInstanceOf(StepwiseError);
        }
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('a request’s JSON', () => {
  const names = new Set(['__proto__', 'constructor', 'prototype']);
  const hasForbidden = (value: unknown): boolean =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(value).some(([name, item]) => (!Array.isArray(value) && names.has(name)) || hasForbidden(item));

  test('is what JSON.parse makes of it, unless it names what must not be named', () => {
    const value = fc.jsonValue({ maxDepth: 6 });
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 1, '\t'), (sent, space) => {
        const text = JSON.stringify(sent, undefined, space);
        const parsed = JSON.parse(text);
        if (hasForbidden(parsed)) expect(() => parseBounded(Buffer.from(text))).toThrow(/must not have a property/);
        else expect(parseBounded(Buffer.from(text))).toEqual(parsed);
      }),
      { numRuns: 2000 },
    );
  });

  test('of any bytes is refused by an error of ours, or parses', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      '\\',
      '\\u',
      ':',
      ',',
      '1',
      '-',
      'e9',
      'null',
      ' ',
      '\u2028',
      'a',
      '\\"',
    );
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.array(pieces, { maxLength: 200 }).map((parts) => Buffer.from(parts.join(''))),
    );
    fc.assert(
      fc.property(bytes, (body) => {
        try {
          expect(parseBounded(body)).toEqual(JSON.parse(Buffer.from(body).toString()));
        } catch (error) {
          expect(error).toBeInstanceOf(StepwiseError);
        }
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('cron fields', () => {
  const field = (lowest: number, highest: number) =>
    fc.oneof(
      fc.constant('*'),
      fc.integer({ min: lowest, max: highest }).map(String),
      fc.integer({ min: 2, max: 20 }).map((step) => `*/${step}`),
      fc
        .tuple(fc.integer({ min: lowest, max: highest }), fc.integer({ min: lowest, max: highest }))
        .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    );
  /** Whether a number is in a field, read as crontab(5) says. */
  const matches = (text: string, value: number, lowest: number): boolean => {
    if (text === '*') return true;
    if (text.startsWith('*/')) return (value - lowest) % Number(text.slice(2)) === 0;
    const [from, to = from] = text.split('-').map(Number);
    return value >= from! && value <= to!;
  };

  test('mean the next minute that they name, in UTC, and no earlier one', () => {
    fc.assert(
      fc.property(
        field(0, 59),
        field(0, 23),
        fc.date({ min: new Date('2026-01-01'), max: new Date('2026-12-01'), noInvalidDate: true }),
        (minute, hour, after) => {
          const times = { cron: `${minute} ${hour} * * *`, timeZone: 'UTC' };
          checkCron(times);
          const next = nextCronTime(times, after)!;
          let expected = Math.floor(after.getTime() / 60_000) * 60_000 + 60_000;
          const named = (time: number) => {
            const date = new Date(time);
            return matches(minute, date.getUTCMinutes(), 0) && matches(hour, date.getUTCHours(), 0);
          };
          while (!named(expected)) expected += 60_000;
          expect(next.getTime()).toBe(expected);
          expect(latestCronTime(times, after, next)?.getTime()).toBe(expected);
          expect(latestCronTime(times, next, next)).toBeUndefined();
        },
      ),
      { numRuns: 300 },
    );
  });
});
