/**
 * L-BFGS with the semantics and defaults of Torch7's `optim.lbfgs` without a line search: a constant rate η, scaled by
 * min(1, 1/‖∇‖₁) on the first step; up to 100 pairs (s, y), of which those with yᵀs ≤ 10⁻¹⁰ are left out; H₀ = sᵀy/yᵀy of
 * the last pair. Nocedal & Wright, Algorithm 7.4.
 *
 *   θ ← θ − η H ∇;   s = the last move, y = the gradient's change over it
 *
 * Torch7's further stopping rules are left out: a run here has as many steps as every other optimizer's.
 */
import type { CoordinateGroups } from './information-sharing/coordinate-groups.ts';
import type { RunningOptimizer } from './optimize.ts';

export interface LimitedMemoryBfgsOptions {
  readonly learningRate: number;
  /** Pairs (s, y) that are kept. */
  readonly historySize?: number;
}

const leastCurvature = 1e-10;

/** One run on a batch of functions: each has a history of its own. */
export function startLimitedMemoryBfgs(
  groups: CoordinateGroups,
  { learningRate, historySize = 100 }: LimitedMemoryBfgsOptions,
): RunningOptimizer {
  const functions = groups.sizes.map((size, index) => ({
    start: groups.starts[index]!,
    direct: startFunction(size, learningRate, historySize),
  }));
  return {
    update(theta, gradient) {
      for (const [index, { start, direct }] of functions.entries()) {
        const size = groups.sizes[index]!;
        const move = direct(gradient.subarray(start, start + size));
        for (let k = 0; k < size; k++) theta[start + k]! += move[k]!;
      }
    },
  };
}

interface Pair {
  /** The move, and the change of the gradient over it. */
  readonly s: Float64Array;
  readonly y: Float64Array;
  /** 1 / yᵀs */
  readonly rho: number;
}

/** ∇ → the move η·d, with the history inside. */
function startFunction(size: number, learningRate: number, historySize: number) {
  const pairs: Pair[] = [];
  let lastGradient: Float64Array | undefined;
  let lastMove = new Float64Array(size);
  let initialScale = 1;

  return (seen: Float32Array): Float64Array => {
    const gradient = Float64Array.from(seen);
    let rate = learningRate;
    if (lastGradient) {
      const before = lastGradient;
      const y = gradient.map((value, k) => value - before[k]!);
      const curvature = dot(y, lastMove);
      if (curvature > leastCurvature) {
        if (pairs.length === historySize) pairs.shift();
        pairs.push({ s: lastMove, y, rho: 1 / curvature });
        initialScale = curvature / dot(y, y);
      }
    } else {
      const sum = gradient.reduce((total, value) => total + Math.abs(value), 0);
      rate *= Math.min(1, 1 / sum);
    }
    lastGradient = gradient;
    const direction = twoLoopRecursion(pairs, gradient, initialScale);
    lastMove = direction.map((value) => -rate * value);
    return lastMove;
  };
}

/** H ∇ */
function twoLoopRecursion(pairs: readonly Pair[], gradient: Float64Array, initialScale: number): Float64Array {
  const q = gradient.slice();
  const alphas = pairs.map(() => 0);
  for (let index = pairs.length - 1; index >= 0; index--) {
    const { s, y, rho } = pairs[index]!;
    const alpha = rho * dot(s, q);
    alphas[index] = alpha;
    for (let k = 0; k < q.length; k++) q[k]! -= alpha * y[k]!;
  }
  for (let k = 0; k < q.length; k++) q[k]! *= initialScale;
  for (const [index, { s, y, rho }] of pairs.entries()) {
    const beta = rho * dot(y, q);
    for (let k = 0; k < q.length; k++) q[k]! += (alphas[index]! - beta) * s[k]!;
  }
  return q;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!;
  return sum;
}
