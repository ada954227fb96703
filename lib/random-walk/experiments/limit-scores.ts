/** The limit of a walk, near enough that its labels can be compared with those of a walk that is almost there. */
import { type PictureWalk, walkToLimit } from '../predict.ts';

/**
 * To 1e-5 of the range of f, or to the 1e-6/(1 − α) that float32 has digits for. At α = 0.01 a hundredth of the range is all that
 * a walk can move: 1e-3, which is enough elsewhere, would take f itself for the limit.
 */
export function limitScores(walk: PictureWalk, diffusion: number): Float32Array {
  return walkToLimit(walk, diffusion, { tolerance: Math.max(1e-5, 1e-6 / (1 - diffusion)) }).scores;
}
