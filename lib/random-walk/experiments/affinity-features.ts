/** §4.2, what affinities are made of: the features, the layers of the branch, its sign and its loss. */
import { z } from 'zod';
import { defineExperiment } from '../../pipeline/experiment.ts';
import type { BackEndKind } from '../back-ends/settings.ts';
import { alonePhase, type SegmentationTrial, train } from '../training/segmentation-networks.ts';
import { affinityVariant, variantNamesOf } from './affinity-variants.ts';
import { type AffinityEvaluation, evaluateAffinityFeatures } from './evaluate-affinity-features.ts';
import {
  networkDeviations,
  networkFields,
  networkPresets,
  seedsOf,
  segmentationTrial,
  trialSeconds,
} from './network-params.ts';
import { summarizeAffinityFeatures } from './summarize-affinity-features.ts';

const params = z.strictObject({
  ...networkFields,
  /** Of the hidden layer, where the branch has two. */
  hiddenUnits: z.number().int().min(1).max(64),
});
type Params = z.infer<typeof params>;

const backEnds: readonly BackEndKind[] = ['large-fov', 'deeplab-v2'];
const { backEndTraining, jointTraining } = networkPresets.laptop;
const laptop: Params = {
  ...networkPresets.laptop,
  // Eight networks a seed are trained: fewer updates than the other experiments' for each.
  backEndTraining: { ...backEndTraining, updates: 1000 },
  jointTraining: { ...jointTraining, updates: 150 },
  validationImages: 30,
  hiddenUnits: 8,
};

export const affinityFeatures = defineExperiment<Params, SegmentationTrial, AffinityEvaluation>({
  name: 'random-walk/affinity-features',
  source: {
    arxiv: '1605.07681',
    title: 'Convolutional Random Walk Networks for Semantic Image Segmentation',
    place: '§4.2',
  },
  claim:
    'Affinities of RGB and conv1 are enough: features of fc6 and fc7 besides bring little improvement, and a second convolution layer in the affinity branch a negligible one.',
  deviations: [
    ...networkDeviations,
    'The paper says nothing of its branch of several layers: here a hidden layer of 8 units with rectifiers between the differences and the exponent, 1 × 1 and without biases, which begins as the branch of one layer.',
    'fc6 and fc7 are bilinear between the pixels that have them. DeepLab-v2 has neither: its scores come right after its last stage, and it is trained with and without its conv1 alone.',
    '“Little” and “negligible” are both less than one point of mean IoU: half of what the walk brings in the paper.',
    'θ kept ≤ 0 (put back after each update) and a branch without its own loss are not in the paper; they decide nothing.',
  ],
  params,
  presets: {
    smoke: { ...networkPresets.smoke, hiddenUnits: 2 },
    laptop,
    overnight: { ...networkPresets.overnight, hiddenUnits: 8 },
    paper: { ...networkPresets.paper, hiddenUnits: 8 },
  },
  datasets: [{ name: 'voc-segmentation' }],
  module: 'lib/random-walk/experiments/affinity-features.ts',
  trainingModule: 'lib/random-walk/training/segmentation-networks.ts',

  plan: (params) =>
    seedsOf(params).flatMap((seed) =>
      backEnds.map((backEnd) => {
        const variants = variantNamesOf(backEnd).map((name) => affinityVariant(params, name));
        return segmentationTrial(params, backEnd, seed, variants, 'affinity-features');
      }),
    ),
  train,

  evaluations: ({ validationImages: pictures, diffusion, radius }, trials) =>
    trials.flatMap((trial) =>
      [alonePhase, ...trial.variants.map(({ name }) => name)].map((phase) => {
        return { name: `${trial.name}/${phase}`, trials: [trial.name], trial, phase, pictures, diffusion, radius };
      }),
    ),
  evaluate: evaluateAffinityFeatures,
  summarize: summarizeAffinityFeatures,

  work(params) {
    const { seeds, validationImages, longestSide, radius } = params;
    const training = backEnds.map((backEnd) => trialSeconds(params, backEnd, variantNamesOf(backEnd).length));
    // Measured on 240 × 180 pixels: a picture through the network, and 50 products with A.
    const picture = (longestSide / 240) ** 2 * (0.2 + 0.01 * radius ** 2);
    const phases = backEnds.reduce((sum, backEnd) => sum + 1 + variantNamesOf(backEnd).length, 0);
    return {
      trainingCoreSeconds: seeds * training.reduce((sum, seconds) => sum + seconds, 0),
      evaluationCoreSeconds: seeds * phases * Math.min(validationImages, 1000) * picture,
    };
  },
});
