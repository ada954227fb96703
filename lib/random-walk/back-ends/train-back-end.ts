/**
 * Training of a back-end by itself, as DeepLab's: random crops and mirroring, momentum and weight decay, a larger rate in
 * the last layer, softmax cross entropy at the scores' resolution with the labels of every eighth pixel.
 */
import * as tf from '@tensorflow/tfjs-core';
import { randomStream } from '../../numerics/random.ts';
import type { NamedTensors } from '../../numerics/safetensors.ts';
import type { TrainingContext } from '../../pipeline/context.ts';
import { type ParameterFactors, polynomialRate } from '../../training/momentum.ts';
import { trainByRule } from '../../training/train-by-rule.ts';
import { adamRule, momentumRule, type UpdateRule } from '../../training/update-rules.ts';
import { createBackEnd } from './back-end.ts';
import type { TensorByName } from './layers.ts';
import { type CropSettings, drawMinibatch, type LabelledImage, sampleLabels } from './minibatch.ts';
import type { OptimizerSettings } from './optimizer-settings.ts';
import { segmentationLoss } from './segmentation-loss.ts';
import { type BackEndSettings, scoreStride } from './settings.ts';

export interface BackEndTraining extends CropSettings {
  readonly backEnd: BackEndSettings;
  readonly updates: number;
  readonly optimizer: OptimizerSettings;
  readonly recordEveryUpdates: number;
}

/** As the published networks': biases learn twice as fast and do not decay, layers of class scores by their factor faster. */
export function parameterFactors(name: string, scoreRateFactor: number): ParameterFactors {
  const isScore = name.startsWith('fc8') || name.startsWith('attention2');
  const isBias = name.endsWith('/bias');
  return { rate: (isScore ? scoreRateFactor : 1) * (isBias ? 2 : 1), decay: isBias ? 0 : 1 };
}

/** @param factors of a parameter's rate and decay; those of the back-ends where absent */
export function updateRule(
  { rule, learningRate, ratePower, scoreRateFactor, ...settings }: OptimizerSettings,
  updates: number,
  factors = (name: string) => parameterFactors(name, scoreRateFactor),
): UpdateRule {
  const make = rule === 'adam' ? adamRule : momentumRule;
  return make({ ...settings, learningRate: polynomialRate(learningRate, updates, ratePower), factors });
}

/** Cross entropy of the scores, and of every single scale's where there are several, on one minibatch. */
export function backEndLoss(
  training: Pick<BackEndTraining, 'backEnd' | keyof CropSettings>,
  images: readonly LabelledImage[],
  seed: number,
): (parameters: TensorByName, update: number) => tf.Scalar {
  const backEnd = createBackEnd(training.backEnd);
  return (parameters, update) => {
    const batch = drawMinibatch(images, training, seed, update);
    const { batchSize, cropHeight, cropWidth } = batch;
    const pixels = tf.tensor4d(batch.images, [batchSize, cropHeight, cropWidth, 3]);
    const { scores, scaleScores } = backEnd.forward(parameters, pixels, randomStream(seed, 'dropout', update));
    const labels = sampleLabels(batch.labels, cropHeight, cropWidth, scoreStride);
    return tf.addN([scores, ...scaleScores].map((each) => segmentationLoss(each, labels))) as tf.Scalar;
  };
}

/**
 * Writes curve and model.
 *
 * @param initial parameters to start from: those that the back-end initializes, or trained ones
 * @param seed of the minibatches
 */
export async function trainBackEnd(
  training: BackEndTraining,
  initial: NamedTensors,
  images: readonly LabelledImage[],
  seed: number,
  context: TrainingContext,
): Promise<void> {
  const loss = backEndLoss(training, images, seed);
  await trainByRule(
    {
      parameters: initial,
      updates: training.updates,
      rule: updateRule(training.optimizer, training.updates),
      loss: (parameters, update) => ({ total: loss(parameters, update) }),
      recordEveryUpdates: training.recordEveryUpdates,
      metadata: { kind: 'segmentation back-end', backEnd: JSON.stringify(training.backEnd) },
    },
    context,
  );
}
