/** Keeps derivatives from exploding where they pass (Graves 2013, §2.1): it changes no value, only what flows back. */
import * as tf from '@tensorflow/tfjs-core';

/** x itself; its derivative is clipped to [−limit, limit], element by element. */
export function clipDerivative<T extends tf.Tensor>(x: T, limit: number): T {
  if (!(limit > 0)) throw new RangeError(`Derivatives are clipped to a positive limit, got ${limit}.`);
  return tf.customGrad((value: tf.Tensor | tf.GradSaveFunc) => ({
    value: tf.clone(value as tf.Tensor),
    gradFunc: (derivative: tf.Tensor) => tf.clipByValue(derivative, -limit, limit),
  }))(x) as T;
}
