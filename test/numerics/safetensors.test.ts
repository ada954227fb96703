import { describe, expect, test } from 'vitest';
import { InvalidSafetensors, UnwritableTensors } from '../../lib/numerics/errors.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import { decodeSafetensors, encodeSafetensors, type NamedTensors } from '../../lib/numerics/safetensors.ts';
import golden from '../golden/safetensors.json' with { type: 'json' };

const tensors: NamedTensors = {
  'lstm.weight': { shape: [2, 3], data: new Float32Array([1.5, -2.25, 3e-38, Number.POSITIVE_INFINITY, -0, 7]) },
  'counts é': { shape: [3], data: new Int32Array([1, -2, 2_147_483_647]) },
  loss: { shape: [], data: new Float64Array([0.1]) },
  '10': { shape: [0, 2], data: new Float32Array(0) },
};
const metadata = { experiment: 'learned-optimizers/mnist' };
const file = encodeSafetensors(tensors, metadata);

describe('the reference implementation', () => {
  test('writes the same bytes', () => {
    expect(Buffer.from(file).toString('base64')).toBe(golden.base64);
  });

  test('is read, from any place in memory', () => {
    const bytes = Buffer.from(golden.base64, 'base64');
    for (const shift of [0, 1, 4]) {
      const shifted = Buffer.concat([Buffer.alloc(shift), bytes]).subarray(shift);
      expect(decodeSafetensors(shifted)).toEqual({ tensors, metadata });
    }
  });
});

test('the bytes do not depend on the order of names', () => {
  const backwards = Object.fromEntries(Object.entries(tensors).reverse());
  expect(encodeSafetensors(backwards, metadata)).toEqual(file);
  expect(encodeSafetensors({}, { b: '1', a: '2' })).toEqual(encodeSafetensors({}, { a: '2', b: '1' }));
  expect(decodeSafetensors(encodeSafetensors({}))).toEqual({ tensors: {}, metadata: {} });
});

test('decoded tensors own their memory, encoded ones may be views', () => {
  const bytes = file.slice();
  const decoded = decodeSafetensors(bytes);
  bytes.fill(0);
  expect(decoded.tensors).toEqual(tensors);
  const view = new Float32Array([9, 1, 2, 9]).subarray(1, 3);
  expect(decodeSafetensors(encodeSafetensors({ view: { shape: [2], data: view } })).tensors.view!.data).toEqual(
    new Float32Array([1, 2]),
  );
});

test('shapes that do not match their data, and reserved names, are refused before anything is written', () => {
  const data = new Float32Array(4);
  for (const shape of [[3], [2, 3], [], [-2, -2], [4.5], [Number.NaN]]) {
    expect(() => encodeSafetensors({ w: { shape, data } })).toThrow(UnwritableTensors);
  }
  expect(() => encodeSafetensors({ __metadata__: { shape: [4], data } })).toThrow(UnwritableTensors);
  expect(() => encodeSafetensors(JSON.parse('{"__proto__":{"shape":[0],"data":[]}}'))).toThrow(UnwritableTensors);
});

