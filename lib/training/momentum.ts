/**
 * Stochastic gradient descent with momentum and weight decay, as Caffe makes its updates, which the networks of DeepLab and
 * their random walks were trained with:
 *
 *   v ← μ v + ηₚ (g + λₚ θ);   θ ← θ − v
 *
 * with a rate and a decay of every parameter's own. The rate is inside the momentum: a change of it comes through slowly.
 */
import type { NamedTensors } from '../numerics/safetensors.ts';

export interface MomentumSettings {
  /** η of an update, 0 to updates − 1. */
  learningRate(update: number): number;
  /** μ */
  readonly momentum: number;
  /** λ */
  readonly weightDecay: number;
  /** What η and λ are multiplied by for a parameter; 1 where absent. */
  factors?(name: string): ParameterFactors;
}

export interface ParameterFactors {
  readonly rate: number;
  readonly decay: number;
}

type ArrayByName = Readonly<Record<string, Float32Array>>;

/** v = 0 of every parameter. */
export function initMomentum(parameters: NamedTensors): ArrayByName {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, { data }]) => [name, new Float32Array(data.length)]),
  );
}

/** Changes parameters and velocities by one step against the gradients. */
export function updateMomentum(
  parameters: ArrayByName,
  gradients: ArrayByName,
  velocities: ArrayByName,
  update: number,
  { learningRate, momentum, weightDecay, factors = () => ({ rate: 1, decay: 1 }) }: MomentumSettings,
): void {
  const rate = learningRate(update);
  for (const [name, values] of Object.entries(parameters)) {
    const factor = factors(name);
    const [η, λ] = [rate * factor.rate, weightDecay * factor.decay];
    const [gradient, velocity] = [gradients[name]!, velocities[name]!];
    for (let index = 0; index < values.length; index++) {
      velocity[index] = momentum * velocity[index]! + η * (gradient[index]! + λ * values[index]!);
      values[index]! -= velocity[index]!;
    }
  }
}

/** η₀ (1 − t/T)^power, Caffe's "poly": DeepLab's with power 0.9, constant with 0. */
export function polynomialRate(first: number, updates: number, power: number): (update: number) => number {
  return (update) => first * (1 - update / updates) ** power;
}
