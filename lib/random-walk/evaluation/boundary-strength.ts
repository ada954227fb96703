/**
 * Boundaries of segmentations, as BSDS500 and SBD draw them: on the pixel that differs from its neighbour to the east, south
 * or south-east. Of label maps they are there or not; of class probabilities they have a strength.
 */
import { type LabelMap, voidLabel } from '../../datasets/label-map.ts';
import type { ClassProbabilities } from '../refine.ts';
import { InvalidSegmentation } from './errors.ts';

/**
 * Mask, [height, width], of the pixels that differ from their E, S or SE neighbour. Void has no boundaries: neither side of
 * a boundary is void. With `ofClass`, only boundaries of that class: one of the two labels is that.
 */
export function labelBoundaries({ width, height, labels }: LabelMap, ofClass?: number): Uint8Array {
  const mask = new Uint8Array(labels.length);
  forEachForwardNeighbour(width, height, (pixel, neighbour) => {
    const [a, b] = [labels[pixel]!, labels[neighbour]!];
    if (a === b || a === voidLabel || b === voidLabel) return;
    if (ofClass === undefined || a === ofClass || b === ofClass) mask[pixel] = 1;
  });
  return mask;
}

/**
 * Strength of boundaries, [height, width], from 0 to 1: the largest total variation distance ½ Σₖ |pₖ(i) − pₖ(j)| of a pixel i
 * to its E, S and SE neighbours j. Certain and different labels have strength 1, where `labelBoundaries` has its mask. With
 * `ofClass`, of that class: |pₖ(i) − pₖ(j)|.
 */
export function boundaryStrength(probabilities: ClassProbabilities, ofClass?: number): Float32Array {
  const { width, height, classes, data } = probabilities;
  if (data.length !== width * height * classes) {
    throw new InvalidSegmentation(
      `Probabilities must be [height, width, classes] = [${height}, ${width}, ${classes}], and are ${data.length} numbers.`,
    );
  }
  if (ofClass !== undefined && !(ofClass >= 0 && ofClass < classes)) {
    throw new InvalidSegmentation(`The class must be 0 to ${classes - 1}, got ${ofClass}.`);
  }
  const strength = new Float32Array(width * height);
  forEachForwardNeighbour(width, height, (pixel, neighbour) => {
    let distance = 0;
    if (ofClass !== undefined) {
      distance = Math.abs(data[pixel * classes + ofClass]! - data[neighbour * classes + ofClass]!);
    } else {
      for (let label = 0; label < classes; label++) {
        distance += Math.abs(data[pixel * classes + label]! - data[neighbour * classes + label]!) / 2;
      }
    }
    if (!(distance <= strength[pixel]!)) strength[pixel] = distance;
  });
  return strength;
}

/** Calls `visit` for every pixel and its E, S and SE neighbours within the image. */
function forEachForwardNeighbour(
  width: number,
  height: number,
  visit: (pixel: number, neighbour: number) => void,
): void {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const pixel = y * width + x;
      const east = x + 1 < width;
      const south = y + 1 < height;
      if (east) visit(pixel, pixel + 1);
      if (south) visit(pixel, pixel + width);
      if (east && south) visit(pixel, pixel + width + 1);
    }
  }
}
