import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { mapAxesOnKernel } from '../../lib/kernels/axis-map.ts';
import { checkGradient } from '../../lib/numerics/gradient-checking.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import {
  type AxisMap,
  mapRowsAndColumns,
  meanOfThreeMap,
  resizingMap,
  samplingMap,
  upsamplingMap,
} from '../../lib/random-walk/back-ends/axis-maps.ts';

type Shape = readonly [images: number, height: number, width: number, channels: number];

const cases: readonly { name: string; shape: Shape; rows: AxisMap; columns: AxisMap }[] = [
  { name: 'enlarging', shape: [2, 3, 4, 11], rows: upsamplingMap(3, 20, 8), columns: upsamplingMap(4, 27, 8) },
  { name: 'sampling', shape: [2, 17, 9, 7], rows: samplingMap(17, 8), columns: samplingMap(9, 8) },
  { name: 'means', shape: [1, 4, 5, 4], rows: meanOfThreeMap(4), columns: meanOfThreeMap(5) },
  { name: 'resizing', shape: [2, 7, 5, 1], rows: resizingMap(7, 4), columns: resizingMap(5, 9) },
  {
    name: 'outputs of nothing',
    shape: [1, 2, 2, 3],
    rows: [[], [{ input: 1, weight: 2 }]],
    columns: resizingMap(2, 3),
  },
];

/** The sum over taps for one output at a time, in float64. */
function mapInFloat64({ shape, rows, columns }: (typeof cases)[number], x: ArrayLike<number>): Float64Array {
  const [images, height, width, channels] = shape;
  const y: number[] = [];
  for (let image = 0; image < images; image++) {
    for (const down of rows) {
      for (const along of columns) {
        for (let channel = 0; channel < channels; channel++) {
          let sum = 0;
          for (const row of down) {
            for (const column of along) {
              const at = ((image * height + row.input) * width + column.input) * channels + channel;
              sum += row.weight * column.weight * x[at]!;
            }
          }
          y.push(sum);
        }
      }
    }
  }
  return Float64Array.from(y);
}

const farthest = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((most, value, index) => Math.max(most, Math.abs(value - b[index]!)), 0);
};

const contestants = [
  { name: 'kernel, wasm-relaxed', backend: 'cpu', build: 'wasm-relaxed' },
  { name: 'kernel, wasm-relaxed', backend: 'wasm', build: 'wasm-relaxed' },
  { name: 'kernel, wasm-plain', backend: 'wasm', build: 'wasm-plain' },
  { name: 'values', backend: 'wasm', build: undefined },
] as const;

describe.each(cases)('$name', (given) => {
  const { shape, rows, columns } = given;
  test.each(contestants)(
    '$name on the backend $backend: values, and the gradient of finite differences in float64',
    async ({ backend, build }) => {
      await tf.setBackend(backend);
      const tensors = tf.memory().numTensors;
      const random = randomStream(8, 'axis map');
      const x = new Float32Array(tf.util.sizeFromShape([...shape]));
      random.fillNormal(x, 1);
      const expected = mapInFloat64(given, x);
      const weights = new Float32Array(expected.length);
      random.fillNormal(weights, 1);
      const [y, gradient] = tf.tidy(() => {
        const map = (values: tf.Tensor) =>
          build
            ? mapAxesOnKernel(values as tf.Tensor4D, rows, columns, { build })
            : mapRowsAndColumns(values as tf.Tensor4D, rows, columns, 'tensors');
        const values = tf.tensor4d(x, [...shape]);
        const result = map(values);
        expect(result.shape).toEqual([shape[0], rows.length, columns.length, shape[3]]);
        return [result.dataSync(), tf.grad(map)(values, tf.tensor(weights, result.shape)).dataSync()] as const;
      });
      expect(tf.memory().numTensors).toBe(tensors);
      expect(farthest(y, expected)).toBeLessThan(2e-6);
      const weighted = (values: Float64Array) =>
        mapInFloat64(given, values).reduce((sum, value, index) => sum + value * weights[index]!, 0);
      expect(checkGradient(weighted, x, gradient).error).toBeLessThan(2e-6);
    },
  );
});
