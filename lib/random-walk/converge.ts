/**
 * Prediction to convergence (§4.4): the limit y = (1 − α)(I − αA)⁻¹ f of ŷ_{t+1} = αAŷ_t + (1 − α) f from ŷ_0 = f. (Eq. 5
 * drops the factor, which no argmax sees.) Three iterations lead there; all of them stop by the same bound.
 *
 * Multigrid (multigrid/) is a fourth, for large images and α near 1.
 *
 * The bound: x has the residual r = αAx + (1 − α) f − x, and the rows of A are not negative and sum to one, so that
 * ‖x − y‖∞ ≤ ‖r‖∞ / (1 − α) in exact arithmetic. What float32 adds to r is some units in the last place of the largest |f|,
 * and is part of the bound that is returned.
 */
import {
  createRandomWalkKernel,
  type RandomWalkKernel,
  type RandomWalkKernelOptions,
} from '../kernels/random-walk-kernel.ts';
import { InvalidWalkSetting, WalkNotConverged } from './errors.ts';
import { labelByMultigrid, prepareMultigrid, solveByMultigrid, startFromGroups } from './multigrid/solve.ts';
import { lowestEigenvalueOfConstantImage, lowestPossibleEigenvalue } from './spectrum.ts';

/**
 * `fixed-point`: the paper's steps; the error shrinks by α a step. `conjugate-gradients`: on the symmetrised system
 * I − αD^½AD^-½. `chebyshev`: a polynomial in A that is small where the eigenvalues of αA lie, by what they are on a constant
 * image, and by Gershgorin's theorem if that turns out to be wrong. At α = 0.99 the last two take a fraction of the first's steps;
 * a step of Chebyshev's goes over memory less often than one of conjugate gradients, and needs three arrays, not five.
 * `multigrid`: conjugate gradients that smaller walks between groups of pixels make fast; Chebyshev's iteration where a picture has
 * no such groups.
 */
export type Solver = 'fixed-point' | 'conjugate-gradients' | 'chebyshev' | 'multigrid';

export interface ConvergenceOptions {
  /** α, the weight of the walk (see diffusion.ts). */
  readonly diffusion: number;
  /** How far from the limit a value may be at most; 1e-3 by default. */
  readonly tolerance?: number;
  /** Chebyshev's iteration by default. `multigrid` needs a walk of `createWalk`. */
  readonly solver?: Solver;
  /**
   * What shall be near the limit's: `values`, by default, or `labels`, each pixel's largest value. Multigrid then stops as soon as
   * about 0.1 % of the labels may still change, by how many the last step changed; other solvers go on to the tolerance.
   */
  readonly accuracy?: Accuracy;
  /** Whether the second of the walk's arrays has values to begin with (see shrink.ts), in place of f. */
  readonly isStarted?: boolean;
}

export type Accuracy = 'values' | 'labels';

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
  multigrid: 5,
};

/**
 * A walk that the solver can work on.
 *
 * @param createKernel makes the kernel, which has to be in one thread's memory for `multigrid`
 */
export function createWalk(
  options: Omit<RandomWalkKernelOptions, 'isMultigrid'>,
  solver: Solver,
  createKernel: typeof createRandomWalkKernel = createRandomWalkKernel,
): RandomWalkKernel {
  return createKernel({ ...options, isMultigrid: solver === 'multigrid' }, solverArrays[solver] ?? 1);
}

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
  const { y, steps, error } =
    (solver === 'multigrid' ? multigrid(walk, goal, options) : undefined) ??
    iterateTo(solver, walk, goal, largestDegree, options);
  // The limit has no values outside, so that this takes nothing away but rounding and overshoot.
  for (let index = 0; index < y.length; index++) y[index] = Math.min(high, Math.max(low, y[index]!));
  return { y, steps, errorBound: Math.min(error + rounding, high - low + rounding) };
}

function iterateTo(
  solver: Solver,
  walk: RandomWalkKernel,
  goal: Goal,
  largestDegree: number,
  { isStarted }: ConvergenceOptions,
): Approximation {
  if (!isStarted) walk.values[1]!.set(walk.values[0]!);
  const { y, steps, residual } = solve(solver, walk, goal, largestDegree);
  return { y, steps, error: residual / (1 - goal.diffusion) };
}

/** Without the error of rounding. */
type Approximation = { readonly y: Float32Array; readonly steps: number; readonly error: number };

/** The share of labels that may still change when `labels` are what is asked for. */
const wrongLabels = 1e-3;

/** undefined where multigrid does not serve. */
function multigrid(
  walk: RandomWalkKernel,
  { diffusion, residual, mostSteps }: Goal,
  { accuracy, isStarted }: ConvergenceOptions,
): Approximation | undefined {
  if (!walk.multigrid) {
    throw new InvalidWalkSetting("The solver 'multigrid' needs a walk that `createWalk` made for it.");
  }
  const prepared = prepareMultigrid(walk, walk.multigrid, diffusion);
  if (!prepared) return undefined;
  const [f, x] = walk.values as [Float32Array, Float32Array];
  if (!isStarted) startFromGroups(prepared, f, x);
  if (accuracy === 'labels') return labelByMultigrid(prepared, walk.values, wrongLabels, mostSteps);
  const solution = solveByMultigrid(prepared, walk.values, residual, mostSteps);
  return solution && { ...solution, error: solution.residual / (1 - diffusion) };
}

