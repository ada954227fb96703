/**
 * Which pixels a pixel is connected to: those within a radius R. The set is the same for every pixel and symmetric, so it is
 * held as offsets, and only half of them: the pair of i and j = i + offset is that of j and j − offset. A pixel is always
 * its own neighbour, with affinity exp(0) = 1, which is stored nowhere.
 */
import { InvalidWalkSetting } from './errors.ts';

/** From a pixel to a neighbour, in rows and columns. */
export interface Offset {
  readonly rows: number;
  readonly columns: number;
}

/** `disc`: Euclidean distance ≤ R, 81 pixels with the pixel itself at R = 5. `square`: the (2R + 1)² window, 121. */
export type NeighbourhoodShape = 'disc' | 'square';

export interface Neighbourhood {
  readonly radius: number;
  readonly shape: NeighbourhoodShape;
  /**
   * The half that follows a pixel in reading order: by rows, then by columns. This is the order of the last axis of
   * affinities.
   */
  readonly offsets: readonly Offset[];
}

/** Pixels in reading order, and what connects them. */
export interface PixelGrid {
  readonly height: number;
  readonly width: number;
  readonly neighbourhood: Neighbourhood;
}

/** Beyond this, one pixel has 200 000 neighbours, and the affinities of the smallest photograph do not fit in memory. */
const largestRadius = 255;

/**
 * The paper says "within radius R": a disc, by default. Throws InvalidWalkSetting for a radius that is no whole number from
 * 1 to 255.
 */
export function createNeighbourhood(radius: number, shape: NeighbourhoodShape = 'disc'): Neighbourhood {
  if (!Number.isInteger(radius) || radius < 1 || radius > largestRadius) {
    throw new InvalidWalkSetting(`The radius must be a whole number from 1 to ${largestRadius} pixels, got ${radius}.`);
  }
  if (shape !== 'disc' && shape !== 'square') {
    throw new InvalidWalkSetting(`The shape of a neighbourhood must be 'disc' or 'square', got '${shape}'.`);
  }
  const offsets: Offset[] = [];
  for (let rows = 0; rows <= radius; rows++) {
    for (let columns = rows === 0 ? 1 : -radius; columns <= radius; columns++) {
      if (shape === 'square' || rows * rows + columns * columns <= radius * radius) offsets.push({ rows, columns });
    }
  }
  return { radius, shape, offsets };
}

/** Without the offsets that no two pixels of an image of this size are apart. */
export function clipNeighbourhood(neighbourhood: Neighbourhood, height: number, width: number): Neighbourhood {
  const offsets = neighbourhood.offsets.filter(({ rows, columns }) => rows < height && Math.abs(columns) < width);
  return { ...neighbourhood, radius: Math.min(neighbourhood.radius, Math.max(height, width) - 1), offsets };
}

/** Calls `visit(i, j, place)` once for every pair of different pixels of the image, j = i + offsets[place]. */
export function forEachPair(
  { height, width, neighbourhood: { offsets } }: PixelGrid,
  visit: (i: number, j: number, place: number) => void,
): void {
  for (const [place, { rows, columns }] of offsets.entries()) {
    for (let row = 0; row + rows < height; row++) {
      for (let column = Math.max(0, -columns); column < Math.min(width, width - columns); column++) {
        const i = row * width + column;
        visit(i, i + rows * width + columns, place);
      }
    }
  }
}
