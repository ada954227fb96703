import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { createCoordinatewiseLstmKernel } from '../../lib/kernels/coordinatewise-lstm-kernel.ts';
import { KernelOrderError, KernelShapeError } from '../../lib/kernels/errors.ts';
import { type NormalisationSettings, normaliseNetwork } from '../../lib/learned-optimizers/normalised-network.ts';
import { createOptimizerNetwork } from '../../lib/learned-optimizers/optimizer-network.ts';
import { checkGradient } from '../../lib/numerics/gradient-checking.ts';
import { unrollInFloat64 } from '../kernels/float64-lstm.ts';
import {
  largestDifference,
  runSteps,
  seededGradients,
  seededNormal,
  seededParameters,
} from '../kernels/lstm-fixtures.ts';

const decays = { meanDecay: 0.9, meanSquareDecay: 0.95 };
const bounded: NormalisationSettings = { ...decays, secondInput: 'gradient', update: { kind: 'bounded', bound: 0.1 } };
const stepSize: NormalisationSettings = {
  ...decays,
  secondInput: 'relative-magnitude',
  update: { kind: 'step-size', rate: 0.02, decaySteps: 3 },
};

function create(settings: NormalisationSettings) {
  const lstm = createCoordinatewiseLstmKernel({
    coordinates: 5,
    unrollSteps: 4,
    hidden: 4,
    preprocessing: { kind: 'prepared' },
    outputScale: 1,
    backend: 'wasm-plain',
  });
  const network = normaliseNetwork(lstm, settings);
  network.setParameters(seededParameters(network.layout));
  return network;
}

/** The equations of the module's header, in float64: updates [steps][coordinates]. */
function unrollNormalised(
  { meanDecay, meanSquareDecay, secondInput, update }: NormalisationSettings,
  parameters: ArrayLike<number>,
  gradients: readonly Float32Array[],
): number[][] {
  const coordinates = gradients[0]!.length;
  const m = new Array<number>(coordinates).fill(0);
  const v = new Array<number>(coordinates).fill(0);
  const inputs = gradients.map((row, index) => {
    const directions: number[] = [];
    const normalised: number[] = [];
    for (const [i, gradient] of row.entries()) {
      m[i] = meanDecay * m[i]! + (1 - meanDecay) * gradient;
      v[i] = meanSquareDecay * v[i]! + (1 - meanSquareDecay) * gradient ** 2;
      const root = Math.sqrt(v[i]! / (1 - meanSquareDecay ** (index + 1))) + 1e-8;
      directions.push(m[i]! / (1 - meanDecay ** (index + 1)) / root);
      normalised.push(gradient / root);
    }
    if (secondInput === 'gradient') return [...directions, ...normalised];
    const typical = Math.sqrt(v.reduce((sum, value) => sum + value / coordinates, 0));
    return [...directions, ...v.map((value) => Math.max(-1, Math.log(Math.sqrt(value) / typical) / 5))];
  });
  const outputs = unrollInFloat64({ inputs: 2, hidden: 4 }, parameters, inputs, { kind: 'prepared' }, 1);
  return outputs.map((row, step) =>
    row.map((y, i) =>
      update.kind === 'bounded'
        ? update.bound * Math.tanh(y)
        : -update.rate * Math.sqrt(update.decaySteps / (update.decaySteps + step)) * Math.exp(y) * inputs[step]![i]!,
    ),
  );
}

