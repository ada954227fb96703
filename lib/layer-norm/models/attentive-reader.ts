/**
 * The unidirectional attentive reader (Hermann et al. 2015, §3.2), as §6.2 trains it: one LSTM reads the passage, another
 * the question, and the answer is an entity.
 *
 *   y(t)  the passage's hidden states, u the question's last
 *   m(t) = tanh(W_ym y(t) + b_m + W_um u)
 *   s(t) ∝ exp(wᵀ m(t)), over the passage's own tokens
 *   r = Σ s(t) y(t)
 *   g = tanh(W_rg r + W_ug u + b_g)
 *   p(entity) = softmax(W_o g + b_o)
 *
 * The two LSTMs are plain, layer-normalized, or batch-normalised in recurrence; `everywhere` adds batch normalisation to
 * each of the products W_ym y, W_um u, W_rg r and W_ug u. Dropout acts on the embeddings and on g, as in the code of
 * Cooijmans et al. (2016).
 */
import * as tf from '@tensorflow/tfjs-core';
import { type RandomStream, randomStream } from '../../numerics/random.ts';
import type { NamedTensors, Tensor } from '../../numerics/safetensors.ts';
import { prefix, withPrefix } from '../../numerics/tensor-names.ts';
import { dropOut } from '../../training/dropout.ts';
import type { TensorByName } from '../../training/trainer.ts';
import { embed } from '../embed.ts';
import { defaultEpsilon } from '../normalization.ts';
import { product as multiplyMatrices } from '../product.ts';
import { batchNormLstm } from '../recurrent/batch-norm-lstm.ts';
import type { BatchStatistics, MinibatchStatistics } from '../recurrent/batch-statistics.ts';
import { initializeLstm, type LstmParameters, lstm } from '../recurrent/lstm.ts';
import {
  type BatchMoments,
  batchMoments,
  standardizeBy,
  standardizeOverBatch,
} from '../recurrent/standardize-over-batch.ts';
import type { PaddedSequences, ReaderMinibatch } from './reader-minibatch.ts';

export type ReaderNormalization =
  | { readonly kind: 'none' }
  | { readonly kind: 'layer'; readonly gain: number }
  | { readonly kind: 'batch'; readonly gain: number; readonly where: 'lstm' | 'everywhere' };

export interface ReaderShape {
  readonly entities: number;
  readonly words: number;
  readonly embeddingSize: number;
  readonly units: number;
}

/** The products that `everywhere` normalises, and the parameters that each multiplies. */
const products = {
  attentionPassage: 'attention/passageKernel',
  attentionQuestion: 'attention/questionKernel',
  answerPassage: 'answer/passageKernel',
  answerQuestion: 'answer/questionKernel',
} as const;
type Product = keyof typeof products;
export const productNames = Object.keys(products) as readonly Product[];

/** What batch normalisation normalises by. */
export interface ReaderStatistics<Recurrent = BatchStatistics> {
  readonly passage: Recurrent;
  readonly question: Recurrent;
  /** Only where it is everywhere. */
  readonly products: Readonly<Partial<Record<Product, BatchMoments>>>;
}

export interface ReaderOptions {
  readonly normalization: ReaderNormalization;
  /** None where absent. */
  readonly dropout?: { readonly rate: number; readonly random: RandomStream };
  /** Statistics of batch normalisation that are constants; the minibatch's own where absent. */
  readonly statistics?: ReaderStatistics;
}

export interface ReaderOutput {
  /** [batch, entities] */
  readonly logits: tf.Tensor2D;
  /** s, [batch, time]; each row sums to 1, and is 0 on padding. */
  readonly attention: tf.Tensor2D;
  /** The minibatch's own, where batch normalisation used them. */
  readonly statistics?: ReaderStatistics<MinibatchStatistics>;
}

