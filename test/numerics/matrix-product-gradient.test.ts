import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { checkGradient } from '../../lib/numerics/gradient-checking.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import '../../lib/numerics/register-gradients.ts';

beforeAll(() => tf.setBackend('cpu'));

/** Σ w ⊙ (A B) in float64, in loops, for matrices [batch, rows, inner] × [batch, inner, columns], each maybe transposed. */
function weightedSum(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  weights: ArrayLike<number>,
  [batch, rows, inner, columns]: readonly [number, number, number, number],
  transposeA: boolean,
  transposeB: boolean,
): number {
  let sum = 0;
  for (let n = 0; n < batch; n++) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        for (let k = 0; k < inner; k++) {
          const left = a[n * rows * inner + (transposeA ? k * rows + i : i * inner + k)]!;
          const right = b[n * inner * columns + (transposeB ? j * inner + k : k * columns + j)]!;
          sum += weights[(n * rows + i) * columns + j]! * left * right;
        }
      }
    }
  }
  return sum;
}

test.each([
  [false, false],
  [false, true],
  [true, false],
  [true, true],
])('is that of finite differences, transposed %s and %s', (transposeA, transposeB) => {
  for (const batch of [1, 2]) {
    const sizes = [batch, 2, 3, 4] as const;
    const [, rows, inner, columns] = sizes;
    const draw = (count: number) => {
      const values = new Float32Array(count);
      randomStream(1, 'values', count).fillNormal(values, 1);
      return values;
    };
    const [a, b, weights] = [draw(batch * rows * inner), draw(batch * inner * columns), draw(batch * rows * columns)];
    const lead = batch === 1 ? [] : [batch];
    const [da, db] = tf.tidy(() => {
      const f = (x: tf.Tensor, y: tf.Tensor) =>
        tf.sum(tf.mul(tf.matMul(x, y, transposeA, transposeB), tf.tensor(weights, [...lead, rows, columns])));
      const gradients = tf.grads((x, y) => f(x!, y!) as tf.Scalar)([
        tf.tensor(a, [...lead, ...(transposeA ? [inner, rows] : [rows, inner])]),
        tf.tensor(b, [...lead, ...(transposeB ? [columns, inner] : [inner, columns])]),
      ]);
      return gradients.map((gradient) => gradient.dataSync());
    }) as unknown as [Float32Array, Float32Array];
    const ofA = checkGradient((x) => weightedSum(x, b, weights, sizes, transposeA, transposeB), a, da);
    const ofB = checkGradient((x) => weightedSum(a, x, weights, sizes, transposeA, transposeB), b, db);
    expect(ofA.error).toBeLessThan(1e-6);
    expect(ofB.error).toBeLessThan(1e-6);
  }
});
