/** What is measured of segmentations, under which names. */
import type { DatasetOrigin } from '../../datasets/dataset.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import type { BackEndKind } from '../back-ends/settings.ts';
import type { SegmentationScores } from '../evaluation/confusion-matrix.ts';
import { backEndKinds } from './refinement-methods.ts';

export const meanIoUMetric = 'mean IoU';
/** The paper's "overall IOU" has no formula: it may be either of these. */
export const microIoUMetric = 'micro IoU';
export const frequencyWeightedIoUMetric = 'frequency-weighted IoU';
export const pixelAccuracyMetric = 'pixel accuracy';
export const classIoUMetric = (className: string) => `IoU of ${className}`;

/** How many pictures there were; the subject says of which dataset. */
export const trainingPicturesMetric = 'training pictures';
export const validationPicturesMetric = 'validation pictures';

/** θ of one channel; the step is the channel's place, colours first, then conv1_1 and conv1_2. */
export const affinityWeightMetric = 'affinity weight θ';

/** A column of a learning curve in one phase of the training; the step is the update of that phase. */
export const curveMetric = (phase: string, column: string) => `${phase}: ${column}`;

/** Scores of one confusion matrix as rows. */
export function scoreMeasurements(
  scores: SegmentationScores,
  classNames: readonly string[],
  { subject, seed }: { readonly subject: string; readonly seed: number },
): readonly Measurement[] {
  const row = (metric: string, value: number): Measurement => {
    return { metric, subject, step: 0, seed, value, unit: 'share' };
  };
  return [
    row(meanIoUMetric, scores.meanIoU),
    row(microIoUMetric, scores.microIoU),
    row(frequencyWeightedIoUMetric, scores.frequencyWeightedIoU),
    row(pixelAccuracyMetric, scores.pixelAccuracy),
    ...classNames.flatMap((name, label) => {
      const value = scores.classIoU[label];
      return value === undefined ? [] : [row(classIoUMetric(name), value)];
    }),
  ];
}

/** As it stands in tables: `voc-segmentation (stand-in)`. */
export function datasetSubject(name: string, origin: DatasetOrigin): string {
  return `${name} (${origin})`;
}

/** Names of the classes, in the dataset's order, as far as any was measured. */
export function classNamesOf(rows: readonly Measurement[]): readonly string[] {
  const start = classIoUMetric('');
  const names = rows.flatMap(({ metric }) => (metric.startsWith(start) ? [metric.slice(start.length)] : []));
  return [...new Set(names)];
}

/** Back-ends of which anything was measured. */
export function measuredBackEnds(rows: readonly Measurement[]): readonly BackEndKind[] {
  return backEndKinds.filter((kind) => rows.some(({ subject }) => subject === kind || subject.startsWith(`${kind}/`)));
}

export interface PictureCounts {
  /** `voc-segmentation (stand-in)` */
  readonly dataset: string;
  readonly training: number;
  readonly validation: number;
}

/** Undefined where nothing was measured. */
export function pictureCounts(rows: readonly Measurement[], dataset = ''): PictureCounts | undefined {
  const find = (metric: string) => rows.find((row) => row.metric === metric && row.subject.startsWith(dataset));
  const [training, validation] = [find(trainingPicturesMetric), find(validationPicturesMetric)];
  if (!training || !validation) return;
  return { dataset: validation.subject, training: training.value, validation: validation.value };
}

/** For titles: the dataset, how many pictures of it, and its classes. */
export function describeDataset(rows: readonly Measurement[], dataset = ''): string {
  const counts = pictureCounts(rows, dataset);
  if (!counts) return 'nothing measured';
  return `${counts.dataset}, ${counts.training} pictures to train on and ${counts.validation} to validate on`;
}
