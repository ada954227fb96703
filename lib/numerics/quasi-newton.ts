/**
 * L-BFGS (Nocedal & Wright, Algorithms 7.4 and 3.1) as a conversation: it proposes a point, is told value and gradient there,
 * and proposes the next. So a hundred minimizations can go on side by side and share one matrix product a step.
 *
 *   d = −H ∇f;   x ← x + t d with t = 1, ½, ¼, … until f(x + t d) ≤ f(x) + 10⁻⁴ t ∇fᵀd
 *
 * H comes from the last pairs (s, y) on top of a preconditioner that the caller knows.
 */

export interface Minimization {
  /** Where value and gradient are wanted next. */
  readonly point: Float64Array;
  /** The best point so far is a minimum as far as the tolerance asks, or nothing lower can be found. */
  readonly isDone: boolean;
  /** The lowest accepted point. */
  readonly best: Float64Array;
  observe(value: number, gradient: Float64Array): void;
}

export interface MinimizationOptions {
  /** ∇ → P⁻¹∇ for a symmetric positive definite P near the Hessian; the identity where absent. */
  readonly precondition?: (gradient: Float64Array) => Float64Array;
  /** Done where the expected decrease ½ ∇ᵀP⁻¹∇ is at most this share of |f|. */
  readonly tolerance: number;
  /** Pairs (s, y) that are kept. */
  readonly historySize?: number;
}

interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
  /** 1 / yᵀs */
  readonly rho: number;
}

const sufficientDecrease = 1e-4;
const shortestStep = 1e-6;

export function startMinimization(
  start: Float64Array,
  { precondition = (gradient) => gradient.slice(), tolerance, historySize = 10 }: MinimizationOptions,
): Minimization {
  const pairs: Pair[] = [];
  let accepted: { readonly x: Float64Array; readonly value: number; readonly gradient: Float64Array } | undefined;
  let direction = new Float64Array(start.length);
  let slope = 0;
  let step = 1;
  let point = Float64Array.from(start);
  let isDone = false;

  const propose = () => {
    const { x } = accepted!;
    point = x.map((value, k) => value + step * direction[k]!);
  };

  return {
    get point() {
      return point;
    },
    get isDone() {
      return isDone;
    },
    get best() {
      return accepted?.x ?? point;
    },
    observe(value, gradient) {
      if (accepted && !(value <= accepted.value + sufficientDecrease * step * slope)) {
        step /= 2;
        isDone ||= step < shortestStep;
        propose();
        return;
      }
      if (accepted) {
        const before = accepted;
        const s = point.map((at, k) => at - before.x[k]!);
        const y = gradient.map((at, k) => at - before.gradient[k]!);
        const curvature = dot(y, s);
        if (curvature > 1e-12 * dot(y, y)) {
          if (pairs.length === historySize) pairs.shift();
          pairs.push({ s, y, rho: 1 / curvature });
        }
      }
      accepted = { x: point, value, gradient: gradient.slice() };
      isDone = dot(gradient, precondition(gradient)) / 2 <= tolerance * Math.abs(value);
      direction = twoLoopRecursion(pairs, gradient, precondition).map((at) => -at);
      slope = dot(gradient, direction);
      step = 1;
      propose();
    },
  };
}

/** H ∇ */
function twoLoopRecursion(
  pairs: readonly Pair[],
  gradient: Float64Array,
  precondition: (gradient: Float64Array) => Float64Array,
): Float64Array {
  const q = gradient.slice();
  const alphas = pairs.map(() => 0);
  for (let index = pairs.length - 1; index >= 0; index--) {
    const { s, y, rho } = pairs[index]!;
    const alpha = rho * dot(s, q);
    alphas[index] = alpha;
    for (let k = 0; k < q.length; k++) q[k]! -= alpha * y[k]!;
  }
  const r = precondition(q);
  for (const [index, { s, y, rho }] of pairs.entries()) {
    const beta = rho * dot(y, r);
    for (let k = 0; k < r.length; k++) r[k]! += (alphas[index]! - beta) * s[k]!;
  }
  return r;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!;
  return sum;
}
