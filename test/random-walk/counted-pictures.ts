import type { Measurement } from '../../lib/pipeline/experiment.ts';
import {
  trainingPicturesMetric,
  validationPicturesMetric,
} from '../../lib/random-walk/experiments/segmentation-metrics.ts';

/** The rows of a measured set of pictures. */
export function countedPictures(seed: number, validation = 34): Measurement[] {
  const of = { subject: 'photographs (paper)', step: 0, seed, unit: 'pictures' };
  return [
    { metric: trainingPicturesMetric, ...of, value: 367 },
    { metric: validationPicturesMetric, ...of, value: validation },
  ];
}
