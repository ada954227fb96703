/** What computes an operation: our SIMD kernels, or TensorFlow.js's own operations put together. */
import * as tf from '@tensorflow/tfjs-core';
import { KernelBackendError } from './errors.ts';
import { tensorsInMainMemory } from './tensor-memory.ts';

/**
 * `kernel`: the fused kernel, which is differentiable once. `tensors`: composed of TensorFlow.js's operations, the paper's
 * equations line by line. `auto`, the default: the kernel where tensors lie in main memory (the backends wasm and cpu, and
 * tfjs-node without a GPU), this machine can run it, and no gradient of a gradient is being taken.
 */
export type Compute = 'auto' | 'kernel' | 'tensors';

/**
 * Either of two ways to a result of tensors, in a tidy. Throws KernelBackendError where `kernel` is asked for and cannot be
 * had.
 */
export function onKernelOrTensors<Result extends object>(
  compute: Compute,
  kernel: () => Result,
  tensors: () => Result,
): Result {
  const tidied = (f: () => Result) => tf.tidy(f as () => tf.TensorContainer) as Result;
  if (compute === 'tensors') return tidied(tensors);
  if (compute === 'kernel') return tidied(kernel);
  if (!tensorsInMainMemory() || tf.engine().state.gradientDepth > 1) return tidied(tensors);
  try {
    return tidied(kernel);
  } catch (error) {
    if (error instanceof KernelBackendError) return tidied(tensors);
    throw error;
  }
}
