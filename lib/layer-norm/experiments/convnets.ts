/** §6.7: convolutional networks without normalization, with layer and with batch normalization, and why they differ. */
import { z } from 'zod';
import { defineExperiment } from '../../pipeline/experiment.ts';
import { type ConvnetNormalization, convolutionShapes } from '../models/convnet-shape.ts';
import { type ConvnetTrial, train } from '../training/convnets.ts';
import { normalizations } from './convnet-metrics.ts';
import { type ConvnetEvaluation, evaluateConvnets } from './evaluate-convnets.ts';
import { summarizeConvnets } from './summarize-convnets.ts';

/** Pixels of a side, and channels. */
const sizes = { mnist: { side: 28, colours: 1 }, 'cifar-10': { side: 32, colours: 3 } } as const;

const params = z
  .strictObject({
    /** Trainings of each normalization and learning rate: each starts from other filters and draws other minibatches. */
    seeds: z.number().int().min(1).max(100),
    trainingSeed: z.number().int().min(0).max(1_000_000),
    images: z.enum(['mnist', 'cifar-10']),
    /** Of each convolutional layer; each halves the image. */
    filters: z.array(z.number().int().min(1).max(512)).min(1).max(5),
    updates: z.number().int().min(1).max(1_000_000),
    batchSize: z.number().int().min(2).max(1024),
    /** Each is trained with; the best by validation is kept, for each normalization and seed by itself. */
    learningRates: z
      .array(z.number().min(1e-7).max(1))
      .min(1)
      .max(10)
      .refine((rates) => new Set(rates).size === rates.length, 'learningRates must differ from each other'),
    validateEveryUpdates: z.number().int().min(1).max(1_000_000),
    /** The last of the training images, which are not trained on. */
    validationImages: z.number().int().min(1).max(10_000),
    testImages: z.number().int().min(1).max(10_000),
    timedRounds: z.number().int().min(1).max(1000),
    timedUpdates: z.number().int().min(1).max(1000),
  })
  .superRefine(({ images, filters, updates, validateEveryUpdates }, context) => {
    const { side } = sizes[images];
    if (side % 2 ** filters.length !== 0) {
      const message = `filters must be so few that every layer can halve the image: ${images} has ${side} × ${side} pixels, which ${filters.length} halvings do not divide`;
      context.addIssue({ code: 'custom', path: ['filters'], message });
    }
    if (validateEveryUpdates > updates) {
      const message = 'validateEveryUpdates must be at most updates: a learning rate is chosen by the validations';
      context.addIssue({ code: 'custom', path: ['validateEveryUpdates'], message });
    }
  });
type Params = z.infer<typeof params>;

const laptop: Params = {
  seeds: 5,
  trainingSeed: 0,
  images: 'cifar-10',
  filters: [16, 32, 32],
  updates: 150,
  batchSize: 64,
  learningRates: [0.001, 0.003],
  validateEveryUpdates: 15,
  validationImages: 1000,
  testImages: 10_000,
  timedRounds: 3,
  timedUpdates: 5,
};
const overnight: Params = {
  ...laptop,
  filters: [32, 64, 64],
  updates: 3000,
  learningRates: [0.0003, 0.001, 0.003],
  validateEveryUpdates: 100,
  validationImages: 2000,
};

function trialOf(
  params: Params,
  normalization: ConvnetNormalization,
  learningRate: number,
  seed: number,
): ConvnetTrial {
  return {
    name: `${normalization}/rate-${learningRate}/seed-${seed}`,
    cpus: 1,
    images: params.images,
    seed,
    settings: { normalization, ...sizes[params.images], filters: params.filters },
    updates: params.updates,
    batchSize: params.batchSize,
    learningRate,
    validateEveryUpdates: params.validateEveryUpdates,
    validationImages: params.validationImages,
  };
}

const seedsOf = ({ seeds, trainingSeed }: Params) => Array.from({ length: seeds }, (_, k) => trainingSeed + k);

