/** The grids of pixels that `timing` walks over, and how many products a step over one of them takes. */
import { scoreStride } from '../back-ends/settings.ts';
import { clipNeighbourhood, createNeighbourhood, type PixelGrid } from '../neighbourhood.ts';
import type { StepGrid } from './timing-metrics.ts';

export interface TimingSizes {
  readonly height: number;
  readonly width: number;
  readonly radius: number;
  readonly largeRadius: number;
}

export function gridOf(height: number, width: number, radius: number): PixelGrid {
  return { height, width, neighbourhood: clipNeighbourhood(createNeighbourhood(radius), height, width) };
}

export function stepGridOf(grid: StepGrid, { height, width, radius, largeRadius }: TimingSizes): PixelGrid {
  if (grid === 'picture') return gridOf(height, width, radius);
  return gridOf(Math.ceil(height / scoreStride), Math.ceil(width / scoreStride), largeRadius);
}

/** Where time is measured against the radius: a quarter of the picture's pixels, so that the largest radius has room. */
export function radiusGridOf({ height, width }: Pick<TimingSizes, 'height' | 'width'>, radius: number): PixelGrid {
  return gridOf(Math.ceil(height / 2), Math.ceil(width / 2), radius);
}

/** The picture made smaller: `share` of its pixels. */
export function smallerGridOf({ height, width, radius }: TimingSizes, share: number): PixelGrid {
  const side = (length: number) => Math.max(1, Math.round(length * Math.sqrt(share)));
  return gridOf(side(height), side(width), radius);
}

/** Entries of A that are not zero: of each pixel itself, and of two for each pair within the radius that the image has. */
export function nonZeros({ height, width, neighbourhood: { offsets } }: PixelGrid): number {
  return offsets.reduce(
    (sum, { rows, columns }) => sum + 2 * (height - rows) * (width - Math.abs(columns)),
    height * width,
  );
}
