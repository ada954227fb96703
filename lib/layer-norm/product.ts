/** Products of matrices whose gradients are fast on every backend. */
import * as tf from '@tensorflow/tfjs-core';

/**
 * a·b. The gradients of `tf.matMul` are products with transposing flags, which the WebAssembly backend computes by a plain
 * loop, six to ten times slower than a transposition and a product by its fast one: that is what these gradients are.
 *
 * @param a [rows, inner]
 * @param b [inner, columns]
 * @returns [rows, columns]
 */
export function product(a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor2D {
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
