import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
// Registers the gradients of all operations.
import '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { runRecurrent } from '../../lib/kernels/recurrent.ts';
import { kernelGates, type RecurrentCell, type RecurrentTensors } from '../../lib/kernels/recurrent-tensors.ts';
import { checkGradient } from '../../lib/numerics/gradient-checking.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import { type Float64Recurrent, recurrentInFloat64 } from './float64-recurrent.ts';

interface Layer extends Float64Recurrent {
  readonly cell: RecurrentCell;
  readonly normalized: boolean;
  readonly mask?: readonly number[];
}

/** Normal values by name, in the shapes that `RecurrentTensors` says. */
function draw({ cell, normalized, steps, batch, inputSize, units, mask }: Layer) {
  const row = kernelGates[cell].length * units;
  const shapes: Record<string, number[]> = {
    inputs: [steps, batch, inputSize],
    initialHidden: [batch, units],
    ...(cell === 'lstm' ? { initialCell: [batch, units] } : {}),
    inputKernel: [inputSize, row],
    recurrentKernel: [units, row],
    bias: [row],
    ...(cell === 'gru' ? { candidateBias: [units] } : {}),
    ...(normalized ? { inputGain: [row] } : {}),
    ...(normalized && cell !== 'tanh' ? { recurrentGain: [row] } : {}),
    ...(normalized && cell === 'lstm' ? { cellGain: [units], cellBias: [units] } : {}),
  };
  const arrays: Record<string, Float32Array> = {};
  for (const [name, shape] of Object.entries(shapes)) {
    arrays[name] = new Float32Array(tf.util.sizeFromShape(shape));
    randomStream(3, cell, name).fillNormal(arrays[name], name.endsWith('Kernel') ? 0.5 : 1);
  }
  if (mask) {
    arrays.mask = Float32Array.from(mask);
    shapes.mask = [steps, batch];
  }
  return { arrays, shapes };
}

/** Outputs with the final cell states behind them, and the gradients of their sum weighted by `weights`. */
function compute(layer: Layer, build?: 'wasm-relaxed' | 'wasm-plain') {
  const { arrays, shapes } = draw(layer);
  const names = Object.keys(shapes).filter((name) => name !== 'mask');
  const tensors = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, tf.tensor(arrays[name]!, shape)]),
  );
  const values = (given: Record<string, tf.Tensor>) => {
    const options = { gates: layer.gates, epsilon: layer.epsilon, ...(build ? { build } : {}) };
    const { outputs, finalCell } = runRecurrent(layer.cell, given as unknown as RecurrentTensors, options);
    const flat = [outputs, finalCell].flatMap((tensor) => (tensor ? [tf.reshape(tensor, [-1])] : []));
    return tf.concat(flat);
  };
  const plain = tf.tidy(() => values(tensors).dataSync() as Float32Array);
  const weights = new Float32Array(plain.length);
  randomStream(4, 'weights').fillNormal(weights, 1);
  let recorded = new Float32Array();
  const gradients = tf.tidy(() =>
    tf
      .grads((...given) => {
        const masked = tensors.mask ? { mask: tensors.mask } : {};
        const all = values({ ...Object.fromEntries(names.map((name, index) => [name, given[index]!])), ...masked });
        recorded = all.dataSync() as Float32Array<ArrayBuffer>;
        return tf.sum(tf.mul(all, tf.tensor1d(weights))) as tf.Scalar;
      })(names.map((name) => tensors[name]!))
      .map((tensor) => tensor.dataSync() as Float32Array),
  );
  tf.dispose(tensors);
  return {
    plain,
    recorded,
    weights,
    gradients: Object.fromEntries(names.map((name, index) => [name, gradients[index]!])),
    arrays,
  };
}

const largest = (values: ArrayLike<number>) =>
  Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
const farthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  largest(Array.from(a, (value, index) => value - b[index]!));

/** Sizes with and without remainders of tiles of four rows and eight columns, and of vectors of four. */
const sizes = {
  'one of everything': { steps: 1, batch: 1, inputSize: 1, units: 2 },
  'nothing that divides': { steps: 3, batch: 5, inputSize: 3, units: 5 },
  'whole tiles': { steps: 2, batch: 4, inputSize: 8, units: 8 },
};
const orders: Readonly<Record<RecurrentCell, readonly string[]>> = {
  lstm: ['output', 'input', 'candidate', 'forget'],
  gru: ['reset', 'candidate', 'update'],
  tanh: ['hidden'],
};
const layers = (['lstm', 'gru', 'tanh'] as const).flatMap((cell) =>
  [true, false].flatMap((normalized) =>
    Object.entries(sizes).map(([size, shape]): [string, Layer] => [
      `${cell}, ${normalized ? 'normalised' : 'plain'}, ${size}`,
      { cell, normalized, ...shape, epsilon: 1e-5, gates: orders[cell] },
    ]),
  ),
);

describe.each(layers)('%s', (_, layer) => {
  test.each([
    ['cpu', 'wasm-relaxed'],
    ['cpu', 'wasm-plain'],
    ['wasm', 'wasm-relaxed'],
    ['wasm', 'wasm-plain'],
  ] as const)('on the backend %s, build %s: values and gradients are those of float64', async (backend, build) => {
    await tf.setBackend(backend);
    const tensors = tf.memory().numTensors;
    const { plain, recorded, weights, gradients, arrays } = compute(layer, build);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(plain).toEqual(recorded);
    expect(farthest(plain, recurrentInFloat64(layer.cell, layer, arrays))).toBeLessThan(2e-5);
    for (const [name, gradient] of Object.entries(gradients)) {
      const weighted = (values: Float64Array) =>
        recurrentInFloat64(layer.cell, layer, { ...arrays, [name]: values }).reduce(
          (sum, value, index) => sum + value * weights[index]!,
          0,
        );
      const { error } = checkGradient(weighted, arrays[name]!, gradient);
      expect.soft(error, name).toBeLessThan(5e-5);
    }
  });
});
