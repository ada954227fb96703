/**
 * Prediction by random walks over a trained network's scores and affinities (§4.4): after some steps of Eq. 1, or at its limit.
 * Needs no TensorFlow.js.
 */
import { createRandomWalkKernel, type RandomWalkKernel } from '../kernels/random-walk-kernel.ts';
import { converge, type Solver, solverArrays } from './converge.ts';
import { InvalidWalkInput } from './errors.ts';
import {
  clipNeighbourhood,
  createNeighbourhood,
  type Neighbourhood,
  type NeighbourhoodShape,
} from './neighbourhood.ts';
import type { ClassProbabilities } from './refine.ts';
import type { SegmentedPicture } from './segmenter.ts';

export interface AffinityOptions {
  /** θ [channels] */
  readonly weights: ArrayLike<number>;
  /** R; 5 in the paper's predictions. */
  readonly radius: number;
  readonly neighbourhood?: NeighbourhoodShape;
}

/** A walk over one picture: its affinities are computed once. */
export interface PictureWalk {
  readonly height: number;
  readonly width: number;
  readonly classes: number;
  /** f [height, width, classes] */
  readonly scores: Float32Array;
  readonly kernel: RandomWalkKernel;
  readonly largestDegree: number;
}

/** Throws InvalidWalkInput where there is not a weight for each channel, or affinities overflow. */
export function startWalk(
  segmented: SegmentedPicture,
  { weights, radius, neighbourhood }: AffinityOptions,
  solver: Solver = 'conjugate-gradients',
): PictureWalk {
  const { height, width, classes, channels, features } = segmented;
  if (weights.length !== channels) {
    throw new InvalidWalkInput(`There must be a weight for each of the ${channels} channels, got ${weights.length}.`);
  }
  const clipped = clipNeighbourhood(createNeighbourhood(radius, neighbourhood), height, width);
  const kernel = createRandomWalkKernel(
    { height, width, classes, channels, neighbourhood: clipped },
    solverArrays[solver],
  );
  kernel.features.set(features);
  kernel.weights.set(Float32Array.from(weights));
  return readyWalk(segmented, kernel, kernel.computeAffinities());
}

/**
 * The same along affinities that were made elsewhere. Throws InvalidWalkInput where there are not as many, or they overflow.
 *
 * @param affinities [height, width, offsets], 0 where a pair leaves the picture
 * @param neighbourhood clipped to the picture
 */
export function startWalkAlong(
  segmented: Omit<SegmentedPicture, 'features' | 'channels'>,
  affinities: Float32Array,
  neighbourhood: Neighbourhood,
  solver: Solver = 'conjugate-gradients',
): PictureWalk {
  const { height, width, classes } = segmented;
  const kernel = createRandomWalkKernel({ height, width, classes, channels: 1, neighbourhood }, solverArrays[solver]);
  if (affinities.length !== kernel.affinities.length) {
    throw new InvalidWalkInput(
      `There must be an affinity for each of ${height * width} pixels and ${neighbourhood.offsets.length} offsets, got ${affinities.length}.`,
    );
  }
  kernel.affinities.set(affinities);
  return readyWalk(segmented, kernel, kernel.normalize());
}

function readyWalk(
  { height, width, classes, scores }: Omit<SegmentedPicture, 'features' | 'channels'>,
  kernel: RandomWalkKernel,
  largestDegree: number,
): PictureWalk {
  if (!(largestDegree < 1e30)) {
    throw new InvalidWalkInput(
      `Affinities must not overflow, got sums of up to ${largestDegree}: are weights above 0?`,
    );
  }
  return { height, width, classes, scores, kernel, largestDegree };
}

/**
 * y at the limit of Eq. 1, each value within `tolerance` times the range of f of it.
 *
 * @param diffusion the weight of the walk, see diffusion.ts
 */
export function walkToLimit(
  walk: PictureWalk,
  diffusion: number,
  { tolerance = 1e-3, solver = 'conjugate-gradients' as Solver } = {},
): { readonly scores: Float32Array; readonly steps: number } {
  const { kernel, scores, largestDegree } = walk;
  const [f] = kernel.values as [Float32Array];
  // Rows of A sum to one, so that what all values are shifted by goes through: rounding is smallest around 0.
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of scores) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const middle = (low + high) / 2;
  for (let index = 0; index < f.length; index++) f[index] = scores[index]! - middle;
  const range = Math.max(high - low, 1e-6);
  const { y, steps } = converge(kernel, largestDegree, { diffusion, tolerance: tolerance * range, solver });
  return { scores: y.map((value) => value + middle), steps };
}

/** ŷ after each of so many steps of Eq. 1, in ascending order; ŷ_0 = f. */
export function* walkSteps(
  { kernel, scores }: PictureWalk,
  diffusion: number,
  counts: readonly number[],
): Generator<{ readonly steps: number; readonly scores: Float32Array }> {
  const [f, a, b] = kernel.values as [Float32Array, Float32Array, Float32Array];
  f.set(scores);
  a.set(scores);
  let [current, next] = [a, b];
  let steps = 0;
  for (const count of [...counts].sort((x, y) => x - y)) {
    for (; steps < count; steps++) {
      kernel.step(current, next);
      for (let index = 0; index < next.length; index++) {
        next[index] = diffusion * next[index]! + (1 - diffusion) * f[index]!;
      }
      [current, next] = [next, current];
    }
    yield { steps, scores: current.slice() };
  }
}

/** The softmax of scores [height, width, classes]. */
export function classProbabilities(
  { height, width, classes }: Pick<ClassProbabilities, 'height' | 'width' | 'classes'>,
  scores: Float32Array,
): ClassProbabilities {
  const data = new Float32Array(scores.length);
  for (let start = 0; start < scores.length; start += classes) {
    let highest = Number.NEGATIVE_INFINITY;
    for (let index = start; index < start + classes; index++) highest = Math.max(highest, scores[index]!);
    let sum = 0;
    for (let index = start; index < start + classes; index++) sum += data[index] = Math.exp(scores[index]! - highest);
    for (let index = start; index < start + classes; index++) data[index]! /= sum;
  }
  return { height, width, classes, data };
}
