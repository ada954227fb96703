/** Boundaries in one photograph by every method that random-walk/affinity-boundaries compares. */
import type { Picture } from '../../datasets/decode-picture.ts';
import { affinityBoundaries } from '../affinity-boundaries.ts';
import { channelGradient, type OrientedStrength, suppressNonMaxima } from '../evaluation/oriented-strength.ts';
import { type PictureWalk, startWalk, walkToLimit } from '../predict.ts';
import { type AffinityBoundaryMethod, gradientScales } from './affinity-boundary-metrics.ts';

export interface AffinityBoundarySettings {
  /** θ [3] */
  readonly weights: ArrayLike<number>;
  readonly initialWeight: number;
  /** R */
  readonly radius: number;
  /** Pixels, see affinity-boundaries.ts. */
  readonly pooling: number;
  /** Of the walk over the colours, see diffusion.ts. */
  readonly diffusion: number;
}

/** Strength at the crests of boundaries, [height, width]; 0 elsewhere. */
export function findBoundaries(
  method: AffinityBoundaryMethod,
  { width, height, rgb }: Picture,
  { weights, initialWeight, radius, pooling, diffusion }: AffinityBoundarySettings,
): Float32Array {
  const colours = Float32Array.from(rgb, (value) => value / 255);
  const gradient = (values: Float32Array, sigma: number) => channelGradient(values, width, height, 3, sigma);
  const walkOver = (theta: ArrayLike<number>) =>
    startWalk(
      { width, height, classes: 3, scores: colours, channels: 3, features: colours },
      { weights: theta, radius },
    );
  const methods: Record<AffinityBoundaryMethod, () => OrientedStrength> = {
    affinities: () => boundariesOf(walkOver(weights), pooling),
    untrained: () => boundariesOf(walkOver(new Float32Array(3).fill(initialWeight)), pooling),
    walked: () => gradient(walkToLimit(walkOver(weights), diffusion).scores, 1),
    'gradient-1': () => gradient(colours, gradientScales['gradient-1']),
    'gradient-2': () => gradient(colours, gradientScales['gradient-2']),
    'gradient-3': () => gradient(colours, gradientScales['gradient-3']),
    chance: () => gradient(colours, gradientScales['gradient-2']),
  };
  const crests = suppressNonMaxima(methods[method]());
  // As many lines of the same kind, where they have nothing to do with the photograph.
  return method === 'chance' ? crests.reverse() : crests;
}

function boundariesOf({ height, width, kernel }: PictureWalk, pooling: number): OrientedStrength {
  const { neighbourhood, affinities } = kernel;
  return affinityBoundaries({ height, width, neighbourhood }, affinities, pooling);
}
