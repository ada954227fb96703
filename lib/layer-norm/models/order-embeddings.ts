/**
 * Order-embeddings of images and sentences (§6.1; Vendrov et al. 2016, arXiv 1511.06361) and their symmetric baseline:
 *
 *   sentence  s = |ŝ|, ŝ the last state of a GRU over word vectors, of unit norm
 *   image     m = |m̂|, m̂ = W x + b of a convolutional network's features x, of unit norm
 *   error     E(s, m) = Σ max(0, s − m)²: an image has everything that its sentence says, and more
 *
 * The symmetric baseline compares by cosines and leaves out the absolute values. Layer normalization is the GRU's alone.
 */
import * as tf from '@tensorflow/tfjs-core';
import { randomStream } from '../../numerics/random.ts';
import type { NamedTensors } from '../../numerics/safetensors.ts';
import { prefix, withPrefix } from '../../numerics/tensor-names.ts';
import type { TensorByName } from '../../training/trainer.ts';
import { embed } from '../embed.ts';
import { product } from '../product.ts';
import { type GruParameters, gru, initializeGru } from '../recurrent/gru.ts';
import type { RecurrentNormalization } from '../recurrent/recurrent-options.ts';
import type { CaptionBatch } from './caption-vocabulary.ts';
import { contrastiveLoss, negativeCosines, orderViolations } from './pairwise-errors.ts';
import type { Similarity } from './retrieval.ts';

export interface OrderEmbeddingSettings {
  readonly similarity: Similarity;
  readonly normalization: RecurrentNormalization;
  readonly wordDimensions: number;
  /** Units of the GRU, which are the dimensions of the common space. */
  readonly dimensions: number;
}

/** `wordVectors` [words, wordDimensions], `sentenceEncoder/…` of the GRU, `imageKernel` [features, dimensions], `imageBias`. */
export function initializeOrderEmbeddings(
  seed: number,
  { normalization, wordDimensions, dimensions }: OrderEmbeddingSettings,
  { words, imageFeatures }: { readonly words: number; readonly imageFeatures: number },
): NamedTensors {
  const uniform = (name: string, shape: readonly [number, number], limit: number) => {
    const data = new Float32Array(shape[0] * shape[1]);
    randomStream(seed, 'initial parameters', name).fillUniform(data, -limit, limit);
    return { shape: [...shape], data };
  };
  const encoder = { inputs: wordDimensions, units: dimensions, normalization };
  return {
    wordVectors: uniform('word vectors', [words, wordDimensions], 0.1),
    ...prefix('sentenceEncoder', initializeGru(randomStream(seed, 'initial parameters', 'encoder'), encoder)),
    imageKernel: uniform('image kernel', [imageFeatures, dimensions], Math.sqrt(6 / (imageFeatures + dimensions))),
    imageBias: { shape: [dimensions], data: new Float32Array(dimensions) },
  };
}

/** [captions, dimensions] */
export function embedSentences(
  parameters: TensorByName,
  { steps, count, ids, mask }: CaptionBatch,
  { similarity, normalization }: Pick<OrderEmbeddingSettings, 'similarity' | 'normalization'>,
): tf.Tensor2D {
  return tf.tidy(() => {
    const words = embed(parameters.wordVectors as tf.Tensor2D, tf.tensor2d(ids, [steps, count], 'int32'));
    const encoder = withPrefix('sentenceEncoder', parameters) as unknown as GruParameters;
    const { state } = gru(words as tf.Tensor3D, encoder, { normalization, mask: tf.tensor2d(mask, [steps, count]) });
    return direct(state.hidden, similarity);
  });
}

/**
 * [images, dimensions]
 *
 * @param features [images, features]
 */
export function embedImages(parameters: TensorByName, features: tf.Tensor2D, similarity: Similarity): tf.Tensor2D {
  return tf.tidy(() =>
    direct(tf.add(product(features, parameters.imageKernel as tf.Tensor2D), parameters.imageBias!), similarity),
  );
}

/** Rows of unit norm, without signs where their order is what counts. A row of zeros stays one, with finite gradients. */
function direct(rows: tf.Tensor, similarity: Similarity): tf.Tensor2D {
  const squares = tf.sum(tf.square(rows), 1, true);
  const unit = tf.mul(rows, tf.rsqrt(tf.add(squares, 1e-12)));
  return (similarity === 'order' ? tf.abs(unit) : unit) as tf.Tensor2D;
}

/** The ranking loss of a minibatch whose captions and images belong together in order. */
export function rankingLoss(
  parameters: TensorByName,
  captions: CaptionBatch,
  features: tf.Tensor2D,
  settings: Pick<OrderEmbeddingSettings, 'similarity' | 'normalization'>,
  margin: number,
): tf.Scalar {
  const sentences = embedSentences(parameters, captions, settings);
  const images = embedImages(parameters, features, settings.similarity);
  const errors = settings.similarity === 'order' ? orderViolations : negativeCosines;
  return contrastiveLoss(errors(sentences, images), margin);
}
