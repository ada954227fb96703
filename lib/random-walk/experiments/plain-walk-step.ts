/** One step of the walk in plain JavaScript: what the kernel's is compared with, and the dense CRF, which is plain as well. */
import { forEachPair, type PixelGrid } from '../neighbourhood.ts';

export interface PlainStepArrays {
  /** w [pixels, offsets] */
  readonly affinities: Float32Array;
  /** 1/d [pixels] */
  readonly inverseDegrees: Float32Array;
  /** f [pixels, classes] */
  readonly f: Float32Array;
  /** ŷ [pixels, classes], which is overwritten. */
  readonly y: Float32Array;
}

/** ŷ = A f (§4.3), each pair of pixels once, because W is symmetric. */
export function plainWalkStep(grid: PixelGrid, { affinities, inverseDegrees, f, y }: PlainStepArrays): void {
  const places = grid.neighbourhood.offsets.length;
  const classes = f.length / inverseDegrees.length;
  y.set(f);
  forEachPair(grid, (i, j, place) => {
    const w = affinities[i * places + place]!;
    for (let k = 0, first = i * classes, second = j * classes; k < classes; k++, first++, second++) {
      y[first]! += w * f[second]!;
      y[second]! += w * f[first]!;
    }
  });
  for (let pixel = 0, at = 0; pixel < inverseDegrees.length; pixel++) {
    const inverse = inverseDegrees[pixel]!;
    for (let k = 0; k < classes; k++, at++) y[at]! *= inverse;
  }
}
