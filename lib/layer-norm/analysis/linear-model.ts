/** Loss and gradient of a normalised generalised linear model, and the divergence between two of them (§5.2). */
import { differentiateLayer } from './jacobian.ts';
import { applyLayer, type Cases, type LayerParameters, type Normalization } from './normalized-layer.ts';
import { divergence, logLikelihood, type OutputFamily } from './output-families.ts';

/** E_x KL(P(y | x; θ) ‖ P(y | x; θ′)) in nats, in closed form. Each side has batch statistics of its own. */
export function meanDivergence(
  normalization: Normalization,
  parameters: LayerParameters,
  others: LayerParameters,
  cases: Cases,
  family: OutputFamily,
): number {
  const { outputs, units } = applyLayer(normalization, parameters, cases);
  const changed = applyLayer(normalization, others, cases).outputs;
  let sum = 0;
  for (let n = 0; n < cases.count; n++) {
    const ofCase = (values: Float64Array) => values.subarray(n * units, (n + 1) * units);
    sum += divergence(family, ofCase(outputs), ofCase(changed));
  }
  return sum / cases.count;
}

/** −E log P(y | x; θ) without c(y, φ), a case. @param targets y [cases, units] */
export function meanLoss(
  normalization: Normalization,
  parameters: LayerParameters,
  cases: Cases,
  targets: Float64Array,
  family: OutputFamily,
): number {
  const { outputs, units } = applyLayer(normalization, parameters, cases);
  let sum = 0;
  for (let n = 0; n < cases.count; n++) {
    const ofCase = (values: Float64Array) => values.subarray(n * units, (n + 1) * units);
    sum += logLikelihood(family, ofCase(outputs), ofCase(targets));
  }
  return -sum / cases.count;
}

/** The loss and its gradient by all parameters, through the statistics: ∂L/∂θ = E Σ_k (E[y_k] − y_k)/φ ∂η_k/∂θ. */
export function gradientOfLoss(
  normalization: Normalization,
  parameters: LayerParameters,
  cases: Cases,
  targets: Float64Array,
  family: OutputFamily,
): { readonly loss: number; readonly gradient: LayerParameters } {
  const activations = applyLayer(normalization, parameters, cases);
  const { coupling, directions, gainSlopes } = differentiateLayer(normalization, parameters, cases, activations);
  const { units, outputs } = activations;
  const { count, features } = cases;
  const gradient = {
    weights: new Float64Array(units * features),
    bias: new Float64Array(units),
    gain: new Float64Array(units),
  };
  let loss = 0;
  for (let n = 0; n < count; n++) {
    const natural = outputs.subarray(n * units, (n + 1) * units);
    const ofCase = targets.subarray(n * units, (n + 1) * units);
    loss -= logLikelihood(family, natural, ofCase) / count;
    const slopes = family.mean(natural).map((mean, k) => (mean - ofCase[k]!) / (family.dispersion * count));
    for (let i = 0; i < units; i++) {
      gradient.bias[i]! += slopes[i]!;
      if (gainSlopes) gradient.gain[i]! += slopes[i]! * gainSlopes[n * units + i]!;
      let along = 0;
      for (let k = 0; k < units; k++) along += slopes[k]! * coupling[(n * units + k) * units + i]!;
      for (let l = 0; l < features; l++)
        gradient.weights[i * features + l]! += along * directions[(n * units + i) * features + l]!;
    }
  }
  return { loss, gradient };
}
