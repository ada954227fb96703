/** What is measured of the label maps of one way to predict, summed over pictures. */
import type { LabelMap } from '../../datasets/label-map.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { ConfusionMatrix } from '../evaluation/confusion-matrix.ts';
import { TrimapError } from '../evaluation/trimap-error.ts';
import {
  frequencyWeightedIoUMetric,
  meanIoUMetric,
  microIoUMetric,
  pixelAccuracyMetric,
} from './segmentation-metrics.ts';

export const labelMetrics = {
  meanIoU: meanIoUMetric,
  microIoU: microIoUMetric,
  frequencyWeightedIoU: frequencyWeightedIoUMetric,
  pixelAccuracy: pixelAccuracyMetric,
  trimapError: 'error in the trimap',
} as const;

/** Pixels on either side of a boundary. */
export const trimapWidth = 3;

export class LabelMeasures {
  readonly #confusion: ConfusionMatrix;
  readonly #trimap = new TrimapError([trimapWidth]);

  constructor(classes: number) {
    this.#confusion = new ConfusionMatrix(classes);
  }

  /** Counts one more picture. Throws InvalidSegmentation. */
  add(truth: LabelMap, prediction: LabelMap): void {
    this.#confusion.add(truth, prediction);
    this.#trimap.add(truth, prediction);
  }

  /** Throws InvalidSegmentation where no pixel was counted. */
  measurements(place: Pick<Measurement, 'subject' | 'step' | 'seed'>): Measurement[] {
    const scores = this.#confusion.scores();
    const [{ error } = { error: undefined }] = this.#trimap.measurements();
    const { meanIoU, microIoU, frequencyWeightedIoU, pixelAccuracy } = labelMetrics;
    const rows = [meanIoU, microIoU, frequencyWeightedIoU, pixelAccuracy] as const;
    const values = [scores.meanIoU, scores.microIoU, scores.frequencyWeightedIoU, scores.pixelAccuracy];
    return [
      ...rows.map((metric, index) => ({ metric, ...place, value: values[index]!, unit: 'share' })),
      ...(error === undefined ? [] : [{ metric: labelMetrics.trimapError, ...place, value: error, unit: 'share' }]),
    ];
  }
}

/** Pixels whose labels differ between two predictions of one picture. */
export function countDifferentLabels(one: LabelMap, other: LabelMap): number {
  let different = 0;
  for (let pixel = 0; pixel < one.labels.length; pixel++) {
    if (one.labels[pixel] !== other.labels[pixel]) different++;
  }
  return different;
}
