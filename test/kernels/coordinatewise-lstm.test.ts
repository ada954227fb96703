import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type CoordinatewiseLstm,
  inputsOf,
  type Preprocessing,
  parameterLayout,
} from '../../lib/kernels/coordinatewise-lstm.ts';
import { createCoordinatewiseLstmKernel } from '../../lib/kernels/coordinatewise-lstm-kernel.ts';
import { createCoordinatewiseLstmReference } from '../../lib/kernels/coordinatewise-lstm-reference.ts';
import { KernelOrderError, KernelShapeError } from '../../lib/kernels/errors.ts';
import { checkGradient } from '../../lib/numerics/gradient-checking.ts';
import { unrollInFloat64 } from './float64-lstm.ts';
import {
  backends,
  largestDifference,
  preprocessings,
  runSteps,
  seededGradients,
  seededNormal,
  seededParameters,
} from './lstm-fixtures.ts';

beforeAll(() => tf.setBackend('cpu'));

const paperSize = { inputs: 2, hidden: 20 } as const;
const logSign = preprocessings[0];

/** A kernel with seeded parameters. */
function createKernel(options: Partial<Parameters<typeof createCoordinatewiseLstmKernel>[0]>): CoordinatewiseLstm {
  const lstm = createCoordinatewiseLstmKernel({
    coordinates: 13,
    unrollSteps: 5,
    preprocessing: logSign,
    outputScale: 0.1,
    ...options,
  });
  lstm.setParameters(seededParameters(lstm.layout));
  return lstm;
}

/** Rows that a step's gradients have. */
const inputRowsOf = ({ kind }: Preprocessing) => (kind === 'prepared' ? 2 : 1);

test('the parameters number as in the original code', () => {
  expect(parameterLayout({ inputs: 1, hidden: 20 }).size).toBe(5061);
  expect(parameterLayout(paperSize).size).toBe(5141);
});

const cases = backends.flatMap((backend) => preprocessings.map((preprocessing) => ({ backend, preprocessing })));
describe.each(cases)('$backend, $preprocessing.kind', ({ backend, preprocessing }) => {
  test('the kernel says what the TensorFlow.js reference says, over two windows', () => {
    const [coordinates, unrollSteps] = [13, 4];
    const reference = createCoordinatewiseLstmReference({ coordinates, unrollSteps, preprocessing, outputScale: 0.1 });
    reference.setParameters(seededParameters(reference.layout));
    const kernel = createKernel({ backend, preprocessing, unrollSteps });
    for (const seed of [1, 2]) {
      const gradients = seededGradients(inputRowsOf(preprocessing) * coordinates, unrollSteps, seed);
      kernel.beginUnroll();
      reference.beginUnroll();
      const expected = runSteps(reference, gradients);
      for (const [t, updates] of runSteps(kernel, gradients).entries()) {
        expect(largestDifference(updates, expected[t]!)).toBeLessThan(3e-7);
      }
      expect(largestDifference(kernel.readState(), reference.readState())).toBeLessThan(2e-6);
      const updateGradients = seededNormal(unrollSteps * coordinates, seed);
      const gradient = reference.backward(updateGradients);
      const scale = Math.max(...gradient.map(Math.abs));
      expect(scale).toBeGreaterThan(0.1);
      expect(largestDifference(kernel.backward(updateGradients), gradient)).toBeLessThan(3e-6 * scale);
      // A selection, and its importance weights, as the caller multiplies them in.
      const selected = Int32Array.of(0, 3, 7, 8, 12);
      const ofSelected = seededNormal(unrollSteps * selected.length, seed + 10);
      expect(
        largestDifference(kernel.backward(ofSelected, selected), reference.backward(ofSelected, selected)),
      ).toBeLessThan(3e-6 * scale);
    }
    reference.dispose();
  });

  test('the gradient is that of central differences in float64', () => {
    const [coordinates, steps, hidden] = [3, 3, 8];
    const kernel = createKernel({ backend, preprocessing, coordinates, unrollSteps: steps, hidden, outputScale: 1 });
    const gradients = seededGradients(inputRowsOf(preprocessing) * coordinates, steps);
    const updateGradients = seededNormal(steps * coordinates);
    kernel.beginUnroll();
    runSteps(kernel, gradients);
    const shape = { inputs: inputsOf(preprocessing), hidden };
    const weightedUpdates = (parameters: Float64Array) =>
      unrollInFloat64(shape, parameters, gradients, preprocessing, 1)
        .flat()
        .reduce((sum, update, index) => sum + update * updateGradients[index]!, 0);
    const { error, estimate } = checkGradient(
      weightedUpdates,
      seededParameters(kernel.layout),
      kernel.backward(updateGradients),
    );
    expect(error).toBeLessThan(2e-6);
    // Nothing is right for being zero.
    for (const { offset, size } of kernel.layout.tensors) {
      expect(Math.max(...estimate.subarray(offset, offset + size).map(Math.abs))).toBeGreaterThan(1e-3);
    }
  });
});

