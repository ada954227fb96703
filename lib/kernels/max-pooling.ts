/**
 * Max pooling over 3 × 3 pixels, with its gradient, on the SIMD kernel of assembly/max-pooling.ts. TensorFlow.js's WebAssembly
 * backend has both; its gradient takes longer than the convolution before it.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { KernelBinaries, KernelOptions } from './kernel-instance.ts';
import { refuseSecondOrder, withTensors } from './tensor-memory.ts';

type Numbers<Names extends string[]> = { [Place in keyof Names]: number };
type Geometry = ['height', 'width', 'channels', 'stride'];

interface Exports {
  maxPool(...values: Numbers<['x', 'y', ...Geometry]>): void;
  maxPoolGradient(...values: Numbers<['x', 'y', 'dy', 'dx', ...Geometry]>): void;
}

const binaries: KernelBinaries = {
  'wasm-relaxed': new URL('./build/max-pooling.relaxed.wasm', import.meta.url),
  'wasm-plain': new URL('./build/max-pooling.plain.wasm', import.meta.url),
};

/**
 * y[n, p, q, c] = max x[n, s·p + r, s·q + t, c] over r, t ∈ {−1, 0, 1} inside the image, so that an image of n rows has ⌈n/s⌉ rows of
 * outputs. The gradient of an output goes to the first of its largest inputs in reading order. Differentiable once.
 *
 * @param x float32 [images, height, width, channels]
 * @param stride s, at least 1
 */
export function maxPoolOnKernel(x: tf.Tensor4D, stride: number, options: KernelOptions = {}): tf.Tensor4D {
  const [images, height, width, channels] = x.shape;
  const shape = [images, Math.ceil(height / stride), Math.ceil(width / stride), channels];
  const geometry = [height, width, channels, stride] as const;
  const [inputBytes, outputBytes] = [x.shape, shape].map((sides) => (4 * tf.util.sizeFromShape(sides)) / images) as [
    number,
    number,
  ];
  const operation = tf.customGrad((...inputs) => {
    const [values, save] = inputs as unknown as [tf.Tensor, tf.GradSaveFunc];
    const y = withTensors<Exports, tf.Tensor>(binaries, options, (kernel, memory) => {
      const result = memory.result(shape);
      const from = memory.address(values);
      for (let image = 0; image < images; image++) {
        kernel.maxPool(from + image * inputBytes, result.address + image * outputBytes, ...geometry);
      }
      return result.tensor();
    });
    save([values, y]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      refuseSecondOrder('max pooling');
      return withTensors<Exports, tf.Tensor>(binaries, options, (kernel, memory) => {
        const result = memory.result(x.shape);
        const [xAt, yAt] = saved.map((tensor) => memory.address(tensor)) as [number, number];
        const dyAt = memory.address(dy);
        for (let image = 0; image < images; image++) {
          const [input, output] = [image * inputBytes, image * outputBytes];
          kernel.maxPoolGradient(xAt + input, yAt + output, dyAt + output, result.address + input, ...geometry);
        }
        return result.tensor();
      });
    };
    return { value: y, gradFunc };
  });
  return operation(x) as tf.Tensor4D;
}
