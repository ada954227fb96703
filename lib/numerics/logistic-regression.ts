/**
 * Binary logistic regression with an L2 penalty, many at a time on the same features: other rows, other penalties.
 *
 *   min over w, b:  ½ ‖w‖² + C Σᵢ log(1 + exp(−sᵢ (xᵢᵀw + b))),  sᵢ = ±1
 *
 * which is scikit-learn's and LIBLINEAR's convention; the intercept b is not penalised. Minimized by L-BFGS from w = 0 with
 * the preconditioner P = I + ¼ C n Σ, the Hessian's upper bound (Böhning & Lindsay 1988) from all rows: it takes about ten
 * steps whatever C is, and being a preconditioner it moves no minimum.
 */
import { factorizeCholesky } from './cholesky.ts';
import { createDesignMatrix, type DesignMatrix } from './design-matrix.ts';
import { type Minimization, startMinimization } from './quasi-newton.ts';

export interface LogisticRegressionProblem {
  /** The rows to fit, by number. */
  readonly rows: Int32Array;
  /** C: what the loss weighs against the penalty. */
  readonly inverseRegularization: number;
}

/** Predicts class 1 where xᵀw + b is above 0. */
export interface LogisticRegression {
  /** w, [features] */
  readonly weights: Float64Array;
  /** b */
  readonly intercept: number;
}

export interface LogisticRegressionOptions {
  /** Share of the objective that a further step is expected to gain where it stops. */
  readonly tolerance?: number;
  readonly mostSteps?: number;
}

/** So many at a time: the products of one step take rows × this × 4 bytes. */
const mostAtOnce = 128;

/**
 * Call `startTensorFlow` before.
 *
 * @param features [rows, columns] row by row
 * @param labels [rows], 0 or 1
 * @returns as many as there are problems, in their order
 */
export function fitLogisticRegressions(
  features: Float32Array,
  labels: Uint8Array,
  problems: readonly LogisticRegressionProblem[],
  { tolerance = 1e-6, mostSteps = 200 }: LogisticRegressionOptions = {},
): readonly LogisticRegression[] {
  const rows = labels.length;
  const columns = features.length / rows;
  for (const { rows: chosen, inverseRegularization } of problems) {
    if (!(inverseRegularization > 0)) throw new RangeError(`C must be above 0, got ${inverseRegularization}.`);
    if (chosen.length === 0) throw new RangeError('A logistic regression needs at least one row.');
  }
  // Centred features change nothing but the intercept, and make w and b nearly independent of each other.
  const means = columnMeans(features, rows, columns);
  const centred = features.map((value, index) => value - means[index % columns]!);
  const design = createDesignMatrix(centred, rows, columns);
  try {
    const preconditioner = createPreconditioners(design);
    const fitted: LogisticRegression[] = [];
    for (let first = 0; first < problems.length; first += mostAtOnce) {
      const some = problems.slice(first, first + mostAtOnce).map(
        (problem): RunningProblem => ({
          ...problem,
          minimization: startMinimization(new Float64Array(columns + 1), {
            precondition: preconditioner(problem),
            tolerance,
          }),
        }),
      );
      for (let step = 0; step < mostSteps; step++) {
        const active = some.filter(({ minimization }) => !minimization.isDone);
        if (active.length === 0) break;
        observeAll(design, labels, active);
      }
      for (const { minimization } of some) fitted.push(withoutCentring(minimization.best, means));
    }
    return fitted;
  } finally {
    design.dispose();
  }
}

interface RunningProblem extends LogisticRegressionProblem {
  /** Of [w, b]. */
  readonly minimization: Minimization;
}

/** Value and gradient of every problem at the point that it proposes. */
function observeAll(design: DesignMatrix, labels: Uint8Array, problems: readonly RunningProblem[]): void {
  const { rows, columns } = design;
  const width = problems.length;
  const weights = new Float32Array(columns * width);
  for (const [k, { minimization }] of problems.entries()) {
    for (let column = 0; column < columns; column++) weights[column * width + k] = minimization.point[column]!;
  }
  const scores = design.multiply(weights, width);
  const residuals = new Float32Array(rows * width);
  const sums = problems.map(({ minimization, rows: chosen, inverseRegularization }, k) => {
    const intercept = minimization.point[columns]!;
    let loss = 0;
    let interceptGradient = 0;
    for (const row of chosen) {
      const sign = labels[row] === 1 ? 1 : -1;
      const margin = sign * (scores[row * width + k]! + intercept);
      // log(1 + e^−m) and its derivative −1 / (1 + e^m), without overflow on either side.
      const small = Math.exp(-Math.abs(margin));
      loss += Math.log1p(small) + Math.max(0, -margin);
      const residual = (-sign * inverseRegularization * (margin > 0 ? small : 1)) / (1 + small);
      residuals[row * width + k] = residual;
      interceptGradient += residual;
    }
    return { loss: inverseRegularization * loss, interceptGradient };
  });
  const products = design.multiplyTransposed(residuals, width);
  for (const [k, { minimization }] of problems.entries()) {
    const gradient = new Float64Array(columns + 1);
    let penalty = 0;
    for (let column = 0; column < columns; column++) {
      const weight = minimization.point[column]!;
      penalty += (weight * weight) / 2;
      gradient[column] = weight + products[column * width + k]!;
    }
    gradient[columns] = sums[k]!.interceptGradient;
    minimization.observe(penalty + sums[k]!.loss, gradient);
  }
}

/** P⁻¹ for [w, b] by problem; one factorization for all problems of one C and nearly as many rows. */
function createPreconditioners({ rows, columns, gram }: DesignMatrix) {
  const products = gram();
  const known = new Map<number, (gradient: Float64Array) => Float64Array>();
  return ({ rows: chosen, inverseRegularization }: LogisticRegressionProblem) => {
    // To the next power of √2: a preconditioner need not be exact.
    const scale = 2 ** (Math.round(2 * Math.log2((inverseRegularization * chosen.length) / rows)) / 2) / 4;
    const found = known.get(scale);
    if (found) return found;
    const matrix = Float64Array.from(products, (value, index) => {
      const isDiagonal = index % (columns + 1) === 0;
      return scale * value + (isDiagonal ? 1 : 0);
    });
    const solve = factorizeCholesky(matrix, columns);
    const precondition = (gradient: Float64Array) => {
      const result = new Float64Array(columns + 1);
      result.set(solve(gradient.subarray(0, columns)));
      result[columns] = gradient[columns]! / (scale * rows);
      return result;
    };
    known.set(scale, precondition);
    return precondition;
  };
}

function columnMeans(features: Float32Array, rows: number, columns: number): Float64Array {
  const means = new Float64Array(columns);
  for (let index = 0; index < features.length; index++) means[index % columns]! += features[index]! / rows;
  return means;
}

/** (x − m)ᵀw + b = xᵀw + (b − mᵀw) */
function withoutCentring(point: Float64Array, means: Float64Array): LogisticRegression {
  const weights = point.slice(0, means.length);
  const shift = weights.reduce((sum, weight, column) => sum + weight * means[column]!, 0);
  return { weights, intercept: point[means.length]! - shift };
}
