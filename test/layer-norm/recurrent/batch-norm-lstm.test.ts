/** Recurrent batch normalisation against JAX in float64 (test/golden/batch-norm-lstm.py), and its running statistics. */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import '../../../lib/numerics/register-gradients.ts';
import { beforeAll, describe, expect, test } from 'vitest';
import { startTensorFlow } from '../../../functions/numeric-backend.ts';
import { batchNormLstm } from '../../../lib/layer-norm/recurrent/batch-norm-lstm.ts';
import {
  initializeRunningStatistics,
  type MinibatchStatistics,
  type RunningStatistics,
  statisticsNames,
  updateRunningStatistics,
} from '../../../lib/layer-norm/recurrent/batch-statistics.ts';
import { gateColumns, type LstmGate, lstmGates } from '../../../lib/layer-norm/recurrent/gates.ts';
import { initializeLstm, type LstmParameters } from '../../../lib/layer-norm/recurrent/lstm.ts';
import { randomStream } from '../../../lib/numerics/random.ts';
import { asTensors } from '../../../lib/training/trainer.ts';

interface GoldenArray {
  readonly shape: number[];
  readonly data: number[];
}
type Golden = Record<string, GoldenArray>;
interface GoldenCase {
  readonly mask: string;
  readonly mode: 'training' | 'inference';
  readonly outputs: GoldenArray;
  readonly hidden: GoldenArray;
  readonly cell: GoldenArray;
  readonly gradients: Golden;
  readonly seen?: Golden;
}
const golden: {
  readonly gates: LstmGate[];
  readonly epsilon: number;
  readonly arguments: Golden;
  readonly statistics: Golden;
  readonly masks: Golden;
  readonly lossWeights: Golden;
  readonly cases: GoldenCase[];
} = JSON.parse(readFileSync(new URL('../../golden/batch-norm-lstm.json', import.meta.url), 'utf8'));

beforeAll(() => startTensorFlow('wasm-plain'));

const units = golden.arguments.cellGain!.shape[0]!;

/** Columns of four gates from the golden file's order into ours. */
function tensorOf({ shape, data }: GoldenArray): tf.Tensor {
  const width = shape.at(-1)!;
  if (width !== 4 * units) return tf.tensor(data, shape);
  const ours = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += width) {
    for (const [position, gate] of golden.gates.entries()) {
      const values = data.slice(start + position * units, start + (position + 1) * units);
      ours.set(values, start + gateColumns(lstmGates, gate, units)[0]);
    }
  }
  return tf.tensor(ours, shape);
}

function expectClose(actual: tf.Tensor, expected: GoldenArray, tolerance = 1e-5): void {
  expect(actual.shape).toEqual(expected.shape);
  const wanted = tensorOf(expected).dataSync();
  const scale = Math.max(1, ...expected.data.map(Math.abs));
  const errors = [...actual.dataSync()].map((value, index) => Math.abs(value - wanted[index]!) / scale);
  expect(Math.max(...errors)).toBeLessThan(tolerance);
}

