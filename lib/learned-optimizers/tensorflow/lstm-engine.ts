/** What computes the coordinatewise LSTM of a `LearnedOptimizer`: our kernel, or TensorFlow.js itself on a GPU. */
import * as tf from '@tensorflow/tfjs-core';
import { createKernelEngine } from './lstm-on-kernel.ts';
import { createTensorEngine } from './lstm-on-tensors.ts';
import type { OptimizerFile } from './optimizer-file.ts';

/**
 * `kernel`: gradients are read from the backend, our SIMD kernel does the step. `tensors`: everything stays on the
 * backend. `auto`: tensors where reading back waits for a GPU or where there is no SIMD, else the kernel.
 */
export type Compute = 'auto' | 'kernel' | 'tensors';

export interface LstmEngine {
  readonly kind: 'kernel' | 'tensors';
  /** Makes room for tensors of so many coordinates each, their state at zero; slots are numbered in the order of adding. */
  addSlots(coordinates: readonly number[]): void;
  /**
   * One step of Eq. 1 for these slots: gradients of any shape in; updates [coordinates] out, new tensors that belong to the
   * caller. Values that are not finite count as zero. The state of all other slots stays.
   */
  step(slots: readonly number[], gradients: readonly tf.Tensor[]): tf.Tensor1D[];
  /** How many gradient values were not finite so far. On a GPU this waits for it. */
  countNonFinite(): number;
  /** [coordinates][h1, c1, h2, c2][hidden], a copy. */
  readState(slot: number): Float32Array;
  writeState(slot: number, state: Float32Array): void;
  dispose(): void;
}

/** Throws KernelBackendError where `kernel` is asked for and cannot be had. */
export function createEngine(compute: Compute, options: OptimizerFile): LstmEngine {
  if (compute === 'tensors' || (compute === 'auto' && computesOnDevice())) return createTensorEngine(options);
  try {
    return createKernelEngine(options);
  } catch (error) {
    if (compute === 'kernel') throw error;
    return createTensorEngine(options);
  }
}

/** Whether the present backend's tensors lie on a GPU: then every dataSync waits for all that is queued. */
function computesOnDevice(): boolean {
  const name = tf.getBackend();
  if (name === 'cpu' || name === 'wasm') return false;
  // tfjs-node is 'tensorflow', with a GPU or without.
  return name !== 'tensorflow' || (tf.backend() as { readonly isUsingGpuDevice?: boolean }).isUsingGpuDevice === true;
}
