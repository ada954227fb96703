/**
 * Training of affinities by themselves: θ of w_ij = exp(Σ θ_k |I_k(i) − I_k(j)|) over the three colours, by the paper's Euclidean
 * loss to whether a person put two pixels into one region (§4.2), without a network beside it.
 */
import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { randomStream } from '../../numerics/random.ts';
import type { TrainingContext } from '../../pipeline/context.ts';
import type { BaseTrial } from '../../pipeline/experiment.ts';
import type { LabelledImage } from '../back-ends/minibatch.ts';
import { createNeighbourhood } from '../neighbourhood.ts';
import { affinityWeightsName } from '../parameter-names.ts';
import { openRegionPictures, type RegionDataset } from './region-pictures.ts';

export interface AffinityTrial extends BaseTrial {
  readonly dataset: RegionDataset;
  readonly seed: number;
  /** Drawn from the dataset's training pictures, of each one person's regions. */
  readonly trainingImages: number;
  /** R */
  readonly radius: number;
  readonly batchSize: number;
  /** Of crops, in pixels. */
  readonly cropSide: number;
  readonly updates: number;
  /** Adam's */
  readonly learningRate: number;
  /** θ of each colour, colours from 0 to 1, to start from. */
  readonly initialWeight: number;
}

export async function train(trial: AffinityTrial, context: TrainingContext): Promise<void> {
  await context.startTensorFlow();
  const tf = await import('@tensorflow/tfjs-core');
  const { trainByRule } = await import('../../training/train-by-rule.ts');
  const { adamRule } = await import('../../training/update-rules.ts');
  const { drawMinibatch } = await import('../back-ends/minibatch.ts');
  const { affinityLoss, pixelAffinities } = await import('../walk.ts');

  const { seed, updates, batchSize, cropSide, learningRate } = trial;
  const images = await readImages(trial, context);
  const neighbourhood = createNeighbourhood(trial.radius);
  const crops = { batchSize, cropHeight: cropSide, cropWidth: cropSide };
  await trainByRule(
    {
      parameters: { [affinityWeightsName]: { shape: [3], data: new Float32Array(3).fill(trial.initialWeight) } },
      updates,
      rule: adamRule({ learningRate: () => learningRate, momentum: 0.9, weightDecay: 0 }),
      loss(parameters, update) {
        const batch = drawMinibatch(images, crops, seed, update);
        const shape: [number, number, number] = [batchSize, cropSide, cropSide];
        const colours = tf.mul(tf.tensor4d(batch.images, [...shape, 3]), 1 / 255) as Tensor4D;
        const weights = parameters[affinityWeightsName] as Tensor1D;
        const affinities = pixelAffinities(colours, weights, { neighbourhood });
        const labels = tf.tensor3d(Int32Array.from(batch.labels), shape, 'int32');
        return { total: affinityLoss(affinities, labels, neighbourhood) };
      },
      recordEveryUpdates: Math.max(1, Math.round(updates / 20)),
      metadata: { kind: 'affinities of colours' },
    },
    context,
  );
}

async function readImages(
  { dataset, seed, trainingImages }: AffinityTrial,
  context: TrainingContext,
): Promise<readonly LabelledImage[]> {
  const { names, read } = await openRegionPictures(dataset, await context.dataset(dataset));
  const random = randomStream(seed, 'affinity training');
  const drawn = new Int32Array(Math.min(trainingImages, names.training.length));
  random.fillSample(drawn, names.training.length);
  const images: LabelledImage[] = [];
  for (const index of drawn) {
    const { width, height, rgb, people } = await read('training', names.training[index]!);
    const { labels } = people[random.uniformInteger(people.length)]!;
    images.push({ width, height, rgb, labels });
    await context.breathe();
  }
  return images;
}