/** Parameters to start from: the same weights for every normalization, which only adds gains and LN's or BN's bias of c. */
export function initializeReader(
  seed: number,
  { entities, words, embeddingSize, units }: ReaderShape,
  normalization: ReaderNormalization,
): NamedTensors {
  const recurrent = (name: string) =>
    initializeLstm(randomStream(seed, 'initial', name), {
      inputs: embeddingSize,
      units,
      // Batch normalisation has the parameters of layer normalization.
      normalization: normalization.kind === 'none' ? 'none' : 'layer',
      ...(normalization.kind === 'none' ? {} : { gain: normalization.gain }),
    });
  const uniform = (name: string, rows: number, columns: number) =>
    publishedUniform(randomStream(seed, 'initial', name), rows, columns);
  const everywhere = normalization.kind === 'batch' && normalization.where === 'everywhere';
  return {
    embedding: uniform('embedding', entities + words, embeddingSize),
    ...prefix('passage', recurrent('passage')),
    ...prefix('question', recurrent('question')),
    'attention/passageKernel': uniform('attention/passageKernel', units, units),
    'attention/questionKernel': uniform('attention/questionKernel', units, units),
    'attention/bias': constant(units, 0),
    'attention/score': uniform('attention/score', units, 1),
    'answer/passageKernel': uniform('answer/passageKernel', units, units),
    'answer/questionKernel': uniform('answer/questionKernel', units, units),
    'answer/bias': constant(units, 0),
    'output/kernel': uniform('output/kernel', units, entities),
    'output/bias': constant(entities, 0),
    ...(everywhere &&
      prefix('gain', Object.fromEntries(productNames.map((name) => [name, constant(units, normalization.gain)])))),
  };
}

/** Runs the reader on a minibatch. Call it inside a tidy. */
export function readQuestions(
  parameters: TensorByName,
  minibatch: ReaderMinibatch,
  options: ReaderOptions,
): ReaderOutput {
  const { size } = minibatch;
  const passage = encode(parameters, 'passage', minibatch.passage, size, options);
  const question = encode(parameters, 'question', minibatch.question, size, options);
  const mask = maskOf(minibatch.passage, size);
  const { time } = minibatch.passage;
  const units = passage.outputs.shape[2];

  const multiply = createProducts(parameters, options);
  const tokens = tf.reshape(passage.outputs, [time * size, units]) as tf.Tensor2D; // y
  const asked = question.last; // u
  const present = tf.reshape(mask, [time * size, 1]);
  const ofTokens = tf.reshape(multiply.by('attentionPassage', tokens, present), [time, size, units]);
  const attended = tf.tanh(
    tf.add(tf.add(ofTokens, parameters['attention/bias']!), multiply.by('attentionQuestion', asked)),
  ); // m
  const scores = multiplyMatrices(
    tf.reshape(attended, [time * size, units]),
    parameters['attention/score']! as tf.Tensor2D,
  );
  const attention = maskedSoftmax(tf.reshape(scores, [time, size]), mask); // s
  const weights = tf.reshape(tf.transpose(attention), [time, size, 1]);
  const read = tf.sum(tf.mul(weights, passage.outputs), 0) as tf.Tensor2D; // r
  const answer = tf.tanh(
    tf.add(
      tf.add(multiply.by('answerPassage', read), multiply.by('answerQuestion', asked)),
      parameters['answer/bias']!,
    ),
  ); // g
  const logits = tf.add(
    multiplyMatrices(maybeDropOut(answer, options) as tf.Tensor2D, parameters['output/kernel']! as tf.Tensor2D),
    parameters['output/bias']!,
  ) as tf.Tensor2D;
  const recurrent = { passage: passage.statistics, question: question.statistics };
  return {
    logits,
    attention,
    ...(recurrent.passage && recurrent.question
      ? { statistics: { passage: recurrent.passage, question: recurrent.question, products: multiply.moments } }
      : {}),
  };
}

/** What training lowers: the negative log likelihood of a minibatch's answers. */
export function minibatchLoss(parameters: TensorByName, minibatch: ReaderMinibatch, options: ReaderOptions): tf.Scalar {
  return negativeLogLikelihood(readQuestions(parameters, minibatch, options).logits, minibatch.answers);
}

/** −log p(answer), the mean over the minibatch, in nats. */
export function negativeLogLikelihood(logits: tf.Tensor2D, answers: Int32Array): tf.Scalar {
  const [size, entities] = logits.shape;
  const chosen = tf.oneHot(tf.tensor1d(answers, 'int32'), entities);
  const logProbabilities = tf.sub(logits, tf.logSumExp(logits, 1, true));
  return tf.neg(tf.div(tf.sum(tf.mul(chosen, logProbabilities)), size)) as tf.Scalar;
}

