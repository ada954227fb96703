/** Products of matrices whose gradients are fast on every backend. */
import * as tf from '@tensorflow/tfjs-core';
import { type Compute, onKernelOrTensors } from '../kernels/compute.ts';
import { multiplyMatrices } from '../kernels/matrix-product.ts';

/**
 * a·b. The gradients of `tf.matMul` are products with transposing flags, which the WebAssembly backend computes by a plain
 * loop, ten times slower than its product. Here they are the SIMD kernel's, or a transposition and a product.
 *
 * @param a [rows, inner]
 * @param b [inner, columns]
 * @returns [rows, columns]
 */
export function product(a: tf.Tensor2D, b: tf.Tensor2D, compute: Compute = 'auto'): tf.Tensor2D {
  const hasElements = a.size > 0 && b.size > 0;
  return onKernelOrTensors(
    hasElements ? compute : 'tensors',
    () => multiplyMatrices(a, b),
    () => multiplyTensors(a, b),
  );
}

function multiplyTensors(a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor2D {
  const multiply = tf.customGrad((...given) => {
    const [left, right, save] = given as unknown as [tf.Tensor2D, tf.Tensor2D, tf.GradSaveFunc];
    save([left, right]);
    return {
      value: tf.matMul(left, right) as tf.Tensor,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => [
        tf.matMul(dy as tf.Tensor2D, tf.transpose(saved[1] as tf.Tensor2D)),
        tf.matMul(tf.transpose(saved[0] as tf.Tensor2D), dy as tf.Tensor2D),
      ],
    };
  });
  return multiply(a, b) as tf.Tensor2D;
}
