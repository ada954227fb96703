/** Where affinities are low there is a boundary: its strength at every pixel, from those of the pairs that it lies between. */

import { gaussianBlur } from './evaluation/gaussian-blur.ts';
import { directionOf, directions, type OrientedStrength } from './evaluation/oriented-strength.ts';
import { forEachPair, type PixelGrid } from './neighbourhood.ts';

/**
 * A pair of pixels i, j says 1 − w_ij about the place half-way between them. For each of four directions, these are averaged over
 * the pairs that lie in about that direction, and over the neighbourhood of the place; the strength is the largest of the four.
 *
 * @param affinities w [pixels, offsets] from 0 to 1, of the pairs i, i + offset
 * @param pooling standard deviation in pixels of the Gaussian that averages over places
 */
export function affinityBoundaries(grid: PixelGrid, affinities: ArrayLike<number>, pooling: number): OrientedStrength {
  const { width, height, neighbourhood } = grid;
  const offsets = neighbourhood.offsets;
  const pixels = width * height;
  const votes = directions.map(() => new Float32Array(pixels));
  const voters = directions.map(() => new Float32Array(pixels));
  const planes = offsets.map(({ rows, columns }) => directionOf(rows, columns));
  forEachPair(grid, (i, _, place) => {
    const { rows, columns } = offsets[place]!;
    const said = 1 - affinities[i * offsets.length + place]!;
    // Half-way may be between pixels: then both of them hear it.
    const near = i + Math.floor(rows / 2) * width + Math.floor(columns / 2);
    const far = i + Math.ceil(rows / 2) * width + Math.ceil(columns / 2);
    const [vote, voter] = [votes[planes[place]!]!, voters[planes[place]!]!];
    vote[near]! += said / 2;
    vote[far]! += said / 2;
    voter[near]! += 0.5;
    voter[far]! += 0.5;
  });
  const strength = new Float32Array(pixels);
  const across = new Uint8Array(pixels);
  for (const [direction, vote] of votes.entries()) {
    const voter = voters[direction]!;
    const means = vote.map((sum, pixel) => (voter[pixel]! > 0 ? sum / voter[pixel]! : 0));
    const pooled = gaussianBlur(means, width, height, 1, pooling);
    for (let pixel = 0; pixel < pixels; pixel++) {
      if (pooled[pixel]! <= strength[pixel]!) continue;
      strength[pixel] = pooled[pixel]!;
      across[pixel] = direction;
    }
  }
  return { width, height, strength, across };
}