function solve(solver: Solver, walk: RandomWalkKernel, goal: Goal, largestDegree: number): Solution {
  if (solver === 'conjugate-gradients') return conjugateGradients(walk, goal);
  if (solver === 'fixed-point') return iterate(walk, goal, [fixedPoint]);
  const certain = lowestPossibleEigenvalue(largestDegree);
  const likely = Math.max(certain, eigenvalueMargin * lowestEigenvalueOfConstantImage(walk.neighbourhood));
  return iterate(
    walk,
    goal,
    [likely, certain].map((low) => chebyshev(goal.diffusion * low, goal.diffusion)),
  );
}

/** Affinities that vary can have an eigenvalue below that of a constant image. */
const eigenvalueMargin = 1.25;

/** ω_{k+1} = 1/(1 − σ²ω_k/4) from ω_1 = 1 and ω_2 = 1/(1 − σ²/2), on the steps x + γr. */
interface Iteration {
  readonly gamma: number;
  readonly sigma: number;
}

const fixedPoint: Iteration = { gamma: 1, sigma: 0 };

/** For eigenvalues of αA in [low, high]: those of x ↦ x + γr then lie in [−σ, σ], on which Chebyshev's polynomials are small. */
function chebyshev(low: number, high: number): Iteration {
  return { gamma: 2 / (2 - low - high), sigma: (high - low) / (2 - low - high) };
}

/** ‖r_t‖ ≤ αᵗ ‖r_0‖, and ‖r_0‖ ≤ α (max f − min f): the steps that the fixed point needs, and some for rounding. */
function fixedPointSteps(diffusion: number, residual: number, range: number): number {
  if (diffusion === 0 || range === 0) return 2;
  return 10 + Math.max(0, Math.ceil(Math.log(residual / (diffusion * range)) / Math.log(diffusion)));
}

/**
 * Residuals of Chebyshev's iteration are rough, and the bound counts them as if they were smooth: a step of the fixed point averages
 * them, and brings the bound down by about four, the next ones by less. So the last factor is left to those, as long as
 * each of them does more than a step of Chebyshev's would.
 */
const smoothingRange = 12;
const leastSmoothing = 0.8;

/** How many times the least residual so far one may be before the interval of the eigenvalues is taken to be wrong. */
const largestGrowth = 10;

/** Goes on with the next of the iterations, from where it is, when residuals grow as they cannot with the right interval. */
function iterate(walk: RandomWalkKernel, { diffusion, residual, mostSteps }: Goal, iterations: Iteration[]): Solution {
  const [f, first, second] = walk.values as [Float32Array, Float32Array, Float32Array];
  let [x, previous] = [first, second];
  // What it holds does not count in the first step, unless it is not finite.
  previous.fill(0);
  const [start, ...others] = iterations as [Iteration, ...Iteration[]];
  let { gamma, sigma } = start;
  let omega = 1;
  let least = Number.POSITIVE_INFINITY;
  let range = smoothingRange;
  /** ‖r‖∞ at the step before, while the fixed point's steps smooth. */
  let smoothed: number | undefined;
  for (let steps = 1; steps <= 2 * mostSteps; steps++) {
    if (steps === mostSteps + 1) {
      // No interval was right, and x may be anywhere: the fixed point's own steps lead from f to the limit in so many.
      x.set(f);
      previous.fill(0);
      [smoothed, gamma, sigma, omega] = [undefined, fixedPoint.gamma, fixedPoint.sigma, 1];
    }
    const isSmoothing = smoothed !== undefined;
    const coefficients = isSmoothing ? { omega: 1, gamma: 1 } : { omega, gamma };
    const reached = walk.iterate(x, previous, f, { diffusion, ...coefficients });
    if (reached <= residual) return { y: x, steps, residual: reached };
    [x, previous] = [previous, x];
    if (smoothed !== undefined) {
      if (reached <= leastSmoothing * smoothed) {
        smoothed = reached;
      } else {
        // ω = 1 is where an iteration begins: it makes no use of the values before.
        [smoothed, omega, range] = [undefined, 1, range / 4];
      }
      continue;
    }
    omega = omega === 1 ? 1 / (1 - sigma ** 2 / 2) : 1 / (1 - (sigma ** 2 * omega) / 4);
    least = Math.min(least, reached);
    const next = reached > largestGrowth * least ? others.shift() : undefined;
    if (next) [gamma, sigma, omega, least] = [next.gamma, next.sigma, 1, reached];
    else if (sigma > 0 && reached <= range * residual) smoothed = Number.POSITIVE_INFINITY;
  }
  throw notConverged(residual, 2 * mostSteps);
}

/**
 * Conjugate gradients on (D − αW) x = (1 − α) D f, preconditioned by D, for all classes as one system: the same iterates as on
 * the symmetrised system. Its own residual drifts from the true one in float32, so that one more step measures that, and it
 * starts again where it is not small enough.
 */
function conjugateGradients(walk: RandomWalkKernel, { diffusion, residual, mostSteps }: Goal): Solution {
  const [f, x, r, p, q] = walk.values as [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array];
  let steps = 0;
  while (steps < mostSteps) {
    // r = αAx + (1 − α) f − x, by a step of the fixed point from x.
    const reached = walk.iterate(x, r, f, { diffusion, omega: 1, gamma: 1 });
    steps += 1;
    if (reached <= residual) return { y: x, steps, residual: reached };
    for (let index = 0; index < r.length; index++) r[index]! -= x[index]!;
    p.set(r);
    let { squaredNorm, largest } = walk.advanceResidual({ x, r, p, q }, 0);
    while (largest > residual / 2 && steps < mostSteps) {
      const curvature = walk.searchProduct(p, q, diffusion);
      steps += 1;
      const advanced = walk.advanceResidual({ x, r, p, q }, squaredNorm / curvature);
      walk.advanceSearch(p, r, advanced.squaredNorm / squaredNorm);
      ({ squaredNorm, largest } = advanced);
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
