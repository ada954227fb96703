import { describe, expect, test } from 'vitest';
import {
  createNormalisedPerceptron,
  type NormalisedPerceptron,
} from '../../lib/layer-norm/models/normalised-perceptron.ts';
import type { PerceptronSettings } from '../../lib/layer-norm/models/perceptron-layers.ts';
import { checkGradient } from '../../lib/numerics/gradient-checking.ts';
import { randomStream } from '../../lib/numerics/random.ts';

const settings: PerceptronSettings = {
  inputs: 6,
  hidden: [8, 4],
  classes: 3,
  normalization: 'layer',
  epsilon: 1e-5,
  batchVariance: 'unbiased',
  runningDecay: 0.9,
};
const rows = 5;

/** With random weights, gains and biases, on random images. */
function create(changes: Partial<PerceptronSettings>, precision: 'float64' | 'wasm-plain' = 'float64') {
  const perceptron = createNormalisedPerceptron({ ...settings, ...changes }, rows, precision);
  perceptron.initialize(randomStream(3, 'parameters'));
  const random = randomStream(4, 'gains and images');
  const tensors = perceptron.tensors();
  for (const [name, { data }] of Object.entries(tensors)) {
    if (/gain|bias/.test(name)) for (let k = 0; k < data.length; k++) data[k]! += 0.5 * random.normal();
  }
  perceptron.load(tensors);
  for (let k = 0; k < perceptron.images.length; k++) perceptron.images[k] = random.normal();
  for (let row = 0; row < rows; row++) perceptron.labels[row] = row % 3;
  return perceptron;
}

const kinds = [
  ['none', 'biased'],
  ['layer', 'biased'],
  ['batch', 'biased'],
  ['batch', 'unbiased'],
] as const;

test.each(kinds)('%s, %s variance: the gradient is that of finite differences', (normalization, batchVariance) => {
  const perceptron = create({ normalization, batchVariance });
  const { parameters, gradient } = perceptron;
  perceptron.lossAndGradient(rows);
  const found = Float64Array.from(gradient);
  const at = Float64Array.from(parameters);
  const { error } = checkGradient(
    (theta) => {
      parameters.set(theta);
      return perceptron.lossAndGradient(rows);
    },
    at,
    found,
  );
  expect(error).toBeLessThan(1e-8);
  expect(found.some((value) => Math.abs(value) > 0.01)).toBe(true);
});

test.each(kinds)('%s, %s variance: the kernel computes what float64 does', (normalization, batchVariance) => {
  const [kernel, reference] = [
    create({ normalization, batchVariance }, 'wasm-plain'),
    create({ normalization, batchVariance }),
  ];
  expect(kernel.lossAndGradient(rows)).toBeCloseTo(reference.lossAndGradient(rows), 5);
  for (const [k, value] of reference.gradient.entries())
    expect(Math.abs(kernel.gradient[k]! - value)).toBeLessThan(1e-4);
  for (const [k, value] of reference.running.entries()) expect(Math.abs(kernel.running[k]! - value)).toBeLessThan(1e-5);
});

function scaleKernel(perceptron: NormalisedPerceptron, layer: number, factor: number) {
  const tensors = perceptron.tensors();
  const { data } = tensors[`layer-${layer}/kernel`]!;
  for (let k = 0; k < data.length; k++) data[k]! *= factor;
  perceptron.load(tensors);
}