describe.each([bounded, stepSize])('$update.kind, $secondInput', (settings) => {
  test('updates are those of the equations in float64', () => {
    const network = create(settings);
    const gradients = seededGradients(5, 4);
    const expected = unrollNormalised(settings, seededParameters(network.layout), gradients);
    for (const [step, updates] of runSteps(network, gradients).entries()) {
      expect(Math.max(...updates.map(Math.abs))).toBeGreaterThan(1e-3);
      expect(largestDifference(updates, expected[step]!)).toBeLessThan(1e-6);
    }
  });

  test('the gradient is that of central differences in float64, of a selection too', () => {
    const network = create(settings);
    const gradients = seededGradients(5, 4);
    const selected = Int32Array.of(0, 2, 3);
    const updateGradients = seededNormal(4 * 3).map((value) => 30 * value);
    network.beginUnroll();
    runSteps(network, gradients);
    const weighted = (parameters: Float64Array) =>
      unrollNormalised(settings, parameters, gradients)
        .flatMap((row) => [...selected].map((coordinate) => row[coordinate]!))
        .reduce((sum, value, place) => sum + value * updateGradients[place]!, 0);
    const gradient = network.backward(updateGradients, selected);
    const { error, estimate } = checkGradient(weighted, seededParameters(network.layout), gradient);
    expect(error).toBeLessThan(1e-5);
    expect(Math.max(...estimate.map(Math.abs))).toBeGreaterThan(0.1);
    // Selecting all is selecting none.
    const all = seededNormal(4 * 5);
    expect(network.backward(all, Int32Array.of(0, 1, 2, 3, 4))).toEqual(network.backward(all));
  });

  test('the scale of the gradients changes nothing', () => {
    const gradients = seededGradients(5, 4).map((row) => row.map((value) => value + Math.sign(value)));
    const larger = gradients.map((row) => row.map((value) => 1024 * value));
    const [ones, others] = [runSteps(create(settings), gradients), runSteps(create(settings), larger)];
    for (const [step, row] of ones.entries()) expect(largestDifference(row, others[step]!)).toBeLessThan(1e-6);
  });

  test('goes on from a saved state to the same bits, and starts anew after a reset', () => {
    const network = create(settings);
    const [before, after] = [seededGradients(5, 3, 1), seededGradients(5, 3, 2)];
    const first = runSteps(network, before);
    const state = network.readState();
    const expected = runSteps(network, after);
    const restored = create(settings);
    restored.writeState(state);
    expect(runSteps(restored, after)).toEqual(expected);
    restored.resetState();
    expect(runSteps(restored, before)).toEqual(first);
  });

  test('refuses gradients and states of another shape, and a gradient without a window', () => {
    const network = create(settings);
    expect(() => network.step(new Float32Array(4), new Float32Array(5))).toThrow(KernelShapeError);
    expect(() => network.writeState(new Float32Array(10))).toThrow(/state must have .*got 10/);
    expect(() => network.writeState(new Float32Array(100))).toThrow(KernelShapeError);
    expect(() => network.backward(new Float32Array(5))).toThrow(KernelOrderError);
  });
});

test('bounded updates stay within the bound, whatever the parameters', () => {
  const network = create(bounded);
  network.setParameters(seededParameters(network.layout).map((value) => 1000 * value));
  for (const updates of runSteps(network, seededGradients(5, 4))) {
    expect(Math.max(...updates.map(Math.abs))).toBeLessThanOrEqual(Math.fround(0.1));
  }
});

test('a step size whose output layer is zero is Adam (Kingma and Ba, Algorithm 1) with a falling rate', () => {
  const network = create({ ...stepSize, meanSquareDecay: 0.999 });
  const parameters = seededParameters(network.layout);
  parameters.fill(0, network.layout.byName['output/kernel'].offset);
  network.setParameters(parameters);
  const gradients = seededGradients(5, 4);
  const [m, v] = [new Float64Array(5), new Float64Array(5)];
  for (const [index, updates] of runSteps(network, gradients).entries()) {
    const t = index + 1;
    const expected = gradients[index]!.map((gradient, i) => {
      m[i] = 0.9 * m[i]! + 0.1 * gradient;
      v[i] = 0.999 * v[i]! + 0.001 * gradient * gradient;
      return (-0.02 * Math.sqrt(3 / (2 + t)) * (m[i]! / (1 - 0.9 ** t))) / (Math.sqrt(v[i]! / (1 - 0.999 ** t)) + 1e-8);
    });
    expect(largestDifference(updates, expected)).toBeLessThan(1e-7);
  }
});

test('gradients of zero give no update and no NaN, all of them or some', () => {
  for (const settings of [bounded, stepSize]) {
    const network = create(settings);
    const updates = new Float32Array(5);
    network.step(new Float32Array(5), updates);
    expect(updates.every(Number.isFinite)).toBe(true);
    network.step(Float32Array.of(0, 1, 0, -1e30, 1e-30), updates);
    expect(updates.every(Number.isFinite)).toBe(true);
    if (settings === stepSize) expect(updates[0]).toBeCloseTo(0, 12);
  }
});

test('a network of the settings that an artifact holds computes the same in plain TensorFlow.js', async () => {
  const settings = {
    preprocessing: { kind: 'prepared' },
    hiddenUnits: 4,
    outputScale: 1,
    normalisation: stepSize,
  } as const;
  const [kernel, reference] = await Promise.all(
    (['wasm-plain', 'node-cpu'] as const).map((backend) =>
      createOptimizerNetwork(settings, {
        coordinates: 5,
        unrollSteps: 4,
        threads: 1,
        backend,
        startTensorFlow: async () => {
          await tf.setBackend('cpu');
        },
      }),
    ),
  );
  const gradients = seededGradients(5, 4);
  const updates = [kernel!, reference!].map((network) => {
    network.setParameters(seededParameters(network.layout));
    network.beginUnroll();
    return runSteps(network, gradients);
  });
  for (const [step, row] of updates[0]!.entries())
    expect(largestDifference(row, updates[1]![step]!)).toBeLessThan(1e-6);
  const updateGradients = seededNormal(4 * 5).map((value) => 30 * value);
  const gradient = reference!.backward(updateGradients);
  expect(Math.max(...gradient.map(Math.abs))).toBeGreaterThan(0.1);
  expect(largestDifference(kernel!.backward(updateGradients), gradient)).toBeLessThan(1e-5);
  reference!.dispose();
});
