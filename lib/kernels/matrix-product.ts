/**
 * Products of two matrices and their gradients on the SIMD kernel of assembly/matrix-product.ts. TensorFlow.js's WebAssembly
 * backend has a fast product but none of a transposed matrix, which both gradients are.
 *
 *   c = a b,   ∂a = ∂c bᵀ,   ∂b = aᵀ ∂c
 */
import * as tf from '@tensorflow/tfjs-core';
import { KernelShapeError } from './errors.ts';
import type { KernelOptions } from './kernel-instance.ts';
import { refuseSecondOrder, type TensorMemory, withTensors } from './tensor-memory.ts';

type Numbers<Names extends string[]> = { [Place in keyof Names]: number };

/** Addresses, and distances in bytes, unless said otherwise. */
interface Exports {
  packColumns(...values: Numbers<['b', 'rowBytes', 'columnBytes', 'rows', 'columns', 'packed', 'tileBytes']>): void;
  product(
    ...values: Numbers<['a', 'aBytes', 'packed', 'c', 'cBytes', 'rows', 'inner', 'columns', 'accumulate', 'spare']>
  ): void;
  transposedProduct(
    ...values: Numbers<['a', 'aBytes', 'columnsA', 'b', 'columnsB', 'rows', 'c', 'sums', 'panel']>
  ): void;
}

const binaries = {
  'wasm-relaxed': new URL('./build/matrix-product.relaxed.wasm', import.meta.url),
  'wasm-plain': new URL('./build/matrix-product.plain.wasm', import.meta.url),
};

/** PANEL_ROWS in assembly/matrix-product.ts. */
const panelRows = 128;
/** Bytes of a tile of four rows of eight columns. */
const tileBytes = 128;

/**
 * Differentiable once. Throws KernelShapeError where the matrices do not match, KernelBackendError where the kernel cannot run.
 *
 * @param a float32 [rows, inner]
 * @param b float32 [inner, columns]
 * @returns [rows, columns]
 */
export function multiplyMatrices(a: tf.Tensor2D, b: tf.Tensor2D, options: KernelOptions = {}): tf.Tensor2D {
  const [rows, inner] = a.shape;
  const [, columns] = b.shape;
  const size = rows * inner * columns;
  if (inner !== b.shape[0] || size === 0 || a.dtype !== 'float32' || b.dtype !== 'float32') {
    throw new KernelShapeError(
      `A product must be of float32 matrices [rows, inner] and [inner, columns] with elements, got ${a.dtype} [${a.shape}] and ${b.dtype} [${b.shape}].`,
    );
  }
  const operation = tf.customGrad((...inputs) => {
    const [left, right, save] = inputs as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const value = withTensors<Exports, tf.Tensor>(binaries, options, (kernel, memory) => {
      const c = memory.result([rows, columns]);
      // b as it lies.
      const layout = { rowBytes: 4 * columns, columnBytes: 4, inner, columns };
      multiply(kernel, memory, { a: memory.address(left), b: memory.address(right), c: c.address, rows, ...layout });
      return c.tensor();
    });
    save([left, right]);
    const gradFunc = (dc: tf.Tensor, saved: tf.Tensor[]) => {
      refuseSecondOrder('matrix product');
      return withTensors<Exports, tf.Tensor[]>(binaries, options, (kernel, memory) => {
        const da = memory.result([rows, inner]);
        const db = memory.result([inner, columns]);
        const [leftAt, rightAt] = saved.map((tensor) => memory.address(tensor)) as [number, number];
        const dcAt = memory.address(dc);
        // bᵀ: its columns are the rows of b.
        const layout = { rowBytes: 4, columnBytes: 4 * columns, inner: columns, columns: inner };
        multiply(kernel, memory, { a: dcAt, b: rightAt, c: da.address, rows, ...layout });
        multiplyTransposed(kernel, memory, { a: leftAt, b: dcAt, c: db.address, rows, inner, columns });
        return [da.tensor(), db.tensor()];
      });
    };
    return { value, gradFunc };
  });
  return operation(a, b) as tf.Tensor2D;
}

type Sizes = Readonly<Record<'a' | 'b' | 'c' | 'rows' | 'inner' | 'columns', number>>;

/** c = a b, elements of b lying as the layout says. */
function multiply(
  kernel: Exports,
  memory: TensorMemory,
  { a, b, c, rows, inner, columns, rowBytes, columnBytes }: Sizes & Record<'rowBytes' | 'columnBytes', number>,
): void {
  const packedTile = 32 * inner;
  const packed = memory.scratch(packedTile * Math.ceil(columns / 8));
  kernel.packColumns(b, rowBytes, columnBytes, inner, columns, packed, packedTile);
  kernel.product(a, 4 * inner, packed, c, 4 * columns, rows, inner, columns, 0, memory.scratch(tileBytes));
}

/** c [inner, columns] = aᵀ b of a [rows, inner] and b [rows, columns]. */
function multiplyTransposed(kernel: Exports, memory: TensorMemory, { a, b, c, rows, inner, columns }: Sizes): void {
  const padded = 8 * Math.ceil(columns / 8);
  const panel = memory.scratch(4 * padded * Math.min(rows, panelRows));
  const sums = padded === columns ? c : memory.scratch(4 * inner * padded);
  kernel.transposedProduct(a, 4 * inner, inner, b, columns, rows, c, sums, panel);
}
