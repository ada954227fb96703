/** Trains the LSTMs that name digits in streams (§3.1). */

import type { DatasetReader } from '../../datasets/dataset.ts';
import { type LabelledImages, readMnist } from '../../datasets/mnist.ts';
import { poolImages } from '../../datasets/pool-images.ts';
import { randomStream } from '../../numerics/random.ts';
import type { TrainingContext } from '../../pipeline/context.ts';
import { digitSide, drawDigitStreams, type StreamSettings } from '../models/digit-streams.ts';
import type { StreamNormalization } from '../models/stream-classifier.ts';

export interface StreamTrial extends StreamSettings {
  /** `layer/pauses-0/batch-32/seed-0` */
  readonly name: string;
  readonly cpus: number;
  readonly seed: number;
  readonly normalization: StreamNormalization;
  readonly units: number;
  readonly updates: number;
  readonly learningRate: number;
  readonly validationIntervalUpdates: number;
  readonly validationStreams: number;
}

/** Training images that no model is trained on. */
const validationImages = 5_000;
/** Of the running statistics, as in the code of Cooijmans et al. */
const statisticsMomentum = 0.9;
const clipNorm = 1;

export async function train(trial: StreamTrial, context: TrainingContext): Promise<void> {
  const { seed, normalization, units, steps, streams, longestPause, updates, learningRate } = trial;
  const { training, validation } = await readDigits(await context.dataset('mnist'));
  await context.startTensorFlow();
  const { trainModel } = await import('../../training/trainer.ts');
  const classifier = await import('../models/stream-classifier.ts');
  const { initializeRunningStatistics, updateRunningStatistics } = await import('../recurrent/batch-statistics.ts');
  type Running = Parameters<typeof updateRunningStatistics>[0];

  const validationSettings = { streams: trial.validationStreams, steps, longestPause };
  const held = drawDigitStreams(randomStream(seed, 'digit-streams', 'validation'), validation, validationSettings);
  await trainModel(
    {
      parameters: classifier.initializeClassifier(seed, normalization, units),
      ...(normalization === 'batch' && { state: initializeRunningStatistics(steps, units) }),
      updates,
      adam: { learningRate },
      clip: { globalNorm: clipNorm },
      loss(parameters, update, state) {
        // The same minibatches for all three.
        const random = randomStream(seed, 'digit-streams', 'minibatch', update);
        const { inputs, labels } = drawDigitStreams(random, training, { streams, steps, longestPause });
        const { logits, minibatchStatistics } = classifier.classifyStreams(
          parameters,
          classifier.streamTensors({ inputs }, steps, streams),
          normalization,
        );
        const loss = classifier.streamLoss(logits, labels);
        if (!minibatchStatistics) return loss;
        return { loss, state: updateRunningStatistics(state as Running, minibatchStatistics, statisticsMomentum) };
      },
      validation: {
        everyUpdates: trial.validationIntervalUpdates,
        measure(parameters, state) {
          const { logits } = classifier.classifyStreams(
            parameters,
            classifier.streamTensors(held, steps, trial.validationStreams),
            normalization,
            { training: false, statistics: state as Running },
          );
          return {
            validationLoss: classifier.streamLoss(logits, held.labels).dataSync()[0]!,
            validationAccuracy: classifier.accuracy(logits, held.labels),
          };
        },
      },
      metadata: { kind: 'stream-classifier', normalization },
    },
    context,
  );
}

/** MNIST in 12 × 12 pixels: 55,000 training pictures, 5,000 for validation, and the test set. */
export async function readDigits(reader: DatasetReader): Promise<{
  readonly training: LabelledImages;
  readonly validation: LabelledImages;
  readonly test: LabelledImages;
}> {
  const { train, test } = await readMnist(reader);
  const pooled = poolImages(train, digitSide);
  // A stand-in may be smaller: at most a tenth of it is for validation.
  const held = Math.min(validationImages, Math.floor(pooled.labels.length / 10));
  const part = (begin: number, end: number) => ({
    images: pooled.images.subarray(begin * digitSide ** 2, end * digitSide ** 2),
    labels: pooled.labels.subarray(begin, end),
  });
  const split = pooled.labels.length - held;
  return { training: part(0, split), validation: part(split, split + held), test: poolImages(test, digitSide) };
}
