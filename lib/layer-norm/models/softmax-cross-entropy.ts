/**
 * −log softmax over a vocabulary, whole or sampled (Jean et al. 2015): of a large one only the target and some words at
 * random are scored, each score less the logarithm of how often its word is expected in the sample.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { RandomStream } from '../../numerics/random.ts';
import { embed } from '../embed.ts';

export interface OutputLayer {
  /** [vocabulary, units] */
  readonly outputKernel: tf.Tensor;
  /** [vocabulary, 1] */
  readonly outputBias: tf.Tensor;
}

export interface SampledWords {
  /** With repetitions. */
  readonly ids: Int32Array;
  /** log of how often a word of this number is expected among them */
  logExpectedCount(id: number): number;
}

/**
 * Draws from P(k) = log((k + 2) / (k + 1)) / log(vocabulary + 1), nearly Zipf's law, where words are numbered by frequency.
 */
export function sampleWords(random: RandomStream, count: number, vocabulary: number): SampledWords {
  const range = Math.log(vocabulary + 1);
  return {
    // P(id < k) = log(k + 1) / range, inverted.
    ids: Int32Array.from({ length: count }, () =>
      Math.min(vocabulary - 1, Math.floor(Math.exp(random.uniform() * range)) - 1),
    ),
    logExpectedCount: (id) => Math.log((count * Math.log((id + 2) / (id + 1))) / range),
  };
}

/**
 * In nats, one a row.
 *
 * @param hidden [rows, units]
 * @param targets [rows]
 * @param sample the words to score beside the targets; the whole vocabulary where absent
 * @returns [rows]
 */
export function negativeLogLikelihoods(
  hidden: tf.Tensor2D,
  targets: Int32Array,
  { outputKernel, outputBias }: OutputLayer,
  sample?: SampledWords,
): tf.Tensor1D {
  const targetIds = tf.tensor1d(targets, 'int32');
  const targetScores = tf.add(
    tf.sum(tf.mul(hidden, embed(outputKernel as tf.Tensor2D, targetIds)), -1),
    tf.reshape(embed(outputBias as tf.Tensor2D, targetIds), [-1]),
  );
  if (!sample) {
    const bias = tf.reshape(outputBias, [-1]) as tf.Tensor1D;
    return tf.sub(logSumExpScores(hidden, outputKernel as tf.Tensor2D, bias), targetScores);
  }
  const ids = tf.tensor1d(sample.ids, 'int32');
  const corrections = (words: Int32Array) => tf.tensor1d(Float32Array.from(words, sample.logExpectedCount));
  const bias = tf.sub(tf.reshape(embed(outputBias as tf.Tensor2D, ids), [-1]), corrections(sample.ids)) as tf.Tensor1D;
  const sampled = logSumExpScores(
    hidden,
    embed(outputKernel as tf.Tensor2D, ids) as tf.Tensor2D,
    bias,
    findHits(targets, sample.ids),
  );
  const target = tf.sub(targetScores, corrections(targets));
  // −log(eᵗ / (eᵗ + eˢ)) = log(1 + eˢ⁻ᵗ)
  return tf.softplus(tf.sub(sampled, target)) as tf.Tensor1D;
}

/** Where a sampled word is the row's own target it must not be scored twice. [rows, sampled], −10⁹ there and 0 elsewhere. */
function findHits(targets: Int32Array, sampled: Int32Array): tf.Tensor2D {
  const places = Map.groupBy(sampled.keys(), (place) => sampled[place]!);
  const values = new Float32Array(targets.length * sampled.length);
  for (const [row, target] of targets.entries()) {
    for (const place of places.get(target) ?? []) values[row * sampled.length + place] = -1e9;
  }
  return tf.tensor2d(values, [targets.length, sampled.length]);
}

/**
 * log Σₖ exp(hᵀwₖ + bₖ + maskₖ) by row.
 *
 * With a gradient of its own: matMul's multiplies by transposed matrices, which takes the WebAssembly backend ten times as
 * long as transposing them first.
 *
 * @param hidden [rows, units]
 * @param kernel [words, units]
 * @param bias [words]
 * @param mask [rows, words], added to the scores
 * @returns [rows]
 */
export function logSumExpScores(
  hidden: tf.Tensor2D,
  kernel: tf.Tensor2D,
  bias: tf.Tensor1D,
  mask?: tf.Tensor2D,
): tf.Tensor1D {
  const compute = tf.customGrad((h, w, b, save) => {
    const [rows, words, offsets, remember] = [h, w, b, save] as unknown as [
      tf.Tensor2D,
      tf.Tensor2D,
      tf.Tensor1D,
      tf.GradSaveFunc,
    ];
    const scores = tf.add(tf.matMul(rows, tf.transpose(words)), offsets);
    const masked = mask ? tf.add(scores, mask) : scores;
    const highest = tf.max(masked, -1, true);
    const shares = tf.exp(tf.sub(masked, highest));
    const sums = tf.sum(shares, -1, true);
    remember([rows, words, tf.div(shares, sums)]);
    return {
      value: tf.reshape(tf.add(tf.log(sums), highest), [-1]),
      gradFunc: (upstream: tf.Tensor, saved: tf.Tensor[]) => {
        const [savedRows, savedWords, probabilities] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
        const gradient = tf.mul(probabilities, tf.reshape(upstream, [-1, 1])) as tf.Tensor2D;
        return [
          tf.matMul(gradient, savedWords),
          tf.matMul(tf.transpose(gradient), savedRows),
          tf.sum(gradient, 0),
        ] as tf.Tensor[];
      },
    };
  });
  return compute(hidden, kernel, bias) as tf.Tensor1D;
}
