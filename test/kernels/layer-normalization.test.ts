import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { normalizeLayer } from '../../lib/kernels/layer-normalization.ts';
import { checkGradient } from '../../lib/numerics/gradient-checking.ts';
import { randomStream } from '../../lib/numerics/random.ts';

interface Case {
  readonly rows: number;
  readonly features: number;
  readonly statistics: 'layer' | 'root-mean-square';
  readonly epsilon: number;
}

/** y = gain ⊙ (x − μ)/√(σ² + ε) + bias, one element at a time. */
function normalizeInFloat64(
  { rows, features, statistics, epsilon }: Case,
  [x, gain, bias]: readonly ArrayLike<number>[],
): Float64Array {
  const y = new Float64Array(rows * features);
  for (let row = 0; row < rows; row++) {
    const values = Array.from({ length: features }, (_, place) => x![row * features + place]!);
    const average = (numbers: readonly number[]) => numbers.reduce((sum, value) => sum + value, 0) / features;
    const mean = statistics === 'layer' ? average(values) : 0;
    const scale = 1 / Math.sqrt(average(values.map((value) => (value - mean) ** 2)) + epsilon);
    for (const [place, value] of values.entries()) {
      y[row * features + place] = gain![place]! * (value - mean) * scale + bias![place]!;
    }
  }
  return y;
}

/** Values around `mean` with a deviation of 1, and what the kernel makes of them: y and the gradients of Σ y ⊙ weights. */
function compute({ rows, features, statistics, epsilon }: Case, build: 'wasm-relaxed' | 'wasm-plain', mean = 0.5) {
  const draw = (name: string, length: number, center: number) => {
    const array = new Float32Array(length);
    randomStream(7, name).fillNormal(array, 1);
    return array.map((value) => value + center);
  };
  const arrays = [draw('x', rows * features, mean), draw('gain', features, 1), draw('bias', features, 0)];
  const weights = draw('weights', rows * features, 0);
  const [y, ...gradients] = tf.tidy(() => {
    const tensors = arrays.map((array, index) => tf.tensor(array, index === 0 ? [rows, features] : [features]));
    const operation = (x: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor) =>
      normalizeLayer(x, gain, bias, { epsilon, statistics, build });
    const { value, grads } = tf.valueAndGrads(operation as (...x: tf.Tensor[]) => tf.Tensor)(
      tensors,
      tf.tensor(weights, [rows, features]),
    );
    return [value, ...grads].map((tensor) => tensor.dataSync() as Float32Array);
  });
  return { arrays, weights, y: y!, gradients };
}

const largest = (values: ArrayLike<number>) =>
  Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
const farthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  largest(Array.from(a, (value, index) => value - b[index]!));

const shapes = [1, 2, 3, 4, 5, 7, 16, 19, 33].map((features) => ({ rows: 1 + (features % 4), features }));
const backends = ['cpu', 'wasm'] as const;
const builds = ['wasm-relaxed', 'wasm-plain'] as const;
const statistics = ['layer', 'root-mean-square'] as const;

describe.each(backends)('on the backend %s', (backend) => {
  describe.each(builds)('build %s', (build) => {
    test.each(shapes.flatMap((shape) => statistics.map((kind) => [shape.rows, shape.features, kind] as const)))(
      '[%i, %i] by %s statistics: values and gradients are those of float64',
      async (rows, features, kind) => {
        await tf.setBackend(backend);
        const tensors = tf.memory().numTensors;
        // Large enough that the variance of two features that happen to be close does not amplify rounding.
        const layer = { rows, features, statistics: kind, epsilon: 0.01 };
        const { arrays, weights, y, gradients } = compute(layer, build);
        expect(tf.memory().numTensors).toBe(tensors);
        expect(farthest(y, normalizeInFloat64(layer, arrays))).toBeLessThan(3e-6);
        for (const [index, gradient] of gradients.entries()) {
          const weighted = (values: Float64Array) =>
            normalizeInFloat64(
              layer,
              arrays.map((array, other) => (other === index ? values : array)),
            ).reduce((sum, value, place) => sum + value * weights[place]!, 0);
          expect.soft(checkGradient(weighted, arrays[index]!, gradient).error, `${index}`).toBeLessThan(5e-6);
        }
      },
    );

    test('a mean of 10⁴ and a deviation of 1 keep four digits, in values and gradients', async () => {
      await tf.setBackend(backend);
      const layer: Case = { rows: 3, features: 1000, statistics: 'layer', epsilon: 1e-5 };
      const { arrays, weights, y, gradients } = compute(layer, build, 1e4);
      expect(farthest(y, normalizeInFloat64(layer, arrays))).toBeLessThan(1e-4);
      // ∂/∂gain = Σ weights ⊙ x̂: what x̂ is in float64, since the values in float32 are exact.
      const normals = normalizeInFloat64(layer, [arrays[0]!, new Float32Array(1000).fill(1), new Float32Array(1000)]);
      const expected = Float64Array.from({ length: 1000 }, (_, place) =>
        [0, 1, 2].reduce((sum, row) => sum + weights[row * 1000 + place]! * normals[row * 1000 + place]!, 0),
      );
      expect(farthest(gradients[1]!, expected)).toBeLessThan(1e-4);
    });

    test('a row of equal values is put out as the bias, and has a gradient of zero', async () => {
      await tf.setBackend(backend);
      const [y, dx] = tf.tidy(() => {
        const [x, gain, bias] = [tf.fill([2, 6], 3), tf.fill([6], 2), tf.tensor1d([1, 2, 3, 4, 5, 6])];
        const operation = (values: tf.Tensor) => normalizeLayer(values, gain, bias, { epsilon: 1e-5, build });
        const { value, grad } = tf.valueAndGrad(operation)(x, tf.ones([2, 6]));
        return [value.dataSync(), grad.dataSync()];
      });
      expect([...y!]).toEqual([1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]);
      expect([...dx!]).toEqual(new Array(12).fill(0));
    });
  });
});

test('refuses a gain of another length, and no elements', async () => {
  await tf.setBackend('cpu');
  const ones = tf.ones([3]);
  expect(() => normalizeLayer(tf.ones([2, 4]), ones, tf.ones([4]), { epsilon: 0 })).toThrow(
    'The gain of a layer normalization of [2,4] must have the shape [4], got [3].',
  );
  expect(() => normalizeLayer(tf.zeros([0, 3]), ones, ones, { epsilon: 0 })).toThrow('must have elements, got [0,3]');
});