describe('golden values from numpy (float64, complex-step meta-gradient)', () => {
  interface GoldenCase {
    readonly preprocessing: Preprocessing;
    readonly parameters: Readonly<Record<string, readonly number[]>>;
    readonly gradients: readonly (readonly number[])[];
    readonly updateGradients: readonly (readonly number[])[];
    readonly updates: readonly (readonly number[])[];
    readonly state: readonly number[];
    readonly metaGradient: Readonly<Record<string, readonly number[]>>;
  }
  const golden: {
    readonly hidden: number;
    readonly coordinates: number;
    readonly steps: number;
    readonly outputScale: number;
    readonly cases: readonly GoldenCase[];
  } = JSON.parse(readFileSync(new URL('../golden/coordinatewise-lstm.json', import.meta.url), 'utf8'));

  const create = (
    implementation: (typeof backends)[number] | 'reference',
    options: Parameters<typeof createCoordinatewiseLstmReference>[0],
  ) =>
    implementation === 'reference'
      ? createCoordinatewiseLstmReference(options)
      : createCoordinatewiseLstmKernel({ ...options, backend: implementation });
  const rows = [...backends, 'reference' as const].flatMap((implementation) =>
    golden.cases.map((values) => ({ implementation, kind: values.preprocessing.kind, values })),
  );
  test.each(rows)('$implementation, $kind', ({ implementation, values }) => {
    const { hidden, coordinates, steps, outputScale } = golden;
    const { preprocessing } = values;
    const lstm = create(implementation, { coordinates, unrollSteps: steps, preprocessing, hidden, outputScale });
    const inOrder = (named: Readonly<Record<string, readonly number[]>>) =>
      Float32Array.from(lstm.layout.tensors.flatMap(({ name }) => named[name]!));
    lstm.setParameters(inOrder(values.parameters));
    lstm.beginUnroll();
    const updates = runSteps(
      lstm,
      values.gradients.map((row) => Float32Array.from(row)),
    );
    for (const [t, row] of updates.entries()) expect(largestDifference(row, values.updates[t]!)).toBeLessThan(3e-7);
    expect(largestDifference(lstm.readState(), values.state)).toBeLessThan(1e-6);
    const gradient = lstm.backward(Float32Array.from(values.updateGradients.flat()));
    expect(largestDifference(gradient, inOrder(values.metaGradient))).toBeLessThan(1e-6);
    lstm.dispose();
  });
});

