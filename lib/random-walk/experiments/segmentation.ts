/** Tables 2 and 3, Figures 3 and 4: random walk networks on three back-ends, against the back-end alone and its refinements. */
import { z } from 'zod';
import { defineExperiment } from '../../pipeline/experiment.ts';
import { type SegmentationTrial, train } from '../training/segmentation-networks.ts';
import { evaluateSegmentation, type SegmentationEvaluation } from './evaluate-segmentation.ts';
import {
  networkDeviations,
  networkFields,
  networkPresets,
  seedsOf,
  segmentationTrial,
  trialSeconds,
} from './network-params.ts';
import { backEndKinds } from './refinement-methods.ts';
import { evaluationSeconds, refinementDeviations, refinementFields, refinementPresets } from './refinement-params.ts';
import { summarizeSegmentation } from './summarize-segmentation.ts';

const params = z.strictObject({
  ...networkFields,
  ...refinementFields,
  /** Validation pictures of the first seed that the report shows, for each back-end. */
  shownImages: z.number().int().min(0).max(20),
});
type Params = z.infer<typeof params>;

const presetOf = (preset: 'smoke' | 'laptop' | 'overnight' | 'paper', shownImages: number): Params => {
  return { ...networkPresets[preset], ...refinementPresets[preset], shownImages };
};

export const segmentation = defineExperiment<Params, SegmentationTrial, SegmentationEvaluation>({
  name: 'random-walk/segmentation',
  source: {
    arxiv: '1605.07681',
    title: 'Convolutional Random Walk Networks for Semantic Image Segmentation',
    place: '§5.1, Tables 2 and 3, Figures 3 and 4',
  },
  claim:
    'Random walk networks consistently improve on all three of their back-ends, and are similar to or better than the back-ends with a dense CRF.',
  deviations: [...networkDeviations, ...refinementDeviations],
  params,
  presets: {
    smoke: presetOf('smoke', 1),
    laptop: presetOf('laptop', 4),
    overnight: presetOf('overnight', 4),
    paper: presetOf('paper', 4),
  },
  datasets: [{ name: 'voc-segmentation' }],
  module: 'lib/random-walk/experiments/segmentation.ts',
  trainingModule: 'lib/random-walk/training/segmentation-networks.ts',

  plan: (params) =>
    seedsOf(params).flatMap((seed) => backEndKinds.map((backEnd) => segmentationTrial(params, backEnd, seed))),
  train,

  evaluations: ({ validationImages, choosingImages, diffusion, radius, trainingSeed, shownImages }, trials) =>
    trials.map((trial) => ({
      name: trial.name,
      trials: [trial.name],
      trial,
      ...{ validationImages, choosingImages, diffusion, radius },
      shownImages: trial.seed === trainingSeed ? shownImages : 0,
    })),
  evaluate: evaluateSegmentation,
  summarize: summarizeSegmentation,

  work(params) {
    const sum = (secondsOf: (backEnd: (typeof backEndKinds)[number]) => number) =>
      params.seeds * backEndKinds.reduce((seconds, backEnd) => seconds + secondsOf(backEnd), 0);
    return {
      trainingCoreSeconds: sum((backEnd) => trialSeconds(params, backEnd)),
      evaluationCoreSeconds: sum((backEnd) => evaluationSeconds(params, backEnd)),
    };
  },
});
