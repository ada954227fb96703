/** The multilayer perceptron's loss in plain TensorFlow.js: what `multilayer-perceptron.ts` computes, in its equations. */
import * as tf from '@tensorflow/tfjs-core';
// Registers the gradients of all operations, which tfjs-core on its own does not do in Node.
import '@tensorflow/tfjs-layers';
import {
  type MultilayerPerceptron,
  type MultilayerPerceptronShape,
  multilayerPerceptronTensors,
} from './multilayer-perceptron.ts';

/** The same interface as the kernel's, on whichever TensorFlow.js backend is set. */
export function createMultilayerPerceptronReference(shape: MultilayerPerceptronShape): MultilayerPerceptron {
  const { inputs, batch } = shape;
  const images = new Uint8Array(batch * inputs);
  const labels = new Uint8Array(batch);
  return {
    coordinates: countCoordinates(shape),
    images,
    labels,
    lossAndGradient(theta, gradient) {
      return tf.tidy(() => {
        const pixels = tf.div<tf.Tensor2D>(tf.tensor2d(Float32Array.from(images), [batch, inputs]), 255);
        const classes = tf.tensor1d(Int32Array.from(labels), 'int32');
        const loss = (at: tf.Tensor) => multilayerPerceptronLoss(shape, at as tf.Tensor1D, pixels, classes);
        const { value, grad } = tf.valueAndGrad(loss)(tf.tensor1d(theta));
        gradient.set(grad.dataSync());
        return value.dataSync()[0]!;
      });
    },
  };
}

function countCoordinates(shape: MultilayerPerceptronShape): number {
  const sizes = Object.values(multilayerPerceptronTensors(shape));
  return sizes.reduce((sum, size) => sum + size.reduce((product, length) => product * length, 1), 0);
}

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
