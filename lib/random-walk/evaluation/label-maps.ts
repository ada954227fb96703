/** What every measure asks of the label maps that it compares. */
import { type LabelMap, voidLabel } from '../../datasets/label-map.ts';
import { InvalidSegmentation } from './errors.ts';

/**
 * Throws InvalidSegmentation where the two differ in size, a label is no class (void is, in the truth alone), or there are
 * more or fewer labels than pixels. `classes` is left out where their number does not matter.
 */
export function checkLabelMaps(truth: LabelMap, prediction: LabelMap, classes: number = voidLabel): void {
  checkLabelMap(truth, classes, 'the ground truth');
  checkLabelMap(prediction, classes, 'the prediction');
  if (truth.width !== prediction.width || truth.height !== prediction.height) {
    throw new InvalidSegmentation(
      `A prediction must have its ground truth's size, ${truth.width} × ${truth.height}, and has ${prediction.width} × ${prediction.height}. Bring it to that size first.`,
    );
  }
  for (let pixel = 0; pixel < truth.labels.length; pixel++) {
    if (prediction.labels[pixel] === voidLabel && truth.labels[pixel] !== voidLabel) {
      throw new InvalidSegmentation(
        `A prediction must have a class at every pixel that has one in the ground truth; ${describePixel(prediction, pixel)} is void.`,
      );
    }
  }
}

/** Throws InvalidSegmentation. */
export function checkLabelMap({ width, height, labels }: LabelMap, classes: number, name: string): void {
  if (!(width > 0 && height > 0) || labels.length !== width * height) {
    throw new InvalidSegmentation(
      `${name} must have one label a pixel; it has ${labels.length} labels for ${width} × ${height} pixels.`,
    );
  }
  const wrong = labels.findIndex((label) => label >= classes && label !== voidLabel);
  if (wrong >= 0) {
    throw new InvalidSegmentation(
      `Labels of ${name} must be 0 to ${classes - 1}, or ${voidLabel} for void; ${describePixel({ width }, wrong)} is ${labels[wrong]}.`,
    );
  }
}

function describePixel({ width }: { readonly width: number }, pixel: number): string {
  return `the one in row ${Math.floor(pixel / width)}, column ${pixel % width}`;
}
