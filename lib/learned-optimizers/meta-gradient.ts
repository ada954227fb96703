/**
 * The gradient of the meta-loss without differentiating the optimizee.
 *
 * Eq. 3: L(φ) = Σ_t w_t f(θ_t), θ_{t+1} = θ_t + g_t, [g_t, h_{t+1}] = m(∇_t, h_t, φ). §2 drops the gradients along the
 * dashed edges of Figure 2, ∂∇_t/∂φ = 0, so θ_s depends on the update g_t only through the sum θ_s = θ_1 + Σ_{t<s} g_t:
 *
 *   ∂L/∂g_t = Σ_{s>t} w_s ∇f(θ_s)
 *
 * These ∇f(θ_s) are the very gradients that the optimizer gets as inputs at the steps after t. So one reverse sweep
 * through the network alone, fed by suffix sums of gradients already seen, gives dL/dφ; the optimizee is evaluated once
 * a step, as in a plain forward run. `test/learned-optimizers/meta-gradient.test.ts` holds it against automatic
 * differentiation of the whole unrolled graph.
 */
import type { RandomStream } from '../numerics/random.ts';
import type { ParameterTensor } from './problems/problem.ts';

/**
 * Turns the gradients of one window into ∂L/∂g_t, in place.
 *
 * @param following [steps, selected] row t holds ∇f(θ_{t+1}): what was seen *after* the update of step t
 * @param lossWeights [steps] w_{t+1}
 */
export function sumFollowingGradients(following: Float32Array, lossWeights: ArrayLike<number>): void {
  const steps = lossWeights.length;
  const selected = following.length / steps;
  for (let step = steps - 1; step >= 0; step--) {
    const weight = lossWeights[step]!;
    const row = step * selected;
    const next = row + selected;
    for (let k = 0; k < selected; k++) {
      following[row + k] = weight * following[row + k]! + (step < steps - 1 ? following[next + k]! : 0);
    }
  }
}

/** The coordinates that one window's meta-gradient goes through, ascending, and what each of them stands for. */
export interface CoordinateSelection {
  /** [selected] */
  readonly coordinates: Int32Array;
  /** [selected] 1 / the chance that the coordinate was drawn. */
  readonly weights: Float32Array;
}

/**
 * A random subset of the coordinates for back-propagation, stratified by tensor: of a tensor of more than `perTensor`
 * coordinates that many are drawn without replacement, each standing for size / perTensor of its kind; smaller tensors are
 * taken whole. The coordinates share their parameters and do not interact, so dL/dφ is a sum over them and the weighted
 * sum over the subset has exactly that expectation. Drawing over all tensors alike would be much noisier: a network's
 * few biases and last weights carry most of the signal.
 */
export function selectCoordinates(
  tensors: readonly ParameterTensor[],
  perTensor: number,
  random: RandomStream,
): CoordinateSelection {
  const counts = tensors.map(({ size }) => Math.min(size, perTensor));
  const total = counts.reduce((sum, count) => sum + count, 0);
  const coordinates = new Int32Array(total);
  const weights = new Float32Array(total);
  let from = 0;
  for (const [index, { offset, size }] of tensors.entries()) {
    const part = coordinates.subarray(from, from + counts[index]!);
    if (part.length === size) part.set(Int32Array.from(part, (_, k) => k));
    else random.fillSample(part, size);
    // Ascending, so that the kernel walks memory forwards.
    part.sort();
    for (let k = 0; k < part.length; k++) part[k]! += offset;
    weights.fill(size / part.length, from, from + part.length);
    from += part.length;
  }
  return { coordinates, weights };
}
