import { describe, expect, test } from 'vitest';
import { fisherByDefinition } from '../../../lib/layer-norm/analysis/fisher-by-definition.ts';
import {
  factorFisher,
  fisherBlock,
  fisherMatrix,
  joinLayerParameters,
  riemannianMetric,
  splitLayerParameters,
} from '../../../lib/layer-norm/analysis/fisher-matrix.ts';
import { differentiateLayer, keepOwnUnit } from '../../../lib/layer-norm/analysis/jacobian.ts';
import { gradientOfLoss, meanDivergence, meanLoss } from '../../../lib/layer-norm/analysis/linear-model.ts';
import { applyLayer, type Normalization, normalizations } from '../../../lib/layer-norm/analysis/normalized-layer.ts';
import { familyNames, outputFamilies } from '../../../lib/layer-norm/analysis/output-families.ts';
import { drawModel, drawNormal } from '../../../lib/layer-norm/analysis/random-layer.ts';
import { norm, relativeError } from '../../../lib/layer-norm/analysis/vectors.ts';
import { checkGradient } from '../../../lib/numerics/gradient-checking.ts';
import { randomStream } from '../../../lib/numerics/random.ts';
import { golden, goldenModel } from './golden-model.ts';

const { parameters, cases } = goldenModel;
const units = parameters.bias.length;

function factorsOf(
  normalization: Normalization,
  family: (typeof familyNames)[number],
  own = false,
  model = goldenModel,
) {
  const activations = applyLayer(normalization, model.parameters, model.cases);
  const jacobian = differentiateLayer(normalization, model.parameters, model.cases, activations);
  return factorFisher(own ? keepOwnUnit(jacobian) : jacobian, activations, outputFamilies[family]);
}

const everyModel = golden.models.flatMap(({ normalization, fisher }) =>
  familyNames.map((family) => ({ normalization, family, exact: Float64Array.from(fisher[family]) })),
);

describe('the Fisher matrix', () => {
  test.each(everyModel)('$normalization, $family: equals numpy’s', ({ normalization, family, exact }) => {
    expect(relativeError(fisherMatrix(factorsOf(normalization, family)).values, exact)).toBeLessThan(1e-13);
  });

  test.each(everyModel)('$normalization, $family: by Eq. 9, too', ({ normalization, family, exact }) => {
    const { values } = fisherByDefinition(normalization, parameters, cases, outputFamilies[family]);
    expect(relativeError(values, exact)).toBeLessThan(1e-8);
  });

  test.each(everyModel)('$normalization, $family: Eq. 14 by the own unit alone', ({ normalization, family, exact }) => {
    const error = relativeError(fisherMatrix(factorsOf(normalization, family, true)).values, exact);
    if (normalization === 'layer') expect(error).toBeGreaterThan(0.1);
    else expect(error).toBeLessThan(1e-13);
  });

  test('has blocks that are each other’s transpose, and no curvature along what layer normalization ignores', () => {
    const factors = factorsOf('layer', 'categorical');
    const [one, other] = [fisherBlock(factors, 0, 2), fisherBlock(factors, 2, 0)];
    one.values.forEach((value, index) => {
      expect(other.values[(index % one.size) * one.size + Math.floor(index / one.size)]).toBeCloseTo(value, 13);
    });
    const fisher = fisherMatrix(factors);
    const alongWeights = joinLayerParameters('layer', {
      ...parameters,
      bias: new Float64Array(units),
      gain: new Float64Array(units),
    });
    const weights = Float64Array.from(parameters.weights, (_, index) => [0.3, -1, 2][index % 3]!);
    const alongShift = joinLayerParameters('layer', {
      weights,
      bias: new Float64Array(units),
      gain: new Float64Array(units),
    });
    expect(Math.abs(riemannianMetric(fisher, alongWeights))).toBeLessThan(1e-14);
    expect(Math.abs(riemannianMetric(fisher, alongShift))).toBeLessThan(1e-14);
    expect(() => riemannianMetric(fisher, weights)).toThrow('A step in 20 parameters, got 12.');
  });

  test.each(normalizations)('%s: parameters come back from their vector', (normalization) => {
    const joined = joinLayerParameters(normalization, parameters);
    const split = splitLayerParameters(normalization, joined, units);
    const gain = normalization === 'none' ? new Float64Array(units).fill(1) : parameters.gain;
    expect(split).toEqual({ ...parameters, gain });
  });

  test('lists the outcomes of a few Bernoulli units only', () => {
    const wide = drawModel(0, 'test', { cases: 4, features: 2, units: 13 });
    expect(() => fisherByDefinition('none', wide.parameters, wide.cases, outputFamilies.bernoulli)).toThrow(
      'Outcomes are listed for at most 12 Bernoulli units, got 13.',
    );
  });
});

