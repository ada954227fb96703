/** What refines a segmentation by its picture: random walks and their rivals are compared behind this one form. */
import type { ClassProbabilities, Picture } from '../refine.ts';
import { InvalidRefinement } from './errors.ts';

/**
 * Probabilities in, of the picture's size, and new ones out; the ones that came stay as they are. `refine` is one. Rivals throw
 * InvalidRefinement.
 */
export type Refinement = (picture: Picture, probabilities: ClassProbabilities) => ClassProbabilities;

/** No refinement. */
export const unrefined: Refinement = (picture, probabilities) => {
  coloursOf(picture);
  checkProbabilities(picture, probabilities);
  return probabilities;
};

/**
 * [height, width, 3], 0 to 255, as the rivals' scales count. Of 16 bits and of floats from 0 to 1 likewise; grey is three equal
 * colours, alpha is left out. Throws InvalidRefinement where the values are not one, two, three or four a pixel.
 */
export function coloursOf({ width, height, data }: Picture): Float32Array {
  const pixels = width * height;
  const channels = data.length / pixels;
  if (![1, 2, 3, 4].includes(channels)) {
    throw new InvalidRefinement(
      `A picture must have 1 to 4 values a pixel (grey, grey and alpha, RGB or RGBA); ${data.length} for ${width} × ${height} pixels are ${channels}.`,
    );
  }
  const scale = data instanceof Float32Array ? 255 : data instanceof Uint16Array ? 1 / 257 : 1;
  const isGrey = channels < 3;
  const colours = new Float32Array(3 * pixels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let colour = 0; colour < 3; colour++) {
      const value = data[channels * pixel + (isGrey ? 0 : colour)]! * scale;
      if (!Number.isFinite(value)) {
        throw new InvalidRefinement(
          `A picture's values must be finite; in row ${Math.floor(pixel / width)}, column ${pixel % width} one is ${value}.`,
        );
      }
      colours[3 * pixel + colour] = value;
    }
  }
  return colours;
}

/** Throws InvalidRefinement where the sizes differ or a probability is no number from 0 to 1. */
export function checkProbabilities(picture: Picture, { width, height, classes, data }: ClassProbabilities): void {
  if (picture.width !== width || picture.height !== height) {
    throw new InvalidRefinement(
      `Probabilities must have the size of their picture, ${picture.width} × ${picture.height}, and have ${width} × ${height}.`,
    );
  }
  if (!(classes >= 1) || data.length !== width * height * classes) {
    throw new InvalidRefinement(
      `Probabilities must be [height, width, classes] = [${height}, ${width}, ${classes}], and are ${data.length} numbers.`,
    );
  }
  const wrong = data.findIndex((value) => !(value >= 0 && value <= 1 + 1e-5));
  if (wrong >= 0) {
    const pixel = Math.floor(wrong / classes);
    throw new InvalidRefinement(
      `Probabilities must be from 0 to 1; in row ${Math.floor(pixel / width)}, column ${pixel % width}, class ${wrong % classes} it is ${data[wrong]}. Scores must go through softmax first.`,
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
