/** Trained stream classifiers on streams of any length. */
import * as tf from '@tensorflow/tfjs-core';
import '../../numerics/register-gradients.ts';
import type { NamedTensors } from '../../numerics/safetensors.ts';
import { withPrefix } from '../../numerics/tensor-names.ts';
import { asTensors } from '../../training/trainer.ts';
import type { DigitStreams } from '../models/digit-streams.ts';
import {
  accuracy,
  classifyStreams,
  initializeClassifier,
  type StreamNormalization,
  streamLoss,
  streamTensors,
} from '../models/stream-classifier.ts';
import type { BatchStatistics } from '../recurrent/batch-statistics.ts';
import type { TestedName } from './dynamics-metrics.ts';

export interface TestedWindow {
  /** The time step that the window ends before: the length that it tests. */
  readonly end: number;
  readonly accuracy: number;
  /** −log P in nats, a digit */
  readonly loss: number;
  /** Root mean square of h */
  readonly hidden: number;
}

/** Over windows of as many steps as training had: the first is what was trained, all others are beyond it. */
export function testClassifier(
  tensors: NamedTensors,
  { inputs, labels }: DigitStreams,
  { steps, streams }: { readonly steps: number; readonly streams: number },
  trainedSteps: number,
  subject: TestedName,
): readonly TestedWindow[] {
  const windows: TestedWindow[] = [];
  tf.tidy(() => {
    const parameters = asTensors(tensors);
    const statistics = withPrefix('state', parameters) as unknown as BatchStatistics;
    const normalization: StreamNormalization = subject === 'batch-own' ? 'batch' : subject;
    const { logits, hidden } = classifyStreams(
      parameters,
      streamTensors({ inputs }, steps, streams),
      normalization,
      subject === 'batch-own' ? { training: true } : { training: false, statistics },
    );
    for (let begin = 0; begin + trainedSteps <= steps; begin += trainedSteps) {
      const part = <T extends tf.Tensor>(tensor: T) => tf.slice(tensor, begin, trainedSteps) as T;
      const ofWindow = labels.subarray(begin * streams, (begin + trainedSteps) * streams);
      windows.push({
        end: begin + trainedSteps,
        accuracy: accuracy(part(logits), ofWindow),
        loss: streamLoss(part(logits), ofWindow).dataSync()[0]!,
        hidden: Math.sqrt(tf.mean(tf.square(part(hidden))).dataSync()[0]!),
      });
    }
  });
  return windows;
}

/** Seconds of one loss with its gradient, without the optimizer's step, which is the same for all. */
export function timeUpdate(
  normalization: StreamNormalization,
  units: number,
  { inputs, labels }: DigitStreams,
  { steps, streams }: { readonly steps: number; readonly streams: number },
): number {
  return tf.tidy(() => {
    const parameters = asTensors(initializeClassifier(0, normalization, units));
    const names = Object.keys(parameters);
    const x = streamTensors({ inputs }, steps, streams);
    const loss = (...values: tf.Tensor[]) =>
      streamLoss(
        classifyStreams(Object.fromEntries(names.map((name, k) => [name, values[k]!])), x, normalization).logits,
        labels,
      );
    const start = performance.now();
    const { grads } = tf.valueAndGrads(loss)(Object.values(parameters));
    for (const gradient of grads) gradient.dataSync();
    return (performance.now() - start) / 1000;
  });
}
