/** The limit of a walk, near enough that its labels can be compared with those of a walk that is almost there. */
import { type PictureWalk, walkToLimit } from '../predict.ts';

/**
 * To 1e-3 of the range of f where the walk weighs 0.99, and nearer where it weighs less. At 0.01 a hundredth of the range is all
 * that it can move: there 1e-3 would take f itself for the limit.
 */
export function limitScores(walk: PictureWalk, diffusion: number): Float32Array {
  return walkToLimit(walk, diffusion, { tolerance: 1e-5 / (1 - diffusion) }).scores;
}
