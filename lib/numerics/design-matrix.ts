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
  const product = (left: tf.Tensor2D, right: tf.Tensor2D) => {
    // Not by tidy, which would look for tensors in every one of the values.
    const result = tf.matMul(left, right);
    const values = result.dataSync() as Float32Array;
    result.dispose();
    return values;
  };
  const productWith = (left: tf.Tensor2D, right: Float32Array, shape: [number, number]) => {
    const tensor = tf.tensor2d(right, shape);
    const values = product(left, tensor);
    tensor.dispose();
    return values;
  };
  return {
    rows,
    columns,
    multiply: (weights, width) => productWith(x, weights, [columns, width]),
    multiplyTransposed: (residuals, width) => productWith(xTransposed, residuals, [rows, width]),
    gram: () => product(xTransposed, x),
    dispose: () => tf.dispose([x, xTransposed]),
  };
}
