/** Beside the paper: how well affinities of colours, learned by themselves, find the boundaries that people drew. */
import { z } from 'zod';
import { defineExperiment } from '../../pipeline/experiment.ts';
import { type AffinityTrial, train } from '../training/affinity-weights.ts';
import { regionDatasets } from '../training/region-pictures.ts';
import { affinityBoundaryMethodNames } from './affinity-boundary-metrics.ts';
import { type AffinityBoundariesEvaluation, evaluateAffinityBoundaries } from './evaluate-affinity-boundaries.ts';
import { seedsOf } from './network-params.ts';
import { summarizeAffinityBoundaries } from './summarize-affinity-boundaries.ts';

const params = z.strictObject({
  /** Each has other training pictures, people and crops, and its own share of the validation pictures. */
  seeds: z.number().int().min(1).max(100),
  trainingSeed: z.number().int().min(0).max(100_000),
  dataset: z.enum(regionDatasets),
  trainingImages: z.number().int().min(1).max(1_000_000),
  /** Of a seed's share. */
  validationImages: z.number().int().min(1).max(1_000_000),
  radius: z.number().int().min(1).max(100),
  batchSize: z.number().int().min(1).max(256),
  cropSide: z.number().int().min(9).max(1025),
  updates: z.number().int().min(1).max(1_000_000),
  learningRate: z.number().min(1e-6).max(10),
  initialWeight: z.number().min(-1000).max(1000),
  /** Pixels over which the strength is averaged. */
  pooling: z.number().min(0).max(20),
  /** Of the walk over colours: its share of the walk, see diffusion.ts. */
  diffusion: z.number().min(0).lt(1),
  thresholds: z.number().int().min(2).max(1000),
  /** Between pixels that may be partners, as a share of the picture's diagonal. */
  maximumDistance: z.number().min(0).max(1),
  shownPictures: z.number().int().min(0).max(20),
});
type Params = z.infer<typeof params>;

const laptop: Params = {
  seeds: 5,
  trainingSeed: 0,
  dataset: 'bsds500',
  trainingImages: 40,
  validationImages: 10,
  radius: 8,
  batchSize: 8,
  cropSide: 81,
  updates: 150,
  learningRate: 0.2,
  initialWeight: -5,
  pooling: 1,
  diffusion: 0.99,
  thresholds: 12,
  maximumDistance: 0.0075,
  shownPictures: 3,
};
const overnight: Params = {
  ...laptop,
  trainingImages: 200,
  validationImages: 1_000_000,
  batchSize: 16,
  updates: 1000,
  thresholds: 30,
};

export const affinityBoundaryExperiment = defineExperiment<Params, AffinityTrial, AffinityBoundariesEvaluation>({
  name: 'random-walk/affinity-boundaries',
  source: {
    arxiv: '1605.07681',
    title: 'Convolutional Random Walk Networks for Semantic Image Segmentation',
    place: '§4.2 (not measured in the paper)',
  },
  claim:
    'Not the paper’s: affinities of colours, learned from which pixels people put into one region, find the boundaries that people draw better than gradients of colours do.',
  deviations: [
    'The paper measures segmentations, never affinities by themselves, and not on BSDS500; its loss to same-label pairs is kept. R is 8, which on six training pictures did better than the 5 that the paper predicts with, θ being −5 for both.',
    'θ is of the three colours alone: no network is trained beside it, and conv1’s channels are left out.',
    'A boundary’s strength is ours: 1 − w averaged over the pairs that lie half-way across a pixel in about one direction, the largest of four directions, at its crests; beside it, the gradient of the colours after a walk along the affinities.',
    'Of several people’s regions for a training picture one person’s are taken, drawn at random for each seed.',
    'Pictures are BSDS500’s train and val; its benchmark’s test pictures are left to whoever tunes nothing on them. `smoke` has labelled scenes made in code in their place.',
  ],
  params,
  presets: {
    smoke: {
      ...laptop,
      seeds: 1,
      dataset: 'voc-segmentation',
      trainingImages: 3,
      validationImages: 2,
      batchSize: 2,
      cropSide: 25,
      updates: 3,
      radius: 3,
      thresholds: 4,
      shownPictures: 1,
    },
    laptop,
    overnight,
    paper: { ...overnight, updates: 2000, thresholds: 99 },
  },
  datasets: [
    { name: 'voc-segmentation', presets: ['smoke'] },
    { name: 'bsds500', presets: ['laptop', 'overnight', 'paper'] },
  ],
  module: 'lib/random-walk/experiments/affinity-boundaries.ts',
  trainingModule: 'lib/random-walk/training/affinity-weights.ts',

  plan: (params) =>
    seedsOf(params).map((seed) => {
      const { dataset, trainingImages, radius, batchSize, cropSide, updates, learningRate, initialWeight } = params;
      return {
        name: `seed-${seed}`,
        cpus: 1,
        group: 'affinities',
        ...{ dataset, seed, trainingImages, radius, batchSize, cropSide, updates, learningRate, initialWeight },
      };
    }),
  train,

  evaluations({ seeds, validationImages, pooling, diffusion, thresholds, maximumDistance, shownPictures }, trials) {
    return trials.map((trial, share) => ({
      name: trial.name,
      trials: [trial.name],
      trial,
      ...{ shares: seeds, share, validationImages, pooling, diffusion, thresholds, maximumDistance },
      shownPictures: share === 0 ? shownPictures : 0,
    }));
  },
  evaluate: evaluateAffinityBoundaries,
  summarize: summarizeAffinityBoundaries,

  work({ seeds, trainingImages, validationImages, radius, batchSize, cropSide, updates, thresholds }) {
    // Measured at 481 × 321 pixels with five people's boundaries each.
    const pictures = Math.min(validationImages, 100 / seeds);
    const methods = affinityBoundaryMethodNames.length;
    const updateSeconds = batchSize * cropSide ** 2 * radius ** 2 * 4e-8;
    return {
      trainingCoreSeconds: seeds * (2 + 0.12 * Math.min(trainingImages, 200) + updates * updateSeconds),
      evaluationCoreSeconds: seeds * pictures * (0.3 + methods * (0.25 + 0.03 * thresholds)),
    };
  },
});
