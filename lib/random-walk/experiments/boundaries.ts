/** §5.1, "Spatial smoothness": boundaries of segmentations after a dense CRF, and of random walk networks, against true ones. */
import { z } from 'zod';
import { defineExperiment } from '../../pipeline/experiment.ts';
import { type SegmentationTrial, train } from '../training/segmentation-networks.ts';
import { type BoundariesEvaluation, evaluateBoundaries } from './evaluate-boundaries.ts';
import {
  networkDeviations,
  networkFields,
  networkPresets,
  seedsOf,
  segmentationTrial,
  trialSeconds,
} from './network-params.ts';
import { backEndKinds } from './refinement-methods.ts';
import { evaluationSeconds, refinementFields, refinementPresets, rivalDeviation } from './refinement-params.ts';
import { summarizeBoundaries } from './summarize-boundaries.ts';

const params = z.strictObject({
  ...networkFields,
  ...refinementFields,
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
    rivalDeviation,
    'The paper does not say how its boundaries get the strengths that MF and AP need: here the labels’ boundaries decide, one point of precision and recall with AP its area, which the paper’s numbers agree with; beside them, thresholds of the strength of the probabilities’ boundaries, the largest total variation distance to the pixel right, below, or both.',
    'Boundaries are where labels change, whichever they are; the same for single classes, averaged over them, stands beside it.',
    'Predicted and true boundaries within the matching distance of void count for neither side.',
  ],
  params,
  presets: {
    smoke: {
      ...networkPresets.smoke,
      ...refinementPresets.smoke,
      ...measured,
      thresholds: 4,
      shownPictures: 1,
    },
    // Two thirds of CamVid's validation pictures: refining and matching take about a second for each.
    laptop: { ...networkPresets.laptop, ...refinementPresets.laptop, ...measured, validationImages: 34 },
    overnight: { ...networkPresets.overnight, ...refinementPresets.overnight, ...measured, thresholds: 50 },
    paper: { ...networkPresets.paper, ...refinementPresets.paper, ...measured, thresholds: 99 },
  },
  datasets: [{ name: 'voc-segmentation' }],
  module: 'lib/random-walk/experiments/boundaries.ts',
  trainingModule: 'lib/random-walk/training/segmentation-networks.ts',

  plan: (params) =>
    seedsOf(params).flatMap((seed) => backEndKinds.map((kind) => segmentationTrial(params, kind, seed))),
  train,

  evaluations(params, trials) {
    const { validationImages, choosingImages, diffusion, radius, maximumDistance, shownPictures, trainingSeed } =
      params;
    return trials.map((trial) => ({
      name: trial.name,
      trials: [trial.name],
      trial,
      ...{ validationImages, choosingImages, diffusion, radius, maximumDistance },
      thresholds: thresholdsOf(params),
      shownPictures: trial.seed === trainingSeed ? shownPictures : 0,
    }));
  },
  evaluate: evaluateBoundaries,
  summarize: summarizeBoundaries,

  work(params) {
    const sum = (secondsOf: (backEnd: (typeof backEndKinds)[number]) => number) =>
      params.seeds * backEndKinds.reduce((seconds, backEnd) => seconds + secondsOf(backEnd), 0);
    // Three methods' boundaries, measured: those of labels and of single classes, and those at each threshold.
    const boundarySeconds = 0.75 * params.longestSide ** 2 * 3 * (1e-6 + 5e-8 * params.thresholds);
    const pictures = Math.min(params.validationImages, 1449);
    return {
      trainingCoreSeconds: sum((backEnd) => trialSeconds(params, backEnd)),
      evaluationCoreSeconds: sum((backEnd) => evaluationSeconds(params, backEnd) + pictures * boundarySeconds),
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
