import { describe, expect, test } from 'vitest';
import { applyLayer, normalizations } from '../../../lib/layer-norm/analysis/normalized-layer.ts';
import { relativeError } from '../../../lib/layer-norm/analysis/vectors.ts';
import { golden, goldenModel } from './golden-model.ts';

const { parameters, cases } = goldenModel;
const units = parameters.bias.length;

describe('a normalised layer', () => {
  test.each(golden.models)('$normalization: outputs equal numpy’s', ({ normalization, outputs }) => {
    const ours = applyLayer(normalization, parameters, cases).outputs;
    expect(relativeError(ours, Float64Array.from(outputs))).toBeLessThan(1e-14);
  });

  test('layer normalization has mean 0 and variance 1 over the units of each case, batch normalization over cases', () => {
    for (const [normalization, rows, columns] of [
      ['layer', cases.count, units],
      ['batch', units, cases.count],
    ] as const) {
      const { normalized } = applyLayer(normalization, parameters, cases);
      for (let row = 0; row < rows; row++) {
        const values = Array.from({ length: columns }, (_, column) =>
          normalization === 'layer' ? normalized[row * units + column]! : normalized[column * units + row]!,
        );
        expect(values.reduce((sum, value) => sum + value, 0) / columns).toBeCloseTo(0, 12);
        expect(values.reduce((sum, value) => sum + value * value, 0) / columns).toBeCloseTo(1, 12);
      }
    }
  });

  test('epsilon goes into the root: the variance of a layer becomes v / (v + ε)', () => {
    const plain = applyLayer('layer', parameters, cases);
    const { normalized } = applyLayer('layer', parameters, cases, { epsilon: 0.5 });
    const variance = plain.deviation[0]! ** 2;
    expect(normalized[1]! / plain.normalized[1]!).toBeCloseTo(Math.sqrt(variance / (variance + 0.5)), 12);
  });

  test('batch statistics that are given are used', () => {
    const batchStatistics = { mean: new Float64Array(units).fill(1), deviation: new Float64Array(units).fill(2) };
    const { summedInputs, normalized } = applyLayer('batch', parameters, cases, { batchStatistics });
    expect(normalized).toEqual(summedInputs.map((value) => (value - 1) / 2));
  });

  test.each([
    ['layer', 'units'],
    ['batch', 'cases'],
    ['weight', 'weights'],
  ] as const)('%s normalization refuses to divide by 0 where its %s do not differ', (normalization, _differing) => {
    const flat = { ...parameters, weights: new Float64Array(parameters.weights.length) };
    expect(() => applyLayer(normalization, flat, cases)).toThrow(
      `${normalization} normalization divides by a deviation of 0 in case 0, unit 0`,
    );
    if (normalization !== 'weight')
      expect(applyLayer(normalization, flat, cases, { epsilon: 1e-5 }).outputs.slice(0, units)).toEqual(
        parameters.bias,
      );
  });

  test.each(normalizations)('%s: shapes that do not fit are named', (normalization) => {
    const short = { ...parameters, weights: parameters.weights.subarray(1) };
    expect(() => applyLayer(normalization, short, cases)).toThrow(
      'A layer of 4 units on 3 features has 12 weights and 4 gains, got 11 and 4.',
    );
    expect(() => applyLayer(normalization, parameters, { ...cases, count: 6 })).toThrow(
      '6 cases of 3 features are 18 numbers, and at least one case; got 21 numbers.',
    );
  });
});
