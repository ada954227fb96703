/**
 * The arithmetic of a small network's training: matrix products, sigmoids and Adam's update, on arrays of one memory. The
 * caller puts them together and does the rest, which is little, in between.
 *
 *   m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²;  θ ← θ − α m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + ε)
 *
 * (Kingma and Ba 2015, algorithm 1). Moments below 1e-30 become zero: far from mattering beside ε, and numbers near the
 * end of the float32 range would make a processor crawl.
 *
 * `createDenseArithmeticKernel` does it in SIMD WebAssembly (`assembly/dense-arithmetic.ts`), float32;
 * `createDenseArithmeticReference` in plain TypeScript, float32 or float64. The same program over either is how gradients
 * are checked.
 */
import { readFileSync } from 'node:fs';
import { type NumericBackend, wasmBuildOf } from '../numerics/backend.ts';
import { KernelShapeError } from './errors.ts';
import { type FloatArray, type Matrix, requireMatching, strideOf } from './lstm-arithmetic.ts';
import { createLstmArithmeticReference } from './lstm-arithmetic-reference.ts';
import { type CompiledModule, compileModule } from './web-assembly.ts';

export interface AdamSettings {
  /** α */
  readonly learningRate: number;
  readonly firstDecay: number;
  readonly secondDecay: number;
  readonly epsilon: number;
}

/** θ, its gradient and Adam's moments, all of one length, a multiple of 4. */
export interface AdamArrays {
  readonly parameters: FloatArray;
  readonly gradient: FloatArray;
  readonly firstMoment: FloatArray;
  readonly secondMoment: FloatArray;
}

/** Works on arrays of its own, given by name to `create…`, and on their subarrays that start at a multiple of 4 values. */
export interface DenseArithmetic<Name extends string> {
  readonly arrays: Readonly<Record<Name, FloatArray>>;
  /** c = a·b. The columns of b are a multiple of 4; products are fastest where they are a multiple of 8. */
  multiply(a: Matrix, b: Matrix, c: FloatArray): void;
  /** c = aᵀ·b, or c += aᵀ·b. */
  multiplyTransposed(a: Matrix, b: Matrix, c: FloatArray, accumulate?: 'accumulate'): void;
  /** x ← σ(x). Columns are a multiple of 4. */
  applySigmoid(x: Matrix): void;
  /** x ← tanh(x). Columns are a multiple of 4. */
  applyTanh(x: Matrix): void;
  /** @param update t, the number of this update, from 1 */
  updateAdam(arrays: AdamArrays, settings: AdamSettings, update: number): void;
}

interface Exports {
  multiply(...offsetsAndSizes: number[]): void;
  updateAdam(...offsetsAndNumbers: number[]): void;
  applySigmoid(...offsetAndSizes: number[]): void;
  applyTanh(...offsetAndSizes: number[]): void;
}

const binaries = {
  'wasm-relaxed': new URL('./build/dense-arithmetic.relaxed.wasm', import.meta.url),
  'wasm-plain': new URL('./build/dense-arithmetic.plain.wasm', import.meta.url),
} as const;

interface WebAssemblyInterface {
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Instance: new (module: CompiledModule, imports: object) => { readonly exports: unknown };
}
const { Memory, Instance } = (globalThis as unknown as { readonly WebAssembly: WebAssemblyInterface }).WebAssembly;

const pageBytes = 65_536;
/** Below it lie the constants that the compiler placed. */
const firstFreeByte = 65_536;
const smallestMoment = 1e-30;

/**
 * What an experiment computes with. On a TensorFlow backend, too, it is the kernel: steps as small as these are no work for
 * a GPU. `float64` is the reference, for the checking of gradients.
 */
export function createDenseArithmetic<Name extends string>(
  lengths: Readonly<Record<Name, number>>,
  backend: NumericBackend | 'float64',
): DenseArithmetic<Name> {
  if (backend === 'float64') return createDenseArithmeticReference(lengths, Float64Array);
  return createDenseArithmeticKernel(lengths, wasmBuildOf(backend) ?? 'wasm-plain');
}

