import { describe, expect, test } from 'vitest';
import { createCoordinatewiseLstmKernel } from '../../../lib/kernels/coordinatewise-lstm-kernel.ts';
import { createLstmArithmeticKernel, type FloatArray } from '../../../lib/kernels/lstm-arithmetic.ts';
import { createLstmArithmeticReference } from '../../../lib/kernels/lstm-arithmetic-reference.ts';
import { groupCoordinates } from '../../../lib/learned-optimizers/information-sharing/coordinate-groups.ts';
import {
  type SharingNetworkOptions,
  sharingArrayLengths,
} from '../../../lib/learned-optimizers/information-sharing/sharing-arrays.ts';
import { createSharingNetwork } from '../../../lib/learned-optimizers/information-sharing/sharing-network.ts';
import type { SharingArchitecture } from '../../../lib/learned-optimizers/information-sharing/sharing-parameters.ts';
import { checkGradient } from '../../../lib/numerics/gradient-checking.ts';
import { randomStream } from '../../../lib/numerics/random.ts';

const matrix = { kind: 'matrix' } as const;
const write = 'outer-product';
const sliding = { kind: 'sliding', historySteps: 2 } as const;
const architectures: Record<string, SharingArchitecture> = {
  lstm: { averagingCells: 0, readHeads: 0, writeHeads: 0, memory: matrix, write },
  'lstm+gac': { averagingCells: 2, readHeads: 0, writeHeads: 0, memory: matrix, write },
  'ntm-bfgs': { averagingCells: 2, readHeads: 1, writeHeads: 3, memory: matrix, write },
  'ntm-bfgs, two read heads': { averagingCells: 1, readHeads: 2, writeHeads: 1, memory: matrix, write },
  'ntm-bfgs, mean writes': {
    averagingCells: 1,
    readHeads: 1,
    writeHeads: 2,
    memory: matrix,
    write: 'mean-outer-product',
  },
  'ntm-l-bfgs': { averagingCells: 2, readHeads: 1, writeHeads: 2, memory: sliding, write },
  'ntm-l-bfgs, two read heads': { averagingCells: 0, readHeads: 2, writeHeads: 1, memory: sliding, write },
};
const names = Object.keys(architectures);
const groups = groupCoordinates([3, 2, 4]);
const { coordinates } = groups;
const steps = 4;

function optionsOf(name: string, changes: Partial<SharingNetworkOptions> = {}): SharingNetworkOptions {
  return {
    ...architectures[name]!,
    groups,
    unrollSteps: steps,
    preprocessing: { kind: 'identity', scale: 1 },
    hidden: 4,
    outputScale: 0.5,
    ...changes,
  };
}

function create(options: SharingNetworkOptions, arithmetic: 'float64' | 'float32' | 'wasm-relaxed' | 'wasm-plain') {
  const lengths = sharingArrayLengths(options);
  if (arithmetic === 'wasm-plain' || arithmetic === 'wasm-relaxed') {
    return createSharingNetwork(options, createLstmArithmeticKernel(lengths, arithmetic));
  }
  const type = arithmetic === 'float64' ? Float64Array : Float32Array;
  return createSharingNetwork(options, createLstmArithmeticReference(lengths, type));
}

function normal(length: number, deviation: number, ...streamNames: string[]): Float64Array {
  const random = randomStream(3, ...streamNames);
  return Float64Array.from({ length }, () => deviation * random.normal());
}

/** Gradients [2 windows · steps][coordinates] as the optimizer sees them. */
const gradients = Array.from({ length: 2 * steps }, (_, step) => normal(coordinates, 1, `gradient-${step}`));
const weights = normal(steps * coordinates, 1, 'weights');

/** A window of steps that nothing is asked of, then one whose updates are weighted and gone back through. */
function runWindows(network: ReturnType<typeof create>, parameters: FloatArray, order?: Int32Array) {
  const FloatType = parameters instanceof Float64Array ? Float64Array : Float32Array;
  network.setParameters(parameters);
  network.resetState();
  const updates = gradients.map((gradient, index) => {
    if (index % steps === 0) network.beginUnroll();
    const update = new FloatType(coordinates);
    const seen = new FloatType(coordinates);
    for (let k = 0; k < coordinates; k++) seen[k] = gradient[order?.[k] ?? k]!;
    network.step(seen, update);
    return Float64Array.from(update);
  });
  const second = updates.slice(steps);
  const value = second.reduce(
    (sum, row, step) => sum + row.reduce((inner, update, k) => inner + update * weights[step * coordinates + k]!, 0),
    0,
  );
  return { updates, value };
}

