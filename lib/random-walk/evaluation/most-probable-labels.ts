/** What a segmentation predicts. */
import type { LabelMap } from '../../datasets/label-map.ts';
import type { ClassProbabilities } from '../refine.ts';
import { InvalidSegmentation } from './errors.ts';

/** Every pixel's most probable class, of equal ones the first. Scores do as well as probabilities. Throws InvalidSegmentation at NaN. */
export function mostProbableLabels({ width, height, classes, data }: ClassProbabilities): LabelMap {
  const labels = new Uint8Array(width * height);
  for (let pixel = 0; pixel < labels.length; pixel++) {
    let best = Number.NEGATIVE_INFINITY;
    for (let label = 0; label < classes; label++) {
      const value = data[pixel * classes + label]!;
      if (Number.isNaN(value)) {
        throw new InvalidSegmentation(
          `Probabilities must be numbers; in row ${Math.floor(pixel / width)}, column ${pixel % width}, class ${label} there is NaN.`,
        );
      }
      if (value > best) {
        best = value;
        labels[pixel] = label;
      }
    }
  }
  return { width, height, labels };
}
