/** What a walk keeps in memory beside what it is given and what it gives back. */
import { type RandomWalkKernelOptions, randomWalkBytes } from '../kernels/random-walk-kernel.ts';
import { type Solver, solverArrays } from './converge.ts';

/**
 * Bytes of one step beside the features φ, f and ŷ: affinities, degrees and what a product works in. 32 MB on 500 × 375 pixels with
 * R = 5, whatever the number of classes. Throws KernelShapeError where the kernel cannot address them.
 */
export function stepBytes(options: RandomWalkKernelOptions): number {
  return randomWalkBytes(options, 0) - 4 * options.height * options.width * options.channels;
}

/** The same of a walk to its limit: 48 MB by Chebyshev’s iteration with 21 classes, 80 MB by conjugate gradients. */
export function solverBytes(options: RandomWalkKernelOptions, solver: Solver): number {
  const arrayBytes = 4 * options.height * options.width * options.classes;
  return stepBytes(options) + (solverArrays[solver] - 2) * arrayBytes;
}