/** The kernel over a memory of its own that holds arrays of these lengths, all zero. */
export function createDenseArithmeticKernel<Name extends string>(
  lengths: Readonly<Record<Name, number>>,
  backend: 'wasm-relaxed' | 'wasm-plain',
): DenseArithmetic<Name> {
  const places = new Map<string, number>();
  let end = firstFreeByte;
  for (const [name, length] of Object.entries<number>(lengths)) {
    places.set(name, end);
    end += 16 * Math.ceil(length / 4);
  }
  const memory = new Memory({ initial: Math.ceil(end / pageBytes) });
  const kernel = new Instance(compileModule(readFileSync(binaries[backend])), { env: { memory } }).exports as Exports;
  const arrays = Object.fromEntries(
    Object.entries<number>(lengths).map(([name, length]) => [
      name,
      new Float32Array(memory.buffer, places.get(name)!, length),
    ]),
  ) as Record<Name, Float32Array>;

  return {
    arrays,
    multiply(a, b, c) {
      requireMatching(a.columns, b);
      const aRow = 4 * strideOf(a);
      const cRow = 4 * b.columns;
      const { byteOffset } = c;
      kernel.multiply(at(a), aRow, 4, at(b), 4 * strideOf(b), byteOffset, cRow, a.rows, a.columns, b.columns, 0);
    },
    multiplyTransposed(a, b, c, accumulate) {
      requireMatching(a.rows, b);
      const aColumn = 4 * strideOf(a);
      const cRow = 4 * b.columns;
      const adds = accumulate ? 1 : 0;
      const { byteOffset } = c;
      kernel.multiply(at(a), 4, aColumn, at(b), 4 * strideOf(b), byteOffset, cRow, a.columns, a.rows, b.columns, adds);
    },
    applySigmoid(x) {
      requireFours(x);
      kernel.applySigmoid(at(x), x.rows, x.columns, 4 * strideOf(x));
    },
    applyTanh(x) {
      requireFours(x);
      kernel.applyTanh(at(x), x.rows, x.columns, 4 * strideOf(x));
    },
    updateAdam(adam, settings, update) {
      const { parameters, gradient, firstMoment, secondMoment } = requireEqualLengths(adam);
      const { firstDecay, secondDecay, epsilon } = settings;
      const { stepSize, secondScale } = correctBias(settings, update);
      const offsets = [parameters, gradient, firstMoment, secondMoment].map(({ byteOffset }) => byteOffset);
      const numbers = [firstDecay, secondDecay, stepSize, secondScale, epsilon, smallestMoment];
      kernel.updateAdam(...offsets, parameters.length, ...numbers);
    },
  };
}

/** The same in plain TypeScript; sums are taken in float64 whatever the arrays are. */
export function createDenseArithmeticReference<Name extends string>(
  lengths: Readonly<Record<Name, number>>,
  FloatArrayType: typeof Float32Array | typeof Float64Array,
): DenseArithmetic<Name> {
  const { arrays, multiply, multiplyTransposed } = createLstmArithmeticReference(lengths, FloatArrayType);
  return {
    arrays,
    multiply: (a, b, c) => multiply(a, b, c),
    multiplyTransposed(a, b, c, accumulate) {
      if (!accumulate) c.fill(0, 0, a.columns * b.columns);
      multiplyTransposed(a, b, c);
    },
    applySigmoid: (x) => applyEach(x, (value) => 1 / (1 + Math.exp(-value))),
    applyTanh: (x) => applyEach(x, Math.tanh),
    updateAdam(adam, settings, update) {
      const { parameters, gradient, firstMoment, secondMoment } = requireEqualLengths(adam);
      const { firstDecay, secondDecay, epsilon } = settings;
      const { stepSize, secondScale } = correctBias(settings, update);
      for (let k = 0; k < parameters.length; k++) {
        const g = gradient[k]!;
        const m = firstDecay * firstMoment[k]! + (1 - firstDecay) * g;
        const v = secondDecay * secondMoment[k]! + (1 - secondDecay) * g * g;
        firstMoment[k] = Math.abs(m) < smallestMoment ? 0 : m;
        secondMoment[k] = v < smallestMoment ? 0 : v;
        parameters[k]! -= (stepSize * firstMoment[k]!) / (Math.sqrt(secondMoment[k]!) * secondScale + epsilon);
      }
    },
  };
}

function applyEach(x: Matrix, f: (value: number) => number): void {
  requireFours(x);
  for (let row = 0; row < x.rows; row++) {
    const start = row * strideOf(x);
    for (let k = start; k < start + x.columns; k++) x.values[k] = f(x.values[k]!);
  }
}

/** Throws KernelShapeError. */
function requireFours({ columns }: Matrix): void {
  if (columns % 4 !== 0) throw new KernelShapeError(`A row must have a multiple of 4 columns, got ${columns}.`);
}

function correctBias({ learningRate, firstDecay, secondDecay }: AdamSettings, update: number) {
  return {
    stepSize: learningRate / (1 - firstDecay ** update),
    secondScale: 1 / Math.sqrt(1 - secondDecay ** update),
  };
}

/** Throws KernelShapeError. */
function requireEqualLengths(adam: AdamArrays): AdamArrays {
  const { parameters, gradient, firstMoment, secondMoment } = adam;
  const lengths = [parameters, gradient, firstMoment, secondMoment].map(({ length }) => length);
  if (parameters.length % 4 === 0 && lengths.every((length) => length === parameters.length)) return adam;
  throw new KernelShapeError(
    `Parameters, gradient and moments must have one length, a multiple of 4, got ${lengths.join(', ')}.`,
  );
}

function at({ values }: Matrix): number {
  return values.byteOffset;
}
