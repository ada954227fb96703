/** Rows of features that are multiplied over and over by few columns: X and Xᵀ stay where TensorFlow.js computes. */
import * as tf from '@tensorflow/tfjs-core';

export interface DesignMatrix {
  readonly rows: number;
  readonly columns: number;
  /** X W: [columns, width] → [rows, width], row by row */
  multiply(weights: Float32Array, width: number): Float32Array;
  /** Xᵀ R: [rows, width] → [columns, width], row by row */
  multiplyTransposed(residuals: Float32Array, width: number): Float32Array;
  /** XᵀX, [columns, columns] */
  gram(): Float32Array;
  dispose(): void;
}

/**
 * Call `startTensorFlow` before.
 *
 * @param values X, [rows, columns] row by row
 */
export function createDesignMatrix(values: Float32Array, rows: number, columns: number): DesignMatrix {
  if (values.length !== rows * columns || rows < 1 || columns < 1) {
    throw new RangeError(
      `createDesignMatrix: [${rows}, ${columns}] needs ${rows * columns} values, got ${values.length}.`,
    );
  }
  const x = tf.tensor2d(values, [rows, columns]);
  // Not matMul's own flag: the WebAssembly backend multiplies by a transposed matrix ten times slower than it transposes.
  const xTransposed = tf.transpose(x) as tf.Tensor2D;
  const product = (left: tf.Tensor2D, right: Float32Array, shape: [number, number]) =>
    tf.tidy(() => tf.matMul(left, tf.tensor2d(right, shape)).dataSync() as Float32Array);
  return {
    rows,
    columns,
    multiply: (weights, width) => product(x, weights, [columns, width]),
    multiplyTransposed: (residuals, width) => product(xTransposed, residuals, [rows, width]),
    gram: () => tf.tidy(() => tf.matMul(xTransposed, x).dataSync() as Float32Array),
    dispose: () => tf.dispose([x, xTransposed]),
  };
}
