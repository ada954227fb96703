/** The multilayer perceptron's loss in plain TensorFlow.js: what `multilayer-perceptron.ts` computes, in its equations. */
import * as tf from '@tensorflow/tfjs-core';
import type { MultilayerPerceptronShape } from './multilayer-perceptron.ts';

/**
 * f(θ), a scalar that can be differentiated.
 *
 * @param theta [coordinates]
 * @param images [batch, inputs], 0 to 1
 * @param labels [batch], int32
 */
export function multilayerPerceptronLoss(
  { inputs, hidden, classes, activation }: MultilayerPerceptronShape,
  theta: tf.Tensor1D,
  images: tf.Tensor2D,
  labels: tf.Tensor1D,
): tf.Scalar {
  const sizes = [inputs, ...hidden, classes];
  let offset = 0;
  const take = (count: number) => {
    offset += count;
    return tf.slice1d(theta, offset - count, count);
  };
  let a: tf.Tensor2D = images;
  for (const [layer, outputs] of sizes.slice(1).entries()) {
    const w = tf.reshape<tf.Rank.R2>(take(sizes[layer]! * outputs), [sizes[layer]!, outputs]);
    const b = take(outputs);
    const z = tf.add<tf.Tensor2D>(tf.matMul(a, w), b); // aₗ₋₁ Wₗ + bₗ
    if (layer === hidden.length) a = z;
    else a = activation === 'sigmoid' ? tf.sigmoid(z) : tf.relu(z);
  }
  const logProbabilities = tf.logSoftmax(a);
  const chosen = tf.sum(tf.mul(logProbabilities, tf.oneHot(labels, classes)), 1);
  return tf.neg(tf.mean(chosen)) as tf.Scalar;
}
