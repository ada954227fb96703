/** A convolution and its gradients in plain TensorFlow.js, on whichever backend is set. */
import * as tf from '@tensorflow/tfjs-core';
// Registers the gradients of all operations, which tfjs-core on its own does not do in Node.
import '@tensorflow/tfjs-layers';
import {
  type Convolution,
  type ConvolutionShape,
  checkConvolutionShape,
  convolutionSizes,
  requireElements,
} from './convolution.ts';

/** Throws KernelShapeError for a shape that is none. */
export function createConvolutionReference(shape: ConvolutionShape): Convolution {
  checkConvolutionShape(shape);
  const { images, height, width, inputChannels, outputChannels, kernelSize } = shape;
  const sizes = convolutionSizes(shape);
  const inputShape: [number, number, number, number] = [images, height, width, inputChannels];
  const filterShape: [number, number, number, number] = [kernelSize, kernelSize, inputChannels, outputChannels];
  const outputShape: [number, number, number, number] = [images, height, width, outputChannels];
  const read = (name: string, array: Float32Array, size: number, as: [number, number, number, number]) => {
    requireElements(name, array, size, shape);
    return tf.tensor4d(array.slice(), as);
  };
  const write = (name: string, array: Float32Array, size: number, value: tf.Tensor) => {
    requireElements(name, array, size, shape);
    array.set(value.dataSync() as Float32Array);
  };
  const convolve = (input: tf.Tensor, filter: tf.Tensor) =>
    tf.conv2d(input as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same');

  return {
    shape,
    forward(input, filter, output) {
      tf.tidy(() => {
        const out = convolve(
          read('input', input, sizes.input, inputShape),
          read('filter', filter, sizes.filter, filterShape),
        );
        write('output', output, sizes.output, out);
      });
    },
    inputGradient(outputGradient, filter, inputGradient) {
      tf.tidy(() => {
        const weights = read('filter', filter, sizes.filter, filterShape);
        const gradient = tf.grad((input) => convolve(input, weights))(
          tf.zeros(inputShape),
          read('outputGradient', outputGradient, sizes.output, outputShape),
        );
        write('inputGradient', inputGradient, sizes.input, gradient);
      });
    },
    filterGradient(input, outputGradient, filterGradient) {
      tf.tidy(() => {
        const pictures = read('input', input, sizes.input, inputShape);
        const gradient = tf.grad((filter) => convolve(pictures, filter))(
          tf.zeros(filterShape),
          read('outputGradient', outputGradient, sizes.output, outputShape),
        );
        write('filterGradient', filterGradient, sizes.filter, gradient);
      });
    },
  };
}
