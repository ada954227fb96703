/**
 * What comes next in a pen's trace, as a density (Graves 2013, §4.1): a mixture of M bivariate Gaussians over the next
 * offset, and the probability that a stroke ends. A network gives 6M + 1 numbers a point, ŷ, from which they are made.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { RandomStream } from '../../numerics/random.ts';

/** What ŷ consists of, in this order; each part has M columns, and the end of the stroke one. */
const parts = ['weight', 'meanX', 'meanY', 'deviationX', 'deviationY', 'correlation'] as const;

export function mixtureOutputs(components: number): number {
  return parts.length * components + 1;
}

/**
 * Negative log likelihood of each offset, nats (Eq. 26).
 *
 * @param outputs ŷ, [points, 6M + 1]
 * @param targets x_{t+1}, [points, 3]: Δx, Δy, 1 where the stroke ends
 * @returns [points]
 */
export function mixtureNegativeLogLikelihood(outputs: tf.Tensor2D, targets: tf.Tensor2D): tf.Tensor1D {
  const [points, width] = outputs.shape;
  const components = (width - 1) / parts.length;
  if (!Number.isInteger(components) || components < 1) {
    throw new RangeError(`A mixture of M components takes 6M + 1 outputs a point, got ${width}.`);
  }
  if (targets.shape[0] !== points || targets.shape[1] !== 3) {
    throw new RangeError(`Targets must be [${points}, 3], as there are outputs, got [${targets.shape}].`);
  }
  return tf.tidy(() => {
    const [weight, meanX, meanY, deviationX, deviationY, correlation] = parts.map((_, index) =>
      tf.slice2d(outputs, [0, index * components], [points, components]),
    ) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
    const end = tf.slice2d(outputs, [0, width - 1], [points, 1]);
    const [x, y, ended] = [0, 1, 2].map((column) => tf.slice2d(targets, [0, column], [points, 1])) as [
      tf.Tensor2D,
      tf.Tensor2D,
      tf.Tensor2D,
    ];
    const logWeight = tf.sub(weight, tf.logSumExp(weight, 1, true)); // log π, Eq. 19
    // σ = exp(σ̂), Eq. 21; ρ = tanh(ρ̂), Eq. 22.
    const zx = tf.mul(tf.sub(x, meanX), tf.exp(tf.neg(deviationX)));
    const zy = tf.mul(tf.sub(y, meanY), tf.exp(tf.neg(deviationY)));
    const rho = tf.tanh(correlation);
    const z = tf.sub(tf.add(tf.square(zx), tf.square(zy)), tf.mul(tf.mul(2, rho), tf.mul(zx, zy))); // Eq. 25
    // log(1 − ρ²) from ρ̂: in float32 the difference itself is 0 from |ρ̂| = 9 on.
    const magnitude = tf.abs(correlation);
    const logOneMinusRhoSquare = tf.mul(
      2,
      tf.sub(Math.LN2, tf.add(magnitude, tf.log(tf.add(1, tf.exp(tf.mul(-2, magnitude)))))),
    );
    const logDensity = tf.sub(
      tf.neg(tf.add(Math.log(2 * Math.PI), tf.add(tf.add(deviationX, deviationY), tf.mul(0.5, logOneMinusRhoSquare)))),
      tf.mul(tf.mul(0.5, z), tf.exp(tf.neg(logOneMinusRhoSquare))),
    ); // log N(x; μ, σ, ρ), Eq. 24
    const mixture = tf.logSumExp(tf.add(logWeight, logDensity), 1);
    // −log e where the stroke ends and −log(1 − e) where it goes on, from the logit: softplus(ê) − ê·ended. The paper's
    // Eq. 18 has the logit's sign reversed.
    const bernoulli = tf.sub(tf.add(tf.relu(end), tf.log(tf.add(1, tf.exp(tf.neg(tf.abs(end)))))), tf.mul(ended, end));
    return tf.sub(tf.reshape(bernoulli, [points]), mixture) as tf.Tensor1D;
  });
}

/**
 * Draws the next offset from ŷ. With a bias b > 0 towards what is likely, deviations shrink by exp(−b) and weights
 * sharpen by 1 + b (Eqs 61 and 62): writing gets neater and less varied.
 *
 * @param outputs ŷ, [6M + 1]
 */
export function sampleMixture(
  outputs: ArrayLike<number>,
  bias: number,
  random: RandomStream,
): { readonly x: number; readonly y: number; readonly ended: boolean } {
  const components = (outputs.length - 1) / parts.length;
  const read = (part: (typeof parts)[number], component: number) =>
    outputs[parts.indexOf(part) * components + component]!;
  const logits = Array.from({ length: components }, (_, component) => (1 + bias) * read('weight', component));
  const highest = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - highest));
  let left = random.uniform() * weights.reduce((sum, weight) => sum + weight, 0);
  let chosen = 0;
  while (chosen < components - 1 && left >= weights[chosen]!) left -= weights[chosen++]!;
  const rho = Math.tanh(read('correlation', chosen));
  const [first, second] = [random.normal(), random.normal()];
  return {
    x: read('meanX', chosen) + Math.exp(read('deviationX', chosen) - bias) * first,
    y:
      read('meanY', chosen) +
      Math.exp(read('deviationY', chosen) - bias) * (rho * first + Math.sqrt(1 - rho * rho) * second),
    ended: random.uniform() < 1 / (1 + Math.exp(-outputs[outputs.length - 1]!)),
  };
}
