/** Training skip-thoughts on triples of sentences, as the authors' code does it. */
import type * as tf from '@tensorflow/tfjs-core';
import { randomStream } from '../../numerics/random.ts';
import type { TrainingContext } from '../../pipeline/context.ts';
import { type TensorByName, trainModel } from '../../training/trainer.ts';
import type { SentenceTriples, TripleMinibatch } from './sentence-triples.ts';
import { decodingLoss, initializeSkipThoughts, isEncoderTensor, type SkipThoughtSettings } from './skip-thoughts.ts';
import { sampleWords } from './softmax-cross-entropy.ts';
import type { TrainingText } from './training-text.ts';

export interface MinibatchSettings {
  readonly seed: number;
  readonly model: SkipThoughtSettings;
  readonly batchSize: number;
  /** Words that are scored beside each target in training; 0: the whole vocabulary. */
  readonly sampledWords: number;
}

export interface SkipThoughtTraining extends MinibatchSettings {
  readonly updates: number;
  /** After so many updates the encoder is kept, for what it is then good for. */
  readonly snapshotUpdates: readonly number[];
  readonly learningRate: number;
  readonly validation: { readonly everyUpdates: number; readonly minibatches: number };
}

/** Largest norm of all gradients together, the authors'. */
const clipNorm = 5;

/** Writes the learning curve, with `crossEntropy` on held-out text, and the model with its snapshots. Throws TrainingDiverged. */
export async function trainSkipThoughts(
  settings: SkipThoughtTraining,
  { vocabulary, training, heldOut }: TrainingText,
  context: TrainingContext,
): Promise<void> {
  const { seed, model, batchSize, updates, learningRate, validation, snapshotUpdates } = settings;
  const words = vocabulary.words.length;
  // The same for all seeds and models, so that their curves differ by nothing else.
  const heldOutMinibatches = Array.from({ length: validation.minibatches }, (_, index) =>
    heldOut.drawMinibatch(randomStream(0, 'held out', index), batchSize),
  );
  await trainModel(
    {
      parameters: initializeSkipThoughts(model, words, seed),
      updates,
      adam: { learningRate, biasCorrection: 'authors' },
      clip: { globalNorm: clipNorm },
      loss: (parameters, update) => minibatchLoss(parameters, settings, training, words, update),
      validation: {
        everyUpdates: validation.everyUpdates,
        measure: (parameters) => ({ crossEntropy: meanCrossEntropy(parameters, heldOutMinibatches, model) }),
      },
      snapshotUpdates,
      snapshotOf: isEncoderTensor,
      metadata: { kind: 'skip-thoughts', vocabulary: vocabulary.words.join('\n') },
    },
    context,
  );
}

/**
 * What the authors minimize: the sum over all words of both neighbours of every sentence, not their mean. Minibatch and
 * sampled words are the same for every model of a seed.
 */
export function minibatchLoss(
  parameters: TensorByName,
  { seed, model, batchSize, sampledWords }: MinibatchSettings,
  triples: SentenceTriples,
  vocabularySize: number,
  update: number,
): tf.Scalar {
  const minibatch = triples.drawMinibatch(randomStream(seed, 'minibatch', update), batchSize);
  const sample =
    sampledWords > 0
      ? sampleWords(randomStream(seed, 'sampled words', update), sampledWords, vocabularySize)
      : undefined;
  return decodingLoss(parameters, minibatch, model, sample).total;
}

/** In nats a word, over the whole vocabulary. */
function meanCrossEntropy(
  parameters: TensorByName,
  minibatches: readonly TripleMinibatch[],
  model: SkipThoughtSettings,
): number {
  let sum = 0;
  let count = 0;
  for (const minibatch of minibatches) {
    const { total, words } = decodingLoss(parameters, minibatch, model);
    sum += total.dataSync()[0]!;
    count += words;
  }
  return sum / count;
}
