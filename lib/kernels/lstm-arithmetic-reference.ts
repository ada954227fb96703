/** `lstm-arithmetic.ts` in plain TypeScript, to be read beside its equations, in float32 or float64. */
import { type FloatArray, type LstmArithmetic, type Matrix, requireMatching, strideOf } from './lstm-arithmetic.ts';

/** Arrays of these lengths, all zero, of this precision; sums are taken in float64 in either. */
export function createLstmArithmeticReference<Name extends string>(
  lengths: Readonly<Record<Name, number>>,
  FloatArrayType: typeof Float32Array | typeof Float64Array,
): LstmArithmetic<Name> {
  const arrays = Object.fromEntries(
    Object.entries<number>(lengths).map(([name, length]) => [name, new FloatArrayType(length)]),
  ) as Record<Name, FloatArray>;
  return { arrays, multiply, multiplyTransposed, applyGates, reverseGates };
}

function multiply(a: Matrix, b: Matrix, c: FloatArray, accumulate?: 'accumulate'): void {
  requireMatching(a.columns, b);
  const aStride = strideOf(a);
  const bStride = strideOf(b);
  for (let row = 0; row < a.rows; row++) {
    for (let column = 0; column < b.columns; column++) {
      let sum = accumulate ? c[row * b.columns + column]! : 0;
      for (let k = 0; k < a.columns; k++) sum += a.values[row * aStride + k]! * b.values[k * bStride + column]!;
      c[row * b.columns + column] = sum;
    }
  }
}

function multiplyTransposed(a: Matrix, b: Matrix, c: FloatArray): void {
  requireMatching(a.rows, b);
  const aStride = strideOf(a);
  const bStride = strideOf(b);
  for (let row = 0; row < a.columns; row++) {
    for (let column = 0; column < b.columns; column++) {
      let sum = c[row * b.columns + column]!;
      for (let k = 0; k < a.rows; k++) sum += a.values[k * aStride + row]! * b.values[k * bStride + column]!;
      c[row * b.columns + column] = sum;
    }
  }
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

const applyGates: LstmArithmetic<never>['applyGates'] = ({ z, lastCell, cell, units }, h) => {
  for (let k = 0; k < h.length; k++) {
    const place = Math.floor(k / units) * 4 * units + (k % units);
    const i = sigmoid(z[place]!);
    const f = sigmoid(z[place + units]!);
    const g = Math.tanh(z[place + 2 * units]!);
    const o = sigmoid(z[place + 3 * units]!);
    const c = f * lastCell[k]! + i * g; // c′ = σ(z_f) ⊙ c + σ(z_i) ⊙ tanh(z_g)
    cell[k] = c;
    h[k] = o * Math.tanh(c); // h = σ(z_o) ⊙ tanh(c′)
    z[place] = i;
    z[place + units] = f;
    z[place + 2 * units] = g;
    z[place + 3 * units] = o;
  }
};

const reverseGates: LstmArithmetic<never>['reverseGates'] = ({ z, lastCell, cell, units }, hGradient, cellGradient) => {
  for (let k = 0; k < hGradient.length; k++) {
    const place = Math.floor(k / units) * 4 * units + (k % units);
    const i = z[place]!;
    const f = z[place + units]!;
    const g = z[place + 2 * units]!;
    const o = z[place + 3 * units]!;
    const t = Math.tanh(cell[k]!);
    const dh = hGradient[k]!;
    const dc = cellGradient[k]! + dh * o * (1 - t * t);
    z[place] = dc * g * i * (1 - i);
    z[place + units] = dc * lastCell[k]! * f * (1 - f);
    z[place + 2 * units] = dc * i * (1 - g * g);
    z[place + 3 * units] = dh * t * o * (1 - o);
    cellGradient[k] = dc * f;
  }
};