describe.each(golden.cases)('$mode, mask $mask', ({ mask, mode, outputs, hidden, cell, gradients, seen }) => {
  const names = Object.keys(golden.arguments);
  const run = (values: tf.Tensor[]) => {
    const given = Object.fromEntries(names.map((name, index) => [name, values[index]!]));
    const { inputs, hidden, cell, ...parameters } = given;
    return batchNormLstm(inputs as tf.Tensor3D, parameters as unknown as LstmParameters, {
      training: mode === 'training',
      epsilon: golden.epsilon,
      initialState: { hidden: hidden as tf.Tensor2D, cell: cell as tf.Tensor2D },
      ...(mode === 'inference' && { statistics: read(golden.statistics) as RunningStatistics }),
      ...(mask === 'ragged' && { mask: tensorOf(golden.masks.ragged!) as tf.Tensor2D }),
    });
  };
  const read = (arrays: Golden): Record<string, tf.Tensor> =>
    Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, tensorOf(array)]));

  test('outputs, states and statistics', () => {
    const result = run(names.map((name) => tensorOf(golden.arguments[name]!)));
    expectClose(result.outputs, outputs);
    expectClose(result.state.hidden, hidden);
    expectClose(result.state.cell, cell);
    expect(result.minibatchStatistics !== undefined).toBe(seen !== undefined);
    if (!seen) return;
    for (const name of statisticsNames) expectClose(result.minibatchStatistics![name], seen[name]!);
    const present = golden.masks[mask]!;
    expectClose(result.minibatchStatistics!.cases, { shape: [4, 1], data: rowSums(present) });
  });

  test('gradients of all parameters, inputs and states', () => {
    const weights = read(golden.lossWeights);
    const gradient = tf.grads((...values: tf.Tensor[]) => {
      const { outputs, state } = run(values);
      return tf.addN([
        tf.sum(tf.mul(weights.outputs!, outputs)),
        tf.sum(tf.mul(weights.hidden!, state.hidden)),
        tf.sum(tf.mul(weights.cell!, state.cell)),
      ]) as tf.Scalar;
    })(names.map((name) => tensorOf(golden.arguments[name]!)));
    // float32 against float64 through four steps of divisions by small deviations.
    for (const [index, name] of names.entries()) expectClose(gradient[index]!, gradients[name]!, 5e-5);
  });
});

function rowSums({ shape, data }: GoldenArray): number[] {
  const width = shape[1]!;
  return Array.from({ length: shape[0]! }, (_, row) =>
    data.slice(row * width, (row + 1) * width).reduce((sum, value) => sum + value, 0),
  );
}

describe('running statistics', () => {
  const rows = (values: number[], width: number) => tf.tensor2d(values.flatMap((value) => Array(width).fill(value)), [values.length, width]); // biome-ignore format: one line
  const minibatch = (values: number[], cases: number[]): MinibatchStatistics => ({
    inputMean: rows(values, 4),
    inputVariance: rows(values, 4),
    recurrentMean: rows(values, 4),
    recurrentVariance: rows(values, 4),
    cellMean: rows(values, 1),
    cellVariance: rows(values, 1),
    cases: tf.tensor2d(cases, [cases.length, 1]),
  });
  const start = (maxSteps: number) =>
    asTensors(initializeRunningStatistics(maxSteps, 1)) as unknown as RunningStatistics;
  const column = (statistics: RunningStatistics) => [...statistics.cellVariance.dataSync()];

  test('are the mean of few minibatches, and exponential after many', () => {
    let statistics = updateRunningStatistics(start(2), minibatch([4, 8], [5, 5]), 0.6);
    expect(column(statistics)).toEqual([4, 8]);
    statistics = updateRunningStatistics(statistics, minibatch([2, 8], [5, 5]), 0.6);
    expect(column(statistics)).toEqual([3, 8]);
    // From here on 1 − 0.6 of the new, which is more than a third.
    statistics = updateRunningStatistics(statistics, minibatch([9, 8], [5, 5]), 0.6);
    expect(column(statistics)[0]).toBeCloseTo(3 + 0.4 * (9 - 3), 5);
    expect([...statistics.minibatches.dataSync()]).toEqual([3, 3]);
  });

  test('a step that no sequence has reached has those of the last one; one with a single case learns nothing', () => {
    let statistics = updateRunningStatistics(start(4), minibatch([4, 8], [5, 5]), 0.9);
    expect(column(statistics)).toEqual([4, 8, 8, 8]);
    expect([...statistics.minibatches.dataSync()]).toEqual([1, 1, 0, 0]);
    statistics = updateRunningStatistics(statistics, minibatch([4, 8, 6, 5], [5, 3, 2, 1]), 0.9);
    expect(column(statistics)).toEqual([4, 8, 6, 8]);
    expect([...statistics.minibatches.dataSync()]).toEqual([2, 2, 1, 0]);
  });

  test('steps beyond the last are not recorded, and a minibatch of no steps changes nothing', () => {
    const statistics = updateRunningStatistics(start(2), minibatch([4, 8, 100], [5, 5, 5]), 0.9);
    expect(column(statistics)).toEqual([4, 8]);
    expect(column(updateRunningStatistics(statistics, minibatch([], []), 0.9))).toEqual([4, 8]);
  });
});

