/**
 * The hand-written optimizers that arXiv 1606.04474 compares with, with the semantics and defaults of Torch7's `optim`, as
 * `tf.Optimizer`s. `lib/learned-optimizers/baselines.ts` has the same on arrays, and says how they differ from today's usual
 * ones. Golden values: `test/golden/torch7-optimizers.json`.
 */
import * as tf from '@tensorflow/tfjs-core';
import { Torch7Optimizer, type Torch7Update } from './torch7-optimizer.ts';

/** θ ← θ − η∇ */
export class Torch7SGD extends Torch7Optimizer {
  static get className(): string {
    return 'Torch7SGD';
  }

  protected override readonly stateNames: readonly string[] = [];

  protected override update(value: tf.Tensor, gradient: tf.Tensor): Torch7Update {
    return { value: tf.sub(value, tf.mul(gradient, this.learningRate)), state: [] };
  }
}

const nagMomentum = 0.9;

/**
 * Nesterov's accelerated gradient with a true look-ahead: θ ← θ + μv; ∇ at that point; v ← μv − η∇; θ ← θ − η∇, with μ = 0.9
 * and v = 0 at the start.
 *
 * TensorFlow.js takes the gradient where the variables are. So between steps *they hold the look-ahead point* θ + μv, and
 * the loss that `minimize` and `fit` report is the one there, as in Torch7. `withoutLookAhead` puts θ itself into the
 * variables for as long as something is measured or saved.
 */
export class Torch7NAG extends Torch7Optimizer {
  static get className(): string {
    return 'Torch7NAG';
  }

  protected override readonly stateNames: readonly string[] = ['velocity'];

  protected override update(value: tf.Tensor, gradient: tf.Tensor, state: readonly tf.Tensor[]): Torch7Update {
    const change = tf.mul(gradient, this.learningRate);
    const velocity = tf.sub(tf.mul(state[0]!, nagMomentum), change);
    const theta = tf.sub(value, change);
    return { value: tf.add(theta, tf.mul(velocity, nagMomentum)), state: [velocity] };
  }

  /** Runs `use` with θ in the variables instead of the look-ahead point, which comes back to the bit. */
  async withoutLookAhead<Result>(use: () => Result | Promise<Result>): Promise<Result> {
    const { registeredVariables } = tf.engine();
    const moved = this.slots.all.flatMap(({ variable: name }, slot) => {
      const variable = name === undefined ? undefined : registeredVariables[name];
      return variable ? [{ variable, lookAhead: tf.clone(variable), velocity: this.states[slot]![0]! }] : [];
    });
    for (const { variable, velocity } of moved) {
      tf.tidy(() => variable.assign(tf.sub(variable, tf.mul(velocity, nagMomentum))));
    }
    try {
      return await use();
    } finally {
      for (const { variable, lookAhead } of moved) {
        variable.assign(lookAhead);
        lookAhead.dispose();
      }
    }
  }
}

const rmspropDecay = 0.99;
const epsilon = 1e-8;

/** m ← αm + (1 − α)∇²; θ ← θ − η∇ / (√m + ε), with α = 0.99: ε outside the root, neither centred nor with momentum. */
export class Torch7RMSprop extends Torch7Optimizer {
  static get className(): string {
    return 'Torch7RMSprop';
  }

  protected override readonly stateNames: readonly string[] = ['mean-square'];

  protected override update(value: tf.Tensor, gradient: tf.Tensor, state: readonly tf.Tensor[]): Torch7Update {
    const meanSquare = average(state[0]!, tf.square(gradient), rmspropDecay);
    const step = tf.div(tf.mul(gradient, this.learningRate), tf.add(tf.sqrt(meanSquare), epsilon));
    return { value: tf.sub(value, step), state: [meanSquare] };
  }
}

const adamDecay1 = 0.9;
const adamDecay2 = 0.999;

/**
 * m ← β₁m + (1 − β₁)∇; v ← β₂v + (1 − β₂)∇²; θ ← θ − η·√(1 − β₂ᵗ)/(1 − β₁ᵗ) · m / (√v + ε): ε is added before bias
 * correction, unlike in `tf.train.adam`.
 */
export class Torch7Adam extends Torch7Optimizer {
  static get className(): string {
    return 'Torch7Adam';
  }

  protected override readonly stateNames: readonly string[] = ['mean', 'mean-square'];

  protected override update(
    value: tf.Tensor,
    gradient: tf.Tensor,
    state: readonly tf.Tensor[],
    step: number,
  ): Torch7Update {
    const mean = average(state[0]!, gradient, adamDecay1);
    const meanSquare = average(state[1]!, tf.square(gradient), adamDecay2);
    const rate = (this.learningRate * Math.sqrt(1 - adamDecay2 ** step)) / (1 - adamDecay1 ** step);
    const change = tf.div(tf.mul(mean, rate), tf.add(tf.sqrt(meanSquare), epsilon));
    return { value: tf.sub(value, change), state: [mean, meanSquare] };
  }
}

for (const optimizer of [Torch7SGD, Torch7NAG, Torch7RMSprop, Torch7Adam]) tf.serialization.registerClass(optimizer);

function average(mean: tf.Tensor, value: tf.Tensor, decay: number): tf.Tensor {
  return tf.add(tf.mul(mean, decay), tf.mul(value, 1 - decay));
}
