/**
 * How the outputs η of a normalised layer change with its parameters, §5.2.2, Eq. 14, in factors:
 *
 *   ∂η_k / ∂w_i = K_ki u_i      ∂η_k / ∂b_i = [k = i]      ∂η_k / ∂g_i = [k = i] (a_i − μ_i) / σ_i
 *
 * - Standard: K = 1, u_i = x.
 * - Batch and weight normalization: K_kk = g_k / σ_k, and u_i = χ_i = x − ∂μ_i/∂w_i − (a_i − μ_i)/σ_i ∂σ_i/∂w_i (Eq. 14):
 *   the statistics of a unit depend on that unit's weights alone.
 * - Layer normalization: the statistics depend on the weights of all units, so K is not diagonal. With z = (a − μ)/σ,
 *   K_ki = g_k/σ ([k = i] − (1 + z_k z_i)/H) and u_i = x. Eq. 14 derives η_i by w_i alone, which is the diagonal of this K.
 */
import type { Cases, LayerActivations, LayerParameters, Normalization } from './normalized-layer.ts';
import { norm } from './vectors.ts';

export interface LayerJacobian {
  readonly units: number;
  readonly features: number;
  readonly cases: number;
  /** K [cases, units, units] */
  readonly coupling: Float64Array;
  /** u [cases, units, features] */
  readonly directions: Float64Array;
  /** ∂η_k/∂g_k [cases, units]; undefined for the standard layer, which has no gain. */
  readonly gainSlopes: Float64Array | undefined;
}

/** @param activations what `applyLayer` made of the same arguments, with batch statistics of the cases themselves */
export function differentiateLayer(
  normalization: Normalization,
  { weights, gain }: LayerParameters,
  { count, features, inputs }: Cases,
  { units, deviation, normalized }: LayerActivations,
): LayerJacobian {
  const coupling = new Float64Array(count * units * units);
  const directions = new Float64Array(count * units * features);
  const shifts = shiftsOf(normalization, { weights, count, features, inputs, units, normalized });
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < units; i++) {
      const at = row * units + i;
      for (let k = 0; k < features; k++) {
        const mean = shifts.mean[i * features + k]!;
        const scale = shifts.deviation[i * features + k]!;
        directions[at * features + k] = inputs[row * features + k]! - mean - normalized[at]! * scale; // Eq. 14
      }
      for (let k = 0; k < units; k++) {
        const other = row * units + k;
        const own = k === i ? 1 : 0;
        const slope = normalization === 'none' ? 1 : gain[k]! / deviation[other]!;
        const shared = normalization === 'layer' ? (1 + normalized[other]! * normalized[at]!) / units : 0;
        coupling[(row * units + k) * units + i] = slope * (own - shared);
      }
    }
  }
  const gainSlopes = normalization === 'none' ? undefined : normalized;
  return { units, features, cases: count, coupling, directions, gainSlopes };
}

/** Eq. 14 as it is printed: what the output of one unit owes to the weights of another is left out. */
export function keepOwnUnit(jacobian: LayerJacobian): LayerJacobian {
  const { units, coupling } = jacobian;
  const isDiagonal = (index: number) => (index % units ** 2) % (units + 1) === 0;
  return { ...jacobian, coupling: coupling.map((value, index) => (isDiagonal(index) ? value : 0)) };
}

/** ∂μ_i/∂w_i and ∂σ_i/∂w_i [units, features] where they are the same for all cases: not under layer normalization. */
function shiftsOf(
  normalization: Normalization,
  layer: Pick<LayerParameters, 'weights'> & Cases & Pick<LayerActivations, 'units' | 'normalized'>,
) {
  const { weights, count, features, inputs, units, normalized } = layer;
  const mean = new Float64Array(units * features);
  const deviation = new Float64Array(units * features);
  for (let i = 0; i < units; i++) {
    const row = weights.subarray(i * features, (i + 1) * features);
    for (let k = 0; k < features; k++) {
      const at = i * features + k;
      if (normalization === 'weight') deviation[at] = row[k]! / norm(row);
      if (normalization !== 'batch') continue;
      for (let n = 0; n < count; n++) {
        mean[at]! += inputs[n * features + k]! / count;
        deviation[at]! += (normalized[n * units + i]! * inputs[n * features + k]!) / count;
      }
    }
  }
  return { mean, deviation };
}
