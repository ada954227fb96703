import { describe, expect, test } from 'vitest';
import { createLstmArithmeticKernel, type LstmArithmetic, type Matrix } from '../../lib/kernels/lstm-arithmetic.ts';
import { createLstmArithmeticReference } from '../../lib/kernels/lstm-arithmetic-reference.ts';
import { randomStream } from '../../lib/numerics/random.ts';

const lengths = { a: 2000, b: 4000, c: 4000 };
type Arithmetic = LstmArithmetic<keyof typeof lengths>;

const implementations: Record<string, () => Arithmetic> = {
  'wasm-relaxed': () => createLstmArithmeticKernel(lengths, 'wasm-relaxed'),
  'wasm-plain': () => createLstmArithmeticKernel(lengths, 'wasm-plain'),
  'plain TypeScript': () => createLstmArithmeticReference(lengths, Float32Array),
};

function fill({ arrays }: Arithmetic): void {
  for (const [name, values] of Object.entries(arrays)) {
    const random = randomStream(2, name);
    for (let k = 0; k < values.length; k++) values[k] = Math.fround(random.normal());
  }
}

describe.each(Object.keys(implementations))('%s', (name) => {
  // Every remainder of the tiles of 4 rows by 8 and 4 columns.
  test.each([
    [1, 1, 4],
    [3, 5, 8],
    [4, 20, 12],
    [5, 3, 16],
    [7, 21, 80],
    [9, 80, 44],
  ])('products of [%s, %s] and [_, %s], plain, accumulated, transposed and with strides', (rows, inner, columns) => {
    const arithmetic = implementations[name]!();
    fill(arithmetic);
    const { a, b, c } = arithmetic.arrays;
    const left: Matrix = { values: a, rows, columns: inner, stride: inner + 2 };
    const right: Matrix = { values: b, rows: inner, columns };
    const before = Float64Array.from(c);
    const expected = (row: number, column: number, transposed: boolean) => {
      let sum = 0;
      for (let k = 0; k < inner; k++)
        sum += (transposed ? a[k * (rows + 1) + row]! : a[row * (inner + 2) + k]!) * b[k * columns + column]!;
      return sum;
    };
    const check = (transposed: boolean, added: ArrayLike<number> | undefined) => {
      for (let place = 0; place < rows * columns; place++) {
        const value = expected(Math.floor(place / columns), place % columns, transposed) + (added?.[place] ?? 0);
        expect(Math.abs(c[place]! - value)).toBeLessThan(1e-4);
      }
      // Nothing beyond the product is touched.
      expect(c.subarray(rows * columns)).toEqual(Float32Array.from(before.subarray(rows * columns)));
    };
    arithmetic.multiply(left, right, c, 'accumulate');
    check(false, before);
    arithmetic.multiply(left, right, c);
    check(false, undefined);
    c.set(before);
    arithmetic.multiplyTransposed({ values: a, rows: inner, columns: rows, stride: rows + 1 }, right, c);
    check(true, before);
  });

  test('a product that does not exist is refused', () => {
    const { multiply, multiplyTransposed, arrays } = implementations[name]!();
    const { a, b, c } = arrays;
    expect(() => multiply({ values: a, rows: 2, columns: 3 }, { values: b, rows: 4, columns: 8 }, c)).toThrow(
      'must have 3 rows and a multiple of 4 columns, got [4, 8]',
    );
    expect(() => multiplyTransposed({ values: a, rows: 2, columns: 3 }, { values: b, rows: 2, columns: 6 }, c)).toThrow(
      'must have 2 rows and a multiple of 4 columns, got [2, 6]',
    );
  });
});
