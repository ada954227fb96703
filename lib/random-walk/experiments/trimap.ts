/** Figure 5: errors near the boundaries of objects, by the width of the band around them that is looked at. */
import { z } from 'zod';
import { defineExperiment } from '../../pipeline/experiment.ts';
import { type SegmentationTrial, train } from '../training/segmentation-networks.ts';
import { evaluateTrimap, type TrimapEvaluation } from './evaluate-trimap.ts';
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
import { summarizeTrimap } from './summarize-trimap.ts';

const params = z.strictObject({ ...networkFields, ...refinementFields });
type Params = z.infer<typeof params>;

export const trimap = defineExperiment<Params, SegmentationTrial, TrimapEvaluation>({
  name: 'random-walk/trimap',
  source: {
    arxiv: '1605.07681',
    title: 'Convolutional Random Walk Networks for Semantic Image Segmentation',
    place: '§5.1, Figure 5',
  },
  claim:
    'Near the boundaries of objects a random walk network misclassifies fewer pixels than its back-end, at every width of the trimap from 1 to 20 pixels.',
  deviations: [
    ...networkDeviations,
    rivalDeviation,
    'Figure 5 is of one back-end, which it does not name; here are all three, and the dense CRF beside them. Widths are in pixels of the pictures as they are measured, at 240 × 180 about twice as wide beside the objects as in the paper’s.',
  ],
  params,
  presets: {
    smoke: { ...networkPresets.smoke, ...refinementPresets.smoke },
    laptop: { ...networkPresets.laptop, ...refinementPresets.laptop },
    overnight: { ...networkPresets.overnight, ...refinementPresets.overnight },
    paper: { ...networkPresets.paper, ...refinementPresets.paper },
  },
  datasets: [{ name: 'voc-segmentation' }],
  module: 'lib/random-walk/experiments/trimap.ts',
  trainingModule: 'lib/random-walk/training/segmentation-networks.ts',

  plan: (params) =>
    seedsOf(params).flatMap((seed) => backEndKinds.map((backEnd) => segmentationTrial(params, backEnd, seed))),
  train,

  evaluations: ({ validationImages, choosingImages, diffusion, radius }, trials) =>
    trials.map((trial) => ({
      name: trial.name,
      trials: [trial.name],
      trial,
      ...{ validationImages, choosingImages, diffusion, radius },
    })),
  evaluate: evaluateTrimap,
  summarize: summarizeTrimap,

  work(params) {
    const sum = (secondsOf: (backEnd: (typeof backEndKinds)[number]) => number) =>
      params.seeds * backEndKinds.reduce((seconds, backEnd) => seconds + secondsOf(backEnd), 0);
    return {
      trainingCoreSeconds: sum((backEnd) => trialSeconds(params, backEnd)),
      evaluationCoreSeconds: sum((backEnd) => evaluationSeconds(params, backEnd)),
    };
  },
});