describe('the divergence', () => {
  const other = drawModel(3, 'test', { cases: cases.count, features: cases.features, units }).parameters;
  const natural = (of: typeof parameters) => applyLayer('none', of, cases).outputs;
  const mean = (f: (p: number, q: number) => number) =>
    natural(parameters).reduce((sum, value, index) => sum + f(value, natural(other)[index]!) / cases.count, 0);
  const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

  test('of Bernoulli outputs is Σ p log p/q', () => {
    const exact = mean((a, b) => {
      const [p, q] = [sigmoid(a), sigmoid(b)];
      return p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q));
    });
    expect(meanDivergence('none', parameters, other, cases, outputFamilies.bernoulli)).toBeCloseTo(exact, 12);
  });

  test('of Gaussian outputs is half the squared distance over the variance', () => {
    const exact = mean((a, b) => (a - b) ** 2 / 2 / 0.25);
    expect(meanDivergence('none', parameters, other, cases, outputFamilies.gaussian)).toBeCloseTo(exact, 12);
  });

  test('of categorical outputs does not see a shift of all of them', () => {
    const shifted = { ...parameters, bias: parameters.bias.map((value) => value + 3) };
    const { categorical } = outputFamilies;
    expect(meanDivergence('none', parameters, shifted, cases, categorical)).toBeCloseTo(0, 12);
    expect(meanDivergence('none', parameters, other, cases, categorical)).toBeGreaterThan(0.01);
  });

  test.each(everyModel)('$normalization, $family: ds² is off by the third order', ({ normalization, family }) => {
    const fisher = fisherMatrix(factorsOf(normalization, family));
    const at = joinLayerParameters(normalization, parameters);
    const direction = drawNormal(randomStream(1, 'test'), at.length);
    const errorAt = (length: number) => {
      const step = direction.map((value) => (length * value) / norm(direction));
      const moved = at.map((value, index) => value + step[index]!);
      const others = splitLayerParameters(normalization, moved, units);
      const exact = meanDivergence(normalization, parameters, others, cases, outputFamilies[family]);
      return Math.abs(exact - riemannianMetric(fisher, step)) / exact;
    };
    if (normalization === 'none' && family === 'gaussian') expect(errorAt(0.1)).toBeLessThan(1e-12);
    else expect(errorAt(0.01) / errorAt(0.001)).toBeCloseTo(10, 0);
  });
});

describe.each(everyModel)('$normalization, $family', ({ normalization, family }) => {
  test('the gradient of the loss equals finite differences', () => {
    const chosen = outputFamilies[family];
    const targets = Float64Array.from({ length: cases.count * units }, (_, k) =>
      family === 'categorical' ? Number(k % units === Math.floor(k / units) % units) : Number(k % 3 === 0),
    );
    const { loss, gradient } = gradientOfLoss(normalization, parameters, cases, targets, chosen);
    const lossAt = (joined: Float64Array) =>
      meanLoss(normalization, splitLayerParameters(normalization, joined, units), cases, targets, chosen);
    const at = joinLayerParameters(normalization, parameters);
    expect(loss).toBeCloseTo(lossAt(at), 12);
    expect(checkGradient(lossAt, at, joinLayerParameters(normalization, gradient)).error).toBeLessThan(1e-8);
  });
});
