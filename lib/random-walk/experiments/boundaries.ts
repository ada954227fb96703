/** §5.1, "Spatial smoothness": boundaries of segmentations after a dense CRF, and of random walk networks, against true ones. */
import { z } from 'zod';
import { defineExperiment } from '../../pipeline/experiment.ts';
import { type SegmentationTrial, train } from '../training/segmentation-networks.ts';
import { boundaryBackEndKinds } from './boundary-metrics.ts';
import { type BoundariesEvaluation, evaluateBoundaries } from './evaluate-boundaries.ts';
import {
  networkDeviations,
  networkFields,
  networkPresets,
  paperVariant,
  seedsOf,
  segmentationTrial,
  trialSeconds,
} from './network-params.ts';
import { summarizeBoundaries } from './summarize-boundaries.ts';

const params = z.strictObject({
  ...networkFields,
  /** Of the strength of the probabilities' boundaries: so many, in a geometric series between the two ends. */
  thresholds: z.number().int().min(2).max(1000),
  leastThreshold: z.number().min(1e-6).max(0.5),
  greatestThreshold: z.number().min(0.5).max(1),
  /** Between pixels that may be partners, as a share of the picture's diagonal. */
  maximumDistance: z.number().min(0).max(1),
  shownPictures: z.number().int().min(0).max(20),
});
type Params = z.infer<typeof params>;

const measured = {
  thresholds: 16,
  leastThreshold: 0.01,
  greatestThreshold: 0.9,
  maximumDistance: 0.0075,
  shownPictures: 3,
};

export const boundaries = defineExperiment<Params, SegmentationTrial, BoundariesEvaluation>({
  name: 'random-walk/boundaries',
  source: {
    arxiv: '1605.07681',
    title: 'Convolutional Random Walk Networks for Semantic Image Segmentation',
    place: '§5.1, Table 4',
  },
  claim:
    'Boundaries of RWN segmentations have a better maximum F-score and average precision than those of segmentations after a dense CRF, with all three back-ends.',
  deviations: [
    ...networkDeviations,
    'The paper does not say how its boundaries get the strengths that MF and AP need: here the labels’ boundaries decide, one point of precision and recall with AP its area, which the paper’s numbers agree with; beside them, thresholds of the strength of the probabilities’ boundaries, the largest total variation distance to the pixel right, below, or both.',
    'Boundaries are where labels change, whichever they are; the same for single classes, averaged over them, stands beside it.',
    'Predicted and true boundaries within the matching distance of void count for neither side.',
    'The CRF has pydensecrf’s usual settings, its distances in proportion to the pictures’ size; DeepLab’s were cross-validated.',
  ],
  params,
  presets: {
    smoke: {
      ...networkPresets.smoke,
      ...measured,
      thresholds: 4,
      shownPictures: 1,
    },
    laptop: { ...networkPresets.laptop, ...measured },
    overnight: { ...networkPresets.overnight, ...measured, thresholds: 50 },
    paper: { ...networkPresets.paper, ...measured, thresholds: 99 },
  },
  datasets: [{ name: 'voc-segmentation' }],
  module: 'lib/random-walk/experiments/boundaries.ts',
  trainingModule: 'lib/random-walk/training/segmentation-networks.ts',

  plan: (params) =>
    seedsOf(params).flatMap((seed) => boundaryBackEndKinds.map((kind) => segmentationTrial(params, kind, seed))),
  train,

  evaluations(params, trials) {
    const { diffusion, radius, maximumDistance, validationImages, shownPictures, trainingSeed } = params;
    return trials.map((trial) => ({
      name: trial.name,
      trials: [trial.name],
      trial,
      variant: paperVariant(params).name,
      ...{ diffusion, radius, maximumDistance },
      pictures: validationImages,
      thresholds: thresholdsOf(params),
      shownPictures: trial.seed === trainingSeed ? shownPictures : 0,
    }));
  },
  evaluate: evaluateBoundaries,
  summarize: summarizeBoundaries,

  work(params) {
    const { seeds, longestSide, validationImages, thresholds } = params;
    const pixels = 0.75 * longestSide ** 2;
    const pictures = Math.min(validationImages, 3000);
    return {
      trainingCoreSeconds: seeds * boundaryBackEndKinds.reduce((sum, kind) => sum + trialSeconds(params, kind), 0),
      // CRF, walk and networks; labels' boundaries; each threshold: measured at 240 × 180 with 11 classes.
      evaluationCoreSeconds: seeds * boundaryBackEndKinds.length * (2 + pictures * pixels * (2e-5 + 1e-7 * thresholds)),
    };
  },
});

/** A strength is next to 0 nearly everywhere: equal ratios, not equal steps, follow how many pixels have more. */
function thresholdsOf({ thresholds, leastThreshold, greatestThreshold }: Params): readonly number[] {
  return Array.from({ length: thresholds }, (_, index) => {
    const threshold = leastThreshold * (greatestThreshold / leastThreshold) ** (index / (thresholds - 1));
    return Number(threshold.toPrecision(4));
  });
}
