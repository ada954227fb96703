/** How parameters change along gradients: rules that one training loop takes, each with what it carries from update to update. */
import { applyAdam } from '../kernels/adam.ts';
import type { NamedTensors } from '../numerics/safetensors.ts';
import { initMomentum, type MomentumSettings, updateMomentum } from './momentum.ts';

type ArrayByName = Readonly<Record<string, Float32Array>>;

export interface UpdateRule {
  /** What is carried, by names of the rule's own, to start with. */
  start(parameters: NamedTensors): ArrayByName;
  /**
   * Changes parameters and what is carried by one step against the gradients, which it may change as well.
   *
   * @param update of the training, 0 to updates − 1
   * @param applied updates that were made before it
   */
  apply(parameters: ArrayByName, gradients: ArrayByName, carried: ArrayByName, update: number, applied: number): void;
}

/** Caffe's momentum, see momentum.ts. */
export function momentumRule(settings: MomentumSettings): UpdateRule {
  return {
    start: initMomentum,
    apply: (parameters, gradients, carried, update) => updateMomentum(parameters, gradients, carried, update, settings),
  };
}

/**
 * Adam (Kingma & Ba 2015) with the settings of momentum: μ is the decay of its mean, that of its mean square is 0.999, ε is 1e-8;
 * the weight decay is part of the gradient, as in Caffe.
 */
export function adamRule({ learningRate, momentum, weightDecay, factors }: MomentumSettings): UpdateRule {
  const decay2 = 0.999;
  return {
    start(parameters) {
      const zeros = Object.entries(initMomentum(parameters));
      return Object.fromEntries(
        zeros.flatMap(([name, mean]) => [
          [`mean/${name}`, mean],
          [`mean-square/${name}`, new Float32Array(mean.length)],
        ]),
      );
    },
    apply(parameters, gradients, carried, update, applied) {
      for (const [name, values] of Object.entries(parameters)) {
        const { rate, decay } = factors?.(name) ?? { rate: 1, decay: 1 };
        const gradient = gradients[name]!;
        const λ = weightDecay * decay;
        if (λ > 0) for (let index = 0; index < gradient.length; index++) gradient[index]! += λ * values[index]!;
        applyAdam(
          {
            ...{ parameters: values, gradient },
            ...{ mean: carried[`mean/${name}`]!, meanSquare: carried[`mean-square/${name}`]! },
          },
          {
            ...{ decay1: momentum, decay2, epsilon: 1e-8, gradientScale: 1 },
            correctedRate: (rate * learningRate(update)) / (1 - momentum ** (applied + 1)),
            squareCorrection: 1 / (1 - decay2 ** (applied + 1)),
          },
        );
      }
    },
  };
}

/** Projected gradients: after each of the rule's updates, what of the parameter is above 0 goes back to 0. */
export function keepNonPositive(rule: UpdateRule, parameter: string): UpdateRule {
  return {
    start: rule.start,
    apply(parameters, ...given) {
      rule.apply(parameters, ...given);
      const values = parameters[parameter]!;
      for (let index = 0; index < values.length; index++) values[index] = Math.min(0, values[index]!);
    },
  };
}
