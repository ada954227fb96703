/** Runs any optimizer on a problem and traces its loss. */
import type { Problem } from './problems/problem.ts';

/** An optimizer with its state, on one θ. */
export interface RunningOptimizer {
  /** Moves θ to where the gradient is to be taken; only look-ahead methods do. */
  lookAhead?(theta: Float32Array): void;
  /** Changes θ by ∇f(θ). */
  update(theta: Float32Array, gradient: Float32Array): void;
}

/**
 * The losses f(θ_1), …, f(θ_T) of T steps from a problem's initial point. The value at step t is the loss that the
 * optimizer sees in its t-th evaluation, after t − 1 updates: step 1 is the initial point, as in Eq. 3. For a
 * look-ahead method it is the loss at the look-ahead point, as Torch7 reports it.
 *
 * A loss that is not finite ends the run; the steps that are left have the value Infinity.
 */
export async function traceLosses(
  problem: Problem,
  optimizer: RunningOptimizer,
  coordinates: number,
  steps: number,
  breathe: () => Promise<void>,
): Promise<Float64Array> {
  const theta = new Float32Array(coordinates);
  const gradient = new Float32Array(coordinates);
  const losses = new Float64Array(steps).fill(Number.POSITIVE_INFINITY);
  problem.initialize(theta);
  for (let step = 1; step <= steps; step++) {
    optimizer.lookAhead?.(theta);
    const loss = problem.lossAndGradient(theta, step, gradient);
    if (!Number.isFinite(loss)) break;
    losses[step - 1] = loss;
    // The last evaluation needs no update after it.
    if (step < steps) optimizer.update(theta, gradient);
    await breathe();
  }
  return losses;
}
