/**
 * A random walk over one image on the SIMD kernel (assembly/random-walk.ts), in arrays of its own memory, without
 * TensorFlow.js: what refinement runs on. See random-walk.ts for the same as operations on tensors.
 */

import type { Neighbourhood, PixelGrid } from '../random-walk/neighbourhood.ts';
import { KernelShapeError } from './errors.ts';
import { createMemory, instantiateKernel, type KernelMemory, type KernelOptions } from './kernel-instance.ts';
import {
  createPixelMultigrid,
  type MultigridArrays,
  multigridScratch,
  type PixelMultigrid,
} from './random-walk-multigrid.ts';
import { type RandomWalkExports, randomWalkBinaries, windowWords } from './random-walk-window.ts';

export interface RandomWalkKernelOptions extends KernelOptions, PixelGrid {
  readonly classes: number;
  /** Of the features that affinities are made of. */
  readonly channels: number;
  /** Whether a multigrid solver is to work on the walk; by default not. */
  readonly isMultigrid?: boolean;
}

/** Arrays that are given must be of its `values`. */
export interface RandomWalkKernel {
  readonly neighbourhood: Neighbourhood;
  readonly grid: PixelGrid;
  readonly pixels: number;
  /** w [pixels, offsets], which `computeAffinities` writes. */
  readonly affinities: Float32Array;
  /** φ [pixels, channels], for the caller to fill. */
  readonly features: Float32Array;
  /** θ [channels], for the caller to fill. */
  readonly weights: Float32Array;
  /** 1/d [pixels], which `normalize` writes. */
  readonly inverseDegrees: Float32Array;
  /** As many arrays [pixels, classes] as were asked for, zero at first. */
  readonly values: readonly Float32Array[];
  /** w from φ and θ, and 1/d from w. Returns the largest d. */
  computeAffinities(): number;
  /** 1/d from w. Returns the largest d. */
  normalize(): number;
  /** ŷ = A f; two different arrays. */
  step(f: Float32Array, y: Float32Array): void;
  /** previous ← ω (x + γ r) + (1 − ω) previous, r = αAx + (1 − α) f − x. Returns ‖r‖∞. */
  iterate(x: Float32Array, previous: Float32Array, f: Float32Array, coefficients: IterationCoefficients): number;
  /** q = p − αAp. Returns pᵀDq. */
  searchProduct(p: Float32Array, q: Float32Array, diffusion: number): number;
  /** x += step · p, r −= step · q. */
  advanceResidual(
    arrays: { readonly x: Float32Array; readonly r: Float32Array; readonly p: Float32Array; readonly q: Float32Array },
    step: number,
  ): { readonly squaredNorm: number; readonly largest: number };
  /** p = r + factor · p. */
  advanceSearch(p: Float32Array, r: Float32Array, factor: number): void;
  /** If it was asked for. */
  readonly multigrid?: PixelMultigrid;
}

export interface IterationCoefficients {
  /** α, the weight of the walk. */
  readonly diffusion: number;
  readonly omega: number;
  readonly gamma: number;
}

/**
 * Throws KernelShapeError where the arrays do not fit a WebAssembly memory, KernelBackendError where this machine cannot run
 * the kernel.
 *
 * @param valueArrays how many arrays [pixels, classes] there shall be
 */
export function createRandomWalkKernel(options: RandomWalkKernelOptions, valueArrays: number): RandomWalkKernel {
  const memory = createMemory(64 + randomWalkBytes(options, valueArrays));
  const kernel = instantiateKernel<RandomWalkExports>(randomWalkBinaries, memory, options.build);
  // Address 0 stands for no array.
  return randomWalkIn({ buffer: memory.buffer, memory, kernel, start: 64 }, options, valueArrays);
}

/** The functions of a walk over one image, none of those of gradients. */
export type WalkExports = Pick<
  RandomWalkExports,
  ('affinities' | 'inverseDegrees' | 'product' | 'iterate') | ('searchProduct' | 'advanceResidual' | 'advanceSearch')
>;

/** Floats of the arrays besides those of values, in their order. */
function floatsOf({ height, width, classes, channels, neighbourhood }: RandomWalkKernelOptions) {
  const pixels = height * width;
  return {
    affinities: pixels * neighbourhood.offsets.length,
    features: pixels * channels,
    weights: channels,
    inverseDegrees: pixels,
    sums: 2 * pixels,
    rowValues: width * classes,
    window: windowWords(neighbourhood).length,
    // Eight words a run: see windowRunBytes in assembly/random-walk-product.ts.
    runs: 8 * (2 * neighbourhood.radius + 2),
    largest: 1,
  };
}

/** Of the multigrid solver, where it was asked for. */
function scratchOf({ height, width, classes, neighbourhood, isMultigrid }: RandomWalkKernelOptions) {
  return isMultigrid ? multigridScratch({ height, width, classes, radius: neighbourhood.radius }) : undefined;
}

/** 64 bytes more than asked for, because a tile may read past an array's end. */
const bytesOf = (floats: number) => 64 * Math.ceil((4 * floats + 64) / 64);

