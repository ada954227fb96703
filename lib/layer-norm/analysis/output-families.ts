/**
 * Output distributions of a generalised linear model, §5.2.2, Eq. 10: log P(y | η) = (η·y − A(η)) / φ + c(y, φ), with
 * the log partition function A, written η(·) in the paper, and the dispersion φ.
 *
 * All that follows comes from A: E[y] = ∇A, Cov[y] = φ ∇²A (Eq. 11), and KL(η ‖ η′) = (A(η′) − A(η) − ∇A(η)·(η′ − η)) / φ.
 */
export const familyNames = ['bernoulli', 'gaussian', 'categorical'] as const;
export type FamilyName = (typeof familyNames)[number];

/** Everything is of one case; η is [units]. */
export interface OutputFamily {
  readonly name: FamilyName;
  /** φ */
  readonly dispersion: number;
  /** A(η) */
  logPartition(natural: Float64Array): number;
  /** E[y | η] [units] */
  mean(natural: Float64Array): Float64Array;
  /** Cov[y | η] [units, units] */
  covariance(natural: Float64Array): Float64Array;
}

/** Independent units, y_i ∈ {0, 1}: the GLM of a sigmoid. */
export const bernoulli: OutputFamily = {
  name: 'bernoulli',
  dispersion: 1,
  logPartition: (natural) => natural.reduce((sum, value) => sum + softplus(value), 0),
  mean: (natural) => natural.map(sigmoid),
  covariance: (natural) => diagonal(natural.map((value) => sigmoid(value) * sigmoid(-value))),
};

/** Independent units of known variance φ: linear regression. */
export function gaussian(dispersion = 1): OutputFamily {
  return {
    name: 'gaussian',
    dispersion,
    logPartition: (natural) => natural.reduce((sum, value) => sum + value * value, 0) / 2,
    mean: (natural) => natural.slice(),
    covariance: (natural) => diagonal(natural.map(() => dispersion)),
  };
}

/** One of `units` classes: the softmax, whose units covary. */
export const categorical: OutputFamily = {
  name: 'categorical',
  dispersion: 1,
  logPartition: logSumExp,
  mean: softmax,
  covariance(natural) {
    const shares = softmax(natural);
    const covariance = diagonal(shares);
    shares.forEach((a, i) => {
      shares.forEach((b, j) => {
        covariance[i * shares.length + j]! -= a * b;
      });
    });
    return covariance;
  },
};

export const outputFamilies: Readonly<Record<FamilyName, OutputFamily>> = {
  bernoulli,
  // Not 1, so that the factors of φ in Eqs 12 and 13 show.
  gaussian: gaussian(0.25),
  categorical,
};

/** KL(P(y | η) ‖ P(y | η′)) in nats. */
export function divergence(family: OutputFamily, natural: Float64Array, other: Float64Array): number {
  const mean = family.mean(natural);
  let linear = 0;
  for (let unit = 0; unit < natural.length; unit++) linear += mean[unit]! * (other[unit]! - natural[unit]!);
  return (family.logPartition(other) - family.logPartition(natural) - linear) / family.dispersion;
}

/** log P(y | η) without c(y, φ), which no parameter is in. */
export function logLikelihood(family: OutputFamily, natural: Float64Array, targets: Float64Array): number {
  let product = 0;
  for (let unit = 0; unit < natural.length; unit++) product += natural[unit]! * targets[unit]!;
  return (product - family.logPartition(natural)) / family.dispersion;
}

export function sigmoid(value: number): number {
  return value >= 0 ? 1 / (1 + Math.exp(-value)) : Math.exp(value) / (1 + Math.exp(value));
}

/** log(1 + eᵛ), without overflow */
function softplus(value: number): number {
  return Math.max(value, 0) + Math.log1p(Math.exp(-Math.abs(value)));
}

function logSumExp(values: Float64Array): number {
  const greatest = values.reduce((a, b) => Math.max(a, b));
  return greatest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - greatest), 0));
}

function softmax(values: Float64Array): Float64Array {
  const total = logSumExp(values);
  return values.map((value) => Math.exp(value - total));
}

function diagonal(values: Float64Array): Float64Array {
  const size = values.length;
  const matrix = new Float64Array(size * size);
  values.forEach((value, index) => {
    matrix[index * size + index] = value;
  });
  return matrix;
}
