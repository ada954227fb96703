/** An LSTM that names each digit of a stream at its last step: plain, layer-normalized, or with recurrent batch normalization. */
import * as tf from '@tensorflow/tfjs-core';
import { randomStream } from '../../numerics/random.ts';
import type { NamedTensors } from '../../numerics/safetensors.ts';
import { prefix, withPrefix } from '../../numerics/tensor-names.ts';
import type { TensorByName } from '../../training/trainer.ts';
import { product } from '../product.ts';
import { batchNormLstm } from '../recurrent/batch-norm-lstm.ts';
import type { BatchStatistics, MinibatchStatistics } from '../recurrent/batch-statistics.ts';
import { initializeLstm, type LstmParameters, lstm } from '../recurrent/lstm.ts';
import { type DigitStreams, digitClasses, stepFeatures } from './digit-streams.ts';

export type StreamNormalization = 'none' | 'layer' | 'batch';

/** What Cooijmans et al. start the gains of recurrent batch normalization at, and the paper those of layer normalization. */
const initialGain = { none: 1, layer: 1, batch: 0.1 } as const;
/** Of all three: what an LSTM is to remember it does not forget at the start. */
const forgetBias = 1;

export function initializeClassifier(seed: number, normalization: StreamNormalization, units: number): NamedTensors {
  const lstmParameters = initializeLstm(randomStream(seed, 'digit-streams', 'lstm'), {
    inputs: stepFeatures,
    units,
    normalization: normalization === 'none' ? 'none' : 'layer',
    gain: initialGain[normalization],
    forgetBias,
  });
  const kernel = new Float32Array(units * digitClasses);
  randomStream(seed, 'digit-streams', 'readout').fillNormal(kernel, 1 / Math.sqrt(units));
  return {
    ...prefix('lstm', lstmParameters),
    'readout/kernel': { shape: [units, digitClasses], data: kernel },
    'readout/bias': { shape: [digitClasses], data: new Float32Array(digitClasses) },
  };
}

/** How batch normalization normalises: by the minibatch, or by the statistics that training gathered. */
export type BatchMode =
  | { readonly training: true }
  | { readonly training: false; readonly statistics: BatchStatistics };

export interface ClassifierOutputs {
  /** [steps, streams, 10] */
  readonly logits: tf.Tensor3D;
  /** h [steps, streams, units] */
  readonly hidden: tf.Tensor3D;
  readonly minibatchStatistics?: MinibatchStatistics;
}

/** @param inputs [steps, streams, stepFeatures] */
export function classifyStreams(
  parameters: TensorByName,
  inputs: tf.Tensor3D,
  normalization: StreamNormalization,
  mode: BatchMode = { training: true },
): ClassifierOutputs {
  const lstmParameters = withPrefix('lstm', parameters) as unknown as LstmParameters;
  const result =
    normalization === 'batch'
      ? batchNormLstm(inputs, lstmParameters, mode)
      : { ...lstm(inputs, lstmParameters, { normalization }), minibatchStatistics: undefined };
  const [steps, streams, units] = result.outputs.shape;
  const flat = tf.reshape(result.outputs, [steps * streams, units]) as tf.Tensor2D;
  const logits = tf.add(product(flat, parameters['readout/kernel'] as tf.Tensor2D), parameters['readout/bias']!);
  return {
    logits: tf.reshape(logits, [steps, streams, digitClasses]),
    hidden: result.outputs,
    ...(result.minibatchStatistics && { minibatchStatistics: result.minibatchStatistics }),
  };
}

export function streamTensors({ inputs }: Pick<DigitStreams, 'inputs'>, steps: number, streams: number): tf.Tensor3D {
  return tf.tensor3d(inputs, [steps, streams, stepFeatures]);
}

/** Mean −log P(digit) in nats over the steps where a digit ends. */
export function streamLoss(logits: tf.Tensor3D, labels: Int32Array): tf.Scalar {
  const targets = new Float32Array(labels.length * digitClasses);
  let digits = 0;
  for (const [index, label] of labels.entries()) {
    if (label < 0) continue;
    targets[index * digitClasses + label] = 1;
    digits += 1;
  }
  const flat = tf.reshape(logits, [labels.length, digitClasses]);
  const greatest = tf.max(flat, 1, true);
  const shifted = tf.sub(flat, greatest);
  const logNormalizer = tf.log(tf.sum(tf.exp(shifted), 1, true));
  const logLikelihood = tf.sum(
    tf.mul(tf.tensor2d(targets, [labels.length, digitClasses]), tf.sub(shifted, logNormalizer)),
  );
  return tf.div(tf.neg(logLikelihood), Math.max(1, digits)) as tf.Scalar;
}

/** Share of digits whose class has the greatest logit. */
export function accuracy(logits: tf.Tensor3D, labels: Int32Array): number {
  const named = tf.argMax(logits, 2).dataSync();
  let digits = 0;
  let right = 0;
  for (const [index, label] of labels.entries()) {
    if (label < 0) continue;
    digits += 1;
    if (named[index] === label) right += 1;
  }
  return digits === 0 ? 0 : right / digits;
}