describe('what is normalised', () => {
  // Table 1: outputs do not change with the scale of a layer's weights. ε is what is left of it.
  test.each([
    ['layer', [true, true, false]],
    ['batch', [true, true, true]],
    ['none', [false, false, false]],
  ] as const)('%s: the loss does not change with the scale of the weights of layers %s', (normalization, expected) => {
    for (const [index, isInvariant] of expected.entries()) {
      const perceptron = create({ normalization, epsilon: 0 });
      const before = perceptron.lossAndGradient(rows);
      scaleKernel(perceptron, index + 1, 4);
      const change = Math.abs(perceptron.lossAndGradient(rows) - before);
      if (isInvariant) expect(change).toBeLessThan(1e-12);
      else expect(change).toBeGreaterThan(1e-3);
    }
  });

  test('layer normalization treats every image by itself, batch normalization does not', () => {
    const losses = (normalization: 'layer' | 'batch', count: number) => {
      const perceptron = create({ normalization });
      return perceptron.lossAndGradient(count);
    };
    const single = (normalization: 'layer' | 'batch', row: number) => {
      const perceptron = create({ normalization, batchVariance: 'biased' });
      perceptron.images.copyWithin(0, row * 6, (row + 1) * 6);
      perceptron.labels[0] = row % 3;
      return perceptron.lossAndGradient(1);
    };
    const mean = (normalization: 'layer' | 'batch') => (single(normalization, 0) + single(normalization, 1)) / 2;
    expect(losses('layer', 2)).toBeCloseTo(mean('layer'), 12);
    expect(Math.abs(losses('batch', 2) - mean('batch'))).toBeGreaterThan(1e-3);
  });

  test('the artifact has gains where something is normalised, and running statistics where it is by batch', () => {
    expect(Object.keys(create({ normalization: 'layer' }).tensors())).toEqual([
      ...['layer-1/kernel', 'layer-1/gain', 'layer-1/bias'],
      ...['layer-2/kernel', 'layer-2/gain', 'layer-2/bias'],
      ...['layer-3/kernel', 'layer-3/bias'],
    ]);
    const batch = create({ normalization: 'batch' }).tensors();
    expect(Object.keys(batch)).toHaveLength(15);
    expect(batch['layer-3/runningVariance']).toEqual({ shape: [3], data: Float32Array.of(1, 1, 1) });
    expect(batch['layer-3/kernel']!.shape).toEqual([4, 3]);
  });
});

test('batch normalization scores by running statistics, of the unbiased variance', () => {
  const perceptron = create({ normalization: 'batch', hidden: [], inputs: 4, runningDecay: 0 });
  // One layer of given sums: weights are the identity on the first three of four inputs.
  const tensors = perceptron.tensors();
  tensors['layer-1/kernel']!.data.set([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
  perceptron.load(tensors);
  perceptron.images.set([1, 2, 3, 0, 3, 2, 7, 0]);
  perceptron.lossAndGradient(2);
  const { data: mean } = perceptron.tensors()['layer-1/runningMean']!;
  const { data: variance } = perceptron.tensors()['layer-1/runningVariance']!;
  expect([...mean]).toEqual([2, 2, 5]);
  expect([...variance]).toEqual([2, 0, 8]);
  // In a test every image is by itself: the score of two is the sum of theirs.
  const both = perceptron.score(2).negativeLogLikelihood;
  const first = perceptron.score(1).negativeLogLikelihood;
  perceptron.images.copyWithin(0, 4, 8);
  perceptron.labels[0] = perceptron.labels[1]!;
  expect(first + perceptron.score(1).negativeLogLikelihood).toBeCloseTo(both, 12);
});

test('a loss that is no number counts as errors', () => {
  const perceptron = create({ normalization: 'none' });
  expect(perceptron.score(rows).errors).toBeLessThan(rows);
  perceptron.parameters.fill(Number.NaN);
  expect(perceptron.score(rows).errors).toBe(rows);
});

test('training fits five images, whatever is normalised', () => {
  for (const normalization of ['none', 'layer', 'batch'] as const) {
    const perceptron = create({ normalization, hidden: [32, 32] }, 'wasm-plain');
    const adam = { learningRate: 0.01, firstDecay: 0.9, secondDecay: 0.999, epsilon: 1e-8 };
    const before = perceptron.lossAndGradient(rows);
    for (let update = 1; update <= 200; update++) {
      perceptron.lossAndGradient(rows);
      perceptron.update(adam, update);
    }
    expect(perceptron.lossAndGradient(rows)).toBeLessThan(0.05 * before);
    expect(perceptron.score(rows).errors).toBe(0);
  }
});
