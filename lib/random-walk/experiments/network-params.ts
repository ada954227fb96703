/**
 * What the experiments that train segmentation networks have in common: the images, the back-ends' and the walks' training, and
 * the trials that come of them, which all belong to `random-walk/segmentation`, so that whoever trains one trains it for all.
 */
import { z } from 'zod';
import type { PresetName } from '../../pipeline/experiment.ts';
import { publishedOptimizer } from '../back-ends/optimizer-settings.ts';
import type { BackEndKind } from '../back-ends/settings.ts';
import type { SegmentationTrial, WalkVariant } from '../training/segmentation-networks.ts';

const optimizer = z.strictObject({
  rule: z.enum(['momentum', 'adam']),
  learningRate: z.number().min(1e-8).max(1),
  ratePower: z.number().min(0).max(2),
  momentum: z.number().min(0).lt(1),
  weightDecay: z.number().min(0).max(0.1),
  scoreRateFactor: z.number().min(0.1).max(100),
});
const stage = z.strictObject({ updates: z.number().int().min(1).max(1_000_000), optimizer });
const cropSide = z.number().int().min(9).max(1025);

export const sceneDatasets = ['voc-segmentation', 'sbd', 'stanford-background', 'sift-flow'] as const;

/** The fields of a parameter schema. */
export const networkFields = {
  /** Each is another initialization and order of the images. */
  seeds: z.number().int().min(1).max(100),
  trainingSeed: z.number().int().min(0).max(100_000),
  dataset: z.enum(sceneDatasets),
  /** Larger images are made smaller, to this length of the longer side. */
  longestSide: z.number().int().min(16).max(2000),
  /** Spread evenly over the dataset's lists; all where they have not more. */
  trainingImages: z.number().int().min(1).max(1_000_000),
  validationImages: z.number().int().min(1).max(1_000_000),
  size: z.enum(['tiny', 'small', 'published']),
  batchSize: z.number().int().min(1).max(256),
  cropHeight: cropSide,
  cropWidth: cropSide,
  backEndTraining: stage,
  jointTraining: stage,
  /** The walk that networks are trained with. */
  trainedWalk: z.strictObject({
    radius: z.number().int().min(1).max(100),
    /** 1: over the pixels of a crop; 8: over the scores. */
    stride: z.union([z.literal(1), z.literal(8)]),
    affinityLossWeight: z.number().min(0).max(1e6),
    initialColourWeight: z.number().min(-1000).max(1000),
    affinityRateFactor: z.number().min(0).max(1e9),
  }),
  /** The walk of Eq. 1 that predicts, to its limit: its share of the walk (see diffusion.ts) and its R. */
  diffusion: z.number().min(0).lt(1),
  radius: z.number().int().min(1).max(100),
};
const networkParams = z.strictObject(networkFields);
export type NetworkParams = z.infer<typeof networkParams>;

const paper: NetworkParams = {
  seeds: 3,
  trainingSeed: 0,
  dataset: 'voc-segmentation',
  longestSide: 500,
  trainingImages: 1_000_000,
  validationImages: 1_000_000,
  size: 'published',
  batchSize: 15,
  cropHeight: 321,
  cropWidth: 321,
  // DeepLab's own training, which the paper starts from.
  backEndTraining: {
    updates: 20_000,
    optimizer: { ...publishedOptimizer, learningRate: 0.001, ratePower: 0.9, weightDecay: 5e-4 },
  },
  jointTraining: { updates: 2000, optimizer: publishedOptimizer },
  trainedWalk: {
    radius: 40,
    stride: 8,
    affinityLossWeight: 1,
    initialColourWeight: 0,
    affinityRateFactor: 1,
  },
  diffusion: 0.99,
  radius: 5,
};

const scratch = { rule: 'adam' as const, ratePower: 0.9, momentum: 0.9, weightDecay: 5e-5, scoreRateFactor: 1 };
const laptop: NetworkParams = {
  ...paper,
  longestSide: 240,
  validationImages: 34,
  size: 'small',
  // Single crops: of what the same time affords, more updates learn more than larger minibatches.
  batchSize: 1,
  cropHeight: 121,
  cropWidth: 161,
  backEndTraining: { updates: 1400, optimizer: { ...scratch, learningRate: 0.001 } },
  jointTraining: { updates: 200, optimizer: { ...scratch, learningRate: 0.0003 } },
  trainedWalk: { ...paper.trainedWalk, initialColourWeight: -10, affinityRateFactor: 300 },
};