export const convnets = defineExperiment<Params, ConvnetTrial, ConvnetEvaluation>({
  name: 'layer-norm/convnets',
  source: { arxiv: '1607.06450', title: 'Layer Normalization', place: '§6.7' },
  claim:
    'A convolutional network with layer normalization learns faster than one without normalization, and one with batch normalization faster than both.',
  deviations: [
    'The paper names no network, no images and no optimizer: here two layers (three on CIFAR-10) of 3 × 3 filters, each with rectifier and 2 × 2 maximum pooling, one linear layer, Adam, and for each normalization the best of two or three learning rates by validation.',
    'The images are CIFAR-10’s, which --data has to bring, except in `smoke`, which learns MNIST: tried there with one seed, networks of two layers learned equally fast with and without normalization, each with its best of three rates.',
    'Layer normalization takes its statistics over all units of a layer, as the paper says; gain and bias are a channel’s rather than a unit’s, as the filter is, so that it has exactly batch normalization’s parameters.',
    'Whether units near the edge are “rarely turned on”, which the paper gives as the reason, is measured and reported, and decides nothing.',
  ],
  params,
  presets: {
    smoke: {
      ...laptop,
      seeds: 1,
      images: 'mnist',
      filters: [4, 4],
      updates: 4,
      batchSize: 8,
      learningRates: [0.001, 0.01],
      validateEveryUpdates: 2,
      validationImages: 20,
      testImages: 50,
      timedRounds: 1,
      timedUpdates: 1,
    },
    laptop,
    overnight,
    paper: { ...overnight, updates: 20_000, validateEveryUpdates: 500, filters: [64, 128, 256], batchSize: 128 },
  },
  datasets: [
    { name: 'mnist', presets: ['smoke'] },
    { name: 'cifar-10', presets: ['laptop', 'overnight', 'paper'] },
  ],
  module: 'lib/layer-norm/experiments/convnets.ts',
  trainingModule: 'lib/layer-norm/training/convnets.ts',

  plan: (params) =>
    seedsOf(params).flatMap((seed) =>
      normalizations.flatMap((normalization) =>
        params.learningRates.map((learningRate) => trialOf(params, normalization, learningRate, seed)),
      ),
    ),
  train,

  evaluations(params) {
    const { images, learningRates, testImages, timedRounds, timedUpdates, trainingSeed } = params;
    const tests = seedsOf(params).flatMap((seed) =>
      normalizations.map(
        (normalization): ConvnetEvaluation => ({
          kind: 'test',
          name: `${normalization}/seed-${seed}`,
          trials: learningRates.map((learningRate) => trialOf(params, normalization, learningRate, seed).name),
          learningRates,
          normalization,
          seed,
          images,
          testImages,
        }),
      ),
    );
    const timed = normalizations.map((name) => [name, trialOf(params, name, learningRates[0]!, trainingSeed)] as const);
    return [
      ...tests,
      {
        kind: 'speed',
        name: 'speed',
        trials: [],
        timed: Object.fromEntries(timed) as Record<ConvnetNormalization, ConvnetTrial>,
        rounds: timedRounds,
        updates: timedUpdates,
      },
    ];
  },
  evaluate: evaluateConvnets,
  summarize: summarizeConvnets,

  work(params) {
    const { seeds, learningRates, updates, batchSize, validateEveryUpdates, validationImages, testImages } = params;
    const settings = trialOf(params, 'layer', learningRates[0]!, 0).settings;
    let products = 0;
    let units = 0;
    for (const { height, width, inputChannels, outputChannels, kernelSize } of convolutionShapes(settings, 1)) {
      units += height * width * outputChannels;
      products += height * width * outputChannels * inputChannels * kernelSize ** 2;
    }
    // Ten billion products a second, and some ten passes over the units at a nanosecond each; backwards costs twice as much.
    const imageSeconds = products / 1e10 + units * 1e-8;
    const trainings = seeds * normalizations.length * learningRates.length;
    const validations = updates / validateEveryUpdates + 1;
    return {
      trainingCoreSeconds: trainings * (2 + imageSeconds * (3 * batchSize * updates + validationImages * validations)),
      evaluationCoreSeconds: seeds * normalizations.length * (2 + 2 * testImages * imageSeconds) + 10,
    };
  },
});
