/** Softmax cross entropy over pixels, with its gradient, on the SIMD kernel of assembly/softmax-cross-entropy.ts. */
import * as tf from '@tensorflow/tfjs-core';
import type { KernelBinaries, KernelOptions } from './kernel-instance.ts';
import { refuseSecondOrder, withTensors } from './tensor-memory.ts';

interface Exports {
  softmaxCrossEntropy(
    scores: number,
    labels: number,
    gradient: number,
    pixels: number,
    classes: number,
    scale: number,
  ): number;
}

const binaries: KernelBinaries = {
  'wasm-relaxed': new URL('./build/softmax-cross-entropy.relaxed.wasm', import.meta.url),
  'wasm-plain': new URL('./build/softmax-cross-entropy.plain.wasm', import.meta.url),
};

/**
 * The mean of −log softmax(fᵢ)[labelᵢ] over the pixels with a label, in nats; 0 where there is none. Differentiable once; labels are
 * the caller's to check.
 *
 * @param scores float32 [..., classes]
 * @param labels 0 to classes − 1, or negative for a pixel without a label
 */
export function softmaxCrossEntropyOnKernel(
  scores: tf.Tensor,
  labels: Int32Array,
  options: KernelOptions = {},
): tf.Scalar {
  const classes = scores.shape.at(-1)!;
  const labelled = Math.max(
    1,
    labels.reduce((count, label) => count + (label < 0 ? 0 : 1), 0),
  );
  const operation = tf.customGrad((...inputs) => {
    const [f, save] = inputs as unknown as [tf.Tensor, tf.GradSaveFunc];
    let sum = 0;
    const gradient = withTensors<Exports, tf.Tensor>(binaries, options, (kernel, memory) => {
      const result = memory.result(scores.shape);
      const [from, of] = [memory.address(f), memory.words(labels)];
      sum = kernel.softmaxCrossEntropy(from, of, result.address, labels.length, classes, 1 / labelled);
      return result.tensor();
    });
    save([gradient]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      refuseSecondOrder('softmax cross entropy');
      return tf.mul(saved[0]!, dy);
    };
    return { value: tf.scalar(sum / labelled), gradFunc };
  });
  return operation(scores) as tf.Scalar;
}
