/** Where the eigenvalues of A lie: in (−1, 1], and how far below zero they go decides how fast Chebyshev's iteration is. */
import type { Neighbourhood } from './neighbourhood.ts';

/** The lowest eigenvalue that A can have by Gershgorin's theorem: every diagonal entry is 1/d. */
export function lowestPossibleEigenvalue(largestDegree: number): number {
  return 2 / largestDegree - 1;
}

/**
 * The lowest eigenvalue of A on an endless constant image: the least value of the window's Fourier transform, as a share of
 * its number of pixels. −0.6 for a disc of radius 1, −0.16 of radius 5.
 */
export function lowestEigenvalueOfConstantImage({ offsets }: Neighbourhood): number {
  // Both signs of the second frequency: a disc and a square are their own mirror images, so that one is enough.
  const frequencies = Array.from({ length: frequencyCount + 1 }, (_, index) => (Math.PI * index) / frequencyCount);
  let least = 1;
  for (const down of frequencies) {
    for (const right of frequencies) {
      let sum = 1;
      for (const { rows, columns } of offsets) sum += 2 * Math.cos(rows * down + columns * right);
      least = Math.min(least, sum / (2 * offsets.length + 1));
    }
  }
  return least;
}

/** Fine enough for the first minimum of a window of radius 40, of which there are tens below π. */
const frequencyCount = 24;
