/**
 * The Fisher information matrix of a normalised generalised linear model, §5.2.2, Eqs 12 and 13, and the Riemannian
 * metric it is, Eq. 8.
 *
 * The parameters are θ = [w₁, b₁, g₁, …, w_H, b_H, g_H] as in Eq. 13; a standard model has no gains (Eq. 12). Block ij is
 * F_ij = E_x Σ_kl ∂η_k/∂θ_i (Cov[y_k, y_l | x] / φ²) ∂η_l/∂θ_jᵀ. Where K of the Jacobian is diagonal, that is Eq. 13.
 */
import type { LayerJacobian } from './jacobian.ts';
import type { LayerActivations, LayerParameters, Normalization } from './normalized-layer.ts';
import type { OutputFamily } from './output-families.ts';

/** A square matrix, row-major. */
export interface SquareMatrix {
  readonly size: number;
  readonly values: Float64Array;
}

/** The factors of all blocks; `fisherBlock` and `fisherMatrix` read them. */
export interface FisherFactors {
  readonly jacobian: LayerJacobian;
  /** KᵀCK with C = Cov[y | x] / φ², [cases, units, units] */
  readonly weights: Float64Array;
  /** KᵀC, [cases, units, units] */
  readonly weightsAndOthers: Float64Array;
  /** C, [cases, units, units] */
  readonly others: Float64Array;
}

/** Parameters of one unit: its weights, its bias and, where there is one, its gain. */
export function parametersPerUnit({ features, gainSlopes }: Pick<LayerJacobian, 'features' | 'gainSlopes'>): number {
  return features + (gainSlopes ? 2 : 1);
}

export function factorFisher(
  jacobian: LayerJacobian,
  { outputs }: Pick<LayerActivations, 'outputs'>,
  family: OutputFamily,
): FisherFactors {
  const { cases, units, coupling } = jacobian;
  const square = units ** 2;
  const others = new Float64Array(cases * square);
  const weightsAndOthers = new Float64Array(cases * square);
  const weights = new Float64Array(cases * square);
  for (let row = 0; row < cases; row++) {
    const covariance = family.covariance(outputs.subarray(row * units, (row + 1) * units));
    const scaled = covariance.map((value) => value / family.dispersion ** 2);
    const slopes = coupling.subarray(row * square, (row + 1) * square);
    const half = multiplyTransposed(slopes, scaled, units); // KᵀC
    others.set(scaled, row * square);
    weightsAndOthers.set(half, row * square);
    weights.set(multiplyTransposed(transpose(half, units), slopes, units), row * square); // (KᵀC) K
  }
  return { jacobian, weights, weightsAndOthers, others };
}

/** F_ij of Eq. 13, [parameters of a unit, parameters of a unit]; F_ij = F_jiᵀ. */
export function fisherBlock(factors: FisherFactors, i: number, j: number): SquareMatrix {
  const { jacobian, weights, weightsAndOthers, others } = factors;
  const { units, features, cases, directions, gainSlopes } = jacobian;
  const size = parametersPerUnit(jacobian);
  const values = new Float64Array(size * size);
  const bias = features;
  const gain = features + 1;
  for (let n = 0; n < cases; n++) {
    const ofI = (n * units + i) * features;
    const ofJ = (n * units + j) * features;
    const here = (n * units + i) * units + j;
    const both = weights[here]!;
    const weightOfI = weightsAndOthers[here]!;
    const weightOfJ = weightsAndOthers[(n * units + j) * units + i]!;
    const neither = others[here]!;
    const slopeOfI = gainSlopes ? gainSlopes[n * units + i]! : 0;
    const slopeOfJ = gainSlopes ? gainSlopes[n * units + j]! : 0;
    for (let k = 0; k < features; k++) {
      const factor = both * directions[ofI + k]!;
      for (let l = 0; l < features; l++) values[k * size + l]! += factor * directions[ofJ + l]!;
      const alongI = weightOfI * directions[ofI + k]!;
      const alongJ = weightOfJ * directions[ofJ + k]!;
      values[k * size + bias]! += alongI;
      values[bias * size + k]! += alongJ;
      if (!gainSlopes) continue;
      values[k * size + gain]! += alongI * slopeOfJ;
      values[gain * size + k]! += alongJ * slopeOfI;
    }
    values[bias * size + bias]! += neither;
    if (!gainSlopes) continue;
    values[bias * size + gain]! += neither * slopeOfJ;
    values[gain * size + bias]! += neither * slopeOfI;
    values[gain * size + gain]! += neither * slopeOfI * slopeOfJ;
  }
  return { size, values: values.map((value) => value / cases) };
}

/** All blocks in one matrix. */
export function fisherMatrix(factors: FisherFactors): SquareMatrix {
  const { units } = factors.jacobian;
  const block = parametersPerUnit(factors.jacobian);
  const size = units * block;
  const values = new Float64Array(size * size);
  for (let i = 0; i < units; i++) {
    for (let j = 0; j < units; j++) {
      const part = fisherBlock(factors, i, j).values;
      for (let row = 0; row < block; row++) {
        values.set(part.subarray(row * block, (row + 1) * block), (i * block + row) * size + j * block);
      }
    }
  }
  return { size, values };
}

/** ds² = ½ δᵀFδ, Eq. 8: the divergence between θ and θ + δ to second order, in nats. */
export function riemannianMetric({ size, values }: SquareMatrix, step: Float64Array): number {
  if (step.length !== size) throw new RangeError(`A step in ${size} parameters, got ${step.length}.`);
  let sum = 0;
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) sum += step[row]! * values[row * size + column]! * step[column]!;
  }
  return sum / 2;
}

/** θ in the order of the matrix. */
export function joinLayerParameters(normalization: Normalization, parameters: LayerParameters): Float64Array {
  const { weights, bias, gain } = parameters;
  const features = weights.length / bias.length;
  const rows = Array.from(bias, (value, unit) => [
    ...weights.subarray(unit * features, (unit + 1) * features),
    value,
    ...(normalization === 'none' ? [] : [gain[unit]!]),
  ]);
  return Float64Array.from(rows.flat());
}

/** The inverse of `joinLayerParameters`. The gains of a standard model are 1. */
export function splitLayerParameters(
  normalization: Normalization,
  joined: Float64Array,
  units: number,
): LayerParameters {
  const block = joined.length / units;
  const features = block - (normalization === 'none' ? 1 : 2);
  const weights = new Float64Array(units * features);
  const bias = new Float64Array(units);
  const gain = new Float64Array(units).fill(1);
  for (let unit = 0; unit < units; unit++) {
    weights.set(joined.subarray(unit * block, unit * block + features), unit * features);
    bias[unit] = joined[unit * block + features]!;
    if (normalization !== 'none') gain[unit] = joined[unit * block + features + 1]!;
  }
  return { weights, bias, gain };
}

/** AᵀB of two square matrices; most of A is 0 where units do not depend on each other. */
function multiplyTransposed(a: Float64Array, b: Float64Array, size: number): Float64Array {
  const product = new Float64Array(size * size);
  for (let k = 0; k < size; k++) {
    for (let i = 0; i < size; i++) {
      const factor = a[k * size + i]!;
      if (factor === 0) continue;
      for (let j = 0; j < size; j++) product[i * size + j]! += factor * b[k * size + j]!;
    }
  }
  return product;
}

function transpose(matrix: Float64Array, size: number): Float64Array {
  return matrix.map((_, index) => matrix[(index % size) * size + Math.floor(index / size)]!);
}
