/** Strength of boundaries with the direction across them: gradients of colours, and lines thinned to their crests (Canny 1986). */
import { gaussianBlur } from './gaussian-blur.ts';

/** Across a boundary, from a pixel to the next: east, south-east, south, south-west. */
export const directions = [
  { rows: 0, columns: 1 },
  { rows: 1, columns: 1 },
  { rows: 1, columns: 0 },
  { rows: 1, columns: -1 },
] as const;

export interface OrientedStrength {
  readonly width: number;
  readonly height: number;
  /** [height, width] */
  readonly strength: Float32Array;
  /** [height, width], indices into `directions` */
  readonly across: Uint8Array;
}

/** The nearest of the four directions to that of a vector, whichever way it points. */
export function directionOf(rows: number, columns: number): number {
  return (Math.round(Math.atan2(rows, columns) / (Math.PI / 4)) + 8) % 4;
}

/**
 * √(Σ over channels of |∇c|²) of the smoothed channels by central differences, and the direction in which they change most, that of
 * the structure tensor Σ ∇c ∇cᵀ.
 *
 * @param values [height, width, channels]
 */
export function channelGradient(
  values: Float32Array,
  width: number,
  height: number,
  channels: number,
  sigma: number,
): OrientedStrength {
  const smooth = gaussianBlur(values, width, height, channels, sigma);
  const strength = new Float32Array(width * height);
  const across = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const pixel = y * width + x;
      const [east, west] = [x + 1 < width ? pixel + 1 : pixel, x > 0 ? pixel - 1 : pixel];
      const [south, north] = [y + 1 < height ? pixel + width : pixel, y > 0 ? pixel - width : pixel];
      let [xx, xy, yy] = [0, 0, 0];
      for (let channel = 0; channel < channels; channel++) {
        const dx = (smooth[east * channels + channel]! - smooth[west * channels + channel]!) / 2;
        const dy = (smooth[south * channels + channel]! - smooth[north * channels + channel]!) / 2;
        xx += dx * dx;
        xy += dx * dy;
        yy += dy * dy;
      }
      strength[pixel] = Math.sqrt(xx + yy);
      const angle = Math.atan2(2 * xy, xx - yy) / 2;
      across[pixel] = directionOf(Math.sin(angle), Math.cos(angle));
    }
  }
  return { width, height, strength, across };
}

/** The strength where it is at least that of both pixels across the boundary, of equal ones the first; elsewhere 0. */
export function suppressNonMaxima({ width, height, strength, across }: OrientedStrength): Float32Array {
  const crests = new Float32Array(strength.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const pixel = y * width + x;
      const { rows, columns } = directions[across[pixel]!]!;
      const at = (row: number, column: number) =>
        row < 0 || row >= height || column < 0 || column >= width ? 0 : strength[row * width + column]!;
      const value = strength[pixel]!;
      if (value >= at(y + rows, x + columns) && value > at(y - rows, x - columns)) crests[pixel] = value;
    }
  }
  return crests;
}
