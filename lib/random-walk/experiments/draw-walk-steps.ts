/** Figure 6: one picture after so many steps of the walk, as labels and as the probability of one class. */
import type { Picture } from '../../datasets/decode-picture.ts';
import { type LabelMap, voidLabel } from '../../datasets/label-map.ts';
import type { LabelledPicture } from '../../datasets/labelled-pictures.ts';
import type { EvaluationImage } from '../../pipeline/evaluation-image.ts';
import { mostProbableLabels } from '../evaluation/most-probable-labels.ts';
import { boundarySides } from '../evaluation/trimap-error.ts';
import type { ClassProbabilities } from '../refine.ts';
import { arrangePanels, paintLabels } from './picture-panels.ts';

/** A class that covers more of a picture is its scenery rather than an object. */
const largestObject = 0.1;

/**
 * The class with the most pixels at boundaries of the ground truth, of those that cover at most a tenth of the picture: the figure is
 * about where objects end. Of all classes, where none is so small.
 */
export function chooseShownClass(truth: LabelMap): number {
  const sides = boundarySides(truth);
  const pixels = new Map<number, number>();
  const atBoundaries = new Map<number, number>();
  for (const [pixel, label] of truth.labels.entries()) {
    if (label === voidLabel) continue;
    pixels.set(label, (pixels.get(label) ?? 0) + 1);
    atBoundaries.set(label, (atBoundaries.get(label) ?? 0) + sides[pixel]!);
  }
  const all = [...pixels.keys()].sort((a, b) => a - b);
  const small = all.filter((label) => pixels.get(label)! <= largestObject * truth.labels.length);
  const candidates = small.length > 0 ? small : all;
  return candidates.reduce(
    (best, label) => (atBoundaries.get(label)! > atBoundaries.get(best)! ? label : best),
    candidates[0] ?? 0,
  );
}

/** Above the photograph and the true labels, below the predicted labels and the class's probability. */
export function drawFrame(
  name: string,
  picture: LabelledPicture,
  probabilities: ClassProbabilities,
  shownClass: number,
): EvaluationImage {
  const labels = mostProbableLabels(probabilities);
  return arrangePanels(name, [
    [picture, paintLabels(picture)],
    [paintLabels(labels), paintProbability(probabilities, shownClass)],
  ]);
}

/** From black at 0 through red and yellow to white at 1. */
export function paintProbability({ width, height, classes, data }: ClassProbabilities, shownClass: number): Picture {
  const rgb = new Uint8Array(3 * width * height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const heat = 3 * data[pixel * classes + shownClass]!;
    for (let channel = 0; channel < 3; channel++) {
      rgb[3 * pixel + channel] = Math.round(255 * Math.min(1, Math.max(0, heat - channel)));
    }
  }
  return { width, height, rgb };
}
