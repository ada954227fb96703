/**
 * How often which class was taken for which, over a whole dataset, and the scores that come of it. One matrix for all
 * images, as PASCAL VOC scores: a mean of the scores of single images would be another number.
 */
import { type LabelMap, voidLabel } from '../../datasets/label-map.ts';
import { InvalidSegmentation } from './errors.ts';
import { checkLabelMaps } from './label-maps.ts';

export interface SegmentationScores {
  /** TPₖ / (TPₖ + FPₖ + FNₖ); undefined for a class that is neither in the truth nor predicted. */
  readonly classIoU: readonly (number | undefined)[];
  /** Mean of `classIoU` over the classes that have one. */
  readonly meanIoU: number;
  /** Σ TPₖ / Σ (TPₖ + FPₖ + FNₖ), which is pixels right / (2 pixels − pixels right): "overall IoU" may mean this one. */
  readonly microIoU: number;
  /** Mean of `classIoU`, weighted by how many pixels of the truth the class has: or this one. */
  readonly frequencyWeightedIoU: number;
  /** Share of the pixels that have their true class. */
  readonly pixelAccuracy: number;
}

export class ConfusionMatrix {
  /** From 1 to 255. */
  readonly classes: number;
  /** [classes, classes]: pixels, by true class and predicted class. Void pixels of the truth are left out. */
  readonly counts: Float64Array;

  constructor(classes: number) {
    if (!Number.isInteger(classes) || classes < 1 || classes > voidLabel) {
      throw new InvalidSegmentation(
        `A confusion matrix has 1 to ${voidLabel} classes (${voidLabel} is void), got ${classes}.`,
      );
    }
    this.classes = classes;
    this.counts = new Float64Array(classes * classes);
  }

  /** Counts one more image. Throws InvalidSegmentation, and then has counted nothing of it. */
  add(truth: LabelMap, prediction: LabelMap): void {
    checkLabelMaps(truth, prediction, this.classes);
    for (let pixel = 0; pixel < truth.labels.length; pixel++) {
      const label = truth.labels[pixel]!;
      if (label !== voidLabel) this.counts[label * this.classes + prediction.labels[pixel]!]!++;
    }
  }

  /** Throws InvalidSegmentation where no pixel was counted. */
  scores(): SegmentationScores {
    const { classes, counts } = this;
    let pixels = 0;
    let right = 0;
    let unions = 0;
    let weighted = 0;
    const classIoU = Array.from({ length: classes }, (_, label) => {
      let inTruth = 0;
      let inPrediction = 0;
      for (let other = 0; other < classes; other++) {
        inTruth += counts[label * classes + other]!;
        inPrediction += counts[other * classes + label]!;
      }
      const both = counts[label * classes + label]!;
      const union = inTruth + inPrediction - both;
      pixels += inTruth;
      right += both;
      unions += union;
      if (union === 0) return undefined;
      weighted += (inTruth * both) / union;
      return both / union;
    });
    if (pixels === 0)
      throw new InvalidSegmentation('There is nothing to score: every pixel of the ground truth is void.');
    const present = classIoU.filter((value) => value !== undefined);
    return {
      classIoU,
      meanIoU: present.reduce((sum, value) => sum + value, 0) / present.length,
      microIoU: right / unions,
      frequencyWeightedIoU: weighted / pixels,
      pixelAccuracy: right / pixels,
    };
  }
}
