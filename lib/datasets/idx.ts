/**
 * The IDX format, in which MNIST is published (http://yann.lecun.com/exdb/mnist/): two zero bytes, a type, the number of
 * dimensions, each size as a big-endian 32-bit number, then the values row-major. Only unsigned bytes (type 8) occur.
 */
import { DatasetCorrupt } from './errors.ts';

const unsignedByteType = 0x08;

export interface IdxHeader {
  /** Records first: [60000, 28, 28]. */
  readonly sizes: readonly number[];
  readonly headerBytes: number;
  /** What the file's length must be. */
  readonly fileBytes: number;
}

/**
 * Reads and checks a header against the file's length, before anything of the size it claims is read or allocated.
 * `start` is at least the header, or the whole file where that is shorter. Throws DatasetCorrupt.
 */
export function readIdxHeader(start: Uint8Array, dimensions: number, fileBytes: number, file: string): IdxHeader {
  const headerBytes = 4 + 4 * dimensions;
  if (fileBytes < headerBytes || start.length < headerBytes) {
    throw new DatasetCorrupt(
      file,
      `an IDX file of ${dimensions} dimensions begins with a header of ${headerBytes} bytes, this file has ${fileBytes} bytes`,
    );
  }
  const view = new DataView(start.buffer, start.byteOffset, headerBytes);
  const magic = view.getUint32(0);
  const expectedMagic = unsignedByteType * 0x100 + dimensions;
  if (magic !== expectedMagic) {
    throw new DatasetCorrupt(
      file,
      `its magic number is ${hexadecimal(magic)}, that of unsigned bytes in ${dimensions} dimensions is ${hexadecimal(expectedMagic)}`,
    );
  }
  const sizes = Array.from({ length: dimensions }, (_, index) => view.getUint32(4 + 4 * index));
  // At most 2^96: rounded, but far beyond any file's length, so the comparison holds.
  const expectedBytes = sizes.reduce((product, size) => product * size, 1) + headerBytes;
  if (expectedBytes !== fileBytes) {
    const remark =
      fileBytes < expectedBytes
        ? 'it was cut off, or its header was changed'
        : 'it has been added to, or its header was changed';
    throw new DatasetCorrupt(
      file,
      `its header (${sizes.join(' × ')}) asks for ${expectedBytes} bytes, the file has ${fileBytes}: ${remark}`,
    );
  }
  return { sizes, headerBytes, fileBytes };
}

/** The values of an IDX file of unsigned bytes, as a view on `bytes`. Throws DatasetCorrupt. */
export function parseIdx(
  bytes: Uint8Array,
  dimensions: number,
  file: string,
): { sizes: readonly number[]; values: Uint8Array } {
  const { sizes, headerBytes } = readIdxHeader(bytes, dimensions, bytes.length, file);
  return { sizes, values: bytes.subarray(headerBytes) };
}

function hexadecimal(number: number): string {
  return `0x${number.toString(16).padStart(8, '0')}`;
}
