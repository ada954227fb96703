/** The convolution of lib/kernels/dilated-convolution.ts in TensorFlow.js's own operations: any device, any order of gradient. */
import * as tf from '@tensorflow/tfjs-core';
// Registers the gradients of all operations, which tfjs-core on its own does not do in Node.
import '@tensorflow/tfjs-layers';
import type { DilatedConvolutionSettings } from './dilated-convolution.ts';

/** A sum over the kernel's places: the padded image moved by so many pixels, times that place's matrix. */
export function convolveByPlaces(
  input: tf.Tensor4D,
  filter: tf.Tensor4D,
  bias: tf.Tensor1D,
  { stride = 1, dilation = 1, rectify = false }: DilatedConvolutionSettings = {},
): tf.Tensor4D {
  const [images, height, width, inputChannels] = input.shape;
  const [kernelSize, , , outputChannels] = filter.shape;
  const margin = (dilation * (kernelSize - 1)) / 2;
  const [rows, columns] = [Math.ceil(height / stride), Math.ceil(width / stride)];
  // Strides are taken by folding: every stride-th row and column is the first of a fold. So pad to whole folds.
  const foldedRows = rows * stride;
  const foldedColumns = columns * stride;
  const padded = tf.pad(input, [
    [0, 0],
    [margin, margin + foldedRows - height],
    [margin, margin + foldedColumns - width],
    [0, 0],
  ]);
  const terms = Array.from({ length: kernelSize ** 2 }, (_, place) => {
    const row = Math.floor(place / kernelSize);
    const column = place % kernelSize;
    const moved = tf.slice(
      padded,
      [0, dilation * row, dilation * column, 0],
      [images, foldedRows, foldedColumns, inputChannels],
    );
    const folded = tf.reshape(moved, [images, rows, stride, columns, stride * inputChannels]);
    const taken = tf.slice(folded, [0, 0, 0, 0, 0], [images, rows, 1, columns, inputChannels]);
    const matrix = tf.reshape(tf.slice(filter, [row, column, 0, 0], [1, 1, inputChannels, outputChannels]), [
      inputChannels,
      outputChannels,
    ]);
    return tf.matMul(tf.reshape(taken, [-1, inputChannels]) as tf.Tensor2D, matrix as tf.Tensor2D);
  });
  const sum = tf.add(tf.addN(terms), bias);
  return tf.reshape(rectify ? tf.relu(sum) : sum, [images, rows, columns, outputChannels]) as tf.Tensor4D;
}
