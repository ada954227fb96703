/** Dropout (Srivastava et al. 2014) from a seeded stream: TensorFlow.js's own draws from a generator of its own. */
import * as tf from '@tensorflow/tfjs-core';
import type { RandomStream } from '../numerics/random.ts';

/**
 * Each value is 0 with probability `rate`, to the nearest 256th, and else divided by the probability of being kept.
 *
 * @param x of any shape
 * @throws RangeError for a rate that is not in [0, 1)
 */
export function dropOut(x: tf.Tensor, rate: number, random: RandomStream): tf.Tensor {
  if (!(rate >= 0 && rate < 1)) throw new RangeError(`dropOut: rate must be in [0, 1), got ${rate}.`);
  const dropped = Math.min(255, Math.round(256 * rate));
  if (dropped === 0) return x;
  const kept = 256 / (256 - dropped);
  const factors = new Float32Array(x.size);
  for (let start = 0; start < factors.length; start += 4) {
    // Four bytes of one draw decide on four values.
    let bits = (random.uniform() * 2 ** 32) >>> 0;
    const end = Math.min(start + 4, factors.length);
    for (let index = start; index < end; index++) {
      factors[index] = (bits & 255) < dropped ? 0 : kept;
      bits >>>= 8;
    }
  }
  return tf.mul(x, tf.tensor(factors, x.shape));
}