/** `laptop` and `overnight` train the small back-ends on images of 240 × 180, from scratch. */
export const networkPresets: Readonly<Record<PresetName, NetworkParams>> = {
  smoke: {
    ...laptop,
    seeds: 1,
    trainingImages: 4,
    validationImages: 2,
    size: 'tiny',
    batchSize: 2,
    cropHeight: 25,
    cropWidth: 33,
    backEndTraining: { ...laptop.backEndTraining, updates: 4 },
    jointTraining: { ...laptop.jointTraining, updates: 2 },
    trainedWalk: { ...laptop.trainedWalk, radius: 3 },
    radius: 2,
  },
  laptop,
  overnight: {
    ...laptop,
    validationImages: 1_000_000,
    batchSize: 2,
    backEndTraining: { ...laptop.backEndTraining, updates: 12_000 },
    jointTraining: { ...laptop.jointTraining, updates: 1200 },
  },
  paper,
};

export const networkDeviations: readonly string[] = [
  'The paper’s images are PASCAL VOC’s with SBD’s labels, which --data can bring; figures here are of CamVid’s street scenes at 240 × 180 pixels where the dataset says so, and of scenes made in code where it is a stand-in.',
  'In `laptop` and `overnight` the back-ends have fewer channels and layers, dilations in proportion to the smaller image, and are trained from He’s initialization by Adam on one or two crops an update: the published weights, trained on ImageNet and COCO, are in no package.',
  'A walk’s network and the back-end that it is compared with are trained from the same back-end for as many updates more with the same minibatches; the paper compares with the back-end that it starts from.',
  'The paper trains with R = 40 and does not say between which pixels: here between the scores, over the features of every eighth pixel, of which R = 40 reaches nearly all of a crop. random-walk/radius compares it with a walk between the crop’s pixels.',
  'The paper does not say where the weights of affinities start: here −10 for each colour (from 0 to 1), 0 for conv1, with a rate 300 times that of the other weights, in `laptop` and `overnight`.',
  'α = 0.01 is read as the weight of f, so that the walk’s is 0.99; random-walk/alpha compares both readings.',
];

/** The network of the paper: affinities of RGB, conv1_1 and conv1_2. */
export function paperVariant({ trainedWalk }: Pick<NetworkParams, 'trainedWalk'>): WalkVariant {
  const { radius, stride, affinityLossWeight, initialColourWeight, affinityRateFactor } = trainedWalk;
  return {
    name: 'random-walk',
    network: { affinityFeatures: 'rgb-conv1', radius, walkStride: stride, affinityLossWeight, initialColourWeight },
    affinityRateFactor,
  };
}

export function seedsOf({ seeds, trainingSeed }: Pick<NetworkParams, 'seeds' | 'trainingSeed'>): readonly number[] {
  return Array.from({ length: seeds }, (_, index) => trainingSeed + index);
}

/** @param study what the trial is for, where it has other variants than the paper's: it goes into the trial's name */
export function segmentationTrial(
  params: NetworkParams,
  backEnd: BackEndKind,
  seed: number,
  variants: readonly WalkVariant[] = [paperVariant(params)],
  study?: string,
): SegmentationTrial {
  const { dataset, longestSide, trainingImages, size, batchSize, cropHeight, cropWidth } = params;
  const { backEndTraining, jointTraining } = params;
  return {
    name: [...(study ? [study] : []), backEnd, `seed-${seed}`].join('/'),
    experiment: 'random-walk/segmentation',
    cpus: 1,
    ...{ dataset, seed, longestSide, trainingImages, backEnd, size, batchSize, cropHeight, cropWidth },
    ...{ backEndTraining, jointTraining, variants },
  };
}

/** Core-seconds of a trial: measured updates of the small back-ends with crops of 121 × 161, in proportion to the pixels. */
export function trialSeconds(params: NetworkParams, backEnd: BackEndKind, variants = 1): number {
  const { batchSize, cropHeight, cropWidth, size, backEndTraining, jointTraining, trainedWalk } = params;
  const pixels = batchSize * cropHeight * cropWidth;
  const scales = { 'large-fov': 1, attention: 1.4, 'deeplab-v2': 2 }[backEnd];
  const alone = pixels * scales * { tiny: 2e-7, small: 1.9e-6, published: 3e-5 }[size];
  const walk = (pixels / trainedWalk.stride ** 2) * trainedWalk.radius ** 2 * 1.2e-7;
  return (
    3 +
    (backEndTraining.updates + jointTraining.updates * (1 + variants)) * alone +
    variants * jointTraining.updates * walk
  );
}