describe.each(names)('%s', (name) => {
  const options = optionsOf(name);
  const network = create(options, 'float64');
  const parameters = normal(network.layout.size, 0.7, 'parameters');

  test('the gradient of the second window is the one of finite differences in float64', () => {
    // The state at its start is a constant: differences are taken with the parameters of the first window held.
    runWindows(network, parameters);
    const secondWindow = (at: FloatArray) => {
      network.setParameters(parameters);
      network.resetState();
      let value = 0;
      const update = new Float64Array(coordinates);
      for (const [index, gradient] of gradients.entries()) {
        if (index % steps === 0) network.beginUnroll();
        if (index === steps) network.setParameters(at);
        network.step(gradient, update);
        if (index < steps) continue;
        for (let k = 0; k < coordinates; k++) value += update[k]! * weights[(index - steps) * coordinates + k]!;
      }
      return value;
    };
    secondWindow(parameters);
    const gradient = network.backward(weights);
    const { error, worst, estimate } = checkGradient(secondWindow, parameters, gradient);
    const { name: tensor } = network.layout.tensors.findLast(({ offset }) => offset <= worst)!;
    // The gradient itself is handed out in float32.
    expect(error, `${tensor}: ${gradient[worst]} instead of ${estimate[worst]}`).toBeLessThan(1e-7);
    // Every tensor takes part, except what no later step of the window can see.
    for (const { name: part, offset, size } of network.layout.tensors)
      expect(
        gradient.subarray(offset, offset + size).some((value) => Math.abs(value) > 1e-3),
        part,
      ).toBe(true);
  });

  test.each(['float32', 'wasm-relaxed', 'wasm-plain'] as const)('%s agrees with float64', (arithmetic) => {
    const rounded = Float32Array.from(parameters);
    const wide = create(optionsOf(name, { hidden: 12 }), 'float64');
    const narrow = create(optionsOf(name, { hidden: 12 }), arithmetic);
    const phi = Float32Array.from(normal(wide.layout.size, 0.4, 'parameters'));
    expect(rounded.length).toBe(network.layout.size);
    const expected = runWindows(wide, Float64Array.from(phi));
    const actual = runWindows(narrow, phi);
    for (const [step, row] of expected.updates.entries())
      for (const [k, value] of row.entries()) expect(Math.abs(actual.updates[step]![k]! - value)).toBeLessThan(2e-5);
    const theirs = wide.backward(weights);
    const ours = narrow.backward(Float32Array.from(weights));
    const scale = Math.max(...theirs.map(Math.abs));
    for (const [k, value] of theirs.entries()) expect(Math.abs(ours[k]! - value)).toBeLessThan(2e-5 * scale);
  });

  test('permuting the coordinates of a function permutes its updates, and functions do not touch each other', () => {
    const plain = runWindows(network, parameters).updates;
    const order = Int32Array.of(2, 0, 1, 4, 3, 7, 8, 5, 6);
    const permuted = runWindows(network, parameters, order).updates;
    for (const [step, row] of permuted.entries())
      for (const [k, value] of row.entries()) expect(value).toBeCloseTo(plain[step]![order[k]!]!, 12);

    const alone = create(optionsOf(name, { groups: groupCoordinates([2]) }), 'float64');
    alone.setParameters(parameters);
    alone.resetState();
    const update = new Float64Array(2);
    for (const [step, gradient] of gradients.entries()) {
      alone.step(gradient.subarray(3, 5), update);
      for (let k = 0; k < 2; k++) expect(update[k]).toBeCloseTo(plain[step]![3 + k]!, 12);
    }
  });

  test('steps outside a window, and windows of other lengths, go the same way', () => {
    const expected = runWindows(network, parameters).updates;
    for (const unrollSteps of [1, 3]) {
      const other = create(optionsOf(name, { unrollSteps }), 'float64');
      other.setParameters(parameters);
      other.resetState();
      const update = new Float64Array(coordinates);
      for (const [step, gradient] of gradients.entries()) {
        other.step(gradient, update);
        expect(update).toEqual(expected[step]);
      }
    }
  });

  test('zero weights of the update make no update', () => {
    const silent = parameters.slice();
    for (const { name: part, offset, size } of network.layout.tensors)
      if (part.startsWith('output/')) silent.fill(0, offset, offset + size);
    for (const row of runWindows(network, silent).updates) expect(row.every((value) => value === 0)).toBe(true);
  });
});

