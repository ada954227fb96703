/**
 * NumPy's file format (NEP 1): a magic string, a version, a header that is a Python dictionary literal, and the elements.
 * Read here for what datasets publish in it: matrices of float32, row by row. Every claim of the header is checked
 * before anything of the size it claims is touched.
 */
import { DatasetCorrupt } from './errors.ts';

export interface NpyHeader {
  readonly rows: number;
  readonly columns: number;
  /** Byte at which the elements begin. */
  readonly dataOffset: number;
}

export interface Float32Matrix extends Omit<NpyHeader, 'dataOffset'> {
  /** [rows, columns] */
  readonly data: Float32Array;
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] as const;
/** Far more than any header of a matrix has. */
export const mostHeaderBytes = 65_536;

/**
 * The header of a matrix of little-endian float32 in C order, from a file's first bytes. Throws DatasetCorrupt where it
 * is anything else.
 */
export function parseNpyHeader(start: Uint8Array, file: string): NpyHeader {
  if (!magic.every((byte, index) => start[index] === byte)) {
    throw new DatasetCorrupt(file, 'it does not begin as a .npy file does');
  }
  const version = start[6];
  // Versions 2 and 3 only have room for longer headers.
  const lengthBytes = version === 1 ? 2 : version === 2 || version === 3 ? 4 : undefined;
  if (lengthBytes === undefined) throw new DatasetCorrupt(file, `its format version is ${version}, known are 1 to 3`);
  if (start.length < 8 + lengthBytes) throw new DatasetCorrupt(file, 'it ends within its header');
  const view = new DataView(start.buffer, start.byteOffset, start.length);
  const headerLength = lengthBytes === 2 ? view.getUint16(8, true) : view.getUint32(8, true);
  const dataOffset = 8 + lengthBytes + headerLength;
  if (dataOffset > mostHeaderBytes) throw new DatasetCorrupt(file, `its header claims ${headerLength} bytes`);
  if (start.length < dataOffset) throw new DatasetCorrupt(file, 'it ends within its header');

  const header = Buffer.from(start.subarray(8 + lengthBytes, dataOffset)).toString('latin1');
  const descriptor = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  if (descriptor !== '<f4') {
    throw new DatasetCorrupt(
      file,
      `its elements must be little-endian float32 ('<f4'), they are ${descriptor === undefined ? 'of a structured or unknown type' : `'${descriptor}'`}; in NumPy, features.astype('<f4') makes them that`,
    );
  }
  if (!/'fortran_order':\s*False/.test(header)) {
    throw new DatasetCorrupt(
      file,
      'its elements must lie row by row (fortran_order False); numpy.ascontiguousarray makes them that',
    );
  }
  const shape = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  const sizes = (shape ?? '').split(',').flatMap((size) => (size.trim() === '' ? [] : [Number(size)]));
  const [rows, columns] = sizes;
  if (sizes.length !== 2 || !isSize(rows) || !isSize(columns)) {
    throw new DatasetCorrupt(file, `its shape must be (images, features), it is (${shape ?? 'unknown'})`);
  }
  return { rows, columns, dataOffset };
}

function isSize(size: number | undefined): size is number {
  return Number.isSafeInteger(size) && size! > 0;
}

/** The whole file. Throws DatasetCorrupt, also where the file has fewer or more elements than its header says. */
export function parseNpy(bytes: Uint8Array, file: string): Float32Matrix {
  const { rows, columns, dataOffset } = parseNpyHeader(bytes, file);
  checkNpyLength(bytes.length, { rows, columns, dataOffset }, file);
  // A copy, because elements in a buffer of the file system's need not lie on a multiple of four.
  const data = new Float32Array(rows * columns);
  new Uint8Array(data.buffer).set(bytes.subarray(dataOffset));
  return { rows, columns, data };
}

/** Throws DatasetCorrupt where a file of so many bytes cannot hold exactly the header's matrix. */
export function checkNpyLength(fileBytes: number, { rows, columns, dataOffset }: NpyHeader, file: string): void {
  const expected = dataOffset + 4 * rows * columns;
  if (fileBytes === expected) return;
  throw new DatasetCorrupt(
    file,
    `a matrix of ${rows} × ${columns} float32 takes ${expected} bytes with its header, the file has ${fileBytes}`,
  );
}

/** A matrix as a .npy file, as NumPy itself writes it. */
export function writeNpy({ rows, columns, data }: Float32Matrix): Uint8Array {
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`;
  // The elements begin on a multiple of 64 bytes, and the header ends in a new line.
  const headerLength = Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 10;
  const bytes = new Uint8Array(10 + headerLength + 4 * data.length);
  bytes.set([...magic, 1, 0, headerLength & 255, headerLength >> 8]);
  bytes.set(Buffer.from(`${dictionary.padEnd(headerLength - 1)}\n`, 'latin1'), 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, 4 * data.length), 10 + headerLength);
  return bytes;
}
