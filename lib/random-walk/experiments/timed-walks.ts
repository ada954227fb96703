/** Walks over a scene, ready to be timed: arrays are filled, and what is timed is the call that is returned. */
import { createRandomWalkKernel } from '../../kernels/random-walk-kernel.ts';
import { randomStream } from '../../numerics/random.ts';
import { type Convergence, converge, type Solver } from '../converge.ts';
import type { PixelGrid } from '../neighbourhood.ts';
import { resizeBilinear } from '../resize-bilinear.ts';
import { plainWalkStep } from './plain-walk-step.ts';
import { coloursAt, type TimedScene } from './timed-scene.ts';

/** θ of a colour: what `refine` has by default. */
const colourWeight = -15;

/** The scene at the size of a grid, with affinities of its colours. Throws KernelShapeError where they do not fit a memory. */
export function startWalk(scene: TimedScene, grid: PixelGrid, valueArrays: number) {
  const { height, width } = grid;
  const { classes } = scene.probabilities;
  const walk = createRandomWalkKernel({ ...grid, classes, channels: 3 }, valueArrays);
  walk.features.set(coloursAt(scene.picture, height, width));
  walk.weights.fill(colourWeight);
  const largestDegree = walk.computeAffinities();
  walk.values[0]!.set(resizeBilinear(scene.probabilities, height, width));
  return { walk, largestDegree };
}

export interface TimedStep {
  step(): void;
  /** In plain JavaScript. */
  plainStep(): void;
  affinities(): void;
}

export function startStep(scene: TimedScene, grid: PixelGrid): TimedStep {
  const { walk } = startWalk(scene, grid, 2);
  const [f, y] = walk.values as [Float32Array, Float32Array];
  const { affinities, inverseDegrees } = walk;
  return {
    step: () => walk.step(f, y),
    plainStep: () => plainWalkStep(grid, { affinities, inverseDegrees, f, y }),
    affinities: () => void walk.computeAffinities(),
  };
}

/** Affinities of so many channels: the values of the features do not decide how long they take, so that they are noise. */
export function startAffinities(grid: PixelGrid, channels: number): () => void {
  const walk = createRandomWalkKernel({ ...grid, classes: 1, channels }, 0);
  randomStream(0, 'features').fillUniform(walk.features, 0, 1);
  walk.weights.fill((3 * colourWeight) / channels);
  return () => void walk.computeAffinities();
}

/** A walk to its limit, from affinities that are there, by any solver. */
export function startConvergence(
  scene: TimedScene,
  grid: PixelGrid,
  valueArrays: number,
): (options: { readonly diffusion: number; readonly tolerance: number; readonly solver: Solver }) => Convergence {
  const { walk, largestDegree } = startWalk(scene, grid, valueArrays);
  return (options) => converge(walk, largestDegree, options);
}
