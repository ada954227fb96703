import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { createCoordinatewiseLstmKernel } from '../../../lib/kernels/coordinatewise-lstm-kernel.ts';
import { parameterLayout } from '../../../lib/kernels/coordinatewise-lstm-parameters.ts';
import { type NormalisationSettings, normaliseNetwork } from '../../../lib/learned-optimizers/normalised-network.ts';
import { splitTensors } from '../../../lib/learned-optimizers/parameter-tensors.ts';
import { LearnedOptimizer } from '../../../lib/learned-optimizers/tensorflow/learned-optimizer.ts';
import { encodeSafetensors } from '../../../lib/numerics/safetensors.ts';
import { seededGradients, seededParameters } from '../../kernels/lstm-fixtures.ts';
import { useBackend } from './optimizees.ts';

const hidden = 4;
const layout = parameterLayout({ inputs: 2, hidden });
const parameters = seededParameters(layout);
const bounded: NormalisationSettings = {
  meanDecay: 0.9,
  meanSquareDecay: 0.95,
  secondInput: 'gradient',
  update: { kind: 'bounded', bound: 0.1 },
};
const stepSize: NormalisationSettings = {
  ...bounded,
  secondInput: 'relative-magnitude',
  update: { kind: 'step-size', rate: 0.02, decaySteps: 3 },
};

function fileOf(normalisation: unknown): Uint8Array {
  const network = { preprocessing: { kind: 'prepared' }, hiddenUnits: hidden, outputScale: 1, normalisation };
  return encodeSafetensors(splitTensors(layout, parameters), {
    kind: 'learned-optimizer',
    network: JSON.stringify(network),
  });
}

const shapes = { w: [2, 3], b: [4] } as const;
const coordinates = 10;
const steps = 12;
/** Of very different sizes from coordinate to coordinate, which is what the second input sees. */
const gradients = seededGradients(coordinates, steps).map((row) =>
  row.map((value, index) => value * 10 ** (index - 5)),
);

/** Both variables' changes of a step, behind one another. */
function apply(optimizer: LearnedOptimizer, variables: Record<'w' | 'b', tf.Variable>, gradient: Float32Array) {
  const read = () => Float32Array.from([...variables.w.dataSync(), ...variables.b.dataSync()]);
  const before = read();
  tf.tidy(() => {
    optimizer.applyGradients([
      { name: variables.w.name, tensor: tf.tensor(gradient.slice(0, 6), [...shapes.w]) },
      { name: variables.b.name, tensor: tf.tensor(gradient.slice(6), [...shapes.b]) },
    ]);
  });
  return read().map((value, index) => value - before[index]!);
}

function startVariables() {
  return tf.tidy(() => ({ w: tf.variable(tf.zeros([...shapes.w])), b: tf.variable(tf.zeros([...shapes.b])) }));
}

