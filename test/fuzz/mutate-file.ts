/** Changes to a file that have broken parsers before: flipped bits, sizes at their limits, pieces cut, doubled, moved or swapped with another file's. */
import type { RandomStream } from '../../lib/numerics/random.ts';

/** Numbers at which sizes and counters go wrong, little and big endian. */
const limits = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];
/** What text formats are made of. */
const tokens = [
  '\n',
  '\r\n',
  '\t',
  ' ',
  '"',
  '<',
  '>',
  '&',
  ';',
  ',',
  '-',
  '.',
  '/',
  '\\',
  '\0',
  'NaN',
  '-1',
  '1e999',
  '@placeholder',
  '\u00e9',
  '\u{1f600}',
];

/** @param other another file of the same format, whose pieces may be taken */
export function mutate(file: Uint8Array, other: Uint8Array, random: RandomStream): Uint8Array {
  let bytes = Buffer.from(file);
  const changes = 1 + random.uniformInteger(4);
  for (let change = 0; change < changes; change++) bytes = changeOnce(bytes, other, random);
  // Doubling again and again would make the fuzzer slow, and find nothing.
  return bytes.subarray(0, 4 * Math.max(file.length, 256));
}

function changeOnce(bytes: Buffer<ArrayBuffer>, other: Uint8Array, random: RandomStream): Buffer<ArrayBuffer> {
  const at = random.uniformInteger(bytes.length + 1);
  const length = 1 + random.uniformInteger(Math.min(64, Math.max(1, bytes.length - at)));
  const splice = (insert: Uint8Array, removed: number) =>
    Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + removed)]);
  switch (random.uniformInteger(9)) {
    case 0:
      if (at < bytes.length) bytes[at]! ^= 1 << random.uniformInteger(8);
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = random.uniformInteger(256);
      return bytes;
    case 2: {
      const number = Buffer.alloc(4);
      const value = limits[random.uniformInteger(limits.length)]!;
      if (random.uniformInteger(2) === 0) number.writeUInt32LE(value);
      else number.writeUInt32BE(value);
      const width = [1, 2, 4][random.uniformInteger(3)]!;
      return splice(number.subarray(0, width), width);
    }
    case 3:
      return bytes.subarray(0, at);
    case 4:
      return splice(Buffer.alloc(0), length);
    case 5:
      return splice(bytes.subarray(at, at + length), 0);
    case 6: {
      const from = random.uniformInteger(other.length + 1);
      return splice(other.subarray(from, from + length), random.uniformInteger(2) * length);
    }
    case 7:
      return splice(Buffer.from(tokens[random.uniformInteger(tokens.length)]!), random.uniformInteger(2) * length);
    default: {
      // A number in a text, another one.
      const digits = /\d+/g;
      const text = bytes.toString('latin1');
      const found = [...text.matchAll(digits)];
      const one = found[random.uniformInteger(Math.max(1, found.length))];
      if (!one) return bytes;
      const value = String(limits[random.uniformInteger(limits.length)]);
      return Buffer.from(text.slice(0, one.index) + value + text.slice(one.index + one[0].length), 'latin1');
    }
  }
}
