/** §4.3–4.5: what α weighs in Eq. 1, by what walks of different weights do. */
import { z } from 'zod';
import { defineExperiment } from '../../pipeline/experiment.ts';
import { type SegmentationTrial, train } from '../training/segmentation-networks.ts';
import { sweptDiffusions } from './alpha-metrics.ts';
import { type AlphaEvaluation, evaluateAlpha } from './evaluate-alpha.ts';
import {
  networkDeviations,
  networkFields,
  networkPresets,
  seedsOf,
  segmentationTrial,
  trialSeconds,
} from './network-params.ts';
import { summarizeAlpha } from './summarize-alpha.ts';

const params = z.strictObject({
  ...networkFields,
  dataset: z.literal('voc-segmentation'),
  /** Weights of the walk that are swept beside the two readings of §4.5's α, which are `diffusion` and one less that. */
  otherDiffusions: z.array(z.number().gt(0).lt(1)).max(50),
  /** θ of each colour, from 0 to 1, of the affinities that are not trained. */
  colourWeight: z.number().min(-1000).max(0),
  /** Of the pictures, so many are walked over by the steps of Eq. 1 themselves: at 0.99 there are hundreds. */
  fixedPointImages: z.number().int().min(1).max(1_000_000),
});
type Params = z.infer<typeof params>;

const sweep = {
  dataset: 'voc-segmentation' as const,
  otherDiffusions: [0.1, 0.5, 0.8, 0.9, 0.95, 0.9756],
  colourWeight: -15,
  fixedPointImages: 2,
};
const { smoke, laptop, overnight, paper } = networkPresets;

export const alpha = defineExperiment<Params, SegmentationTrial, AlphaEvaluation>({
  name: 'random-walk/alpha',
  source: {
    arxiv: '1605.07681',
    title: 'Convolutional Random Walk Networks for Semantic Image Segmentation',
    place: '§4.3–4.5, Eq. 1',
  },
  claim:
    'Eq. 1 as it is printed, where §4.5’s α = 0.01 weighs the walk, refines a segmentation over the tens of steps of Figure 7.',
  deviations: [
    ...networkDeviations,
    'The paper has no such sweep: it settles what the paper leaves open. Eq. 5’s missing factor 1 − α changes no label.',
    'Limits are by conjugate gradients, to 1e-3 of the range of f at a weight of 0.99 and to 1e-5 at 0.01; the steps of Eq. 1 itself are counted on the first pictures of each seed.',
    '`laptop` measures 30 of the validation pictures, spread evenly.',
  ],
  params,
  presets: {
    smoke: { ...smoke, ...sweep, otherDiffusions: [0.9], fixedPointImages: 1 },
    laptop: { ...laptop, ...sweep, validationImages: 30 },
    overnight: { ...overnight, ...sweep, fixedPointImages: 5 },
    paper: { ...paper, ...sweep, fixedPointImages: 5 },
  },
  datasets: [{ name: 'voc-segmentation' }],
  module: 'lib/random-walk/experiments/alpha.ts',
  trainingModule: 'lib/random-walk/training/segmentation-networks.ts',

  plan: (params) => seedsOf(params).map((seed) => segmentationTrial(params, 'large-fov', seed)),
  train,

  evaluations: (params, trials) =>
    trials.map((trial) => ({
      name: trial.name,
      trials: [trial.name],
      trial,
      validationImages: params.validationImages,
      diffusions: sweptDiffusions(params),
      radius: params.radius,
      colourWeight: params.colourWeight,
      fixedPointImages: params.fixedPointImages,
    })),
  evaluate: evaluateAlpha,
  summarize: summarizeAlpha,

  work(params) {
    const { seeds, validationImages, longestSide, fixedPointImages, radius } = params;
    // VOC's validation set, CamVid's and others have no more; a picture of three by four.
    const pictures = Math.min(validationImages, 1500);
    const pixels = 0.75 * longestSide ** 2;
    const stepSeconds = pixels * radius ** 2 * 3.5e-9;
    // Steps of conjugate gradients for both networks over scores and probabilities, and early ones of scores.
    const limits = sweptDiffusions(params).reduce(
      (sum, diffusion) => sum + 4 * (3 + 4.5 / Math.sqrt(1 - diffusion)) + 10,
      0,
    );
    const counted = sweptDiffusions(params).reduce((sum, diffusion) => sum + 6 / (1 - diffusion), 0);
    return {
      trainingCoreSeconds: seeds * trialSeconds(params, 'large-fov'),
      evaluationCoreSeconds:
        seeds *
        (pictures * (pixels * 2e-5 + limits * stepSeconds) +
          Math.min(pictures, fixedPointImages) * counted * stepSeconds),
    };
  },
});
