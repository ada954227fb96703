/** Reads a sheet of pictures: a PNG of eight-bit RGB with alpha, not interlaced, as the emoji packages have them. */
import { inflateSync } from 'node:zlib';

export interface Sheet {
  readonly width: number;
  readonly height: number;
  /** [height, width, 4] */
  readonly rgba: Uint8Array;
}

/** Throws Error where the file is of another form. */
export function readSheet(file: Buffer): Sheet {
  const width = file.readUInt32BE(16);
  const height = file.readUInt32BE(20);
  const [depth, colourType, , , interlaced] = file.subarray(24, 29);
  if (depth !== 8 || colourType !== 6 || interlaced !== 0) {
    throw new Error(`The sheet must be eight-bit RGBA and not interlaced, and has depth ${depth}, type ${colourType}.`);
  }
  const data: Buffer[] = [];
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    if (file.toString('latin1', at + 4, at + 8) === 'IDAT') data.push(file.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  const rows = inflateSync(Buffer.concat(data));
  const stride = 4 * width;
  const rgba = new Uint8Array(stride * height);
  for (let row = 0; row < height; row++) {
    const filter = rows[row * (stride + 1)]!;
    const source = rows.subarray(row * (stride + 1) + 1, (row + 1) * (stride + 1));
    const target = row * stride;
    for (let byte = 0; byte < stride; byte++) {
      const left = byte >= 4 ? rgba[target + byte - 4]! : 0;
      const above = row > 0 ? rgba[target - stride + byte]! : 0;
      const corner = byte >= 4 && row > 0 ? rgba[target - stride + byte - 4]! : 0;
      rgba[target + byte] = source[byte]! + predict(filter, left, above, corner);
    }
  }
  return { width, height, rgba };
}

/** What a row's filter predicts a byte to be (ISO/IEC 15948, section 9). */
function predict(filter: number, left: number, above: number, corner: number): number {
  if (filter === 0) return 0;
  if (filter === 1) return left;
  if (filter === 2) return above;
  if (filter === 3) return (left + above) >> 1;
  const estimate = left + above - corner;
  const [toLeft, toAbove, toCorner] = [left, above, corner].map((value) => Math.abs(estimate - value)) as [
    number,
    number,
    number,
  ];
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}
