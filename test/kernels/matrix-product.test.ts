import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { multiplyMatrices } from '../../lib/kernels/matrix-product.ts';
import { randomStream } from '../../lib/numerics/random.ts';

function draw(name: string, length: number): Float32Array {
  const array = new Float32Array(length);
  randomStream(1, name).fillNormal(array, 1);
  return array;
}

/** a b in float64, elements of either found by a function of row and column. */
function multiply(
  rows: number,
  inner: number,
  columns: number,
  a: (row: number, place: number) => number,
  b: (place: number, column: number) => number,
): Float64Array {
  return Float64Array.from({ length: rows * columns }, (_, index) => {
    const row = Math.floor(index / columns);
    let sum = 0;
    for (let place = 0; place < inner; place++) sum += a(row, place) * b(place, index % columns);
    return sum;
  });
}

/** Less than a tile of any side, whole tiles, and more than one pass (512 deep) and panel (128 rows) take. */
const sizes = [
  [1, 1, 1],
  [3, 5, 2],
  [4, 8, 8],
  [5, 7, 13],
  [131, 6, 24],
  [6, 515, 10],
  [140, 9, 515],
] as const;

describe.each(['cpu', 'wasm'])('on the backend %s', (backend) => {
  describe.each(['wasm-relaxed', 'wasm-plain'] as const)('build %s', (build) => {
    test.each(sizes)('[%i, %i] · [., %i] and its gradients are those of float64', async (rows, inner, columns) => {
      await tf.setBackend(backend);
      const before = tf.memory().numTensors;
      const [a, b, dc] = [draw('a', rows * inner), draw('b', inner * columns), draw('dc', rows * columns)];
      const computed = tf.tidy(() => {
        const operation = (x: tf.Tensor, y: tf.Tensor) =>
          multiplyMatrices(x as tf.Tensor2D, y as tf.Tensor2D, { build });
        const { value, grads } = tf.valueAndGrads(operation as (...given: tf.Tensor[]) => tf.Tensor)(
          [tf.tensor2d(a, [rows, inner]), tf.tensor2d(b, [inner, columns])],
          tf.tensor2d(dc, [rows, columns]),
        );
        return [value, ...grads].map((tensor) => ({ shape: tensor.shape, values: tensor.dataSync() }));
      });
      expect(tf.memory().numTensors).toBe(before);
      const atA = (row: number, place: number) => a[row * inner + place]!;
      const atB = (place: number, column: number) => b[place * columns + column]!;
      const atC = (row: number, column: number) => dc[row * columns + column]!;
      const expected = [
        { shape: [rows, columns], values: multiply(rows, inner, columns, atA, atB) },
        { shape: [rows, inner], values: multiply(rows, columns, inner, atC, (c, k) => atB(k, c)) },
        { shape: [inner, columns], values: multiply(inner, rows, columns, (k, row) => atA(row, k), atC) },
      ];
      for (const [index, { shape, values }] of expected.entries()) {
        expect(computed[index]!.shape).toEqual(shape);
        const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
        const error = values.reduce(
          (most, value, i) => Math.max(most, Math.abs(value - computed[index]!.values[i]!)),
          0,
        );
        expect(error / scale).toBeLessThan(2e-6);
      }
    });
  });
});

test('refuses matrices that do not match, of another type, or with nothing in them', async () => {
  await tf.setBackend('cpu');
  const a = tf.ones([2, 3]) as tf.Tensor2D;
  expect(() => multiplyMatrices(a, tf.ones([4, 5]))).toThrow('got float32 [2,3] and float32 [4,5]');
  expect(() => multiplyMatrices(a, tf.ones([3, 5], 'int32'))).toThrow('got float32 [2,3] and int32 [3,5]');
  expect(() => multiplyMatrices(a, tf.zeros([3, 0]))).toThrow('with elements, got float32 [2,3] and float32 [3,0]');
});
