/** How right segmentations of a set of pictures are, as rows of measurements, and of which pictures. */
import type { LabelMap } from '../../datasets/label-map.ts';
import { type Spread, spreadOf } from '../../numerics/spread.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { ConfusionMatrix } from '../evaluation/confusion-matrix.ts';
import { mostProbableLabels } from '../evaluation/most-probable-labels.ts';
import { TrimapError } from '../evaluation/trimap-error.ts';
import type { ClassProbabilities } from '../refine.ts';

export const meanIoUMetric = 'mean IoU';
export const microIoUMetric = 'micro IoU';
/** Of a band this wide on either side of the truth's boundaries. */
export const trimapWidth = 3;
export const trimapMetric = `error within ${trimapWidth} pixels of boundaries`;

/** Adds up one way of predicting over pictures. */
export class SegmentationMeasures {
  readonly #confusion: ConfusionMatrix;
  readonly #trimap = new TrimapError([trimapWidth]);

  constructor(classes: number) {
    this.#confusion = new ConfusionMatrix(classes);
  }

  /** @param predicted scores or probabilities, which are largest at the predicted class */
  add(truth: LabelMap, predicted: ClassProbabilities): void {
    const labels = mostProbableLabels(predicted);
    this.#confusion.add(truth, labels);
    this.#trimap.add(truth, labels);
  }

  measurements(of: Pick<Measurement, 'subject' | 'step' | 'seed'>): Measurement[] {
    const { meanIoU, microIoU } = this.#confusion.scores();
    const { error } = this.#trimap.measurements()[0]!;
    return [
      { metric: meanIoUMetric, ...of, value: meanIoU, unit: 'share' },
      { metric: microIoUMetric, ...of, value: microIoU, unit: 'share' },
      { metric: trimapMetric, ...of, value: error ?? Number.NaN, unit: 'share' },
    ];
  }
}

const picturesMetric = 'validation pictures';
const widestMetric = 'longest side';

/** Which pictures the measurements are of: summaries see neither the dataset nor its classes. */
export interface MeasuredPictures {
  readonly classNames: readonly string[];
  readonly pictures: number;
  /** Pixels of the longest side of any. */
  readonly longestSide: number;
}

export function describePictures({ classNames, pictures, longestSide }: MeasuredPictures, seed: number): Measurement[] {
  const of = { subject: classNames.join(', '), step: 0, seed };
  return [
    { metric: picturesMetric, ...of, value: pictures, unit: 'pictures' },
    { metric: widestMetric, ...of, value: longestSide, unit: 'pixels' },
  ];
}

/** undefined where nothing was measured. */
export function measuredPictures(rows: readonly Measurement[]): MeasuredPictures | undefined {
  const counted = rows.find(({ metric }) => metric === picturesMetric);
  if (!counted) return;
  return {
    classNames: counted.subject.split(', '),
    pictures: counted.value,
    longestSide: Math.max(...valuesOf(rows, widestMetric, counted.subject, 0).values()),
  };
}

/** For the title of a table: `51 pictures of at most 240 pixels, 11 classes (sky, building, …)`. */
export function titlePictures({ classNames, pictures, longestSide }: MeasuredPictures): string {
  const first = classNames.slice(0, 3).join(', ');
  return `${pictures} pictures of at most ${longestSide} pixels, ${classNames.length} classes (${first}${classNames.length > 3 ? ', …' : ''})`;
}

/** By seed. */
export function valuesOf(
  rows: readonly Measurement[],
  metric: string,
  subject: string,
  step: number,
): ReadonlyMap<number, number> {
  const found = rows.filter((row) => row.metric === metric && row.subject === subject && row.step === step);
  return new Map(found.map(({ seed, value }) => [seed, value]));
}

export function spreadOfRows(rows: readonly Measurement[], metric: string, subject: string, step: number) {
  return spreadOf([...valuesOf(rows, metric, subject, step).values()]);
}

/** The first minus the second, seed by seed: initial weights and minibatches, which both share, cancel. */
export function pairedDifference(
  ours: ReadonlyMap<number, number>,
  theirs: ReadonlyMap<number, number>,
): Spread | undefined {
  return spreadOf([...ours].flatMap(([seed, value]) => (theirs.has(seed) ? [value - theirs.get(seed)!] : [])));
}