test('training and what it gathered agree in the end: normalised by the same minibatch’s statistics', () => {
  const inputs = tf.randomNormal([6, 16, 3], 0, 1, 'float32', 5) as tf.Tensor3D;
  const shape = { inputs: 3, units: 4, normalization: 'layer', gain: 0.1 } as const;
  const parameters = asTensors(initializeLstm(randomStream(1), shape)) as unknown as LstmParameters;
  const trained = batchNormLstm(inputs, parameters, { training: true });
  const start = asTensors(initializeRunningStatistics(6, 4)) as unknown as RunningStatistics;
  const statistics = updateRunningStatistics(start, trained.minibatchStatistics!, 0.9);
  const after = batchNormLstm(inputs, parameters, { training: false, statistics });
  expect(tf.max(tf.abs(tf.sub(after.outputs, trained.outputs))).dataSync()[0]).toBeLessThan(1e-5);
});

test('a sequence of no steps gives the initial state, and a case that is masked throughout keeps its own', () => {
  const shape = { inputs: 3, units: 4, normalization: 'layer', gain: 0.1 } as const;
  const parameters = asTensors(initializeLstm(randomStream(1), shape)) as unknown as LstmParameters;
  const hidden = tf.randomNormal([2, 4], 0, 1, 'float32', 6) as tf.Tensor2D;
  const initialState = { hidden, cell: tf.add(hidden, 1) as tf.Tensor2D };
  const empty = batchNormLstm(tf.zeros([0, 2, 3]), parameters, { training: true, initialState });
  expect(empty.outputs.shape).toEqual([0, 2, 4]);
  expect(empty.state.hidden.dataSync()).toEqual(hidden.dataSync());
  const mask = tf.zeros([3, 2]) as tf.Tensor2D;
  const masked = batchNormLstm(tf.ones([3, 2, 3]), parameters, { training: true, initialState, mask });
  expect(masked.state.hidden.dataSync()).toEqual(hidden.dataSync());
  expect(masked.state.cell.dataSync()).toEqual(initialState.cell.dataSync());
  expect([...masked.minibatchStatistics!.cases.dataSync()]).toEqual([0, 0, 0]);
});

test('says what it needs', () => {
  const shape = { inputs: 3, units: 4, normalization: 'layer' } as const;
  const parameters = asTensors(initializeLstm(randomStream(1), shape)) as unknown as LstmParameters;
  const inputs = tf.zeros([2, 2, 3]) as tf.Tensor3D;
  expect(() => batchNormLstm(inputs, parameters, { training: false })).toThrow(
    /needs the statistics that training gathered/,
  );
  const statistics = asTensors(initializeRunningStatistics(2, 5)) as unknown as RunningStatistics;
  expect(() => batchNormLstm(inputs, parameters, { training: false, statistics })).toThrow(
    /statistics inputMean must have the shape \[2 or more steps, 16\] as all of them, got \[2,20\]/,
  );
  const mask = tf.ones([2, 3]) as tf.Tensor2D;
  expect(() => batchNormLstm(inputs, parameters, { training: true, mask })).toThrow(
    'batchNormLstm: the mask must have the shape [2, 2], time and batch of the inputs, got [2,3].',
  );
  expect(() => batchNormLstm(tf.zeros([2, 2, 5]), parameters, { training: true })).toThrow(
    /inputKernel must have the shape \[5,16\]/,
  );
});

test('no tensors are left behind, in training either', () => {
  const shape = { inputs: 3, units: 4, normalization: 'layer' } as const;
  const named = asTensors(initializeLstm(randomStream(1), shape));
  const names = Object.keys(named);
  const inputs = tf.ones([3, 4, 3]) as tf.Tensor3D;
  const gradient = tf.grads((...values: tf.Tensor[]) => {
    const parameters = Object.fromEntries(names.map((name, index) => [name, values[index]!]));
    return tf.sum(
      batchNormLstm(inputs, parameters as unknown as LstmParameters, { training: true }).outputs,
    ) as tf.Scalar;
  });
  const before = tf.memory().numTensors;
  tf.dispose(gradient(Object.values(named)));
  expect(tf.memory().numTensors).toBe(before);
});
