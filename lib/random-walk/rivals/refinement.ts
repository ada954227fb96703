/** What refines a segmentation by its picture: random walks and their rivals are compared behind this one form. */
import type { Picture } from '../../datasets/decode-picture.ts';
import type { ProbabilityMap } from '../evaluation/boundary-strength.ts';
import { InvalidRefinement } from './errors.ts';

/** Probabilities in, of the picture's size, and new ones out; the ones that came stay as they are. Throws InvalidRefinement. */
export type Refinement = (picture: Picture, map: ProbabilityMap) => ProbabilityMap;

/** No refinement. */
export const unrefined: Refinement = (picture, map) => {
  checkRefinement(picture, map);
  return map;
};

/** Throws InvalidRefinement where the sizes differ or a probability is no number from 0 to 1. */
export function checkRefinement(picture: Picture, { width, height, classes, probabilities }: ProbabilityMap): void {
  if (picture.width !== width || picture.height !== height || picture.rgb.length !== 3 * width * height) {
    throw new InvalidRefinement(
      `Probabilities must have the size of their picture, ${picture.width} × ${picture.height}, and have ${width} × ${height}.`,
    );
  }
  if (!(classes >= 1) || probabilities.length !== width * height * classes) {
    throw new InvalidRefinement(
      `Probabilities must be [height, width, classes] = [${height}, ${width}, ${classes}], and are ${probabilities.length} numbers.`,
    );
  }
  const wrong = probabilities.findIndex((value) => !(value >= 0 && value <= 1 + 1e-5));
  if (wrong >= 0) {
    const pixel = Math.floor(wrong / classes);
    throw new InvalidRefinement(
      `Probabilities must be from 0 to 1; in row ${Math.floor(pixel / width)}, column ${pixel % width}, class ${wrong % classes} it is ${probabilities[wrong]}. Scores must go through softmax first.`,
    );
  }
}

/** Throws InvalidRefinement unless all are finite and more than 0. */
export function checkPositive(parameters: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(parameters)) {
    if (!(value > 0 && Number.isFinite(value)))
      throw new InvalidRefinement(`${name} must be more than 0, got ${value}.`);
  }
}
