/**
 * The channels of several images in one, with its gradient, on the kernel of assembly/join-channels.ts. TensorFlow.js's
 * WebAssembly backend joins and parts along the last axis with one call of a copy for each pixel.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { KernelBinaries, KernelOptions } from './kernel-instance.ts';
import { refuseSecondOrder, withTensors } from './tensor-memory.ts';

interface Exports {
  copyChannels(from: number, fromChannels: number, to: number, toChannels: number, pixels: number, count: number): void;
}

const binaries: KernelBinaries = {
  'wasm-relaxed': new URL('./build/join-channels.relaxed.wasm', import.meta.url),
  'wasm-plain': new URL('./build/join-channels.plain.wasm', import.meta.url),
};

/**
 * Differentiable once; shapes are the caller's to check.
 *
 * @param parts float32 [images, height, width, channels], alike but for the channels
 * @returns [images, height, width, sum of the channels]
 */
export function joinChannelsOnKernel(parts: readonly tf.Tensor4D[], options: KernelOptions = {}): tf.Tensor4D {
  const [images, height, width] = parts[0]!.shape;
  const pixels = images * height * width;
  const counts = parts.map(({ shape }) => shape[3]);
  const all = counts.reduce((sum, count) => sum + count, 0);
  /** Of each part's first channel among all, in bytes. */
  const places = counts.map((_, part) => 4 * counts.slice(0, part).reduce((sum, count) => sum + count, 0));
  const operation = tf.customGrad((...inputs) => {
    const joined = withTensors<Exports, tf.Tensor>(binaries, options, (kernel, memory) => {
      const result = memory.result([images, height, width, all]);
      for (const [part, count] of counts.entries()) {
        const from = memory.address(inputs[part] as tf.Tensor);
        kernel.copyChannels(from, count, result.address + places[part]!, all, pixels, count);
      }
      return result.tensor();
    });
    const gradFunc = (dy: tf.Tensor) => {
      refuseSecondOrder('joining of channels');
      return withTensors<Exports, tf.Tensor[]>(binaries, options, (kernel, memory) => {
        const results = parts.map(({ shape }) => memory.result(shape));
        const from = memory.address(dy);
        for (const [part, count] of counts.entries()) {
          kernel.copyChannels(from + places[part]!, all, results[part]!.address, count, pixels, count);
        }
        return results.map((result) => result.tensor());
      });
    };
    return { value: joined, gradFunc };
  });
  return operation(...parts) as tf.Tensor4D;
}
