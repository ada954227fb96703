/** What a walk keeps in memory beside what it is given and what it gives back. */
import type { RandomWalkKernel } from '../kernels/random-walk-kernel.ts';

/**
 * Bytes of the walk's memory beside its features φ and its arrays of values: affinities, degrees and what a product works in. One
 * step on 500 × 375 pixels with R = 5 takes 31 MB, whatever the number of classes. A solver has `solverArrays` arrays of values in
 * place of the step's two (f and ŷ): see `solverBytes`.
 */
export function workingBytes({ features, values, affinities }: RandomWalkKernel): number {
  const given = [features, ...values].reduce((sum, { byteLength }) => sum + byteLength, 0);
  return affinities.buffer.byteLength - given;
}

/** Bytes of a solver with so many arrays of values, beside φ, f and y: 16 MB for each array of 500 × 375 pixels and 21 classes. */
export function solverBytes(walk: RandomWalkKernel, arrays: number): number {
  return workingBytes(walk) + Math.max(0, arrays - 2) * walk.values[0]!.byteLength;
}
