/**
 * SICK's protocol (Tai et al. 2015, Kiros et al. 2015): how related two sentences are, from their vectors u and v. A softmax
 * over the scores 1 to 5 on the features |u − v| and u ⊙ v is fitted to a distribution with the score as its mean, and
 * fitting ends where Pearson's correlation on the development pairs is best.
 */
import { pearsonCorrelation } from '../../numerics/correlation.ts';
import { createDesignMatrix, type DesignMatrix } from '../../numerics/design-matrix.ts';
import { startMinimization } from '../../numerics/quasi-newton.ts';

export const scoreLevels = 5;

export interface ScoredPairs {
  /** [pairs, features] row by row */
  readonly features: Float32Array;
  /** [pairs], 1 to 5 */
  readonly scores: Float64Array;
}

const mostSteps = 500;
/** Steps without a better correlation on the development pairs, after which no better one is expected. */
const patienceSteps = 20;

/** |u − v| and u ⊙ v. [2 × units] */
export function pairFeatures(u: ArrayLike<number>, v: ArrayLike<number>): Float32Array {
  const units = u.length;
  const features = new Float32Array(2 * units);
  for (let unit = 0; unit < units; unit++) {
    features[unit] = Math.abs(u[unit]! - v[unit]!);
    features[units + unit] = u[unit]! * v[unit]!;
  }
  return features;
}

/** Over the scores 1 to 5, with this score as its mean: the two scores beside it share the probability. */
export function scoreDistribution(score: number): Float64Array {
  const distribution = new Float64Array(scoreLevels);
  const lower = Math.min(Math.floor(score), scoreLevels - 1);
  distribution[lower - 1] = lower + 1 - score;
  distribution[lower] = score - lower;
  return distribution;
}

/**
 * Call `startTensorFlow` before.
 *
 * @returns the expected scores of the pairs in `test`, [pairs]
 */
export function predictRelatedness(train: ScoredPairs, development: ScoredPairs, test: ScoredPairs): Float64Array {
  const designs = [train, development, test].map(({ features, scores }) =>
    createDesignMatrix(features, scores.length, features.length / scores.length),
  ) as [DesignMatrix, DesignMatrix, DesignMatrix];
  try {
    const targets = Array.from(train.scores, scoreDistribution);
    const { columns } = designs[0];
    const minimization = startMinimization(new Float64Array((columns + 1) * scoreLevels), {
      precondition: diagonalPreconditioner(train.features, train.scores.length),
      tolerance: 1e-9,
    });
    let best = { correlation: Number.NEGATIVE_INFINITY, step: 0, weights: minimization.best };
    for (let step = 1; step <= mostSteps && step - best.step <= patienceSteps && !minimization.isDone; step++) {
      const { value, gradient } = crossEntropy(designs[0], targets, minimization.point);
      minimization.observe(value, gradient);
      const predicted = expectedScores(designs[1], minimization.best);
      const correlation = pearsonCorrelation(predicted, development.scores);
      if (correlation > best.correlation) best = { correlation, step, weights: minimization.best };
    }
    return expectedScores(designs[2], best.weights);
  } finally {
    for (const design of designs) design.dispose();
  }
}

/** Softmax probabilities [rows, 5] of weights [columns + 1, 5], whose last row is the bias. */
function probabilities(design: DesignMatrix, weights: Float64Array): Float64Array {
  const { rows, columns } = design;
  const scores = Float64Array.from(
    design.multiply(Float32Array.from(weights.subarray(0, columns * scoreLevels)), scoreLevels),
  );
  for (let row = 0; row < rows; row++) {
    const own = scores.subarray(row * scoreLevels, (row + 1) * scoreLevels);
    for (let level = 0; level < scoreLevels; level++) own[level]! += weights[columns * scoreLevels + level]!;
    const highest = Math.max(...own);
    let sum = 0;
    for (let level = 0; level < scoreLevels; level++) {
      own[level] = Math.exp(own[level]! - highest);
      sum += own[level]!;
    }
    for (let level = 0; level < scoreLevels; level++) own[level]! /= sum;
  }
  return scores;
}

function expectedScores(design: DesignMatrix, weights: Float64Array): Float64Array {
  const shares = probabilities(design, weights);
  return Float64Array.from({ length: design.rows }, (_, row) => {
    let sum = 0;
    for (let level = 0; level < scoreLevels; level++) sum += (level + 1) * shares[row * scoreLevels + level]!;
    return sum;
  });
}

/** Summed over the rows, in nats. */
function crossEntropy(design: DesignMatrix, targets: readonly Float64Array[], weights: Float64Array) {
  const { rows, columns } = design;
  const shares = probabilities(design, weights);
  const residuals = new Float32Array(rows * scoreLevels);
  const gradient = new Float64Array(weights.length);
  let value = 0;
  for (const [row, target] of targets.entries()) {
    for (let level = 0; level < scoreLevels; level++) {
      const share = shares[row * scoreLevels + level]!;
      if (target[level]! > 0) value -= target[level]! * Math.log(share);
      residuals[row * scoreLevels + level] = share - target[level]!;
      gradient[columns * scoreLevels + level]! += share - target[level]!;
    }
  }
  gradient.set(design.multiplyTransposed(residuals, scoreLevels));
  return { value, gradient };
}

/** Divides by the diagonal of the Hessian's bound, ¼ Σ x²: the features' scales differ from model to model. */
function diagonalPreconditioner(features: Float32Array, rows: number) {
  const columns = features.length / rows;
  const squares = new Float64Array(columns + 1);
  for (let index = 0; index < features.length; index++) squares[index % columns]! += features[index]! ** 2 / 4;
  squares[columns] = rows / 4;
  // A feature that is zero everywhere has a gradient of zero, too.
  const least = 1e-12 * rows;
  return (gradient: Float64Array) =>
    gradient.map((value, index) => value / (squares[Math.floor(index / scoreLevels)]! + least));
}
