/**
 * Random scaling (Lv, Jiang, Li 2017, arXiv 1703.03633, §4.1): f′(θ′) = f(s ⊙ θ′) with ln s_i ~ U[−r, r] for each
 * coordinate, drawn anew for each problem; r = 3 there. θ′₁ = θ₁ ⊘ s, so that f′ starts where f does. An optimizer that is
 * trained on such problems cannot learn one step size by heart.
 */
import { randomStream } from '../../numerics/random.ts';
import type { ProblemFamily } from './problem.ts';

/** @param logRange r */
export function scaleRandomly(family: ProblemFamily, logRange: number): ProblemFamily {
  const { coordinates } = family;
  return {
    ...family,
    sample(seed, ...names) {
      const problem = family.sample(seed, ...names);
      const scales = new Float32Array(coordinates);
      randomStream(seed, ...names, 'scales').fillUniform(scales, -logRange, logRange);
      for (let i = 0; i < coordinates; i++) scales[i] = Math.exp(scales[i]!);
      const inner = new Float32Array(coordinates);
      return {
        initialize(theta) {
          problem.initialize(theta);
          for (let i = 0; i < coordinates; i++) theta[i]! /= scales[i]!;
        },
        lossAndGradient(theta, step, gradient) {
          for (let i = 0; i < coordinates; i++) inner[i] = theta[i]! * scales[i]!;
          const loss = problem.lossAndGradient(inner, step, gradient);
          // ∇f′(θ′) = s ⊙ ∇f(s ⊙ θ′)
          for (let i = 0; i < coordinates; i++) gradient[i]! *= scales[i]!;
          return loss;
        },
      };
    },
  };
}
