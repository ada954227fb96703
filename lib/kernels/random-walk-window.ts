/** What the random walk's kernel (assembly/random-walk.ts) exports, and the neighbourhood as it reads it. */

import type { Neighbourhood } from '../random-walk/neighbourhood.ts';
import type { KernelBinaries } from './kernel-instance.ts';

type Numbers<Names extends string[]> = { [Place in keyof Names]: number };

/** How the kernel knows an image and its neighbourhood. */
type Grid = ['height', 'width', 'columns', 'window', 'radius', 'places'];

export interface RandomWalkExports {
  runBytes(radius: number): number;
  affinities(...values: Numbers<['features', 'weights', 'out', ...Grid]>): void;
  affinityGradients(
    ...values: Numbers<
      ['features', 'weights', 'affinities', 'gradient', 'q', 'rowSums', 'dFeatures', 'dWeights', ...Grid]
    >
  ): void;
  inverseDegrees(
    ...values: Numbers<['affinities', 'sums', 'out', 'height', 'width', 'window', 'radius', 'places']>
  ): number;
  product(...values: Numbers<['v', 'affinities', 'scale', 'out', ...Grid, 'runs']>): void;
  scaleGradient(
    ...values: Numbers<['gradient', 'y', 'inverseDegrees', 'scaled', 'products', 'pixels', 'columns']>
  ): void;
  pairGradients(...values: Numbers<['scaled', 'f', 'products', 'out', ...Grid]>): void;
  iterate(
    ...values: Numbers<
      [
        ...['x', 'previous', 'f', 'affinities', 'inverseDegrees', 'rowValues', 'diffusion', 'omega', 'gamma'],
        ...Grid,
        'runs',
      ]
    >
  ): number;
  searchProduct(...values: Numbers<['p', 'out', 'affinities', 'inverseDegrees', 'diffusion', ...Grid, 'runs']>): number;
  advanceResidual(
    ...values: Numbers<['x', 'r', 'p', 'q', 'step', 'inverseDegrees', 'pixels', 'columns', 'largest']>
  ): number;
  advanceSearch(...values: Numbers<['p', 'r', 'factor', 'count']>): void;
}

export const randomWalkBinaries: KernelBinaries = {
  'wasm-relaxed': new URL('./build/random-walk.relaxed.wasm', import.meta.url),
  'wasm-plain': new URL('./build/random-walk.plain.wasm', import.meta.url),
};

/** For each row below a pixel, and its own: columns to either side, and the place of the neighbour straight below. */
export function windowWords({ radius, offsets }: Neighbourhood): Int32Array {
  const words = new Int32Array(2 * (radius + 1));
  for (const [place, { rows, columns }] of offsets.entries()) {
    words[2 * rows] = columns;
    words[2 * rows + 1] = place - columns;
  }
  return words;
}
