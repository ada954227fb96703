/** The convolutional network's loss in plain TensorFlow.js: what `convolutional-network.ts` says, in its equations. */
import * as tf from '@tensorflow/tfjs-core';
// Registers the gradients of all operations, which tfjs-core on its own does not do in Node.
import '@tensorflow/tfjs-layers';
import {
  type ConvolutionalNetwork,
  type ConvolutionalNetworkShape,
  checkConvolutionalNetworkShape,
  convolutionalNetworkTensors,
  normalizationEpsilon,
} from './convolutional-network.ts';

/** The same interface as the kernel's, on whichever TensorFlow.js backend is set. */
export function createConvolutionalNetworkReference(shape: ConvolutionalNetworkShape): ConvolutionalNetwork {
  checkConvolutionalNetworkShape(shape);
  const { batch, height, width, colours } = shape;
  const images = new Uint8Array(batch * height * width * colours);
  const labels = new Uint8Array(batch);
  const sizes = Object.values(convolutionalNetworkTensors(shape)).map(sizeOf);
  return {
    coordinates: sizes.reduce((sum, size) => sum + size, 0),
    images,
    labels,
    lossAndGradient(theta, gradient) {
      return tf.tidy(() => {
        const pixels = tf.div<tf.Tensor4D>(
          tf.tensor4d(Float32Array.from(images), [batch, height, width, colours]),
          255,
        );
        const classes = tf.tensor1d(Int32Array.from(labels), 'int32');
        const loss = (at: tf.Tensor) => convolutionalNetworkLoss(shape, at as tf.Tensor1D, pixels, classes);
        const { value, grad } = tf.valueAndGrad(loss)(tf.tensor1d(theta.slice()));
        gradient.set(grad.dataSync());
        return value.dataSync()[0]!;
      });
    },
    dispose() {},
  };
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/**
 * f(θ), a scalar that can be differentiated.
 *
 * @param theta [coordinates]
 * @param images [batch, height, width, colours], 0 to 1
 * @param labels [batch], int32
 */
export function convolutionalNetworkLoss(
  shape: ConvolutionalNetworkShape,
  theta: tf.Tensor1D,
  images: tf.Tensor4D,
  labels: tf.Tensor1D,
): tf.Scalar {
  const { batch, filters, classes } = shape;
  const shapes = convolutionalNetworkTensors(shape);
  let offset = 0;
  const tensors = Object.fromEntries(
    Object.entries(shapes).map(([name, lengths]) => {
      const size = sizeOf(lengths);
      offset += size;
      return [name, tf.reshape(tf.slice1d(theta, offset - size, size), [...lengths])];
    }),
  );
  let a: tf.Tensor4D = images;
  for (let layer = 1; layer <= filters.length; layer++) {
    const z = tf.conv2d(a, tensors[`convolution-${layer}/filter`] as tf.Tensor4D, 1, 'same'); // aₗ₋₁ ∗ Fₗ
    const y = tf.relu(tf.add<tf.Tensor4D>(normalize(z), tensors[`convolution-${layer}/offset`]!));
    a = tf.maxPool(y, 2, 2, 'same');
  }
  const flat = tf.reshape<tf.Rank.R2>(a, [batch, -1]);
  const z = normalize(tf.matMul(flat, tensors['linear-1/weights'] as tf.Tensor2D));
  const h = tf.relu(tf.add<tf.Tensor2D>(z, tensors['linear-1/offset']!));
  const logits = tf.add(tf.matMul(h, tensors['linear-2/weights'] as tf.Tensor2D), tensors['linear-2/biases']!);
  const chosen = tf.sum(tf.mul(tf.logSoftmax(logits), tf.oneHot(labels, classes)), 1);
  return tf.neg(tf.mean(chosen)) as tf.Scalar;
}

/** x̂ = (x − mean) / √(variance + ε) over all axes but the last. */
function normalize<T extends tf.Tensor>(x: T): T {
  const axes = x.shape.slice(0, -1).map((_, axis) => axis);
  const { mean, variance } = tf.moments(x, axes);
  return tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, normalizationEpsilon)));
}
