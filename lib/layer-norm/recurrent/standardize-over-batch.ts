/** Standardization over a minibatch, the core of batch normalisation, with its gradient in closed form. */
import * as tf from '@tensorflow/tfjs-core';

export interface BatchMoments {
  /** [..., 1, features] */
  readonly mean: tf.Tensor;
  /** Biased, [..., 1, features]. */
  readonly variance: tf.Tensor;
}

/**
 * Mean and biased variance of each feature over the cases of a minibatch, in two passes.
 *
 * @param x [..., cases, features]
 * @param present [..., cases, 1], 1 for a case that counts and 0 for one that does not; without it all count
 */
export function batchMoments(x: tf.Tensor, present?: tf.Tensor): BatchMoments {
  return tf.tidy(() => {
    const axis = x.rank - 2;
    const over = (values: tf.Tensor): tf.Tensor =>
      present ? tf.div(tf.sum(tf.mul(values, present), axis, true), countCases(present)) : tf.mean(values, axis, true);
    const mean = over(x);
    return { mean, variance: over(tf.square(tf.sub(x, mean))) };
  });
}

/**
 * x̂ = (x − μ) / √(σ² + ε), where `moments` are those of `x` over the same cases: the gradient takes into account that
 * they move with x. With r = 1 / √(σ² + ε), n cases that count and w = 1 for those,
 *   ∂x = r (∂x̂ − w/n Σ∂x̂ − w x̂/n Σ(∂x̂ ⊙ x̂)).
 */
export function standardizeOverBatch(
  x: tf.Tensor,
  { mean, variance }: BatchMoments,
  epsilon: number,
  present?: tf.Tensor,
): tf.Tensor {
  const axis = x.rank - 2;
  return tf.customGrad((values, save) => {
    const scale = tf.rsqrt(tf.add(variance, epsilon));
    const standardized = tf.mul(tf.sub(values as tf.Tensor, mean), scale);
    (save as tf.GradSaveFunc)([standardized, scale, ...(present ? [present] : [])]);
    return {
      value: standardized,
      gradFunc: (gradient: tf.Tensor, saved: tf.Tensor[]) => {
        const [xHat, r, counted] = saved as [tf.Tensor, tf.Tensor, tf.Tensor?];
        const total = tf.sum(gradient, axis, true);
        const along = tf.mul(xHat, tf.sum(tf.mul(gradient, xHat), axis, true));
        const shared = tf.add(total, along);
        const share = counted ? tf.mul(shared, tf.div(counted, countCases(counted))) : tf.div(shared, x.shape[axis]!);
        return tf.mul(r, tf.sub(gradient, share));
      },
    };
  })(x);
}

/** x̂ with moments that are constants, as after training. */
export function standardizeBy(x: tf.Tensor, { mean, variance }: BatchMoments, epsilon: number): tf.Tensor {
  return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon)));
}

/** How many cases count, at least 1: where none does, the moments are of no use and must only be finite. */
function countCases(present: tf.Tensor): tf.Tensor {
  return tf.maximum(tf.sum(present, present.rank - 2, true), 1);
}
