/**
 * A start for the solvers from the solution of a smaller walk, in the manner of the paper's shrinking (§4.4): of every second
 * row and column a pixel is kept, the walk between the kept ones is solved, and its solution goes back to all pixels along their
 * affinities to kept ones, C = diag(B1)⁻¹B with B the columns of A that are kept.
 *
 * The paper's smaller matrix is CᵀB. Here it is made as the large one is, from the kept pixels' features within half the
 * radius: as sparse, and the solver takes away what is wrong about its solution, so that the stated error stays what it is.
 */

import { createRandomWalkKernel, type RandomWalkKernel } from '../kernels/random-walk-kernel.ts';
import { converge, solverArrays } from './converge.ts';
import { clipNeighbourhood, createNeighbourhood, type PixelGrid } from './neighbourhood.ts';

/** Smaller walks are solved as they are. */
const fewestPixels = 1024;

/** Below it, a pixel has next to no affinity to a kept one, and begins with its own values. */
const leastShare = 1e-12;

export interface ShrinkOptions extends PixelGrid {
  readonly channels: number;
  readonly classes: number;
  readonly diffusion: number;
  readonly tolerance: number;
}

/**
 * Writes a start into the second of the walk's arrays. The third is overwritten.
 *
 * @param walk with affinities and degrees; f, its first array, is of probabilities: its rows sum to one
 */
export function startFromSmallerWalk(walk: RandomWalkKernel, options: ShrinkOptions): void {
  const { height, width, classes } = options;
  const [f, start, spread] = walk.values as [Float32Array, Float32Array, Float32Array];
  if (height * width < fewestPixels || options.neighbourhood.radius < 2) {
    start.set(f);
    return;
  }
  const y = solveSmallerWalk(walk, options);
  const smallerWidth = Math.ceil(width / 2);
  start.fill(0);
  for (let pixel = 0; pixel < y.length / classes; pixel++) {
    const [row, column] = [Math.floor(pixel / smallerWidth), pixel % smallerWidth];
    start.set(y.subarray(pixel * classes, (pixel + 1) * classes), (2 * row * width + 2 * column) * classes);
  }
  walk.step(start, spread);
  for (let at = 0; at < f.length; at += classes) {
    // Rows of y sum to one, so that a row's sum here is the share of kept pixels in the row of A.
    let share = 0;
    for (let index = at; index < at + classes; index++) share += spread[index]!;
    for (let index = at; index < at + classes; index++) {
      start[index] = share > leastShare ? spread[index]! / share : f[index]!;
    }
  }
}

function solveSmallerWalk(walk: RandomWalkKernel, options: ShrinkOptions): Float32Array {
  const { channels, classes, diffusion, tolerance } = options;
  const [height, width] = [Math.ceil(options.height / 2), Math.ceil(options.width / 2)];
  const { radius, shape } = options.neighbourhood;
  const neighbourhood = clipNeighbourhood(createNeighbourhood(Math.ceil(radius / 2), shape), height, width);
  const grid = { height, width, neighbourhood, channels, classes };
  const smaller = createRandomWalkKernel(grid, solverArrays.chebyshev);
  smaller.weights.set(walk.weights);
  const f = walk.values[0]!;
  for (let pixel = 0; pixel < height * width; pixel++) {
    const [row, column] = [2 * Math.floor(pixel / width), 2 * (pixel % width)];
    const kept = row * options.width + column;
    smaller.features.set(walk.features.subarray(kept * channels, (kept + 1) * channels), pixel * channels);
    // f of a kept pixel is the mean over those that it stands for.
    const right = column + 1 < options.width ? 1 : 0;
    const below = row + 1 < options.height ? options.width : 0;
    for (let k = 0; k < classes; k++) {
      const at = (offset: number) => f[(kept + offset) * classes + k]!;
      smaller.values[0]![pixel * classes + k] = (at(0) + at(right) + at(below) + at(right + below)) / 4;
    }
  }
  const largestDegree = smaller.computeAffinities();
  startFromSmallerWalk(smaller, { ...grid, diffusion, tolerance });
  return converge(smaller, largestDegree, { diffusion, tolerance, isStarted: true }).y;
}
