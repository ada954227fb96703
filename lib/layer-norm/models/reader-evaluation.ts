/** What a trained reader gets wrong, by the statistics of its minibatches or of its training. */
import * as tf from '@tensorflow/tfjs-core';
import { asTensors, type TensorByName } from '../../training/trainer.ts';
import {
  initializeRunningStatistics,
  type RunningStatistics,
  updateRunningStatistics,
} from '../recurrent/batch-statistics.ts';
import type { BatchMoments } from '../recurrent/standardize-over-batch.ts';
import {
  countErrors,
  negativeLogLikelihood,
  productNames,
  type ReaderOptions,
  type ReaderStatistics,
  readQuestions,
} from './attentive-reader.ts';
import type { ReaderMinibatch } from './reader-minibatch.ts';

export type ReaderMeasures = {
  /** Share of the questions whose answer is not the most probable entity. */
  readonly error: number;
  /** Mean negative log likelihood of the answers, in nats. */
  readonly negativeLogLikelihood: number;
};

/** Over all minibatches, each question alike. */
export function measureReader(
  parameters: TensorByName,
  minibatches: readonly ReaderMinibatch[],
  options: Omit<ReaderOptions, 'dropout'>,
): ReaderMeasures {
  let errors = 0;
  let nats = 0;
  for (const minibatch of minibatches) {
    tf.tidy(() => {
      const { logits } = readQuestions(parameters, minibatch, options);
      errors += countErrors(logits, minibatch.answers);
      nats += negativeLogLikelihood(logits, minibatch.answers).dataSync()[0]! * minibatch.size;
    });
  }
  const count = minibatches.reduce((sum, { size }) => sum + size, 0);
  return { error: errors / count, negativeLogLikelihood: nats / count };
}

/**
 * Statistics of the population for batch normalisation: the means of those of some minibatches of training. Call it
 * inside a tidy.
 */
export function gatherStatistics(
  parameters: TensorByName,
  minibatches: readonly ReaderMinibatch[],
  { normalization }: Pick<ReaderOptions, 'normalization'>,
): ReaderStatistics {
  const units = parameters['attention/bias']!.shape[0]!;
  const longest = (of: 'passage' | 'question') => Math.max(...minibatches.map((minibatch) => minibatch[of].time));
  const start = (of: 'passage' | 'question') =>
    asTensors(initializeRunningStatistics(longest(of), units)) as unknown as RunningStatistics;
  let [passage, question] = [start('passage'), start('question')];
  const products: Partial<Record<(typeof productNames)[number], BatchMoments>> = {};
  for (const [count, minibatch] of minibatches.entries()) {
    const { statistics } = readQuestions(parameters, minibatch, { normalization });
    if (!statistics) throw new TypeError(`A reader of kind '${normalization.kind}' has no statistics to gather.`);
    // Momentum 1: the plain mean over all of them.
    passage = updateRunningStatistics(passage, statistics.passage, 1);
    question = updateRunningStatistics(question, statistics.question, 1);
    for (const name of productNames) {
      const moments = statistics.products[name];
      if (!moments) continue;
      const average = (last: tf.Tensor | undefined, next: tf.Tensor) =>
        last ? tf.add(last, tf.div(tf.sub(next, last), count + 1)) : next;
      products[name] = {
        mean: average(products[name]?.mean, moments.mean),
        variance: average(products[name]?.variance, moments.variance),
      };
    }
  }
  return { passage, question, products };
}