describe('a hostile file', () => {
  const entry = (dtype: unknown, shape: unknown, offsets: unknown) => ({ dtype, shape, data_offsets: offsets });
  const f32 = (shape: unknown, offsets: unknown) => entry('F32', shape, offsets);
  const four = f32([1], [0, 4]);

  test.each<[string, unknown, number, RegExp]>([
    ['overlapping tensors', { a: f32([2], [0, 8]), b: f32([2], [4, 12]) }, 12, /'b' begins at byte 4 .* ends at 8/],
    ['one tensor twice over', { a: four, b: four }, 4, /'b' begins at byte 0/],
    ['a gap', { a: four, b: f32([1], [8, 12]) }, 12, /'b' begins at byte 8/],
    ['bytes that belong to nobody', { a: four }, 8, /take 4 bytes, the file has 8/],
    ['offsets behind the end', { a: f32([2], [0, 8]) }, 4, /take 8 bytes, the file has 4/],
    ['a shape that is too large for its bytes', { a: f32([2], [0, 4]) }, 4, /needs 8 bytes, its data_offsets span 4/],
    ['a shape of 10^30', { a: f32([1e15, 1e15], [0, 4]) }, 4, /data_offsets span 4/],
    ['sizes beyond exact integers', { a: f32([2 ** 53], [0, 4]) }, 4, /not a list of sizes/],
    ['a negative size', { a: f32([-1], [0, 4]) }, 4, /not a list of sizes/],
    ['offsets backwards', { a: f32([1], [4, 0]) }, 4, /span -4/],
    ['offsets that are no numbers', { a: f32([1], ['0', '4']) }, 4, /not a begin and an end/],
    ['three offsets', { a: f32([1], [0, 4, 4]) }, 4, /not a begin and an end/],
    ['an unknown dtype', { a: entry('BF16', [2], [0, 4]) }, 4, /dtype "BF16"/],
    ['a dtype from the prototype', { a: entry('constructor', [2], [0, 4]) }, 4, /dtype "constructor"/],
    ['an entry that is no object', { a: 'F32' }, 0, /not described by an object/],
    ['metadata that are no strings', { __metadata__: { a: 1 } }, 0, /__metadata__/],
    ['metadata that are a list', { __metadata__: ['a'] }, 0, /__metadata__/],
    ['a header that is a list', [], 0, /not a JSON object/],
    ['a header that is null', null, 0, /not a JSON object/],
    [
      'a name that twists prototypes',
      '{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
      4,
      /'__proto__'/,
    ],
    [
      'one name twice',
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
      4,
      /'a' twice/,
    ],
    ['one field twice', '{"a":{"dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4]}}', 4, /'dtype' twice/],
    ['half a header', '{"a":', 0, /not JSON/],
  ])('with %s is refused', (_name, header, dataBytes, message) => {
    const text = typeof header === 'string' ? header : JSON.stringify(header);
    expect(() => decodeSafetensors(fileOf(text, dataBytes))).toThrow(InvalidSafetensors);
    expect(() => decodeSafetensors(fileOf(text, dataBytes))).toThrow(message);
  });

  test('strings in a header that look like structure are not taken for it', () => {
    const odd = {
      '{"a":': { shape: [1], data: new Float32Array(1) },
      '\\": "': { shape: [1], data: new Float32Array(1) },
    };
    expect(decodeSafetensors(encodeSafetensors(odd, { k: '"k": {' })).tensors).toEqual(odd);
  });

  test('that claims a header beyond its end is refused without reading it', () => {
    for (const length of [2n ** 64n - 1n, 2n ** 53n, 100_000_001n, BigInt(file.length - 7)]) {
      const bytes = file.slice();
      new DataView(bytes.buffer).setBigUint64(0, length, true);
      expect(() => decodeSafetensors(bytes)).toThrow(/its header claims/);
    }
  });

  test('cut off anywhere is refused', () => {
    for (let length = 0; length < file.length; length++) {
      expect(() => decodeSafetensors(file.subarray(0, length))).toThrow(InvalidSafetensors);
    }
  });

  test('with any bit of its header flipped is refused, or decodes to tensors that fit their shapes', () => {
    const headerEnd = 8 + Number(new DataView(file.buffer).getBigUint64(0, true));
    const random = randomStream(1, 'flip');
    for (let time = 0; time < 2000; time++) {
      const bytes = file.slice();
      bytes[random.uniformInteger(headerEnd)]! ^= 1 << random.uniformInteger(8);
      try {
        for (const { shape, data } of Object.values(decodeSafetensors(bytes).tensors)) {
          expect(data.length).toBe(shape.reduce((product, size) => product * size, 1));
        }
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidSafetensors);
      }
    }
  });
});

function fileOf(header: string, dataBytes: number): Uint8Array {
  const bytes = Buffer.concat([Buffer.alloc(8), Buffer.from(header), Buffer.alloc(dataBytes)]);
  bytes.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  return bytes;
}
