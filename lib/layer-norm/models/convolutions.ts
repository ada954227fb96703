/**
 * A network's convolutions as differentiable operations: stride 1, zero padding to the input's size. TensorFlow.js's
 * WebAssembly backend computes them forwards only; there the gradients are our kernel's.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type ConvolutionShape, convolutionSizes } from '../../kernels/convolution.ts';
import { convolutionBytes, createConvolutionKernels } from '../../kernels/convolution-kernel.ts';
import { copyToTensor, readTensor } from '../../kernels/tensor-memory.ts';
import { type NumericBackend, wasmBuildOf } from '../../numerics/backend.ts';

export interface Convolutions {
  /**
   * @param layer place in the network's list of layers; the first one's input are pixels, whose gradient is left out
   * @param input [images, height, width, input channels]; another number of images than the layer's has no gradient
   * @param filter [rows, columns, input channels, output channels]
   */
  convolve(layer: number, input: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor4D;
  dispose(): void;
}

/** Without gradients on the WebAssembly backend, for any network and any number of images. */
export const forwardConvolutions: Pick<Convolutions, 'convolve'> = {
  convolve: (_, input, filter) => tf.conv2d(input, filter, 1, 'same'),
};

export function createConvolutions(
  shapes: readonly ConvolutionShape[],
  { backend, threads }: { readonly backend: NumericBackend; readonly threads: number },
): Convolutions {
  const build = wasmBuildOf(backend);
  if (!build) return { ...forwardConvolutions, dispose() {} };
  const floatsOf = ({ input, filter, output }: ReturnType<typeof convolutionSizes>) => 2 * input + 2 * filter + output;
  const capacityBytes = shapes.reduce(
    (sum, shape) => sum + convolutionBytes(shape) + 4 * floatsOf(convolutionSizes(shape)) + 4096,
    0,
  );
  const kernels = createConvolutionKernels({ capacityBytes, threads, backend: build });
  const layers = shapes.map((shape) => {
    const sizes = convolutionSizes(shape);
    return {
      kernel: kernels.convolution(shape),
      input: kernels.allocate(sizes.input),
      filter: kernels.allocate(sizes.filter),
      outputGradient: kernels.allocate(sizes.output),
      inputGradient: kernels.allocate(sizes.input),
      filterGradient: kernels.allocate(sizes.filter),
    };
  });
  return {
    convolve(layer, input, filter) {
      const { kernel, ...arrays } = layers[layer]!;
      const operation = tf.customGrad((...given) => {
        const [x, f, save] = given as unknown as [tf.Tensor4D, tf.Tensor4D, tf.GradSaveFunc];
        save([x, f]);
        return {
          value: forwardConvolutions.convolve(layer, x, f) as tf.Tensor,
          gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
            const [from, by] = saved as [tf.Tensor4D, tf.Tensor4D];
            readTensor(from, (values) => arrays.input.set(values));
            readTensor(by, (values) => arrays.filter.set(values));
            readTensor(dy, (values) => arrays.outputGradient.set(values));
            kernel.filterGradient(arrays.input, arrays.outputGradient, arrays.filterGradient);
            const ofFilter = copyToTensor(arrays.filterGradient, by.shape);
            if (layer === 0) return [tf.zerosLike(from), ofFilter];
            kernel.inputGradient(arrays.outputGradient, arrays.filter, arrays.inputGradient);
            return [copyToTensor(arrays.inputGradient, from.shape), ofFilter];
          },
        };
      });
      return operation(input, filter) as tf.Tensor4D;
    },
    dispose: () => kernels.dispose(),
  };
}
