/** What JavaScript tells the kernel, and the preprocessing of gradients that step and backward share. */
import { ROW } from './coordinatewise-lstm-layer';
import { log } from './simd-math';

/** Layer 1 always reads two input rows: without log-sign preprocessing the second is zero, and so are its weights. */
// @ts-ignore: decorator
@inline
export const INPUTS: i32 = 2;

/**
 * The table of addresses and sizes that a job's pointer leads to. The order is that of `jobFields` in
 * lib/kernels/coordinatewise-lstm-memory.ts.
 */
// @ts-ignore: decorator
@unmanaged
export class Job {
  hidden!: i32;
  logSign!: i32;
  /** Rows of floats that a step's gradients have: 1, or 2 where the caller prepared both inputs. */
  inputRows!: i32;
  /** Groups that this job goes over, and the blocks that they are split into. */
  groups!: i32;
  blocks!: i32;
  /** Packed weights of the layers, forward, and [1 + hidden] of the output: bias first. */
  layer1!: usize;
  layer2!: usize;
  output!: usize;
  /** Packed transposed weights: layer 1 its recurrent inputs, layer 2 both. */
  transposed1!: usize;
  transposed2!: usize;
  /** [groups][h1, c1, h2, c2][hidden] rows. */
  state!: usize;
  /** Step: the raw gradients of this step, [inputRows][stride] floats. Backward: those of the window, [steps] of these. */
  gradients!: usize;
  /** Step: updates out, rows [groups]. Backward: the gradients of the updates, rows [steps][groups]. */
  updates!: usize;
  outputScale!: f32;
  /** Identity: factor of the raw gradient. Log-sign: 1/p. */
  inputScale!: f32;
  /** Log-sign: e^−p and e^p. */
  threshold!: f32;
  inverseThreshold!: f32;
  /** Floats of a row of gradients. */
  stride!: i32;
  /** The rest is for backward only. */
  steps!: i32;
  /** Coordinates, [groups][8]; −1 in the unused lanes of the last group. */
  selected!: usize;
  /** Sums over each block's coordinates, [blocks][partialFloats]. */
  partials!: usize;
  partialFloats!: i32;
}

/** The first group of a block: blocks' sizes differ by one group at most, and depend on nothing but the two counts. */
// @ts-ignore: decorator
@inline
export function firstGroup(job: Job, block: i32): i32 {
  return <i32>((<i64>job.groups * <i64>block) / <i64>job.blocks);
}

/** A row of raw gradients → two input rows (appendix A). Inputs that the caller prepared, `second` the others, stay as they are. */
export function preprocess(job: Job, gradients: usize, second: usize, inputs: usize): void {
  for (let lane: usize = 0; lane < ROW; lane += 16) {
    const gradient = v128.load(gradients + lane);
    if (job.inputRows == 2) {
      v128.store(inputs + lane, gradient);
      v128.store(inputs + lane, v128.load(second + lane), ROW);
      continue;
    }
    if (!job.logSign) {
      v128.store(inputs + lane, f32x4.mul(gradient, f32x4.splat(job.inputScale)));
      v128.store(inputs + lane, f32x4.splat(0), ROW);
      continue;
    }
    // |∇| ≥ e^−p → (log|∇|/p, sgn ∇); otherwise → (−1, e^p ∇). A NaN compares false, and the product keeps it.
    const magnitude = f32x4.abs(gradient);
    const large = f32x4.ge(magnitude, f32x4.splat(job.threshold));
    const logarithm = f32x4.mul(log(magnitude), f32x4.splat(job.inputScale));
    const sign = v128.or(v128.and(gradient, i32x4.splat(0x80000000)), f32x4.splat(1));
    const small = f32x4.mul(gradient, f32x4.splat(job.inverseThreshold));
    v128.store(inputs + lane, v128.bitselect(logarithm, f32x4.splat(-1), large));
    v128.store(inputs + lane, v128.bitselect(sign, small, large), ROW);
  }
}
