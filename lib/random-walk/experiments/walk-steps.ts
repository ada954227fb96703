/** §5.4, Figures 6 and 7: accuracy and probabilities against the number of random walk steps. */
import { z } from 'zod';
import { defineExperiment } from '../../pipeline/experiment.ts';
import { type SegmentationTrial, train } from '../training/segmentation-networks.ts';
import { evaluateWalkSteps, type WalkStepsEvaluation } from './evaluate-walk-steps.ts';
import {
  networkDeviations,
  networkFields,
  networkPresets,
  seedsOf,
  segmentationTrial,
  trialSeconds,
} from './network-params.ts';
import { summarizeWalkSteps } from './summarize-walk-steps.ts';

const steps = z
  .array(z.number().int().min(0).max(10_000))
  .min(2)
  .max(50)
  .refine(
    (counts) => counts[0] === 0 && counts.every((count, index) => index === 0 || count > counts[index - 1]!),
    'steps must begin with 0 and rise: no walk is what the others are compared with',
  );
const params = z.strictObject({
  ...networkFields,
  dataset: z.literal('voc-segmentation'),
  /** Of the walk, after which accuracy is measured; the limit comes after them. */
  steps,
  /** After which pictures are drawn, of so many pictures. */
  shownSteps: steps,
  shownPictures: z.number().int().min(1).max(20),
});
type Params = z.infer<typeof params>;

const figures = {
  dataset: 'voc-segmentation' as const,
  steps: [0, 1, 2, 5, 10, 15, 20, 25, 30, 40, 50, 60],
  shownSteps: [0, 1, 2, 5, 10, 20, 50],
  shownPictures: 3,
};
const { smoke, laptop, overnight, paper } = networkPresets;

export const walkSteps = defineExperiment<Params, SegmentationTrial, WalkStepsEvaluation>({
  name: 'random-walk/walk-steps',
  source: {
    arxiv: '1605.07681',
    title: 'Convolutional Random Walk Networks for Semantic Image Segmentation',
    place: '§5.4, Figures 6–7',
  },
  claim:
    'Segmentation accuracy keeps increasing as more random walk steps are applied, and is at its peak when the walk has converged.',
  deviations: [
    ...networkDeviations,
    'Two counts of steps, 1 and 2, stand beside the paper’s; the limit is solved for to 1e-3 of the range of f, by conjugate gradients in place of a shrunken matrix.',
    'Figure 6 shows an object on its background; here it is the probability of one class: of those that cover at most a quarter of the picture, the one of which the network finds the most pixels without a walk.',
  ],
  params,
  presets: {
    smoke: { ...smoke, ...figures, steps: [0, 1, 5], shownSteps: [0, 2], shownPictures: 1 },
    laptop: { ...laptop, ...figures },
    overnight: { ...overnight, ...figures },
    paper: { ...paper, ...figures },
  },
  datasets: [{ name: 'voc-segmentation' }],
  module: 'lib/random-walk/experiments/walk-steps.ts',
  trainingModule: 'lib/random-walk/training/segmentation-networks.ts',

  plan: (params) => seedsOf(params).map((seed) => segmentationTrial(params, 'large-fov', seed)),
  train,

  evaluations({ steps, shownSteps, shownPictures, validationImages, diffusion, radius }, trials) {
    const evaluationOf = (trial: SegmentationTrial) => ({ trials: [trial.name], trial, diffusion, radius });
    return [
      ...trials.map((trial): WalkStepsEvaluation => {
        return { kind: 'labels', name: trial.name, ...evaluationOf(trial), validationImages, steps };
      }),
      // One seed is enough to look at.
      ...trials.slice(0, 1).map((trial): WalkStepsEvaluation => {
        const drawn = { validationImages: shownPictures, steps: shownSteps };
        return { kind: 'pictures', name: `${trial.name}/pictures`, ...evaluationOf(trial), ...drawn };
      }),
    ];
  },
  evaluate: evaluateWalkSteps,
  summarize: summarizeWalkSteps,

  work(params) {
    const { seeds, validationImages, longestSide, radius, steps, shownPictures, diffusion } = params;
    // VOC's validation set, CamVid's and others have no more; a picture of three by four.
    const pictures = seeds * Math.min(validationImages, 1500) + shownPictures;
    const pixels = 0.75 * longestSide ** 2;
    const products = steps.at(-1)! + 3 + 4.5 / Math.sqrt(1 - diffusion);
    return {
      trainingCoreSeconds: seeds * trialSeconds(params, 'large-fov'),
      evaluationCoreSeconds: pictures * pixels * (2e-5 + products * radius ** 2 * 3.5e-9),
    };
  },
});