describe('over many coordinates', () => {
  test.each(backends)('results are equal to the bit for any number of threads: %s', (backend) => {
    const [coordinates, unrollSteps] = [1003, 3];
    const gradients = seededGradients(coordinates, unrollSteps);
    const selected = Int32Array.from({ length: 300 }, (_, index) => 3 * index + (index % 3));
    const results = [1, 2, 4].map((threads) => {
      const kernel = createKernel({ coordinates, unrollSteps, threads, backend });
      kernel.beginUnroll();
      const updates = runSteps(kernel, gradients);
      const gradient = kernel.backward(seededNormal(unrollSteps * coordinates));
      const ofSelected = kernel.backward(seededNormal(unrollSteps * selected.length), selected);
      const state = kernel.readState();
      kernel.dispose();
      return { updates, gradient, ofSelected, state };
    });
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  const counts = backends.flatMap((backend) => [1, 7, 8, 9, 521].map((coordinates) => ({ coordinates, backend })));
  test.each(counts)('each of $coordinates coordinates comes out as it does alone: $backend', (options) => {
    const { coordinates, backend } = options;
    const gradients = seededGradients(coordinates, 2);
    const together = runSteps(createKernel({ ...options, unrollSteps: 2 }), gradients);
    const alone = createKernel({ coordinates: 1, unrollSteps: 2, backend });
    for (const coordinate of new Set([0, coordinates >> 1, coordinates - 1])) {
      alone.resetState();
      const updates = runSteps(
        alone,
        gradients.map((row) => row.slice(coordinate, coordinate + 1)),
      );
      expect(updates.map((row) => row[0])).toEqual(together.map((row) => row[coordinate]));
    }
  });

  test.each(backends)('blocks of five and six groups, the last not full: as the reference says: %s', (backend) => {
    const options = { coordinates: 2561, unrollSteps: 2, preprocessing: logSign, outputScale: 0.1 };
    const reference = createCoordinatewiseLstmReference(options);
    reference.setParameters(seededParameters(reference.layout));
    const kernel = createKernel({ ...options, backend });
    const gradients = seededGradients(options.coordinates, options.unrollSteps);
    const updateGradients = seededNormal(options.unrollSteps * options.coordinates);
    const run = (lstm: CoordinatewiseLstm) => {
      lstm.beginUnroll();
      return { updates: runSteps(lstm, gradients), gradient: lstm.backward(updateGradients) };
    };
    const [expected, actual] = [run(reference), run(kernel)];
    for (const [t, updates] of actual.updates.entries()) {
      expect(largestDifference(updates, expected.updates[t]!)).toBeLessThan(3e-7);
    }
    const scale = Math.max(...expected.gradient.map(Math.abs));
    expect(largestDifference(actual.gradient, expected.gradient)).toBeLessThan(3e-6 * scale);
    reference.dispose();
  });

  test('selecting every coordinate is selecting none', () => {
    const kernel = createKernel({});
    kernel.beginUnroll();
    runSteps(kernel, seededGradients(13, 5));
    const updateGradients = seededNormal(5 * 13);
    const all = Int32Array.from({ length: 13 }, (_, coordinate) => coordinate);
    expect(kernel.backward(updateGradients, all)).toEqual(kernel.backward(updateGradients));
  });

  test('a selection of nothing has no gradient', () => {
    const kernel = createKernel({});
    kernel.beginUnroll();
    runSteps(kernel, seededGradients(13, 1));
    const gradient = kernel.backward(new Float32Array(0), new Int32Array(0));
    expect(gradient).toEqual(new Float32Array(kernel.layout.size));
  });
});

describe('windows and state', () => {
  test('the gradient stops at the window: a kernel that starts there has the same', () => {
    const kernel = createKernel({});
    runSteps(kernel, seededGradients(13, 3, 1));
    const restored = createKernel({});
    restored.writeState(kernel.readState());
    const gradients = seededGradients(13, 5, 2);
    for (const lstm of [kernel, restored]) lstm.beginUnroll();
    expect(runSteps(restored, gradients)).toEqual(runSteps(kernel, gradients));
    const updateGradients = seededNormal(5 * 13);
    expect(restored.backward(updateGradients)).toEqual(kernel.backward(updateGradients));
    expect(restored.readState()).toEqual(kernel.readState());
    restored.resetState();
    expect(restored.readState()).toEqual(new Float32Array(13 * 80));
  });

  test('a window may be shorter than the unroll, and steps go on past its end', () => {
    const kernel = createKernel({});
    kernel.beginUnroll();
    runSteps(kernel, seededGradients(13, 2));
    const short = createKernel({ unrollSteps: 2 });
    short.beginUnroll();
    runSteps(short, seededGradients(13, 2));
    const updateGradients = seededNormal(2 * 13);
    expect(kernel.backward(updateGradients)).toEqual(short.backward(updateGradients));
    runSteps(short, seededGradients(13, 1));
    expect(() => short.backward(seededNormal(3 * 13))).toThrow(KernelOrderError);
  });

  test('a zero output layer makes no update', () => {
    const kernel = createKernel({});
    const parameters = seededParameters(kernel.layout);
    parameters.fill(0, kernel.layout.byName['output/kernel'].offset);
    kernel.setParameters(parameters);
    expect(runSteps(kernel, seededGradients(13, 2))).toEqual([new Float32Array(13), new Float32Array(13)]);
  });

  test.each(cases)('a NaN stays visible where it belongs: $backend, $preprocessing.kind', (options) => {
    const kernel = createKernel(options);
    const gradients = seededGradients(13 * inputRowsOf(options.preprocessing), 2);
    gradients[0]![4] = Number.NaN;
    kernel.beginUnroll();
    for (const updates of runSteps(kernel, gradients)) {
      expect([...updates.keys()].filter((coordinate) => Number.isNaN(updates[coordinate]))).toEqual([4]);
    }
    // The output bias alone does not depend on what the network saw.
    const gradient = kernel.backward(seededNormal(26));
    expect([...gradient.keys()].filter((place) => !Number.isNaN(gradient[place]))).toEqual([kernel.layout.size - 1]);
  });
});

describe('what does not fit is refused', () => {
  const kernel = createKernel({});
  const of = (length: number) => new Float32Array(length);
  test.each([
    ['hidden', () => createKernel({ hidden: 6 })],
    ['coordinates', () => createKernel({ coordinates: 0 })],
    ['unrollSteps', () => createKernel({ unrollSteps: 1.5 })],
    ['threads', () => createKernel({ threads: 0 })],
    ['p', () => createKernel({ preprocessing: { kind: 'log-sign', p: 90 } })],
    ['parameters', () => kernel.setParameters(of(5061))],
    ['gradients', () => kernel.step(of(12), of(13))],
    ['updates', () => kernel.step(of(13), of(14))],
    ['prepared', () => createKernel({ preprocessing: { kind: 'prepared' } }).step(of(13), of(13))],
    ['state', () => kernel.writeState(of(13 * 79))],
  ])('%s', (_, call) => {
    expect(call).toThrow(KernelShapeError);
  });

  test('backward: without a window, of a wrong shape, of a wrong selection', () => {
    expect(() => kernel.backward(of(13))).toThrow(KernelOrderError);
    kernel.beginUnroll();
    expect(() => kernel.backward(of(0))).toThrow(KernelOrderError);
    runSteps(kernel, seededGradients(13, 1));
    expect(() => kernel.backward(of(12))).toThrow(KernelShapeError);
    for (const selected of [Int32Array.of(3, 3), Int32Array.of(5, 2), Int32Array.of(0, 13), Int32Array.of(-1, 2)]) {
      expect(() => kernel.backward(of(2), selected)).toThrow(KernelShapeError);
    }
  });
});
