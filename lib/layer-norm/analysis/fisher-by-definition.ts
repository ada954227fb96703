/**
 * The Fisher matrix by its definition, Eq. 9: E over x and y of the outer product of ∂ log P(y | x; θ)/∂θ with itself. The
 * derivatives are central differences of the log likelihood and the expectation over y is a sum over its outcomes, so
 * that nothing of Eqs 12–14 is in it.
 */
import { joinLayerParameters, type SquareMatrix, splitLayerParameters } from './fisher-matrix.ts';
import { applyLayer, type Cases, type LayerParameters, type Normalization } from './normalized-layer.ts';
import { logLikelihood, type OutputFamily } from './output-families.ts';

/** Central differences: their truncation error is of order ε², their rounding error of order 1e-16/ε. */
const differenceStep = 1e-5;

/** Bernoulli outputs have 2^units outcomes: meant for a few units. */
const mostBernoulliUnits = 12;

export function fisherByDefinition(
  normalization: Normalization,
  parameters: LayerParameters,
  cases: Cases,
  family: OutputFamily,
): SquareMatrix {
  const at = joinLayerParameters(normalization, parameters);
  const size = at.length;
  const units = parameters.bias.length;
  const outputsAt = (joined: Float64Array) =>
    applyLayer(normalization, splitLayerParameters(normalization, joined, units), cases).outputs;
  const shifted = Array.from(at, (_, index) =>
    [differenceStep, -differenceStep].map((step) => outputsAt(at.with(index, at[index]! + step))),
  );
  const outputs = outputsAt(at);
  const values = new Float64Array(size * size);
  for (let n = 0; n < cases.count; n++) {
    const ofCase = (all: Float64Array) => all.subarray(n * units, (n + 1) * units);
    for (const { probability, targets } of listOutcomes(family, ofCase(outputs))) {
      const score = Float64Array.from(shifted, ([above, below]) => {
        const change = logLikelihood(family, ofCase(above!), targets) - logLikelihood(family, ofCase(below!), targets);
        return change / (2 * differenceStep);
      });
      for (let row = 0; row < size; row++) {
        for (let column = 0; column < size; column++)
          values[row * size + column]! += (probability / cases.count) * score[row]! * score[column]!;
      }
    }
  }
  return { size, values };
}

interface Outcome {
  readonly probability: number;
  readonly targets: Float64Array;
}

/** All outcomes y of a discrete distribution; for a Gaussian as many points as have its mean and its covariance. */
function listOutcomes(family: OutputFamily, natural: Float64Array): readonly Outcome[] {
  const mean = family.mean(natural);
  const units = natural.length;
  if (family.name === 'categorical') {
    return Array.from(mean, (probability, k) => ({ probability, targets: new Float64Array(units).with(k, 1) }));
  }
  if (family.name === 'bernoulli') {
    if (units > mostBernoulliUnits) {
      throw new RangeError(`Outcomes are listed for at most ${mostBernoulliUnits} Bernoulli units, got ${units}.`);
    }
    return Array.from({ length: 2 ** units }, (_, bits) => {
      const targets = mean.map((_, unit) => (bits >> unit) & 1);
      const probability = mean.reduce((product, p, unit) => product * (targets[unit] ? p : 1 - p), 1);
      return { probability, targets };
    });
  }
  // The score is linear in y: the mean and the covariance decide its second moment.
  const radius = Math.sqrt(units * family.dispersion);
  return Array.from({ length: 2 * units }, (_, k) => {
    const unit = k >> 1;
    const targets = mean.with(unit, mean[unit]! + (k % 2 ? -radius : radius));
    return { probability: 1 / (2 * units), targets };
  });
}
