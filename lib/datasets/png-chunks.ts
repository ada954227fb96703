/**
 * A PNG file's chunks, looked at before a decoder is: which there are, and how many bytes its pixels unpack to (PNG, third
 * edition, §5, §7 and §11). A file of a few megabytes can unpack to gigabytes, name its size a second time behind the one that
 * was checked, and hide more in a colour profile; the decoder would follow all three.
 */
import { inflateSync } from 'node:zlib';
import { DatasetCorrupt } from './errors.ts';

export interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly bitDepth: number;
  readonly colourType: number;
}

const signatureBytes = 8;
/** Length, type and checksum around a chunk's data. */
const chunkOverhead = 12;
/** What pixels need; the rest is profiles, times and texts. */
const kept: ReadonlySet<string> = new Set(['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND']);

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
  /** With length, type and checksum. */
  readonly whole: Uint8Array;
}

/**
 * The file without the chunks that its pixels do not need. Throws DatasetCorrupt where it is cut off, has a second header, or its
 * pixels unpack to more bytes than the header's size has.
 *
 * @param header that of the file's first chunk
 */
export function stripPng(bytes: Uint8Array, header: PngHeader, file: string): Uint8Array {
  const chunks = [...readChunks(bytes, file)].filter(({ type }) => kept.has(type));
  const headers = chunks.filter(({ type }) => type === 'IHDR').length;
  if (headers !== 1 || chunks[0]!.type !== 'IHDR') {
    throw new DatasetCorrupt(file, `it must have one header, before everything else, and has ${headers}`);
  }
  checkPixelBytes(chunks, header, file);
  return Buffer.concat([bytes.subarray(0, signatureBytes), ...chunks.map(({ whole }) => whole)]);
}

function* readChunks(bytes: Uint8Array, file: string): Generator<Chunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = signatureBytes; ; ) {
    const end = at + chunkOverhead <= bytes.length ? at + chunkOverhead + view.getUint32(at) : Number.POSITIVE_INFINITY;
    if (end > bytes.length) {
      throw new DatasetCorrupt(file, `it ends before its picture does, after ${bytes.length} bytes`);
    }
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    yield { type, data: bytes.subarray(at + 8, end - 4), whole: bytes.subarray(at, end) };
    if (type === 'IEND') return;
    at = end;
  }
}

function checkPixelBytes(chunks: readonly Chunk[], header: PngHeader, file: string): void {
  const packed = Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data));
  const isInterlaced = chunks[0]!.data[12] === 1;
  const expected = pixelBytes(header, isInterlaced);
  let actual: number;
  try {
    actual = inflateSync(packed, { maxOutputLength: Math.max(1, expected) }).length;
  } catch (cause) {
    const problem =
      (cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
        ? `it unpacks to more than the ${expected} bytes that ${header.width} × ${header.height} pixels have`
        : `it cannot be decoded (${(cause as Error).message})`;
    throw new DatasetCorrupt(file, problem, { cause });
  }
  if (actual < expected) {
    throw new DatasetCorrupt(file, `it has fewer pixels than its header says: ${actual} of ${expected} bytes`);
  }
}

/** Samples of a pixel by colour type. */
const samples: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** First column and row of Adam7's passes, and their distances. */
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** Bytes of all rows, each with the one that names its filter. Kinds of pixels that there are not have none. */
function pixelBytes({ width, height, bitDepth, colourType }: PngHeader, isInterlaced: boolean): number {
  const bits = bitDepth * (samples[colourType] ?? 0);
  const bytesOf = (columns: number, rows: number) =>
    columns > 0 && rows > 0 ? rows * (1 + Math.ceil((columns * bits) / 8)) : 0;
  if (!isInterlaced) return bytesOf(width, height);
  return adam7.reduce(
    (sum, [x, y, across, down]) => sum + bytesOf(Math.ceil((width - x) / across), Math.ceil((height - y) / down)),
    0,
  );
}
