/**
 * The gradient of a matrix product, by products of matrices that were transposed before. TensorFlow.js's own asks its
 * kernel to transpose, and the WebAssembly backend does that in a loop without SIMD: six to nine times slower.
 */
import * as tf from '@tensorflow/tfjs-core';

tf.registerGradient({
  kernelName: 'BatchMatMul',
  inputsToSave: ['a', 'b'],
  gradFunc: (gradient, saved, attributes) => {
    const [a, b] = saved as [tf.Tensor, tf.Tensor];
    const { transposeA, transposeB } = attributes as unknown as { transposeA: boolean; transposeB: boolean };
    const dy = gradient as tf.Tensor;
    const product = (left: () => tf.Tensor, right: () => tf.Tensor) => () => tf.matMul(left(), right());
    const [A, B, D] = [() => a, () => b, () => dy];
    const [Aᵀ, Bᵀ, Dᵀ] = [() => transpose(a), () => transpose(b), () => transpose(dy)];
    if (transposeA && transposeB) return { a: product(Bᵀ, Dᵀ), b: product(Dᵀ, Aᵀ) }; // y = aᵀ bᵀ
    if (transposeA) return { a: product(B, Dᵀ), b: product(A, D) }; // y = aᵀ b
    if (transposeB) return { a: product(D, B), b: product(Dᵀ, A) }; // y = a bᵀ
    return { a: product(D, Bᵀ), b: product(Aᵀ, D) }; // y = a b
  },
});

/** Of the last two axes. */
function transpose(x: tf.Tensor): tf.Tensor {
  const axes = x.shape.map((_, axis) => axis);
  return tf.transpose(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
}
