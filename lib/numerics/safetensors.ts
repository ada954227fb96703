/**
 * Safetensors: named tensors in one file that Python, Rust and JavaScript read alike.
 *
 * Format: https://huggingface.co/docs/safetensors. Eight bytes, little-endian: the header's length. The header, JSON:
 * `{"__metadata__": {string: string}, name: {"dtype", "shape", "data_offsets": [begin, end]}}`. Then the tensors'
 * bytes, row-major, little-endian, without gaps; offsets count from the end of the header.
 */
import { InvalidSafetensors, UnwritableTensors } from './errors.ts';
import { findRepeatedKey } from './repeated-key.ts';

export interface Tensor {
  readonly shape: readonly number[];
  /** Row-major values; the array's type is the tensor's type: Float32Array F32, Float64Array F64, Int32Array I32, Uint8Array U8. */
  readonly data: Float32Array | Float64Array | Int32Array | Uint8Array;
}
export type NamedTensors = Readonly<Record<string, Tensor>>;
export type SafetensorsMetadata = Readonly<Record<string, string>>;

/** In the order in which their data lies in the file: the widest first, so that every tensor is aligned. */
const arrayTypes = { F64: Float64Array, F32: Float32Array, I32: Int32Array, U8: Uint8Array } as const;
type DataType = keyof typeof arrayTypes;
const dataTypes = Object.keys(arrayTypes) as DataType[];

const lengthBytes = 8;
/** What the reference implementation accepts. */
const largestHeaderBytes = 100_000_000;
const reservedNames = ['__metadata__', '__proto__'];

/**
 * The file's bytes. They are a function of names, values and metadata alone, not of the order in which they came, and
 * the same that the reference implementation writes. Throws UnwritableTensors where a shape does not match its data.
 */
