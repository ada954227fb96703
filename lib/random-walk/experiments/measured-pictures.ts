/** Which pictures the figures are of, as rows among the measurements: the summary sees nothing else of a dataset. */
import type { EvaluationContext } from '../../pipeline/context.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import type { SegmentationTrial } from '../training/segmentation-networks.ts';
import { trainingPicturesMetric, validationPicturesMetric } from './segmentation-metrics.ts';
import { countPictures } from './validation-pictures.ts';

const classesMetric = 'classes';

/** What `pictureCounts` and `remarkClasses` read. */
export async function measuredPictures(
  trial: SegmentationTrial,
  validationImages: number,
  classNames: readonly string[],
  context: Pick<EvaluationContext, 'dataset'>,
): Promise<readonly Measurement[]> {
  const { subject, training, validation } = await countPictures(trial, validationImages, context);
  const row = { step: 0, seed: trial.seed };
  return [
    { metric: trainingPicturesMetric, subject, ...row, value: training, unit: 'pictures' },
    { metric: validationPicturesMetric, subject, ...row, value: validation, unit: 'pictures' },
    { metric: classesMetric, subject: classNames.join(', '), ...row, value: classNames.length, unit: 'classes' },
  ];
}

/** A remark for the report; none where nothing was measured. */
export function remarkClasses(rows: readonly Measurement[]): readonly string[] {
  const row = rows.find(({ metric }) => metric === classesMetric);
  return row ? [`The ${row.value} classes are ${row.subject}.`] : [];
}
