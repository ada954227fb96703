/** A photograph and class probabilities of it, as `timing` measures on: nothing is trained. */

import { voidLabel } from '../../datasets/label-map.ts';
import type { LabelledPicture, LabelledPictures } from '../../datasets/labelled-pictures.ts';
import { randomStream } from '../../numerics/random.ts';
import { scoreStride } from '../back-ends/settings.ts';
import { InvalidWalkInput } from '../errors.ts';
import type { ClassProbabilities, Picture } from '../refine.ts';
import { type PixelValues, resizeBilinear } from '../resize-bilinear.ts';

export interface SceneSize {
  readonly height: number;
  readonly width: number;
  readonly classes: number;
}

export interface TimedScene {
  /** RGB, 0 to 255. */
  readonly picture: Picture & { readonly data: Uint8Array };
  readonly probabilities: ClassProbabilities;
  /** One for every 8th row and column, as fc8's are. */
  readonly scores: ClassProbabilities;
}

/** How much of a pixel's probability is spread over all classes, so that no label is certain. */
const doubt = 0.2;

/**
 * The validation picture that a seed stands for, another one each: a fixed shuffle of the list. Throws InvalidWalkInput where there
 * are not so many.
 */
export async function pictureOfSeed(pictures: LabelledPictures, seed: number): Promise<LabelledPicture> {
  const names = pictures.validation;
  if (seed >= names.length) {
    throw new InvalidWalkInput(
      `Every seed is another picture, and there are ${names.length} to validate on; seed ${seed} has none. Set fewer seeds.`,
    );
  }
  const order = new Int32Array(names.length);
  randomStream(0, 'timed pictures').fillSample(order, names.length);
  return pictures.picture(names[order[seed]!]!);
}

/**
 * The picture at the given size, and probabilities as a back-end's are: coarse. In each cell of 8 × 8 pixels, the shares of the
 * classes that people saw there, with some doubt; enlarged to the picture by interpolation. Classes that the dataset does not have
 * get the doubt alone.
 *
 * Throws InvalidWalkInput where there is a label that `classes` does not have.
 */
export function makeTimedScene(labelled: LabelledPicture, { height, width, classes }: SceneSize): TimedScene {
  const colours = { height: labelled.height, width: labelled.width, data: Float32Array.from(labelled.rgb) };
  const data = Uint8Array.from(resizeBilinear(colours, height, width), Math.round);
  const scores = coarseProbabilities(labelled, { height, width, classes });
  return {
    picture: { height, width, data },
    probabilities: { height, width, classes, data: resizeBilinear(scores, height, width) },
    scores,
  };
}

function coarseProbabilities(labelled: LabelledPicture, { height, width, classes }: SceneSize): ClassProbabilities {
  const [rows, columns] = [Math.ceil(height / scoreStride), Math.ceil(width / scoreStride)];
  const counts = new Float32Array(rows * columns * classes);
  for (const [pixel, label] of labelled.labels.entries()) {
    if (label === voidLabel) continue;
    if (label >= classes) throw new InvalidWalkInput(`There must be more than ${label} classes, got ${classes}.`);
    const row = Math.floor((Math.floor(pixel / labelled.width) * rows) / labelled.height);
    const column = Math.floor(((pixel % labelled.width) * columns) / labelled.width);
    counts[(row * columns + column) * classes + label]! += 1;
  }
  for (let start = 0; start < counts.length; start += classes) {
    const cell = counts.subarray(start, start + classes);
    const sum = cell.reduce((a, b) => a + b, 0);
    // A cell without a label says nothing.
    for (const [k, count] of cell.entries())
      cell[k] = doubt / classes + (1 - doubt) * (sum > 0 ? count / sum : 1 / classes);
  }
  return { height: rows, width: columns, classes, data: counts };
}

/** The picture's colours at another size, from 0 to 1. */
export function coloursAt({ height, width, data }: Picture, newHeight: number, newWidth: number): Float32Array {
  const values: PixelValues = { height, width, data: Float32Array.from(data, (value) => value / 255) };
  return resizeBilinear(values, newHeight, newWidth);
}
