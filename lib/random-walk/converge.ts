/**
 * Prediction to convergence (§4.4): the limit y = (1 − α)(I − αA)⁻¹ f of ŷ_{t+1} = αAŷ_t + (1 − α) f from ŷ_0 = f. (Eq. 5
 * drops the factor, which no argmax sees.) Three iterations lead there; all of them stop by the same bound.
 *
 * The bound: x has the residual r = αAx + (1 − α) f − x, and the rows of A are not negative and sum to one, so that
 * ‖x − y‖∞ ≤ ‖r‖∞ / (1 − α) in exact arithmetic. What float32 adds to r is some units in the last place of the largest |f|,
 * and is part of the bound that is returned.
 */
import type { RandomWalkKernel } from '../kernels/random-walk-kernel.ts';
import { InvalidWalkSetting, WalkNotConverged } from './errors.ts';

/**
 * `fixed-point`: the paper's steps; the error shrinks by α a step. `conjugate-gradients`: on the symmetrised system
 * I − αD^½AD^-½. `chebyshev`: a polynomial in A that is small on all of [α(2/d − 1), α], where the eigenvalues of αA are by
 * Gershgorin's theorem, d being the largest degree. The last two take about a tenth of the first's steps at α = 0.99; a step of
 * Chebyshev's goes over memory less often than one of conjugate gradients.
 */
export type Solver = 'fixed-point' | 'conjugate-gradients' | 'chebyshev';

export interface ConvergenceOptions {
  /** α, the weight of the walk (see diffusion.ts). */
  readonly diffusion: number;
  /** How far from the limit a value may be at most; 1e-3 by default. */
  readonly tolerance?: number;
  /** Chebyshev's iteration by default. */
  readonly solver?: Solver;
}

export interface Convergence {
  /** One of the walk's arrays: [pixels, classes]. No value is below the least of f, or above the largest. */
  readonly y: Float32Array;
  /** Products with A. */
  readonly steps: number;
  /** ‖y − limit‖∞ is at most this. */
  readonly errorBound: number;
}

/** Arrays [pixels, classes] of the kernel that a solver works in, that of f included. */
export const solverArrays: Readonly<Record<Solver, number>> = {
  'fixed-point': 3,
  'conjugate-gradients': 5,
  chebyshev: 3,
};

/** What rounding adds to a residual, in units of 2⁻²⁴ · max |f|: test/random-walk/converge.test.ts holds it against float64. */
const roundingUnits = 8;

interface Goal {
  readonly diffusion: number;
  /** ‖r‖∞ that is small enough. */
  readonly residual: number;
  readonly mostSteps: number;
}

type Solution = { readonly y: Float32Array; readonly steps: number; readonly residual: number };

/**
 * Throws InvalidWalkSetting for a tolerance that float32 does not reach, WalkNotConverged where it was not reached.
 *
 * @param walk with affinities, degrees and `solverArrays` arrays; f is the first of them, and stays as it is
 * @param largestDegree what the walk's `computeAffinities` or `normalize` returned
 */
export function converge(walk: RandomWalkKernel, largestDegree: number, options: ConvergenceOptions): Convergence {
  const { diffusion, tolerance = 1e-3, solver = 'chebyshev' } = options;
  if (!(solver in solverArrays)) {
    throw new InvalidWalkSetting(`The solver must be one of ${Object.keys(solverArrays).join(', ')}, got '${solver}'.`);
  }
  const [low, high] = rangeOf(walk.values[0]!);
  const magnitude = Math.max(-low, high);
  const rounding = (roundingUnits * 2 ** -24 * magnitude) / (1 - diffusion);
  if (!(tolerance > 2 * rounding)) {
    throw new InvalidWalkSetting(
      `The tolerance must be more than ${(2 * rounding).toExponential(1)} where the walk weighs ${diffusion} and values go up to ${magnitude.toPrecision(3)}, got ${tolerance}: float32 has no more digits.`,
    );
  }
  const residual = (tolerance - rounding) * (1 - diffusion);
  const goal = { diffusion, residual, mostSteps: fixedPointSteps(diffusion, residual, high - low) };
  const { y, steps, residual: reached } = solve(solver, walk, goal, largestDegree);
  // The limit has no values outside, so that this takes nothing away but rounding and overshoot.
  for (let index = 0; index < y.length; index++) y[index] = Math.min(high, Math.max(low, y[index]!));
  return { y, steps, errorBound: reached / (1 - diffusion) + rounding };
}

