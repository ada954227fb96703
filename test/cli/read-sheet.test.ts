import { deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { readSheet } from '../../cli/stand-ins/read-sheet.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import { encodePng } from '../../lib/report/encode-png.ts';

const [width, height] = [7, 6];
const random = randomStream(1, 'sheet');
const rgba = Uint8Array.from({ length: 4 * width * height }, () => random.uniformInteger(256));
const plain = encodePng({ title: '', caption: '', width, height, rgba: Buffer.from(rgba).toString('base64') });

/** The picture with row r filtered by filter r mod 5: what each filter takes away, as its definition says (byte minus prediction). */
function encodeFiltered(): Buffer {
  const stride = 4 * width;
  const at = (row: number, byte: number) => (row < 0 || byte < 0 ? 0 : rgba[row * stride + byte]!);
  const paeth = (a: number, b: number, c: number) => {
    const p = a + b - c;
    return [a, b, c].reduce((best, value) => (Math.abs(p - value) < Math.abs(p - best) ? value : best));
  };
  const rows = Array.from({ length: height }, (_, row) => {
    const filter = row % 5;
    return Uint8Array.from({ length: stride + 1 }, (_, place) => {
      if (place === 0) return filter;
      const byte = place - 1;
      const [a, b, c] = [at(row, byte - 4), at(row - 1, byte), byte < 4 ? 0 : at(row - 1, byte - 4)];
      return at(row, byte) - [0, a, b, Math.floor((a + b) / 2), paeth(a, b, c)][filter]!;
    });
  });
  const data = deflateSync(Buffer.concat(rows));
  // In two chunks, as large pictures come; checksums are not read.
  const chunk = (type: string, body: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    return Buffer.concat([length, Buffer.from(type), body, Buffer.alloc(4)]);
  };
  const header = plain.subarray(0, 33);
  return Buffer.concat([
    header,
    chunk('IDAT', data.subarray(0, 9)),
    chunk('IDAT', data.subarray(9)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

test('reads what an encoder wrote, and rows of every filter', () => {
  expect(readSheet(plain)).toEqual({ width, height, rgba });
  expect(readSheet(encodeFiltered())).toEqual({ width, height, rgba });
});

test('a sheet of another form is refused', () => {
  const palette = Buffer.from(plain);
  palette[25] = 3;
  expect(() => readSheet(palette)).toThrow('must be eight-bit RGBA and not interlaced, and has depth 8, type 3');
});
