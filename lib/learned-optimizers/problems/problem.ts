/**
 * What is optimized: the optimizee f(θ) of arXiv 1606.04474, and the distribution over f of its Eq. 2.
 *
 * A problem is a function of its seed and names (`lib/numerics/random.ts`), and so is each of its minibatches: step t of
 * one problem is the same f_t for every optimizer, which makes comparisons paired and resuming exact.
 */

/** Where one tensor of the optimizee lies in its flat coordinate vector θ. */
export interface ParameterTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
}

export interface Problem {
  /** Writes θ₁, the initial point. [coordinates] */
  initialize(theta: Float32Array): void;
  /**
   * f(θ) at step t (counted from 1), returned, and ∇f(θ), written to `gradient`. [coordinates]
   * A family may scale its gradient by a constant (see there).
   */
  lossAndGradient(theta: Float32Array, step: number, gradient: Float32Array): number;
}

export interface ProblemFamily {
  /** Length of θ. */
  readonly coordinates: number;
  readonly tensors: readonly ParameterTensor[];
  /** Of the loss: `nats`, `squared error`. */
  readonly lossUnit: string;
  /** The problem that belongs to this seed and these names. */
  sample(seed: number, ...names: readonly (string | number)[]): Problem;
}

/** Lays tensors out one behind the other. */
export function layOutTensors(shapes: Readonly<Record<string, readonly number[]>>): readonly ParameterTensor[] {
  let offset = 0;
  return Object.entries(shapes).map(([name, shape]) => {
    const size = shape.reduce((product, length) => product * length, 1);
    offset += size;
    return { name, shape, offset: offset - size, size };
  });
}
