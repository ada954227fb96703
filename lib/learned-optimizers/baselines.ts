/**
 * The hand-written optimizers that the paper compares with, with the semantics and defaults of Torch7's `optim`
 * package, which it used. They differ from today's usual ones:
 *
 * - `nag` really looks ahead: it moves θ along its velocity *before* the gradient is taken, and the loss it reports is
 *   the one at that point.
 * - `adam` adds ε to the square root of the second moment *before* bias correction.
 * - `rmsprop` adds ε outside the square root and is neither centred nor with momentum.
 *
 * Golden values: `test/golden/torch7-optimizers.json`, computed independently with numpy.
 */

import type { RunningOptimizer } from './optimize.ts';

interface Baseline<State> {
  init(coordinates: number): State;
  /** Moves θ to where the gradient is to be taken. Called once before every gradient. */
  lookAhead(state: State, theta: Float32Array): void;
  /** Changes θ [coordinates] by ∇f(θ) [coordinates], and the state. */
  update(state: State, theta: Float32Array, gradient: Float32Array, learningRate: number): void;
}

/** Of the methods that take the gradient where they are. */
const stay = () => {};

/** θ ← θ − η∇ */
const sgd: Baseline<undefined> = {
  init: () => undefined,
  lookAhead: stay,
  update(_, theta, gradient, learningRate) {
    for (let i = 0; i < theta.length; i++) theta[i]! -= learningRate * gradient[i]!;
  },
};

const nagMomentum = 0.9;

/** θ ← θ + μv; ∇ at that point; v ← μv − η∇; θ ← θ − η∇, with μ = 0.9 and v = 0 at the start. */
const nag: Baseline<{ readonly velocity: Float32Array }> = {
  init: (coordinates) => ({ velocity: new Float32Array(coordinates) }),
  lookAhead({ velocity }, theta) {
    for (let i = 0; i < theta.length; i++) theta[i]! += nagMomentum * velocity[i]!;
  },
  update({ velocity }, theta, gradient, learningRate) {
    for (let i = 0; i < theta.length; i++) {
      const change = learningRate * gradient[i]!;
      velocity[i] = nagMomentum * velocity[i]! - change;
      theta[i]! -= change;
    }
  },
};

const rmspropDecay = 0.99;
const epsilon = 1e-8;

/** m ← αm + (1 − α)∇²; θ ← θ − η∇ / (√m + ε), with α = 0.99. */
const rmsprop: Baseline<{ readonly meanSquare: Float32Array }> = {
  init: (coordinates) => ({ meanSquare: new Float32Array(coordinates) }),
  lookAhead: stay,
  update({ meanSquare }, theta, gradient, learningRate) {
    for (let i = 0; i < theta.length; i++) {
      const g = gradient[i]!;
      meanSquare[i] = rmspropDecay * meanSquare[i]! + (1 - rmspropDecay) * g * g;
      theta[i]! -= (learningRate * g) / (Math.sqrt(meanSquare[i]!) + epsilon);
    }
  },
};

const adamDecay1 = 0.9;
const adamDecay2 = 0.999;

/** m ← β₁m + (1 − β₁)∇; v ← β₂v + (1 − β₂)∇²; θ ← θ − η·√(1 − β₂ᵗ)/(1 − β₁ᵗ) · m / (√v + ε). */
const adam: Baseline<{ readonly mean: Float32Array; readonly meanSquare: Float32Array; step: number }> = {
  init: (coordinates) => ({ mean: new Float32Array(coordinates), meanSquare: new Float32Array(coordinates), step: 0 }),
  lookAhead: stay,
  update(state, theta, gradient, learningRate) {
    const { mean, meanSquare } = state;
    state.step += 1;
    const rate = (learningRate * Math.sqrt(1 - adamDecay2 ** state.step)) / (1 - adamDecay1 ** state.step);
    for (let i = 0; i < theta.length; i++) {
      const g = gradient[i]!;
      mean[i] = adamDecay1 * mean[i]! + (1 - adamDecay1) * g;
      meanSquare[i] = adamDecay2 * meanSquare[i]! + (1 - adamDecay2) * g * g;
      theta[i]! -= (rate * mean[i]!) / (Math.sqrt(meanSquare[i]!) + epsilon);
    }
  },
};

export const baselineNames = ['adam', 'rmsprop', 'nag', 'sgd'] as const;
export type BaselineName = (typeof baselineNames)[number];

/** A hand-written optimizer on one θ: its state and its rate are inside. */
export function startBaseline(name: BaselineName, coordinates: number, learningRate: number): RunningOptimizer {
  switch (name) {
    case 'adam':
      return start(adam, coordinates, learningRate);
    case 'rmsprop':
      return start(rmsprop, coordinates, learningRate);
    case 'nag':
      return start(nag, coordinates, learningRate);
    case 'sgd':
      return start(sgd, coordinates, learningRate);
  }
}

function start<State>(baseline: Baseline<State>, coordinates: number, learningRate: number): RunningOptimizer {
  const state = baseline.init(coordinates);
  return {
    lookAhead: (theta) => baseline.lookAhead(state, theta),
    update: (theta, gradient) => baseline.update(state, theta, gradient, learningRate),
  };
}