/** Bytes of all arrays of a walk. Throws KernelShapeError where the kernel cannot address them. */
export function randomWalkBytes(options: RandomWalkKernelOptions, valueArrays: number): number {
  const { height, width, classes, neighbourhood } = options;
  const values = new Array<number>(valueArrays).fill(height * width * classes);
  const all = [...Object.values(floatsOf(options)), ...Object.values(scratchOf(options) ?? {}), ...values];
  const bytes = all.reduce((sum, count) => sum + bytesOf(count), 0);
  if (bytes > mostBytes) {
    throw new KernelShapeError(
      `A random walk over ${height} × ${width} pixels with ${2 * neighbourhood.offsets.length} neighbours and ${classes} classes takes ${(bytes / 1e9).toFixed(1)} GB, and the kernel addresses 2.1. Use a smaller image, radius or number of classes.`,
    );
  }
  return bytes;
}

/** Where a walk's arrays lie, and the functions that compute there. */
export interface RandomWalkHost {
  readonly buffer: ArrayBufferLike;
  /** That of the buffer, where the walk is to have a multigrid solver. */
  readonly memory?: KernelMemory;
  readonly kernel: WalkExports;
  /** The address of `randomWalkBytes` bytes, all zero; a multiple of 64, and not 0. */
  readonly start: number;
}

/** A walk in memory that is there already. */
export function randomWalkIn(
  { buffer, memory, kernel, start }: RandomWalkHost,
  options: RandomWalkKernelOptions,
  valueArrays: number,
): RandomWalkKernel {
  const { height, width, classes, channels, neighbourhood } = options;
  const pixels = height * width;
  const places = neighbourhood.offsets.length;
  const words = windowWords(neighbourhood);
  const floats = floatsOf(options);
  let top = start;
  const take = (count: number) => {
    const array = new Float32Array(buffer, top, count);
    top += bytesOf(count);
    return array;
  };
  const at = Object.fromEntries(Object.entries(floats).map(([name, count]) => [name, take(count)])) as Record<
    keyof typeof floats,
    Float32Array
  >;
  new Int32Array(buffer, at.window.byteOffset, words.length).set(words);
  const [window, runs] = [at.window.byteOffset, at.runs.byteOffset];
  const { radius } = neighbourhood;
  const [w, inverse] = [at.affinities.byteOffset, at.inverseDegrees.byteOffset];
  const normalize = () => kernel.inverseDegrees(w, at.sums.byteOffset, inverse, height, width, window, radius, places);

  const scratch = memory && scratchOf(options);
  const ofMultigrid =
    scratch &&
    (Object.fromEntries(Object.entries(scratch).map(([name, count]) => [name, take(count)])) as MultigridArrays);
  const multigridWalk = () => ({
    ...{ memory: memory!, build: options.build, height, width, classes, radius, places },
    ...{ affinities: w, inverseDegrees: inverse, rowValues: at.rowValues.byteOffset },
    ...{ window, runs, largest: at.largest },
  });

  return {
    neighbourhood,
    grid: { height, width, neighbourhood },
    pixels,
    affinities: at.affinities,
    features: at.features,
    weights: at.weights,
    inverseDegrees: at.inverseDegrees,
    values: Array.from({ length: valueArrays }, () => take(pixels * classes)),
    normalize,
    computeAffinities() {
      const { features, weights } = at;
      kernel.affinities(
        ...([features.byteOffset, weights.byteOffset, w] as const),
        ...([height, width, channels, window, radius, places] as const),
      );
      return normalize();
    },
    step(f, y) {
      const [from, to] = [f.byteOffset, y.byteOffset];
      kernel.product(from, w, inverse, to, height, width, classes, window, radius, places, runs);
    },
    iterate(x, previous, f, { diffusion, omega, gamma }) {
      return kernel.iterate(
        ...([x.byteOffset, previous.byteOffset, f.byteOffset, w, inverse, at.rowValues.byteOffset] as const),
        ...([diffusion, omega, gamma, height, width, classes, window, radius, places, runs] as const),
      );
    },
    searchProduct(p, q, diffusion) {
      const [from, to] = [p.byteOffset, q.byteOffset];
      return kernel.searchProduct(
        ...([from, to, w, inverse, diffusion, height, width, classes, window, radius, places, runs] as const),
      );
    },
    advanceResidual({ x, r, p, q }, step) {
      const addresses = [x.byteOffset, r.byteOffset, p.byteOffset, q.byteOffset] as const;
      const squaredNorm = kernel.advanceResidual(
        ...addresses,
        ...([step, inverse, pixels, classes, at.largest.byteOffset] as const),
      );
      return { squaredNorm, largest: at.largest[0]! };
    },
    advanceSearch(p, r, factor) {
      kernel.advanceSearch(p.byteOffset, r.byteOffset, factor, pixels * classes);
    },
    ...(ofMultigrid && { multigrid: createPixelMultigrid(multigridWalk(), ofMultigrid) }),
  };
}

/** Addresses in the compiled kernel are products of signed 32-bit numbers. */
const mostBytes = 2 ** 31 - 2 ** 16;
