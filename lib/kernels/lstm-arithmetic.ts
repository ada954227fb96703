/**
 * The arithmetic of an LSTM layer over many coordinates at once: matrix products, gates, and the gates' reverse. The
 * caller puts them together, and may do something between them: average cells over coordinates, read from a memory.
 *
 *   [z_i z_f z_g z_o] = x W;  c′ = σ(z_f) ⊙ c + σ(z_i) ⊙ tanh(z_g);  h = σ(z_o) ⊙ tanh(c′)
 *
 * `createLstmArithmeticKernel` does it in SIMD WebAssembly (`assembly/lstm-arithmetic.ts`), float32;
 * `createLstmArithmeticReference` in plain TypeScript, float32 or float64. The same program over either is how gradients
 * are checked: float64 against finite differences, the kernel against float64.
 */
import { readFileSync } from 'node:fs';
import { KernelShapeError } from './errors.ts';
import { type CompiledModule, compileModule } from './web-assembly.ts';

export type FloatArray = Float32Array | Float64Array;

/** A matrix of `rows` rows of `columns` values; row-major with rows `stride` apart, `columns` where left out. */
export interface Matrix {
  readonly values: FloatArray;
  readonly rows: number;
  readonly columns: number;
  readonly stride?: number;
}

/** One layer at one step, every array row-major with one row a coordinate. */
export interface GateArrays {
  /** [rows, 4·units] Sums of the gates i, f, g, o before `applyGates`, activations after it, ∂L/∂z after `reverseGates`. */
  readonly z: FloatArray;
  /** [rows, units] c */
  readonly lastCell: FloatArray;
  /** [rows, units] c′ */
  readonly cell: FloatArray;
  /** A multiple of 4. */
  readonly units: number;
}

/** Works on arrays of its own, given by name to `create…`, and on their subarrays that start at a multiple of 4 values. */
export interface LstmArithmetic<Name extends string> {
  readonly arrays: Readonly<Record<Name, FloatArray>>;
  /** c = a·b, or c += a·b. The columns of b, and where its rows and c's begin, are multiples of 4. */
  multiply(a: Matrix, b: Matrix, c: FloatArray, accumulate?: 'accumulate'): void;
  /** c += aᵀ·b */
  multiplyTransposed(a: Matrix, b: Matrix, c: FloatArray): void;
  /** Writes `z`, `cell` and h [rows, units]. */
  applyGates(gates: GateArrays, h: FloatArray): void;
  /**
   * @param hGradient [rows, units] ∂L/∂h
   * @param cellGradient [rows, units] ∂L/∂c′ from later steps in, ∂L/∂c out
   */
  reverseGates(gates: GateArrays, hGradient: FloatArray, cellGradient: FloatArray): void;
}

interface Exports {
  multiply(...offsetsAndSizes: number[]): void;
  applyGates(...offsetsAndSizes: number[]): void;
  reverseGates(...offsetsAndSizes: number[]): void;
}

const binaries = {
  'wasm-relaxed': new URL('./build/lstm-arithmetic.relaxed.wasm', import.meta.url),
  'wasm-plain': new URL('./build/lstm-arithmetic.plain.wasm', import.meta.url),
} as const;

interface WebAssemblyInterface {
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Instance: new (module: CompiledModule, imports: object) => { readonly exports: unknown };
}
const { Memory, Instance } = (globalThis as unknown as { readonly WebAssembly: WebAssemblyInterface }).WebAssembly;

const pageBytes = 65_536;
/** Below it lie the constants that the compiler placed. */
const firstFreeByte = 65_536;

/** The kernel over a memory of its own that holds arrays of these lengths, all zero. */
export function createLstmArithmeticKernel<Name extends string>(
  lengths: Readonly<Record<Name, number>>,
  backend: 'wasm-relaxed' | 'wasm-plain',
): LstmArithmetic<Name> {
  const places = new Map<string, number>();
  let end = firstFreeByte;
  for (const [name, length] of Object.entries<number>(lengths)) {
    places.set(name, end);
    end += 16 * Math.ceil(length / 4);
  }
  const memory = new Memory({ initial: Math.ceil(end / pageBytes) });
  const module = compileModule(readFileSync(binaries[backend]));
  const kernel = new Instance(module, { env: { memory } }).exports as Exports;
  const arrays = Object.fromEntries(
    Object.entries<number>(lengths).map(([name, length]) => [
      name,
      new Float32Array(memory.buffer, places.get(name)!, length),
    ]),
  ) as Record<Name, Float32Array>;

  return {
    arrays,
    multiply(a, b, c, accumulate) {
      requireMatching(a.columns, b);
      const { rows, columns: inner } = a;
      const aRow = 4 * strideOf(a);
      const bRow = 4 * strideOf(b);
      const cRow = 4 * b.columns;
      const adds = accumulate ? 1 : 0;
      kernel.multiply(at(a), aRow, 4, at(b), bRow, c.byteOffset, cRow, rows, inner, b.columns, adds);
    },
    multiplyTransposed(a, b, c) {
      requireMatching(a.rows, b);
      const { rows: inner, columns: rows } = a;
      const aColumn = 4 * strideOf(a);
      const bRow = 4 * strideOf(b);
      kernel.multiply(at(a), 4, aColumn, at(b), bRow, c.byteOffset, 4 * b.columns, rows, inner, b.columns, 1);
    },
    applyGates({ z, lastCell, cell, units }, h) {
      const rows = h.length / units;
      kernel.applyGates(z.byteOffset, lastCell.byteOffset, cell.byteOffset, h.byteOffset, rows, units);
    },
    reverseGates({ z, lastCell, cell, units }, hGradient, cellGradient) {
      const rows = hGradient.length / units;
      const gradients = [hGradient.byteOffset, cellGradient.byteOffset];
      kernel.reverseGates(z.byteOffset, lastCell.byteOffset, cell.byteOffset, ...gradients, rows, units);
    },
  };
}

function at({ values }: Matrix): number {
  return values.byteOffset;
}

export function strideOf({ columns, stride }: Matrix): number {
  return stride ?? columns;
}

/** Throws KernelShapeError where a product does not exist, or b's columns are no multiple of 4. */
export function requireMatching(inner: number, b: Matrix): void {
  if (b.rows === inner && b.columns % 4 === 0) return;
  throw new KernelShapeError(
    `A product's second matrix must have ${inner} rows and a multiple of 4 columns, got [${b.rows}, ${b.columns}].`,
  );
}
