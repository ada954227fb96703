/** What steps a `LearnedOptimizer`'s network, whatever it computes on. */
import type * as tf from '@tensorflow/tfjs-core';

/**
 * `kernel`: gradients are read from the backend, our SIMD kernel does the step. `tensors`: everything stays on the
 * backend. `auto`: tensors where reading back waits for a GPU or where there is no SIMD, else the kernel.
 */
export type Compute = 'auto' | 'kernel' | 'tensors';

export interface LstmEngine {
  readonly kind: 'kernel' | 'tensors';
  /** Of the state of a coordinate. */
  readonly stateFloats: number;
  /** Makes room for tensors of so many coordinates each, their state at zero; slots are numbered in the order of adding. */
  addSlots(coordinates: readonly number[]): void;
  /**
   * One step of Eq. 1 for these slots: gradients of any shape in, or [2, coordinates] inputs where they are prepared; updates [coordinates] out, new tensors that belong to the
   * caller. Values that are not finite count as zero. The state of all other slots stays.
   */
  step(slots: readonly number[], gradients: readonly tf.Tensor[]): tf.Tensor1D[];
  /** How many gradient values were not finite so far. On a GPU this waits for it. */
  countNonFinite(): number;
  /** [coordinates][stateFloats], a copy: h1, c1, h2, c2 of `hidden` each, and m, v, t where gradients are normalised. */
  readState(slot: number): Float32Array;
  writeState(slot: number, state: Float32Array): void;
  dispose(): void;
}
