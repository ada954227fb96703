/** Training of order-embeddings (§6.1): minibatches of pictures with one of their captions each, validated by recall. */
import {
  type CaptionedPictures,
  captionsPerPicture,
  readCocoCaptions,
  slicePictures,
} from '../../datasets/coco-captions.ts';
import { randomStream } from '../../numerics/random.ts';
import type { TrainingContext } from '../../pipeline/context.ts';
import type { BaseTrial } from '../../pipeline/experiment.ts';
import { buildVocabulary, encodeCaptions, vocabularySize } from '../models/caption-vocabulary.ts';
import type { OrderEmbeddingSettings } from '../models/order-embeddings.ts';

export interface RankingTrial extends BaseTrial {
  readonly seed: number;
  readonly settings: OrderEmbeddingSettings;
  readonly margin: number;
  readonly updates: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** Each gradient is scaled to at most this norm. */
  readonly gradientClip: number;
  readonly validateEveryUpdates: number;
  /** Pictures of the validation set, from its first on. */
  readonly validationPictures: number;
  /** Words that occur less often in the training captions are the unknown word. */
  readonly minimumWordCount: number;
}

export async function train(trial: RankingTrial, context: TrainingContext): Promise<void> {
  await context.startTensorFlow();
  const tf = await import('@tensorflow/tfjs-core');
  const { initializeOrderEmbeddings, rankingLoss } = await import('../models/order-embeddings.ts');
  const { scorePictures } = await import('../models/score-pictures.ts');
  const { trainModel } = await import('../../training/trainer.ts');

  const reader = await context.dataset('coco-captions');
  const pictures = await readCocoCaptions(reader, 'train');
  const held = await readCocoCaptions(reader, 'val');
  const validation = slicePictures(held, 0, Math.min(trial.validationPictures, held.features.rows));
  const vocabulary = buildVocabulary(pictures.captions, trial.minimumWordCount);
  const { settings, margin, seed, batchSize } = trial;
  const { columns } = pictures.features;
  const sizes = { words: vocabularySize(vocabulary), imageFeatures: columns };
  const minibatch = drawMinibatches(pictures, batchSize, seed);
  await trainModel(
    {
      parameters: initializeOrderEmbeddings(seed, settings, sizes),
      updates: trial.updates,
      adam: { learningRate: trial.learningRate, biasCorrection: 'authors' },
      clip: { perTensorNorm: trial.gradientClip },
      loss(parameters, update) {
        const { captions, features } = minibatch(update);
        const images = tf.tensor2d(features, [batchSize, columns]);
        return rankingLoss(parameters, encodeCaptions(captions, vocabulary), images, settings, margin);
      },
      validation: {
        everyUpdates: trial.validateEveryUpdates,
        measure(parameters) {
          const { images, captions } = scorePictures(parameters, validation, vocabulary, settings);
          return {
            imageRecallAt1: images.recallAt1,
            imageRecallAt5: images.recallAt5,
            imageRecallAt10: images.recallAt10,
            imageMeanRank: images.meanRank,
            captionRecallAt1: captions.recallAt1,
            captionRecallAt5: captions.recallAt5,
            captionRecallAt10: captions.recallAt10,
            captionMeanRank: captions.meanRank,
            recallSum: images.recallAt1 + images.recallAt5 + images.recallAt10,
          };
        },
        // As the authors select: by image retrieval alone.
        best: { measure: 'recallSum', isBetter: 'higher' },
      },
      metadata: {
        kind: 'order-embeddings',
        settings: JSON.stringify(settings),
        words: JSON.stringify([...vocabulary.keys()]),
        pictures: String(pictures.features.rows),
      },
    },
    context,
  );
}

export interface RankingMinibatch {
  /** One a picture. */
  readonly captions: readonly string[];
  /** [batchSize, features] */
  readonly features: Float32Array;
}

/**
 * Minibatch number `update`: the next pictures of the epoch's random order, each with one of its captions. What is left at
 * an epoch's end and fills no minibatch is left out, as the authors' iterator does.
 *
 * @returns a function of the update alone; it keeps the order of the last epoch that it was asked for
 */
export function drawMinibatches(
  { captions, features: { rows, columns, data } }: CaptionedPictures,
  batchSize: number,
  seed: number,
): (update: number) => RankingMinibatch {
  if (batchSize > rows)
    throw new RangeError(`A minibatch of ${batchSize} takes as many different pictures, got ${rows}.`);
  const batches = Math.floor(rows / batchSize);
  const order = new Int32Array(rows);
  let drawnEpoch = -1;
  return (update) => {
    const epoch = Math.floor(update / batches);
    if (epoch !== drawnEpoch) {
      randomStream(seed, 'epoch', epoch).fillSample(order, rows);
      drawnEpoch = epoch;
    }
    const start = (update % batches) * batchSize;
    const random = randomStream(seed, 'captions', update);
    const chosen: string[] = [];
    const features = new Float32Array(batchSize * columns);
    for (const [row, picture] of order.subarray(start, start + batchSize).entries()) {
      chosen.push(captions[captionsPerPicture * picture + random.uniformInteger(captionsPerPicture)]!);
      features.set(data.subarray(picture * columns, (picture + 1) * columns), row * columns);
    }
    return { captions: chosen, features };
  };
}
