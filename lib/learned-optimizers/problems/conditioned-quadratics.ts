/**
 * Quadratic functions whose difficulty is a number: f(θ) = ½ (θ − θ*)ᵀ A (θ − θ*) with A = Q diag(λ) Qᵀ, the eigenvalues
 * spread evenly on a logarithmic scale from 1/κ to 1, and Q a random rotation. κ = λ_max / λ_min is the condition number.
 *
 * A rotation that is uniform (Haar) makes every coordinate an equal mixture of all eigenvectors, so that nothing a
 * coordinate sees alone tells it of the curvature: this is where sharing information between coordinates should pay.
 *
 * θ₁ = 0, and θ* is a normal vector scaled so that f(θ₁) = n: every function starts at a loss of 1 a coordinate, whatever
 * its condition number and its dimension, and none dominates the meta-loss by its scale. A problem is a batch of such
 * functions; its loss is the mean over them of f/n, its gradient the one of each single f.
 */
import { type RandomStream, randomStream } from '../../numerics/random.ts';
import { layOutTensors, type ProblemFamily } from './problem.ts';

export interface ConditionedQuadraticsSettings {
  /** n of each function of the batch. */
  readonly dimensions: readonly number[];
  /** κ is drawn anew for each function, evenly on a logarithmic scale between these; at least 1. Equal: it is that. */
  readonly conditionNumbers: readonly [least: number, greatest: number];
}

export function createConditionedQuadratics(settings: ConditionedQuadraticsSettings): ProblemFamily {
  const { dimensions, conditionNumbers } = settings;
  const [least, greatest] = conditionNumbers;
  if (!(least >= 1 && greatest >= least)) {
    throw new RangeError(`Condition numbers must be at least 1 and ascend, got ${least} to ${greatest}.`);
  }
  const shapes = Object.fromEntries(dimensions.map((size, index) => [`theta-${index}`, [size]]));
  const tensors = layOutTensors(shapes);
  return {
    coordinates: dimensions.reduce((sum, size) => sum + size, 0),
    tensors,
    lossUnit: 'share of the initial loss',

    sample(seed, ...names) {
      const functions = tensors.map(({ offset, size }, index) => {
        const random = randomStream(seed, ...names, 'function', index);
        const conditionNumber = least * (greatest / least) ** random.uniform();
        return { offset, size, ...drawFunction(size, conditionNumber, random) };
      });
      const residual = new Float64Array(Math.max(...dimensions));

      return {
        initialize: (theta) => void theta.fill(0),

        lossAndGradient(theta, _step, gradient) {
          let loss = 0;
          for (const { offset, size, matrix, minimizer } of functions) {
            for (let k = 0; k < size; k++) residual[k] = theta[offset + k]! - minimizer[k]!;
            let value = 0;
            let place = 0;
            for (let row = 0; row < size; row++) {
              let sum = 0; // ∇f = A (θ − θ*)
              for (let column = 0; column < size; column++) sum += matrix[place++]! * residual[column]!;
              gradient[offset + row] = sum;
              value += 0.5 * residual[row]! * sum;
            }
            loss += value / size;
          }
          return loss / functions.length;
        },
      };
    },
  };
}

/** A [n, n] and θ* [n] in float64: a loss of 10⁻⁶ of the start is still told from rounding. */
function drawFunction(size: number, conditionNumber: number, random: RandomStream) {
  const eigenvalues = Float64Array.from({ length: size }, (_, k) =>
    size === 1 ? 1 : conditionNumber ** (-k / (size - 1)),
  );
  const rotation = drawRotation(size, random);
  const matrix = new Float64Array(size * size);
  for (let k = 0; k < size; k++) {
    for (let row = 0; row < size; row++) {
      const factor = eigenvalues[k]! * rotation[k * size + row]!;
      for (let column = 0; column < size; column++)
        matrix[row * size + column]! += factor * rotation[k * size + column]!;
    }
  }
  const minimizer = Float64Array.from({ length: size }, () => random.normal());
  let value = 0;
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++)
      value += 0.5 * minimizer[row]! * matrix[row * size + column]! * minimizer[column]!;
  const scale = Math.sqrt(size / value);
  for (let k = 0; k < size; k++) minimizer[k]! *= scale;
  return { matrix, minimizer };
}

/**
 * A random orthogonal matrix, uniform over all (Haar): the Gram–Schmidt orthogonalization of Gaussian rows, whose
 * directions are uniform on what the rows before leave. Row-major; a row is an eigenvector.
 */
function drawRotation(size: number, random: RandomStream): Float64Array {
  const rows = new Float64Array(size * size);
  for (let index = 0; index < size; index++) {
    const row = rows.subarray(index * size, (index + 1) * size);
    for (let k = 0; k < size; k++) row[k] = random.normal();
    // Twice, so that rounding leaves rows as orthogonal as float64 can say.
    for (let pass = 0; pass < 2; pass++) {
      for (let before = 0; before < index; before++) {
        const other = rows.subarray(before * size, (before + 1) * size);
        let product = 0;
        for (let k = 0; k < size; k++) product += row[k]! * other[k]!;
        for (let k = 0; k < size; k++) row[k]! -= product * other[k]!;
      }
    }
    let square = 0;
    for (let k = 0; k < size; k++) square += row[k]! * row[k]!;
    for (let k = 0; k < size; k++) row[k]! /= Math.sqrt(square);
  }
  return rows;
}