export function encodeSafetensors(tensors: NamedTensors, metadata: SafetensorsMetadata = {}): Uint8Array {
  const entries = Object.entries(tensors).map(([name, tensor]) => ({ name, tensor, type: dataTypeOf(name, tensor) }));
  entries.sort((a, b) => dataTypes.indexOf(a.type) - dataTypes.indexOf(b.type) || compareUtf8(a.name, b.name));

  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) header.push(['__metadata__', sortedMetadata(metadata)]);
  let dataLength = 0;
  for (const { name, tensor, type } of entries) {
    const end = dataLength + tensor.data.byteLength;
    header.push([name, { dtype: type, shape: tensor.shape, data_offsets: [dataLength, end] }]);
    dataLength = end;
  }

  // Joined by hand: an object would move names that look like numbers to the front.
  const json = `{${header.map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`).join(',')}}`;
  const headerLength = Math.ceil(Buffer.byteLength(json) / 8) * 8;
  const file = new Uint8Array(lengthBytes + headerLength + dataLength).fill(
    0x20,
    lengthBytes,
    lengthBytes + headerLength,
  );
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength), true);
  new TextEncoder().encodeInto(json, file.subarray(lengthBytes));
  let offset = lengthBytes + headerLength;
  for (const { tensor } of entries) {
    const { buffer, byteOffset, byteLength } = tensor.data;
    file.set(new Uint8Array(buffer, byteOffset, byteLength), offset);
    offset += byteLength;
  }
  return file;
}

/** Tensors and metadata of a file; the tensors own their memory. Throws InvalidSafetensors, whatever the bytes are. */
export function decodeSafetensors(bytes: Uint8Array): { tensors: NamedTensors; metadata: SafetensorsMetadata } {
  const { header, dataStart } = readHeader(bytes);
  const dataLength = bytes.length - dataStart;
  const metadata = Object.hasOwn(header, '__metadata__') ? readMetadata(header.__metadata__) : {};
  const entries = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => ({ name, ...readEntry(name, entry) }));

  // Without gaps or overlaps every byte belongs to one tensor: nothing can be hidden in the file, or read twice.
  let position = 0;
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== position) {
      throw new InvalidSafetensors(
        `tensor '${name}' begins at byte ${begin} of the data, the one before ends at ${position}`,
      );
    }
    position = end;
  }
  if (position !== dataLength) {
    throw new InvalidSafetensors(`the tensors take ${position} bytes, the file has ${dataLength} bytes of data`);
  }

  const tensors = entries.map(({ name, type, shape, begin, end }): [string, Tensor] => {
    const data = new Uint8Array(end - begin);
    data.set(bytes.subarray(dataStart + begin, dataStart + end));
    return [name, { shape, data: new arrayTypes[type](data.buffer) }];
  });
  return { tensors: Object.fromEntries(tensors), metadata };
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < lengthBytes) {
    throw new InvalidSafetensors(
      `a file begins with ${lengthBytes} bytes of header length, this one has ${bytes.length} bytes`,
    );
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > bytes.length - lengthBytes || length > largestHeaderBytes) {
    throw new InvalidSafetensors(`its header claims ${length} bytes, the file has ${bytes.length}`);
  }
  const dataStart = lengthBytes + Number(length);
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(lengthBytes, dataStart));
    header = JSON.parse(text);
  } catch (cause) {
    throw new InvalidSafetensors('its header is not JSON', { cause });
  }
  if (!isObject(header)) throw new InvalidSafetensors('its header is not a JSON object');
  // JSON.parse keeps the last of two entries of one name; another reader may keep the first.
  const repeated = findRepeatedKey(text);
  if (repeated !== undefined) throw new InvalidSafetensors(`its header has '${repeated}' twice`);
  return { header, dataStart };
}

function readMetadata(metadata: unknown): SafetensorsMetadata {
  if (!isObject(metadata) || Object.values(metadata).some((value) => typeof value !== 'string')) {
    throw new InvalidSafetensors('its __metadata__ is not an object of strings');
  }
  return metadata as SafetensorsMetadata;
}

function readEntry(name: string, entry: unknown) {
  const problem = (what: string) => new InvalidSafetensors(`tensor '${name}' ${what}`);
  if (reservedNames.includes(name)) throw problem('has a name that no tensor may have');
  if (!isObject(entry)) throw problem('is not described by an object');
  const { dtype, shape, data_offsets: offsets } = entry;
  const type = dataTypes.find((known) => known === dtype);
  if (!type) throw problem(`has the dtype ${JSON.stringify(dtype)}; this version reads ${dataTypes.join(', ')}`);
  if (!isSizes(shape)) throw problem(`has the shape ${JSON.stringify(shape)}, not a list of sizes`);
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw problem(`has the data_offsets ${JSON.stringify(offsets)}, not a begin and an end`);
  }
  const [begin, end] = offsets as [number, number];
  // A product beyond 2^53 is rounded, but stays far above any file's length, so the comparison holds.
  const expected = shape.reduce((product, size) => product * size, arrayTypes[type].BYTES_PER_ELEMENT);
  if (end - begin !== expected) {
    throw problem(`of shape [${shape}] and type ${type} needs ${expected} bytes, its data_offsets span ${end - begin}`);
  }
  return { type, shape, begin, end };
}

function dataTypeOf(name: string, { shape, data }: Tensor): DataType {
  const type = dataTypes.find((known) => data instanceof arrayTypes[known]);
  if (!type) throw new UnwritableTensors(`tensor '${name}' is none of ${dataTypes.join(', ')}`);
  if (reservedNames.includes(name)) throw new UnwritableTensors(`'${name}' cannot be a tensor's name`);
  if (!isSizes(shape) || shape.reduce((product, size) => product * size, 1) !== data.length) {
    throw new UnwritableTensors(`tensor '${name}' has the shape [${shape}] but ${data.length} values`);
  }
  return type;
}

function sortedMetadata(metadata: SafetensorsMetadata): SafetensorsMetadata {
  return Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => compareUtf8(a, b)));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