/** How many of a minibatch's answers are not the most probable entity. */
export function countErrors(logits: tf.Tensor2D, answers: Int32Array): number {
  const guesses = tf.argMax(logits, 1).dataSync();
  return answers.reduce((errors, answer, example) => errors + (guesses[example] === answer ? 0 : 1), 0);
}

/** Hidden states after every token, and after the last of each sequence. */
function encode(
  parameters: TensorByName,
  name: 'passage' | 'question',
  sequences: PaddedSequences,
  size: number,
  options: ReaderOptions,
): { readonly outputs: tf.Tensor3D; readonly last: tf.Tensor2D; readonly statistics?: MinibatchStatistics } {
  const ids = tf.tensor2d(sequences.ids, [sequences.time, size], 'int32');
  const inputs = maybeDropOut(embed(parameters.embedding! as tf.Tensor2D, ids), options) as tf.Tensor3D;
  const layer = withPrefix(name, parameters) as unknown as LstmParameters;
  const mask = maskOf(sequences, size);
  const { normalization, statistics } = options;
  // A masked step carries the state: the state after the last step is that after the last token.
  if (normalization.kind !== 'batch') {
    const { outputs, state } = lstm(inputs, layer, { normalization: normalization.kind, mask });
    return { outputs, last: state.hidden };
  }
  const { outputs, state, minibatchStatistics } = batchNormLstm(inputs, layer, {
    training: !statistics,
    mask,
    ...(statistics && { statistics: statistics[name] }),
  });
  return { outputs, last: state.hidden, ...(minibatchStatistics && { statistics: minibatchStatistics }) };
}

/** x ↦ W x of the four products, normalised where batch normalisation is everywhere; `moments` gathers by what. */
function createProducts(parameters: TensorByName, { normalization, statistics }: ReaderOptions) {
  const moments: Partial<Record<Product, BatchMoments>> = {};
  const everywhere = normalization.kind === 'batch' && normalization.where === 'everywhere';
  return {
    moments,
    /** @param x [rows, units]; @param present [rows, 1], 0 for rows that do not count */
    by(product: Product, x: tf.Tensor2D, present?: tf.Tensor): tf.Tensor {
      const result = multiplyMatrices(x, parameters[products[product]]! as tf.Tensor2D);
      if (!everywhere) return result;
      const constants = statistics?.products[product];
      if (!constants) moments[product] = batchMoments(result, present);
      const standardized = constants
        ? standardizeBy(result, constants, defaultEpsilon)
        : standardizeOverBatch(result, moments[product]!, defaultEpsilon, present);
      return tf.mul(standardized, parameters[`gain/${product}`]!);
    },
  };
}

function maybeDropOut(x: tf.Tensor, { dropout }: ReaderOptions): tf.Tensor {
  return dropout ? dropOut(x, dropout.rate, dropout.random) : x;
}

function maskOf({ mask, time }: PaddedSequences, size: number): tf.Tensor2D {
  return tf.tensor2d(mask, [time, size]);
}

/** exp(scores) over its sum along time, where the mask is 1. [time, batch] → [batch, time] */
function maskedSoftmax(scores: tf.Tensor, mask: tf.Tensor2D): tf.Tensor2D {
  const hidden = tf.mul(tf.sub(1, mask), -1e9);
  return tf.softmax(tf.transpose(tf.add(scores, hidden))) as tf.Tensor2D;
}

/** Uniform in ±√(6/(rows + columns + 1)), as the code of Cooijmans et al. starts all that is not recurrent. */
function publishedUniform(random: RandomStream, rows: number, columns: number): Tensor {
  const data = new Float32Array(rows * columns);
  const limit = Math.sqrt(6 / (rows + columns + 1));
  random.fillUniform(data, -limit, limit);
  return { shape: [rows, columns], data };
}

function constant(length: number, value: number): Tensor {
  return { shape: [length], data: new Float32Array(length).fill(value) };
}
