import { describe, expect, test } from 'vitest';
import {
  type AdamSettings,
  createDenseArithmeticKernel,
  createDenseArithmeticReference,
  type DenseArithmetic,
} from '../../lib/kernels/dense-arithmetic.ts';
import { randomStream } from '../../lib/numerics/random.ts';

const lengths = { a: 480, b: 480, c: 480, parameters: 24, gradient: 24, firstMoment: 24, secondMoment: 24 };
type Arithmetic = DenseArithmetic<keyof typeof lengths>;

const implementations: Record<string, () => Arithmetic> = {
  'wasm-relaxed': () => createDenseArithmeticKernel(lengths, 'wasm-relaxed'),
  'wasm-plain': () => createDenseArithmeticKernel(lengths, 'wasm-plain'),
  'plain TypeScript': () => createDenseArithmeticReference(lengths, Float32Array),
};

const settings: AdamSettings = { learningRate: 0.01, firstDecay: 0.9, secondDecay: 0.999, epsilon: 1e-8 };

describe.each(Object.keys(implementations))('%s', (name) => {
  test('products, plain and transposed, overwrite what was there', () => {
    const { arrays, multiply, multiplyTransposed } = implementations[name]!();
    const { a, b, c } = arrays;
    const random = randomStream(1, 'products');
    for (const values of [a, b, c]) for (let k = 0; k < values.length; k++) values[k] = Math.fround(random.normal());
    const [rows, inner, columns] = [5, 7, 12];
    const expectProduct = (element: (row: number, k: number) => number) => {
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          let sum = 0;
          for (let k = 0; k < inner; k++) sum += element(row, k) * b[k * columns + column]!;
          expect(c[row * columns + column]).toBeCloseTo(sum, 4);
        }
      }
    };
    multiply({ values: a, rows, columns: inner }, { values: b, rows: inner, columns }, c);
    expectProduct((row, k) => a[row * inner + k]!);
    multiplyTransposed({ values: a, rows: inner, columns: rows }, { values: b, rows: inner, columns }, c);
    expectProduct((row, k) => a[k * rows + row]!);
    const once = c.slice(0, rows * columns);
    multiplyTransposed({ values: a, rows: inner, columns: rows }, { values: b, rows: inner, columns }, c, 'accumulate');
    for (const [k, value] of once.entries()) expect(c[k]).toBeCloseTo(2 * value, 4);
  });

  test('sigmoids and hyperbolic tangents of rows, and of nothing beside them', () => {
    const { arrays, applySigmoid, applyTanh } = implementations[name]!();
    const { a } = arrays;
    for (let k = 0; k < a.length; k++) a[k] = Math.fround(Math.sin(k) * 10);
    const before = Float64Array.from(a);
    // Three rows of 8 that lie 20 apart.
    const isInside = (k: number) => k >= 4 && k < 64 && (k - 4) % 20 < 8;
    applySigmoid({ values: a.subarray(4), rows: 3, columns: 8, stride: 20 });
    for (const [k, x] of before.entries()) expect(a[k]).toBeCloseTo(isInside(k) ? 1 / (1 + Math.exp(-x)) : x, 6);
    a.set(before);
    applyTanh({ values: a.subarray(4), rows: 3, columns: 8, stride: 20 });
    for (const [k, x] of before.entries()) expect(a[k]).toBeCloseTo(isInside(k) ? Math.tanh(x) : x, 6);
    expect(() => applyTanh({ values: a, rows: 1, columns: 6 })).toThrow('a multiple of 4 columns, got 6');
  });

  // Kingma and Ba's algorithm 1, line by line, in float64.
  test('ten updates are those of Adam as published', () => {
    const { arrays, updateAdam } = implementations[name]!();
    const random = randomStream(2, 'adam');
    const count = lengths.parameters;
    for (let k = 0; k < count; k++) arrays.parameters[k] = Math.fround(random.normal());
    const theta = Float64Array.from(arrays.parameters);
    const [m, v] = [new Float64Array(count), new Float64Array(count)];
    for (let t = 1; t <= 10; t++) {
      for (let k = 0; k < count; k++) {
        const g = Math.fround(10 ** ((k % 7) - 4) * random.normal());
        arrays.gradient[k] = g;
        m[k] = 0.9 * m[k]! + 0.1 * g;
        v[k] = 0.999 * v[k]! + 0.001 * g ** 2;
        theta[k]! -= (0.01 * (m[k]! / (1 - 0.9 ** t))) / (Math.sqrt(v[k]! / (1 - 0.999 ** t)) + 1e-8);
      }
      updateAdam(arrays, settings, t);
    }
    for (let k = 0; k < count; k++) expect(Math.abs(arrays.parameters[k]! - theta[k]!)).toBeLessThan(2e-6);
  });

  test('moments that have faded are zero, and stay so', () => {
    const { arrays, updateAdam } = implementations[name]!();
    arrays.firstMoment.fill(1e-30);
    arrays.secondMoment.fill(1e-30);
    arrays.firstMoment[1] = -1e-20;
    const before = Float32Array.from(arrays.parameters);
    updateAdam(arrays, settings, 1000);
    expect(arrays.firstMoment[0]).toBe(0);
    expect(arrays.secondMoment[0]).toBe(0);
    expect(arrays.firstMoment[1]! / -0.9e-20).toBeCloseTo(1, 5);
    expect(arrays.parameters[0]).toBe(before[0]);
  });

  test('refuses arrays of different lengths', () => {
    const { arrays, updateAdam } = implementations[name]!();
    const gradient = arrays.gradient.subarray(0, 20);
    expect(() => updateAdam({ ...arrays, gradient }, settings, 1)).toThrow(
      'must have one length, a multiple of 4, got 24, 20, 24, 24',
    );
  });
});