test.each(['lstm', 'lstm+gac', 'ntm-bfgs', 'ntm-l-bfgs'])(
  '%s: a coordinate sees another one exactly where it shares information',
  (name) => {
    const network = create(optionsOf(name), 'float64');
    const parameters = normal(network.layout.size, 0.7, 'parameters');
    const run = (change: number) => {
      network.setParameters(parameters);
      network.resetState();
      const update = new Float64Array(coordinates);
      for (const gradient of gradients) network.step(gradient.with(0, gradient[0]! + change), update);
      return update;
    };
    const difference = run(1).map((value, k) => Math.abs(value - run(0)[k]!));
    expect(difference[0]).toBeGreaterThan(1e-3);
    for (const k of [1, 2]) {
      if (name === 'lstm') expect(difference[k]).toBe(0);
      else expect(difference[k]).toBeGreaterThan(1e-6);
    }
    // Other functions' coordinates never do.
    for (let k = 3; k < coordinates; k++) expect(difference[k]).toBe(0);
  },
);

test.each([
  { kind: 'identity', scale: 0.5 },
  { kind: 'log-sign', p: 10 },
] as const)('without sharing it is the coordinatewise LSTM of §2.1, φ included ($kind)', (preprocessing) => {
  const options = optionsOf('lstm', { preprocessing, hidden: 8 });
  const ours = create(options, 'wasm-plain');
  const known = createCoordinatewiseLstmKernel({ ...options, coordinates, threads: 1, backend: 'wasm-plain' });
  expect(ours.layout).toEqual({ size: known.layout.size, tensors: known.layout.tensors });
  const parameters = Float32Array.from(normal(known.layout.size, 0.4, 'parameters'));
  known.setParameters(parameters);
  known.beginUnroll();
  ours.setParameters(parameters);
  ours.beginUnroll();
  const [expected, actual] = [new Float32Array(coordinates), new Float32Array(coordinates)];
  for (const gradient of gradients.slice(0, steps)) {
    // Small ones too: both branches of appendix A.
    const seen = Float32Array.from(gradient, (value, k) => (k % 3 === 0 ? 1e-5 * value : value));
    known.step(seen, expected);
    ours.step(seen, actual);
    for (const [k, value] of expected.entries()) expect(actual[k]).toBeCloseTo(value, 5);
  }
  const theirs = known.backward(Float32Array.from(weights));
  const gradient = ours.backward(Float32Array.from(weights));
  for (const [k, value] of theirs.entries()) expect(gradient[k]).toBeCloseTo(value, 4);
  known.dispose();
});

test('a memory that is written and never read has no effect: NTM-BFGS without read heads is LSTM+GAC', () => {
  const plain = create(optionsOf('lstm+gac'), 'float64');
  const writing = create(optionsOf('lstm+gac', { writeHeads: 3 }), 'float64');
  const parameters = normal(writing.layout.size, 0.7, 'parameters');
  const { size } = plain.layout;
  expect(writing.layout.tensors.slice(0, plain.layout.tensors.length)).toEqual(plain.layout.tensors);
  expect(runWindows(writing, parameters)).toEqual(runWindows(plain, parameters.slice(0, size)));
  const gradient = writing.backward(weights);
  expect(gradient.subarray(0, size)).toEqual(plain.backward(weights));
  expect(gradient.subarray(size).every((value) => value === 0)).toBe(true);
});

test('mistakes in use are told', () => {
  const network = create(optionsOf('ntm-bfgs'), 'float64');
  expect(() => network.setParameters(new Float64Array(3))).toThrow('parameters must have');
  expect(() => network.step(new Float64Array(8), new Float64Array(9))).toThrow('gradients must have 9 elements');
  expect(() => network.backward(weights)).toThrow('no window has begun');
  network.resetState();
  runWindows(network, normal(network.layout.size, 0.7, 'parameters'));
  expect(() => network.backward(weights, Int32Array.of(0, 1))).toThrow('all 9 coordinates, got a selection of 2');
  expect(() => network.backward(weights.subarray(1))).toThrow('updateGradients must have 36 elements');
  network.backward(weights);
  // The sweep uses the activations up.
  expect(() => network.backward(weights)).toThrow('no window has begun');
});

test.each(['ntm-bfgs', 'ntm-l-bfgs'])(
  '%s: a NaN is told in updates and gradient, and a reset leaves nothing of it',
  (name) => {
    const network = create(optionsOf(name), 'wasm-plain');
    const parameters = Float32Array.from(normal(network.layout.size, 0.7, 'parameters'));
    const expected = runWindows(network, parameters).updates;
    network.resetState();
    network.beginUnroll();
    const update = new Float32Array(coordinates);
    for (let step = 0; step < steps; step++) network.step(new Float32Array(coordinates).fill(Number.NaN), update);
    expect(update.every(Number.isNaN)).toBe(true);
    expect(network.backward(Float32Array.from(weights)).some(Number.isNaN)).toBe(true);
    expect(runWindows(network, parameters).updates).toEqual(expected);
  },
);
