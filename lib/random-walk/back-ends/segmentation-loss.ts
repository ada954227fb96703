/** Softmax cross entropy of class scores over pixels, without those that nobody labelled. */
import * as tf from '@tensorflow/tfjs-core';
import { voidLabel } from '../../datasets/label-map.ts';
import { type Compute, onKernelOrTensors } from '../../kernels/compute.ts';
import { softmaxCrossEntropyOnKernel } from '../../kernels/softmax-cross-entropy.ts';
import { InvalidTrainingImages } from './errors.ts';

/**
 * L = −(1/m) Σ log softmax(fᵢ)[labelᵢ] over the m pixels with a label, in nats; 0 where there is none. Its gradient is
 * (softmax(fᵢ) − 1[labelᵢ])/m, and exactly 0 for a pixel without a label.
 *
 * Throws InvalidTrainingImages for a label that is no class.
 *
 * @param scores [..., classes], before any softmax
 * @param labels one a pixel, 0 to classes − 1, or 255
 */
export function segmentationLoss(scores: tf.Tensor, labels: Uint8Array, compute: Compute = 'auto'): tf.Scalar {
  const classes = scores.shape.at(-1)!;
  if (labels.length * classes !== scores.size) {
    throw new InvalidTrainingImages(
      `There must be a label for each of the ${scores.size / classes} pixels with scores, got ${labels.length}.`,
    );
  }
  const wrong = labels.find((label) => label >= classes && label !== voidLabel);
  if (wrong !== undefined) {
    throw new InvalidTrainingImages(
      `Labels must be 0 to ${classes - 1}, or ${voidLabel} where a pixel has none, got ${wrong}. Say how many classes there are.`,
    );
  }
  return onKernelOrTensors(
    compute,
    () =>
      softmaxCrossEntropyOnKernel(
        scores,
        Int32Array.from(labels, (label) => (label === voidLabel ? -1 : label)),
      ),
    () => crossEntropyOfValues(scores, labels),
  );
}

/** One pixel at a time, in float64. */
function crossEntropyOfValues(scores: tf.Tensor, labels: Uint8Array): tf.Scalar {
  const operation = tf.customGrad((...given) => {
    const values = (given[0] as tf.Tensor).dataSync() as Float32Array;
    const { loss, gradient } = lossAndGradient(values, labels, scores.shape.at(-1)!);
    return {
      value: tf.scalar(loss),
      gradFunc: (upstream: tf.Tensor) => tf.mul(tf.tensor(gradient, scores.shape), upstream),
    };
  });
  return operation(scores) as tf.Scalar;
}

function lossAndGradient(
  scores: Float32Array,
  labels: Uint8Array,
  classes: number,
): { readonly loss: number; readonly gradient: Float32Array } {
  const labelled = labels.reduce((count, label) => count + (label === voidLabel ? 0 : 1), 0);
  const gradient = new Float32Array(scores.length);
  let loss = 0;
  for (const [pixel, label] of labels.entries()) {
    if (label === voidLabel) continue;
    const first = pixel * classes;
    let highest = Number.NEGATIVE_INFINITY;
    for (let index = first; index < first + classes; index++) highest = Math.max(highest, scores[index]!);
    let sum = 0;
    for (let index = first; index < first + classes; index++) sum += Math.exp(scores[index]! - highest);
    for (let index = first; index < first + classes; index++) {
      gradient[index] = Math.exp(scores[index]! - highest) / sum / labelled;
    }
    gradient[first + label]! -= 1 / labelled;
    loss += Math.log(sum) + highest - scores[first + label]!;
  }
  return { loss: labelled === 0 ? 0 : loss / labelled, gradient };
}
