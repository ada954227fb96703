/**
 * MAT-files of version 5 ("MATLAB 5.0 MAT-file", also what versions 6 and 7 of Matlab write), as far as datasets use them:
 * numeric and logical arrays, text, cells and structs, compressed or not, of either byte order.
 *
 * Format: MathWorks, MAT-File Format, chapter 1. A header of 128 bytes; then elements: a tag (type, number of bytes; or both in four
 * bytes with the data in the next four), the data, and padding to a multiple of eight bytes.
 */
import { inflateSync } from 'node:zlib';
import { DatasetCorrupt } from './errors.ts';

/** An array of Matlab's. Its elements are in Matlab's order: the first dimension changes fastest. */
export type MatValue = MatNumbers | MatCells | MatStructs | MatText | MatUnread;
export interface MatNumbers {
  readonly kind: 'numbers';
  readonly dimensions: readonly number[];
  /** Real parts, converted to doubles: whatever the type they are stored in (64-bit integers beyond 2⁵³ are rounded). */
  readonly values: Float64Array;
}
export interface MatCells {
  readonly kind: 'cells';
  readonly dimensions: readonly number[];
  readonly cells: readonly MatValue[];
}
export interface MatStructs {
  readonly kind: 'structs';
  readonly dimensions: readonly number[];
  /** One record of fields an element. */
  readonly structs: readonly ReadonlyMap<string, MatValue>[];
}
export interface MatText {
  readonly kind: 'text';
  readonly text: string;
}
/** A sparse array, an object, a function: passed over. */
export interface MatUnread {
  readonly kind: 'unread';
}

const headerBytes = 128;
/** The labels of the largest picture; a compressed variable that becomes larger is refused while it is inflated. */
const mostInflatedBytes = 64 * 1024 * 1024;
/** Cells in cells: more is no dataset. */
const deepest = 32;

const types = { int8: 1, uint8: 2, int32: 5, uint32: 6, matrix: 14, compressed: 15 } as const;

/** By type of an element: its bytes, and how one is read. */
const numberTypes: Readonly<
  Record<number, readonly [number, (view: DataView, at: number, little: boolean) => number] | undefined>
> = {
  1: [1, (view, at) => view.getInt8(at)],
  2: [1, (view, at) => view.getUint8(at)],
  3: [2, (view, at, little) => view.getInt16(at, little)],
  4: [2, (view, at, little) => view.getUint16(at, little)],
  5: [4, (view, at, little) => view.getInt32(at, little)],
  6: [4, (view, at, little) => view.getUint32(at, little)],
  7: [4, (view, at, little) => view.getFloat32(at, little)],
  9: [8, (view, at, little) => view.getFloat64(at, little)],
  12: [8, (view, at, little) => Number(view.getBigInt64(at, little))],
  13: [8, (view, at, little) => Number(view.getBigUint64(at, little))],
  // Text: UTF-8 (only ASCII is one unit a character; names of fields and classes are), UTF-16, UTF-32.
  16: [1, (view, at) => view.getUint8(at)],
  17: [2, (view, at, little) => view.getUint16(at, little)],
  18: [4, (view, at, little) => view.getUint32(at, little)],
};

/** The file's variables, by name. Throws DatasetCorrupt, whatever the bytes are. */
export function readMatFile(bytes: Uint8Array, file: string): ReadonlyMap<string, MatValue> {
  const little = checkHeader(bytes, file);
  const variables = new Map<string, MatValue>();
  const reader = new ElementReader(bytes.subarray(headerBytes), little, file);
  while (!reader.atEnd()) {
    const { type, data } = reader.next();
    let element = { type, data };
    if (type === types.compressed) element = new ElementReader(inflate(data, file), little, file).next();
    if (element.type !== types.matrix) {
      throw new DatasetCorrupt(file, `its variables must be arrays, one is an element of type ${element.type}`);
    }
    const { name, value } = readArray(element.data, little, file, 0);
    variables.set(name, value);
  }
  return variables;
}

