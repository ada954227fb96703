/**
 * Errors near the boundaries of objects (Figure 5): the share of misclassified pixels within a band, a "trimap", around the
 * boundaries of the ground truth, against the width of the band (P. Kohli, L. Ladický, P. Torr 2009; P. Krähenbühl and
 * V. Koltun 2011).
 */
import { type LabelMap, voidLabel } from '../../datasets/label-map.ts';
import { squaredDistances } from './distance-transform.ts';
import { InvalidSegmentation } from './errors.ts';
import { checkLabelMaps } from './label-maps.ts';

/** Pixels on either side of the boundary, as on the figure's axis. */
export const trimapWidths: readonly number[] = Array.from({ length: 20 }, (_, index) => index + 1);

export interface TrimapMeasurement {
  /** Pixels of the band on either side of the boundary. */
  readonly width: number;
  /** Pixels in the band, over all images, those that are void left out. */
  readonly pixels: number;
  readonly misclassified: number;
  /** misclassified / pixels; undefined for a band without pixels. */
  readonly error: number | undefined;
}

/**
 * Sums over a dataset. The boundary runs between pixels: those that touch it, on either side, are the band of width 1, and a
 * band of width w has the pixels whose centres are less than w from the centre of one of those.
 */
export class TrimapError {
  readonly #widths: readonly number[];
  readonly #pixels: Float64Array;
  readonly #misclassified: Float64Array;

  constructor(widths: readonly number[] = trimapWidths) {
    if (widths.length === 0 || widths.some((width) => !(width > 0))) {
      throw new InvalidSegmentation(`Widths of trimaps must be more than 0 pixels, got [${widths}].`);
    }
    this.#widths = widths;
    this.#pixels = new Float64Array(widths.length);
    this.#misclassified = new Float64Array(widths.length);
  }

  /** Counts one more image; one without boundaries adds nothing. Throws InvalidSegmentation. */
  add(truth: LabelMap, prediction: LabelMap): void {
    checkLabelMaps(truth, prediction);
    const squares = squaredDistances(boundarySides(truth), truth.width, truth.height);
    for (let pixel = 0; pixel < squares.length; pixel++) {
      const label = truth.labels[pixel]!;
      if (label === voidLabel) continue;
      for (const [index, width] of this.#widths.entries()) {
        if (squares[pixel]! >= width * width) continue;
        this.#pixels[index]!++;
        if (prediction.labels[pixel] !== label) this.#misclassified[index]!++;
      }
    }
  }

  measurements(): readonly TrimapMeasurement[] {
    return this.#widths.map((width, index) => {
      const pixels = this.#pixels[index]!;
      const misclassified = this.#misclassified[index]!;
      return { width, pixels, misclassified, error: pixels === 0 ? undefined : misclassified / pixels };
    });
  }
}

/**
 * The pixels on both sides of every boundary: those with another label to the left, right, above or below. Void is a label
 * here: PASCAL VOC draws its objects' boundaries as a band of void, and what borders on it lies at the boundary.
 */
export function boundarySides({ width, height, labels }: LabelMap): Uint8Array {
  const sides = new Uint8Array(labels.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const pixel = y * width + x;
      if (x + 1 < width && labels[pixel] !== labels[pixel + 1]) sides[pixel] = sides[pixel + 1] = 1;
      if (y + 1 < height && labels[pixel] !== labels[pixel + width]) sides[pixel] = sides[pixel + width] = 1;
    }
  }
  return sides;
}
