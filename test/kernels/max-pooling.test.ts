import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { maxPoolOnKernel } from '../../lib/kernels/max-pooling.ts';
import { checkGradient } from '../../lib/numerics/gradient-checking.ts';
import { randomStream } from '../../lib/numerics/random.ts';

type Shape = readonly [images: number, height: number, width: number, channels: number];

const cases: readonly { readonly shape: Shape; readonly stride: number }[] = [
  { shape: [2, 5, 7, 2], stride: 2 },
  { shape: [2, 6, 4, 4], stride: 2 },
  { shape: [1, 4, 5, 11], stride: 1 },
  { shape: [2, 3, 3, 7], stride: 1 },
  { shape: [1, 7, 8, 5], stride: 3 },
  { shape: [2, 1, 6, 8], stride: 2 },
  { shape: [1, 6, 1, 1], stride: 1 },
  { shape: [1, 1, 1, 3], stride: 2 },
];

/** One output at a time, in float64. */
function poolInFloat64([images, height, width, channels]: Shape, stride: number, x: ArrayLike<number>): Float64Array {
  const [rows, columns] = [Math.ceil(height / stride), Math.ceil(width / stride)];
  return Float64Array.from({ length: images * rows * columns * channels }, (_, index) => {
    const channel = index % channels;
    const column = stride * (Math.floor(index / channels) % columns);
    const row = stride * (Math.floor(index / channels / columns) % rows);
    const image = Math.floor(index / channels / columns / rows);
    let most = Number.NEGATIVE_INFINITY;
    for (let y = Math.max(0, row - 1); y <= Math.min(height - 1, row + 1); y++) {
      for (let z = Math.max(0, column - 1); z <= Math.min(width - 1, column + 1); z++) {
        most = Math.max(most, x[((image * height + y) * width + z) * channels + channel]!);
      }
    }
    return most;
  });
}

/** Values that differ by more than any finite difference makes of them, negative ones among them, in random order. */
function drawApart(shape: Shape): Float32Array {
  const order = new Int32Array(tf.util.sizeFromShape([...shape]));
  randomStream(6, 'apart').fillSample(order, order.length);
  return Float32Array.from(order, (place) => (place - order.length / 2) / 64);
}

const contestants = [
  { backend: 'cpu', build: 'wasm-relaxed' },
  { backend: 'wasm', build: 'wasm-relaxed' },
  { backend: 'wasm', build: 'wasm-plain' },
] as const;

describe.each(contestants)('$build on the backend $backend', ({ backend, build }) => {
  test.each(cases)(
    '$shape by $stride: the largest, and the gradient of finite differences in float64',
    async ({ shape, stride }) => {
      await tf.setBackend(backend);
      const tensors = tf.memory().numTensors;
      const x = drawApart(shape);
      const expected = poolInFloat64(shape, stride, x);
      const weights = new Float32Array(expected.length);
      randomStream(6, 'weights').fillNormal(weights, 1);
      const [y, gradient] = tf.tidy(() => {
        const pool = (values: tf.Tensor) => maxPoolOnKernel(values as tf.Tensor4D, stride, { build });
        const values = tf.tensor4d(x, [...shape]);
        const result = pool(values);
        return [result.dataSync(), tf.grad(pool)(values, tf.tensor(weights, result.shape)).dataSync()] as const;
      });
      expect(tf.memory().numTensors).toBe(tensors);
      expect([...y]).toEqual([...expected]);
      const weighted = (values: Float64Array) =>
        poolInFloat64(shape, stride, values).reduce((sum, value, index) => sum + value * weights[index]!, 0);
      expect(checkGradient(weighted, x, gradient).error).toBeLessThan(1e-6);
    },
  );

  test('the first of equal values gets the whole gradient; a NaN stays one', async () => {
    await tf.setBackend(backend);
    const pool = (x: tf.Tensor) => maxPoolOnKernel(x as tf.Tensor4D, 2, { build });
    const flat = tf.zeros([1, 3, 3, 1]);
    expect([
      ...tf
        .grad(pool)(flat, tf.tensor([1, 2, 4, 8], [1, 2, 2, 1]))
        .dataSync(),
    ]).toEqual([1, 2, 0, 4, 8, 0, 0, 0, 0]);
    const [value] = pool(tf.tensor4d([1, Number.NaN, 3, 4], [1, 2, 2, 1])).dataSync();
    expect(value).toBeNaN();
  });
});

test('TensorFlow.js’s own, padded by one, is the same', async () => {
  await tf.setBackend('cpu');
  for (const { shape, stride } of cases) {
    const x = tf.tensor4d(drawApart(shape), [...shape]);
    const own = tf.maxPool(x, 3, stride, 1, 'floor');
    const ours = maxPoolOnKernel(x, stride);
    expect(ours.shape).toEqual(own.shape);
    expect(ours.dataSync()).toEqual(own.dataSync());
  }
});
