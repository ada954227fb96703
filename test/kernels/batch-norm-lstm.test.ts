/** The kernel against the same recurrence put together from TensorFlow.js's operations, itself checked against JAX. */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import '../../lib/numerics/register-gradients.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTensorFlow } from '../../functions/numeric-backend.ts';
import { runBatchNormLstm } from '../../lib/kernels/batch-norm-lstm.ts';
import type { Compute } from '../../lib/kernels/compute.ts';
import { useKernelBuild } from '../../lib/kernels/kernel-instance.ts';
import { batchNormLstm } from '../../lib/layer-norm/recurrent/batch-norm-lstm.ts';
import { lstmGates } from '../../lib/layer-norm/recurrent/gates.ts';
import type { LstmParameters } from '../../lib/layer-norm/recurrent/lstm.ts';
import { detectWasmBackend } from '../../lib/numerics/backend.ts';
import { randomStream } from '../../lib/numerics/random.ts';

const [steps, batch, features, units] = [4, 5, 3, 8];
const shapes = {
  inputs: [steps, batch, features],
  hidden: [batch, units],
  cell: [batch, units],
  inputKernel: [features, 4 * units],
  recurrentKernel: [units, 4 * units],
  bias: [4 * units],
  inputGain: [4 * units],
  recurrentGain: [4 * units],
  cellGain: [units],
  cellBias: [units],
} as const;

function draw(name: string, shape: readonly number[]): tf.Tensor {
  const values = new Float32Array(tf.util.sizeFromShape([...shape]));
  randomStream(2, name).fillNormal(values, 1);
  return tf.tensor(values, [...shape]);
}

/** Ragged: the last example ends first, and the last step has a single one. */
const ragged = [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0];

/** Everything that comes out, and the gradients of a weighted sum of outputs, last hidden and last cell state. */
function run(compute: Compute, mask: readonly number[] | undefined): Record<string, number[]> {
  return tf.tidy(() => {
    const values = Object.entries(shapes).map(([name, shape]) => draw(name, shape));
    const all: Record<string, number[]> = {};
    const loss = (...given: tf.Tensor[]) => {
      const tensors = Object.fromEntries(Object.keys(shapes).map((name, index) => [name, given[index]!]));
      const { inputs, hidden, cell, ...parameters } = tensors;
      const { outputs, state, minibatchStatistics } = batchNormLstm(
        inputs as tf.Tensor3D,
        parameters as unknown as LstmParameters,
        {
          training: true,
          compute,
          initialState: { hidden: hidden as tf.Tensor2D, cell: cell as tf.Tensor2D },
          ...(mask && { mask: tf.tensor2d([...mask], [steps, batch]) }),
        },
      );
      for (const [name, tensor] of Object.entries({ outputs, ...state, ...minibatchStatistics })) {
        all[name] = [...tensor.dataSync()];
      }
      const weigh = (x: tf.Tensor, name: string) => tf.sum(tf.mul(x, draw(name, x.shape)));
      return tf.addN([weigh(outputs, 'a'), weigh(state.hidden, 'b'), weigh(state.cell, 'c')]) as tf.Scalar;
    };
    const gradients = tf.grads(loss)(values);
    for (const [index, name] of Object.keys(shapes).entries()) {
      all[`∂${name}`] = [...gradients[index]!.dataSync()];
    }
    return all;
  });
}

function expectSame(actual: Record<string, number[]>, expected: Record<string, number[]>): void {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, values] of Object.entries(expected)) {
    expect(actual[name], name).toHaveLength(values.length);
    const scale = Math.max(1, ...values.map(Math.abs));
    const errors = actual[name]!.map((value, index) => Math.abs(value - values[index]!) / scale);
    expect(Math.max(...errors), name).toBeLessThan(2e-5);
  }
}

const builds = ['wasm-plain', ...(detectWasmBackend() === 'wasm-relaxed' ? (['wasm-relaxed'] as const) : [])] as const;

describe.each(builds)('%s', (build) => {
  beforeAll(async () => {
    await startTensorFlow(build);
    useKernelBuild(build);
  });
  afterAll(() => useKernelBuild(detectWasmBackend()));

  test.each([
    ['without a mask', undefined],
    ['with a ragged one', ragged],
    ['with one that hides a whole step', ragged.map((value, index) => (index >= 15 ? 0 : value))],
  ])('outputs, statistics and gradients are those of the operations %s', (_, mask) => {
    expectSame(run('kernel', mask), run('tensors', mask));
  });

  test('keeps as many tensors as before', () => {
    run('kernel', ragged);
    const { numTensors } = tf.memory();
    run('kernel', ragged);
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  test('is the same in a memory of its own', async () => {
    const inPlace = run('kernel', ragged);
    await tf.setBackend('cpu');
    expectSame(run('kernel', ragged), inPlace);
    await tf.setBackend('wasm');
  });
});

test('tensors and gates that do not match are refused by name', async () => {
  await startTensorFlow('wasm-plain');
  tf.tidy(() => {
    const tensors = (size: number) => ({
      fromInputs: tf.zeros([2, 3, 4 * size]),
      initialHidden: tf.zeros([3, size]),
      initialCell: tf.zeros([3, size]),
      recurrentKernel: tf.zeros([size, 4 * size]),
      recurrentGain: tf.zeros([4 * size]),
      cellGain: tf.zeros([size]),
      cellBias: tf.zeros([size]),
    });
    const settings = { gates: lstmGates, epsilon: 1e-5 };
    expect(() => runBatchNormLstm(tensors(12), settings)).toThrow('multiples of 8 units, got 12');
    expect(() => runBatchNormLstm({ ...tensors(8), cellGain: tf.zeros([4]) }, settings)).toThrow(
      'cellGain must be float32 of the shape [8], got float32 [4]',
    );
    expect(() => runBatchNormLstm({ ...tensors(8), mask: tf.zeros([3, 2]) }, settings)).toThrow('mask must be float32');
    expect(() => runBatchNormLstm(tensors(8), { ...settings, gates: ['input', 'forget'] })).toThrow('gates must be');
  });
});