describe.each(['cpu', 'wasm'] as const)('on the %s backend', (backend) => {
  beforeEach(() => useBackend(backend));

  describe.each(['kernel', 'tensors'] as const)('computed on %s', (compute) => {
    test.each([
      ['bounded updates', bounded],
      ['learned step sizes', stepSize],
    ])('%s are those that the pipeline trains', (_, normalisation) => {
      const lstm = createCoordinatewiseLstmKernel({
        coordinates,
        unrollSteps: 1,
        hidden,
        preprocessing: { kind: 'prepared' },
        outputScale: 1,
        backend: 'wasm-plain',
      });
      const network = normaliseNetwork(lstm, normalisation);
      network.setParameters(parameters);
      const optimizer = new LearnedOptimizer(fileOf(normalisation), { compute });
      const variables = startVariables();
      for (const gradient of gradients) {
        const expected = new Float32Array(coordinates);
        network.step(gradient, expected);
        const updates = apply(optimizer, variables, gradient);
        for (const [index, update] of updates.entries()) expect(Math.abs(update - expected[index]!)).toBeLessThan(1e-6);
      }
      network.dispose();
      optimizer.dispose();
    });
  });

  test('goes on from its saved state, moments included', async () => {
    const [optimizer, variables] = [new LearnedOptimizer(fileOf(stepSize)), startVariables()];
    for (const gradient of gradients.slice(0, 5)) apply(optimizer, variables, gradient);
    const weights = await optimizer.getWeights();
    expect(weights.map(({ tensor }) => tensor.shape)).toEqual([[], [...shapes.w, 19], [...shapes.b, 19]]);
    const other = new LearnedOptimizer(fileOf(stepSize));
    await other.setWeights(weights);
    const again = startVariables();
    for (const gradient of gradients.slice(5)) {
      const [expected, actual] = [apply(optimizer, variables, gradient), apply(other, again, gradient)];
      // What is added to different values is rounded differently.
      for (const [index, update] of actual.entries()) expect(Math.abs(update - expected[index]!)).toBeLessThan(1e-6);
    }
    const plain = new LearnedOptimizer(fileOf(bounded));
    await expect(plain.setWeights([weights[0]!, { ...weights[1]!, tensor: tf.zeros([2, 3, 4, 4]) }])).rejects.toThrow(
      "must have the shape [...variable's shape, 19], and has [2,3,4,4]",
    );
  });

  test('values that are not finite count as zero, and are counted', () => {
    const [optimizer, variables] = [new LearnedOptimizer(fileOf(stepSize)), startVariables()];
    const broken = gradients[0]!.map((value, index) => (index === 2 ? Number.NaN : index === 7 ? Infinity : value));
    const updates = apply(optimizer, variables, broken);
    expect(updates.every(Number.isFinite)).toBe(true);
    expect([updates[2], updates[7]].map(Math.abs as (value: number | undefined) => number)).toEqual([0, 0]);
    expect(optimizer.nonFiniteGradients).toBe(2);
  });

  test('a variable that joins late is corrected for its own beginning', () => {
    const alone = new LearnedOptimizer(fileOf(bounded));
    const late = new LearnedOptimizer(fileOf(bounded));
    const gradient = tf.tensor([1, -2, 3, -4]);
    const first = tf.variable(tf.zeros([4]));
    const [a, b] = [tf.variable(tf.zeros([4])), tf.variable(tf.zeros([4]))];
    for (let step = 0; step < 5; step++) late.applyGradients([{ name: first.name, tensor: gradient }]);
    alone.applyGradients([{ name: a.name, tensor: gradient }]);
    late.applyGradients([
      { name: first.name, tensor: gradient },
      { name: b.name, tensor: gradient },
    ]);
    const [expected, actual] = [a.dataSync(), b.dataSync()];
    for (const [index, value] of expected.entries()) expect(Math.abs(actual[index]! - value)).toBeLessThan(1e-6);
    expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(1e-3);
  });

  test('steps leave no tensor behind, and dispose leaves none at all', () => {
    for (const compute of ['kernel', 'tensors'] as const) {
      const variables = startVariables();
      const before = tf.memory().numTensors;
      const optimizer = new LearnedOptimizer(fileOf(stepSize), { compute });
      apply(optimizer, variables, gradients[0]!);
      const after = tf.memory().numTensors;
      for (let step = 0; step < 50; step++) apply(optimizer, variables, gradients[step % steps]!);
      expect(tf.memory().numTensors).toBe(after);
      optimizer.dispose();
      expect(tf.memory().numTensors).toBe(before);
    }
  });
});

test.each([
  ['no settings', {}],
  ['a decay of 1', { ...bounded, meanDecay: 1 }],
  ['another second input', { ...bounded, secondInput: 'sign' }],
  ['no bound', { ...bounded, update: { kind: 'bounded' } }],
  ['a negative rate', { ...stepSize, update: { kind: 'step-size', rate: -1, decaySteps: 3 } }],
  ['null', null],
])('a file whose normalisation has %s is refused', (_, normalisation) => {
  expect(() => new LearnedOptimizer(fileOf(normalisation))).toThrow(
    /must have a normalisation with decays in \[0, 1\)/,
  );
});