/** Whether the byte order is little-endian. */
function checkHeader(bytes: Uint8Array, file: string): boolean {
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, 20));
  const hdf5 = [0x89, 0x48, 0x44, 0x46].every((byte, at) => bytes[at] === byte);
  if (text.startsWith('MATLAB 7.3') || hdf5) {
    throw new DatasetCorrupt(
      file,
      'it is a MAT-file of version 7.3 (HDF5), and only version 5 is read; in Matlab, load it and save it with the option -v7',
    );
  }
  if (bytes.length < headerBytes) {
    throw new DatasetCorrupt(
      file,
      `a MAT-file begins with ${headerBytes} bytes of header, this one has ${bytes.length} in all`,
    );
  }
  const [first, second] = [String.fromCharCode(bytes[126]!), String.fromCharCode(bytes[127]!)];
  const little = first === 'I' && second === 'M';
  if (!little && !(first === 'M' && second === 'I')) {
    throw new DatasetCorrupt(
      file,
      'it is no MAT-file of version 5: its header does not end with its byte order, IM or MI',
    );
  }
  const version = new DataView(bytes.buffer, bytes.byteOffset).getUint16(124, little);
  if (version !== 0x0100) {
    throw new DatasetCorrupt(
      file,
      `MAT-files of version 0x0100 are read, this one is of version 0x${version.toString(16)}`,
    );
  }
  return little;
}

function inflate(data: Uint8Array, file: string): Uint8Array {
  try {
    return inflateSync(data, { maxOutputLength: mostInflatedBytes });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === 'ERR_BUFFER_TOO_LARGE' ? `it would have more than ${mostInflatedBytes} bytes` : message;
    throw new DatasetCorrupt(file, `a compressed variable cannot be unpacked (${why})`, { cause });
  }
}

interface Element {
  readonly type: number;
  readonly data: Uint8Array;
}

/** Reads one element after another. */
class ElementReader {
  readonly #bytes: Uint8Array;
  readonly #little: boolean;
  readonly #file: string;
  #at = 0;

  constructor(bytes: Uint8Array, little: boolean, file: string) {
    this.#bytes = bytes;
    this.#little = little;
    this.#file = file;
  }

  atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  next(): Element {
    const view = viewOf(this.#bytes);
    if (this.#at + 8 > this.#bytes.length) throw this.#cutOff('a tag of 8 bytes', this.#bytes.length - this.#at);
    const tag = view.getUint32(this.#at, this.#little);
    const small = tag >>> 16;
    const type = small > 0 ? tag & 0xffff : tag;
    const length = small > 0 ? small : view.getUint32(this.#at + 4, this.#little);
    const start = this.#at + (small > 0 ? 4 : 8);
    if (small > 4)
      throw new DatasetCorrupt(this.#file, `a small element of a MAT-file has at most 4 bytes, one claims ${small}`);
    if (start + length > this.#bytes.length) {
      throw this.#cutOff(`${length} bytes of an element`, this.#bytes.length - start);
    }
    const end = small > 0 ? this.#at + 8 : start + length;
    // Compressed elements alone are not padded.
    this.#at = type === types.compressed ? end : Math.ceil(end / 8) * 8;
    return { type, data: this.#bytes.subarray(start, start + length) };
  }

  /** The next element, which must be one of numbers. */
  numbers(what: string): Float64Array {
    const { type, data } = this.next();
    const read = numberTypes[type];
    if (!read) throw new DatasetCorrupt(this.#file, `${what} must be numbers, and are an element of type ${type}`);
    const [size, get] = read;
    if (data.length % size !== 0)
      throw new DatasetCorrupt(this.#file, `${what} have ${data.length} bytes, ${size} each`);
    const view = viewOf(data);
    const values = new Float64Array(data.length / size);
    for (let index = 0; index < values.length; index++) values[index] = get(view, index * size, this.#little);
    return values;
  }

  text(what: string): string {
    return textOf(this.numbers(what));
  }

  #cutOff(claimed: string, there: number): DatasetCorrupt {
    return new DatasetCorrupt(this.#file, `it ends early: it promises ${claimed}, and ${Math.max(0, there)} are left`);
  }
}

const classes = { cell: 1, struct: 2, text: 4, firstNumeric: 6, lastNumeric: 15 } as const;

/** One array element: flags, dimensions, name, then what its class has. */
function readArray(data: Uint8Array, little: boolean, file: string, depth: number): { name: string; value: MatValue } {
  // An empty element is an empty array.
  if (data.length === 0)
    return { name: '', value: { kind: 'numbers', dimensions: [0, 0], values: new Float64Array(0) } };
  if (depth > deepest) throw new DatasetCorrupt(file, `its arrays lie in each other more than ${deepest} deep`);
  const reader = new ElementReader(data, little, file);
  const flags = reader.numbers('flags of an array');
  if (flags.length === 0) throw new DatasetCorrupt(file, 'an array of it has no flags');
  const arrayClass = flags[0]! & 0xff;
  const dimensions = [...reader.numbers('dimensions of an array')];
  if (dimensions.length < 2 || !dimensions.every((size) => Number.isInteger(size) && size >= 0)) {
    throw new DatasetCorrupt(file, `an array has two or more dimensions of 0 or more, one has [${dimensions}]`);
  }
  const count = dimensions.reduce((product, size) => product * size, 1);
  const name = reader.text('the name of an array');
  // Whatever it is of, an element has a byte at least: what is claimed is there before anything of its size is allocated.
  const mostElements = data.length;

  const child = () => {
    const { type, data: inner } = reader.next();
    if (type !== types.matrix)
      throw new DatasetCorrupt(file, `'${name}' must hold arrays, and has an element of type ${type}`);
    return readArray(inner, little, file, depth + 1).value;
  };
  const isNumeric = arrayClass >= classes.firstNumeric && arrayClass <= classes.lastNumeric;
  if (!isNumeric && arrayClass !== classes.cell && arrayClass !== classes.struct && arrayClass !== classes.text) {
    return { name, value: { kind: 'unread' } };
  }
  if (count > mostElements) {
    throw new DatasetCorrupt(file, `'${name}' claims [${dimensions}] elements, and has ${data.length} bytes`);
  }
  if (arrayClass === classes.cell) {
    return { name, value: { kind: 'cells', dimensions, cells: Array.from({ length: count }, child) } };
  }
  if (arrayClass === classes.struct) {
    const [nameLength] = reader.numbers('the length of names of fields');
    const names = splitNames(reader.text('names of fields'), nameLength, file);
    const structs = Array.from({ length: count }, () => new Map(names.map((field) => [field, child()])));
    return { name, value: { kind: 'structs', dimensions, structs } };
  }
  const values = reader.numbers(`the elements of '${name}'`);
  if (values.length !== count) {
    throw new DatasetCorrupt(
      file,
      `'${name}' must have ${count} elements for its dimensions [${dimensions}], and has ${values.length}`,
    );
  }
  if (arrayClass === classes.text) return { name, value: { kind: 'text', text: textOf(values) } };
  return { name, value: { kind: 'numbers', dimensions, values } };
}

/** Names of fields follow each other in places of equal length, each ended by a zero. */
function splitNames(text: string, length: number | undefined, file: string): string[] {
  if (length === undefined || !(length > 0) || text.length % length !== 0) {
    throw new DatasetCorrupt(file, `names of fields have ${text.length} characters, in places of ${length}`);
  }
  return Array.from({ length: text.length / length }, (_, index) => {
    return text.slice(index * length, (index + 1) * length).split('\0', 1)[0]!;
  });
}

function textOf(units: Float64Array): string {
  return Array.from(units, (unit) => String.fromCharCode(unit)).join('');
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
