/**
 * One normalised layer, §5.1, Eq. 5: η_i = g_i (a_i − μ_i) / σ_i + b_i with the summed inputs a = W x.
 *
 * In float64 and without a tensor library, because what is measured here are identities, and ε can be 0, as in the
 * paper. `none` is the standard layer, η_i = a_i + b_i, which has no gain (Eq. 10).
 */
import { norm } from './vectors.ts';

export const normalizations = ['none', 'batch', 'weight', 'layer'] as const;
export type Normalization = (typeof normalizations)[number];

export interface LayerParameters {
  /** W [units, inputs], row-major: row i holds the incoming weights of unit i. */
  readonly weights: Float64Array;
  /** b [units] */
  readonly bias: Float64Array;
  /** g [units]; without effect where nothing is normalised. */
  readonly gain: Float64Array;
}

/** Training cases; their distribution is P(x) of the paper. */
export interface Cases {
  readonly count: number;
  readonly features: number;
  /** x [count, features] */
  readonly inputs: Float64Array;
}

export interface LayerOptions {
  /** Added to the variance, inside the root; 0, as in the paper, where absent. Weight normalization has none. */
  readonly epsilon?: number;
  /** Batch normalization with these rather than the statistics of the cases at hand: what it does at test time. */
  readonly batchStatistics?: { readonly mean: Float64Array; readonly deviation: Float64Array };
}

/** Everything is [cases, units]. */
export interface LayerActivations {
  readonly units: number;
  /** a, the summed inputs */
  readonly summedInputs: Float64Array;
  /** μ */
  readonly mean: Float64Array;
  /** σ */
  readonly deviation: Float64Array;
  /** (a − μ) / σ */
  readonly normalized: Float64Array;
  /** η, what a non-linearity or the output distribution gets */
  readonly outputs: Float64Array;
}

/**
 * Eq. 5 for every case. Batch normalization: μ_i and σ_i over the cases (Eq. 2). Layer normalization: over the units of
 * the same case (Eq. 3). Weight normalization: μ = 0, σ_i = ‖w_i‖. Both σ have the divisor n.
 *
 * Throws RangeError where shapes do not fit, and where σ is 0: nothing is to be divided by then.
 */
export function applyLayer(
  normalization: Normalization,
  parameters: LayerParameters,
  cases: Cases,
  options: LayerOptions = {},
): LayerActivations {
  const units = checkShapes(parameters, cases);
  const { count } = cases;
  const summedInputs = sumInputs(parameters.weights, cases, units);
  const { mean, deviation } = findStatistics(normalization, summedInputs, parameters.weights, units, count, options);
  const normalized = new Float64Array(count * units);
  const outputs = new Float64Array(count * units);
  for (let index = 0; index < outputs.length; index++) {
    const unit = index % units;
    if (deviation[index] === 0) {
      throw new RangeError(
        `${normalization} normalization divides by a deviation of 0 in case ${Math.floor(index / units)}, unit ${unit}: with epsilon 0 the summed inputs that it normalises must differ.`,
      );
    }
    normalized[index] = (summedInputs[index]! - mean[index]!) / deviation[index]!;
    const gain = normalization === 'none' ? 1 : parameters.gain[unit]!;
    outputs[index] = gain * normalized[index]! + parameters.bias[unit]!; // Eq. 5
  }
  return { units, summedInputs, mean, deviation, normalized, outputs };
}

/** a = x Wᵀ */
function sumInputs(weights: Float64Array, { count, features, inputs }: Cases, units: number): Float64Array {
  const summed = new Float64Array(count * units);
  for (let row = 0; row < count; row++) {
    for (let unit = 0; unit < units; unit++) {
      let sum = 0;
      for (let k = 0; k < features; k++) sum += weights[unit * features + k]! * inputs[row * features + k]!;
      summed[row * units + unit] = sum;
    }
  }
  return summed;
}

function findStatistics(
  normalization: Normalization,
  summed: Float64Array,
  weights: Float64Array,
  units: number,
  count: number,
  { epsilon = 0, batchStatistics }: LayerOptions,
) {
  const mean = new Float64Array(summed.length);
  const deviation = new Float64Array(summed.length).fill(1);
  const fill = (indices: readonly number[], statistics: { mean: number; deviation: number }) => {
    for (const index of indices) {
      mean[index] = statistics.mean;
      deviation[index] = statistics.deviation;
    }
  };
  const rangeOf = (length: number, indexOf: (k: number) => number) => Array.from({ length }, (_, k) => indexOf(k));
  if (normalization === 'layer') {
    for (let row = 0; row < count; row++) {
      const indices = rangeOf(units, (unit) => row * units + unit);
      fill(indices, describe(indices, summed, epsilon));
    }
  } else if (normalization !== 'none') {
    const features = weights.length / units;
    for (let unit = 0; unit < units; unit++) {
      const indices = rangeOf(count, (row) => row * units + unit);
      const row = weights.subarray(unit * features, (unit + 1) * features);
      if (normalization === 'weight') fill(indices, { mean: 0, deviation: norm(row) });
      else if (batchStatistics)
        fill(indices, { mean: batchStatistics.mean[unit]!, deviation: batchStatistics.deviation[unit]! });
      else fill(indices, describe(indices, summed, epsilon));
    }
  }
  return { mean, deviation };
}

/** Two passes: the mean first, then the squares of what is left. */
function describe(indices: readonly number[], values: Float64Array, epsilon: number) {
  let mean = 0;
  for (const index of indices) mean += values[index]!;
  mean /= indices.length;
  let squares = 0;
  for (const index of indices) squares += (values[index]! - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / indices.length + epsilon) };
}

/** The number of units. */
function checkShapes({ weights, bias, gain }: LayerParameters, { count, features, inputs }: Cases): number {
  const units = bias.length;
  if (units < 1 || gain.length !== units || weights.length !== units * features) {
    throw new RangeError(
      `A layer of ${units} units on ${features} features has ${units * features} weights and ${units} gains, got ${weights.length} and ${gain.length}.`,
    );
  }
  if (count < 1 || inputs.length !== count * features) {
    throw new RangeError(
      `${count} cases of ${features} features are ${count * features} numbers, and at least one case; got ${inputs.length} numbers.`,
    );
  }
  return units;
}
