/** The options of the recurrent operations, and the sizes of their parameters. */
import type * as tf from '@tensorflow/tfjs-core';
import type { Compute } from '../../kernels/compute.ts';

/** `none` is the plain layer, the baseline. */
export type RecurrentNormalization = 'none' | 'layer';

export interface RecurrentOptions {
  readonly normalization: RecurrentNormalization;
  /** Added to the variance, inside the root; 1e-5 where absent. */
  readonly epsilon?: number;
  /** `auto` where absent. */
  readonly compute?: Compute;
}

export interface SequenceOptions<State> extends RecurrentOptions {
  /** [time, batch] 1 where there is a step, 0 where the sequence is padded: the state is carried over such a step. */
  readonly mask?: tf.Tensor2D;
  /** Zeros where absent. */
  readonly initialState?: State;
}

export interface RecurrentShape {
  readonly inputs: number;
  readonly units: number;
  readonly normalization: RecurrentNormalization;
  /** What the gains start at; the paper's default is 1. */
  readonly gain?: number;
}
