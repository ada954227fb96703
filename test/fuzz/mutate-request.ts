/** Changes to JSON bodies and paths that have broken servers before: other types, limits, rubbish, names with a meaning. */
import type { RandomStream } from '../../lib/numerics/random.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

const strange: readonly Json[] = [
  ...[null, true, false, 0, -0, 1, -1, 0.5, 1e-320, 1e308, 2 ** 31, 2 ** 53, -(2 ** 53), 1.0000000001],
  ...[
    '',
    ' ',
    '0',
    'null',
    'constructor',
    '../..',
    '%2e%2e',
    '\u0000',
    '\ud800',
    '\u202e',
    '😀',
    "'; --",
    '<script>',
    '%{x}',
  ],
  ...['a'.repeat(10_000), 'A'.repeat(32), '0123456789abcdef'.repeat(2), 'data:image/png;base64,AAAA', 'AAA=', '===='],
  [],
  [[]],
  {},
  { length: 5 },
  { toString: 1 },
  Array(1000).fill(0),
];
/** What JSON.stringify would not write. */
const raw = [
  'NaN',
  '-Infinity',
  '1e999',
  '0x10',
  '01',
  '"\\ud800"',
  '"\\u0000"',
  '{"__proto__":{"a":1}}',
  '[,]',
  '"',
  '['.repeat(200),
];
const pieces = [
  '..',
  '.',
  '%2e%2e',
  '%2f',
  '%5c',
  '%00',
  '%',
  '//',
  '?',
  '#',
  ';',
  ' ',
  'é',
  '%ff',
  'a'.repeat(3000),
  '~',
  '*',
  '{run}',
  '-',
];

/** A whole number from 0, below `below`. */
export function pick(random: RandomStream, below: number): number {
  return Math.floor(random.uniform() * below);
}

function oneOf<T>(random: RandomStream, values: readonly T[]): T {
  return values[pick(random, values.length)]!;
}

/**
 * The body's bytes after a change or two to its values, or to its text. Most changes are small: what a schema refuses at once
 * never comes to the code behind it.
 */
export function mutateBody(body: Json, random: RandomStream): Buffer<ArrayBuffer> {
  let value = body;
  for (let change = pick(random, 2); change >= 0; change--) value = mutateValue(value, random);
  const text = Buffer.from(JSON.stringify(value));
  switch (pick(random, 20)) {
    case 0:
      return text.subarray(0, pick(random, text.length));
    case 1: {
      const at = pick(random, text.length);
      text[at]! ^= 1 << pick(random, 8);
      return text;
    }
    case 2: {
      const at = pick(random, text.length);
      return Buffer.concat([
        text.subarray(0, at),
        Buffer.from(oneOf(random, raw)),
        text.subarray(at + pick(random, 20)),
      ]);
    }
    default:
      return text;
  }
}

/** Somewhere in it: the further down, the likelier, since most of a body is there. */
function mutateValue(value: Json, random: RandomStream): Json {
  if (typeof value !== 'object' || value === null) return mutateLeaf(value, random);
  if (pick(random, 30) === 0) return oneOf(random, strange);
  if (Array.isArray(value)) return mutateArray(value, random);
  const entries = Object.entries(value);
  const at = pick(random, entries.length);
  const [name, item] = entries[at] ?? ['name', null];
  switch (pick(random, 16)) {
    case 0:
      return Object.fromEntries(entries.toSpliced(at, 1));
    case 1:
      return { ...value, [oneOf(random, ['__proto__', 'constructor', 'extra', '', `${name} `])]: item };
    default:
      return { ...value, [name]: mutateValue(item, random) };
  }
}

function mutateArray(value: readonly Json[], random: RandomStream): Json {
  if (value.length === 0) return [oneOf(random, strange)];
  const at = pick(random, value.length);
  switch (pick(random, 6)) {
    case 0:
      return value.toSpliced(at, 1 + pick(random, 3));
    case 1:
      return value.toSpliced(at, 0, oneOf(random, strange));
    case 2:
      // Not for ever: a fuzzer that sends megabytes sends few of them.
      return value.length < 3000 ? [...value, ...value] : value;
    default:
      return value.with(at, mutateValue(value[at] ?? null, random));
  }
}

function mutateLeaf(value: Json, random: RandomStream): Json {
  if (typeof value === 'number' && pick(random, 8) > 0) return mutateNumber(value, random);
  if (typeof value === 'string' && value.length > 0 && pick(random, 8) > 0) return mutateText(value, random);
  return oneOf(random, strange);
}

function mutateNumber(value: number, random: RandomStream): number {
  if (Number.isInteger(value))
    return oneOf(random, [value + 1, value - 1, 0, 1, 2 * value, -value, value + 0.5, 10 * value, 2 ** 31]);
  return oneOf(random, [0, 1, value / 2, 1 - value, value * (1 + 1e-9), -value, 1e-300, 2 * value]);
}

/** A picture in base64 is changed in its bytes: what is no base64 is refused before a decoder sees it. */
function mutateText(value: string, random: RandomStream): string {
  if (value.length < 64) {
    const at = pick(random, value.length);
    return (
      value.slice(0, at) + JSON.stringify(oneOf(random, strange)).slice(0, 100) + value.slice(at + pick(random, 3))
    );
  }
  const bytes = Buffer.from(value, 'base64');
  for (let change = pick(random, 6); change >= 0; change--)
    bytes[pick(random, bytes.length)] = oneOf(random, [0, 1, 127, 128, 255, pick(random, 256)]);
  return bytes.subarray(0, pick(random, 8) === 0 ? pick(random, bytes.length) : bytes.length).toString('base64');
}

/** A path with a piece, or a few characters, in place of its own. */
export function mutatePath(path: string, random: RandomStream): string {
  let changed = path;
  for (let change = pick(random, 3); change >= 0; change--) {
    const at = 1 + pick(random, changed.length);
    changed = changed.slice(0, at) + oneOf(random, pieces) + changed.slice(at + pick(random, 8));
  }
  return changed;
}
