/**
 * §3.1: f(θ) = ‖Wθ − y‖² with random W [10, 10] and y [10].
 *
 * A problem is a batch of such functions, and θ is all their parameters behind one another, since every optimizer here
 * works coordinate by coordinate. Its loss is the mean over the functions; its gradient is the one of each single
 * function (of the sum, not of the mean), so that learning rates do not depend on the size of the batch.
 *
 * The paper says only "IID Gaussian". `standard` is what reproductions use; see the distributions below.
 */
import { randomStream } from '../../numerics/random.ts';
import { layOutTensors, type ProblemFamily } from './problem.ts';

/** Of W and y, and of the initial point. */
export const quadraticDistributions = {
  /** W, y ~ N(0, 1), θ₁ = 0: f = 10 at the start on average. */
  standard: { coefficients: 'normal', initialDeviation: 0 },
  /** W, y ~ N(0, 1), θ₁ ~ N(0, 1). */
  'normal-start': { coefficients: 'normal', initialDeviation: 1 },
  /** W, y ~ U[0, 1], θ₁ ~ N(0, 0.01²): the original code's. */
  uniform: { coefficients: 'uniform', initialDeviation: 0.01 },
} as const;
export type QuadraticDistribution = keyof typeof quadraticDistributions;

export interface QuadraticsSettings {
  readonly distribution: QuadraticDistribution;
  /** Functions in one problem. */
  readonly functions: number;
  /** Length of each function's θ; the paper's is 10. */
  readonly dimensions: number;
}

export function createQuadratics({ distribution, functions, dimensions }: QuadraticsSettings): ProblemFamily {
  const { coefficients, initialDeviation } = quadraticDistributions[distribution];
  const coordinates = functions * dimensions;
  return {
    coordinates,
    tensors: layOutTensors({ theta: [functions, dimensions] }),
    lossUnit: 'squared error',

    sample(seed, ...names) {
      const random = randomStream(seed, ...names, 'function');
      const w = new Float32Array(functions * dimensions * dimensions);
      const y = new Float32Array(functions * dimensions);
      for (const values of [w, y]) {
        if (coefficients === 'normal') random.fillNormal(values, 1);
        else random.fillUniform(values, 0, 1);
      }

      return {
        initialize: (theta) => randomStream(seed, ...names, 'initial').fillNormal(theta, initialDeviation),

        lossAndGradient(theta, _step, gradient) {
          gradient.fill(0);
          let loss = 0;
          for (let start = 0; start < coordinates; start += dimensions) {
            for (let row = 0; row < dimensions; row++) {
              const wRow = (start + row) * dimensions;
              let residual = -y[start + row]!;
              for (let column = 0; column < dimensions; column++)
                residual += w[wRow + column]! * theta[start + column]!;
              loss += residual * residual;
              // ∇f = 2 Wᵀ(Wθ − y), a row of W at a time
              const factor = 2 * residual;
              for (let column = 0; column < dimensions; column++)
                gradient[start + column]! += factor * w[wRow + column]!;
            }
          }
          return loss / functions;
        },
      };
    },
  };
}
