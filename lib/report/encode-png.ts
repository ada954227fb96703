/** RGBA pixels as a PNG file (ISO/IEC 15948), for pictures inside a report. */
import { crc32, deflateSync } from 'node:zlib';
import type { SummaryImage } from '../pipeline/experiment.ts';
import { InvalidImage } from './errors.ts';

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Throws InvalidImage. */
export function encodePng({ title, width, height, rgba }: Omit<SummaryImage, 'caption'>): Buffer {
  const pixels = Buffer.from(rgba, 'base64');
  const stride = width * 4;
  if (pixels.length !== stride * height) throw new InvalidImage(title, stride * height, pixels.length);
  // Each row begins with its filter; 0 is none.
  const rows = Buffer.alloc((stride + 1) * height);
  for (let row = 0; row < height; row++) pixels.copy(rows, row * (stride + 1) + 1, row * stride, (row + 1) * stride);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits a sample, colour type 6: RGB with alpha.
  header.set([8, 6, 0, 0, 0], 8);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