function solve(solver: Solver, walk: RandomWalkKernel, goal: Goal, largestDegree: number): Solution {
  if (solver === 'conjugate-gradients') return conjugateGradients(walk, goal);
  const [low, high] = [goal.diffusion * (2 / largestDegree - 1), goal.diffusion];
  return iterate(walk, goal, solver === 'chebyshev' ? { low, high } : undefined);
}

/** ‖r_t‖ ≤ αᵗ ‖r_0‖, and ‖r_0‖ ≤ α (max f − min f): the steps that the fixed point needs, and some for rounding. */
function fixedPointSteps(diffusion: number, residual: number, range: number): number {
  if (diffusion === 0 || range === 0) return 2;
  return 10 + Math.max(0, Math.ceil(Math.log(residual / (diffusion * range)) / Math.log(diffusion)));
}

/**
 * The fixed point's iteration, or Chebyshev's for eigenvalues of αA in [low, high]: x + γr, with γ = 2/(2 − low − high), has
 * its own in [−σ, σ], and ω_{k+1} = 1/(1 − σ²ω_k/4) makes Chebyshev's polynomials of them.
 */
function iterate(
  walk: RandomWalkKernel,
  { diffusion, residual, mostSteps }: Goal,
  spectrum?: { readonly low: number; readonly high: number },
): Solution {
  const [f, first, second] = walk.values as [Float32Array, Float32Array, Float32Array];
  let [x, previous] = [first, second];
  x.set(f);
  previous.set(f);
  const gamma = spectrum ? 2 / (2 - spectrum.low - spectrum.high) : 1;
  const sigma = spectrum ? (spectrum.high - spectrum.low) / (2 - spectrum.low - spectrum.high) : 0;
  let omega = 1;
  for (let steps = 1; steps <= mostSteps; steps++) {
    const reached = walk.iterate(x, previous, f, { diffusion, omega, gamma });
    if (reached <= residual) return { y: x, steps, residual: reached };
    [x, previous] = [previous, x];
    omega = steps === 1 ? 1 / (1 - sigma ** 2 / 2) : 1 / (1 - (sigma ** 2 * omega) / 4);
  }
  throw notConverged(residual, mostSteps);
}

/**
 * Conjugate gradients on (D − αW) x = (1 − α) D f, preconditioned by D, for all classes as one system: the same iterates as on
 * the symmetrised system. Its own residual drifts from the true one in float32, so that one more step measures that, and it
 * starts again where it is not small enough.
 */
function conjugateGradients(walk: RandomWalkKernel, { diffusion, residual, mostSteps }: Goal): Solution {
  const [f, x, r, p, q] = walk.values as [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array];
  x.set(f);
  let steps = 0;
  while (steps < mostSteps) {
    // r = αAx + (1 − α) f − x, by a step of the fixed point from x.
    const reached = walk.iterate(x, r, f, { diffusion, omega: 1, gamma: 1 });
    steps += 1;
    if (reached <= residual) return { y: x, steps, residual: reached };
    for (let index = 0; index < r.length; index++) r[index]! -= x[index]!;
    p.set(r);
    let squared = walk.advanceResidual({ x, r, p, q }, 0).squaredNorm;
    for (let largest = reached; largest > residual / 2 && steps < mostSteps; ) {
      const curvature = walk.searchProduct(p, q, diffusion);
      steps += 1;
      const advanced = walk.advanceResidual({ x, r, p, q }, squared / curvature);
      walk.advanceSearch(p, r, advanced.squaredNorm / squared);
      squared = advanced.squaredNorm;
      largest = advanced.largest;
    }
  }
  throw notConverged(residual, mostSteps);
}

function notConverged(residual: number, steps: number): WalkNotConverged {
  return new WalkNotConverged(
    `The residual of the walk did not fall to ${residual.toExponential(1)} in ${steps} steps. Are all values finite?`,
  );
}

function rangeOf(values: Float32Array): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}
