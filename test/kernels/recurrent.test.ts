import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
// Registers the gradients of all operations.
import '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { normalizeLayer } from '../../lib/kernels/layer-normalization.ts';
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

const tensorsOf = (arrays: Record<string, Float32Array>, shapes: Record<string, number[]>) =>
  Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, tf.tensor(arrays[name]!, shape)]),
  ) as unknown as RecurrentTensors;

/** In float64: outputs with the final cell states behind them, and the gradients of their sum weighted by `weights`. */
function referenceOf(layer: Layer) {
  const { arrays } = draw(layer);
  const values = recurrentInFloat64(layer.cell, layer, arrays);
  const weights = new Float32Array(values.length);
  randomStream(4, 'weights').fillNormal(weights, 1);
  const gradients = Object.fromEntries(
    Object.entries(arrays).flatMap(([name, array]) => {
      if (name === 'mask') return [];
      const weighted = (moved: Float64Array) =>
        recurrentInFloat64(layer.cell, layer, { ...arrays, [name]: moved }).reduce(
          (sum, value, index) => sum + value * weights[index]!,
          0,
        );
      return [[name, checkGradient(weighted, array, array).estimate]];
    }),
  );
  return { arrays, weights, values, gradients };
}

/** The same on the kernel; `plain` are the values where no gradient is recorded. */
function compute(
  layer: Layer,
  arrays: Record<string, Float32Array>,
  weights: Float32Array,
  build: 'wasm-relaxed' | 'wasm-plain',
) {
  const { shapes } = draw(layer);
  return tf.tidy(() => {
    const { mask, ...tensors } = tensorsOf(arrays, shapes);
    const names = Object.keys(tensors) as (keyof typeof tensors)[];
    const valuesOf = (given: RecurrentTensors) => {
      const { outputs, finalCell } = runRecurrent(layer.cell, { ...given, mask }, { ...layer, build });
      return tf.concat([outputs, finalCell].flatMap((tensor) => (tensor ? [tf.reshape(tensor, [-1])] : [])));
    };
    const plain = valuesOf(tensors).dataSync() as Float32Array;
    let recorded = new Float32Array();
    const gradients = tf.grads((...given) => {
      const all = valuesOf(
        Object.fromEntries(names.map((name, index) => [name, given[index]!])) as unknown as RecurrentTensors,
      );
      recorded = all.dataSync() as Float32Array<ArrayBuffer>;
      return tf.sum(tf.mul(all, tf.tensor1d(weights))) as tf.Scalar;
    })(names.map((name) => tensors[name]!));
    const byName = names.map((name, index) => [name, gradients[index]!.dataSync() as Float32Array] as const);
    return { plain, recorded, gradients: Object.fromEntries(byName) as Record<string, Float32Array> };
  });
}

const largest = (values: ArrayLike<number>) =>
  Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
const farthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  largest(Array.from(a, (value, index) => value - b[index]!));

/** Sizes with and without remainders of tiles of four rows and eight columns, and of vectors of four. */
const sizes = {
  'one of everything': { steps: 1, batch: 1, inputSize: 1, units: 2 },
  'nothing that divides, masked': {
    ...{ steps: 3, batch: 5, inputSize: 3, units: 5 },
    mask: [1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0],
  },
  'whole tiles': { steps: 2, batch: 4, inputSize: 8, units: 8 },
  "whole tiles, gates in the kernel's order": { steps: 2, batch: 2, inputSize: 3, units: 8 },
};
const ownOrder: keyof typeof sizes = "whole tiles, gates in the kernel's order";
const orders: Readonly<Record<RecurrentCell, readonly string[]>> = {
  lstm: ['output', 'input', 'candidate', 'forget'],
  gru: ['reset', 'candidate', 'update'],
  tanh: ['hidden'],
};
const layers = (['lstm', 'gru', 'tanh'] as const).flatMap((cell) =>
  [true, false].flatMap((normalized) =>
    Object.entries(sizes).map(([size, shape]): [string, Layer] => [
      `${cell}, ${normalized ? 'normalised' : 'plain'}, ${size}`,
      {
        cell,
        normalized,
        epsilon: 1e-5,
        gates: orders[cell],
        ...(size === ownOrder ? { gates: kernelGates[cell] } : {}),
        ...shape,
      },
    ]),
  ),
);

describe.each(layers)('%s', (_, layer) => {
  const { arrays, weights, values, gradients } = referenceOf(layer);

  test.each([
    ['cpu', 'wasm-relaxed'],
    ['cpu', 'wasm-plain'],
    ['wasm', 'wasm-relaxed'],
    ['wasm', 'wasm-plain'],
  ] as const)('on the backend %s, build %s: values and gradients are those of float64', async (backend, build) => {
    await tf.setBackend(backend);
    const tensors = tf.memory().numTensors;
    const computed = compute(layer, arrays, weights, build);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(computed.plain).toEqual(computed.recorded);
    expect(farthest(computed.plain, values)).toBeLessThan(2e-5);
    for (const [name, gradient] of Object.entries(gradients)) {
      const scale = Math.max(1, largest(gradient));
      expect.soft(farthest(computed.gradients[name]!, gradient) / scale, name).toBeLessThan(5e-5);
    }
  });
});

test('what earlier calls left in the memory does not matter', async () => {
  await tf.setBackend('cpu');
  for (const [, layer] of layers) {
    const { arrays, weights } = referenceOf(layer);
    const first = compute(layer, arrays, weights, 'wasm-plain');
    const features = tf.fill([1000], Number.NaN);
    normalizeLayer(tf.fill([200, 1000], Number.NaN), features, features, { epsilon: 1 });
    expect(compute(layer, arrays, weights, 'wasm-plain')).toEqual(first);
  }
});

/** Products whose rows, columns and depth are more than one pass or panel takes, against the same layer in two parts. */
test('a long sequence is the same as its parts one after the other', async () => {
  await tf.setBackend('wasm');
  const layer: Layer = {
    ...{ cell: 'lstm', normalized: true, steps: 40, batch: 5, inputSize: 520, units: 9 },
    ...{ epsilon: 1e-5, gates: orders.lstm },
  };
  const { arrays, shapes } = draw(layer);
  const difference = tf.tidy(() => {
    const tensors = tensorsOf(arrays, shapes);
    const options = { gates: layer.gates, epsilon: layer.epsilon };
    const whole = runRecurrent('lstm', tensors, options);
    const first = runRecurrent(
      'lstm',
      { ...tensors, inputs: tf.slice(tensors.inputs, [0, 0, 0], [15, -1, -1]) },
      options,
    );
    const initialHidden = tf.reshape(tf.slice(first.outputs, [14, 0, 0], [1, -1, -1]), [5, 9]);
    const rest = {
      inputs: tf.slice(tensors.inputs, [15, 0, 0], [25, -1, -1]),
      initialHidden,
      initialCell: first.finalCell,
    };
    const second = runRecurrent('lstm', { ...tensors, ...rest }, options);
    return farthest(whole.outputs.dataSync(), tf.concat([first.outputs, second.outputs]).dataSync());
  });
  expect(difference).toBe(0);
});

describe('refuses', () => {
  const layer: Layer = {
    ...{ cell: 'lstm', normalized: true, steps: 2, batch: 3, inputSize: 4, units: 5 },
    ...{ epsilon: 1e-5, gates: orders.lstm },
  };
  const { arrays, shapes } = draw(layer);
  const options = { gates: layer.gates, epsilon: layer.epsilon };

  test.each([
    ['bias', [19], 'The bias of an LSTM over 2 steps of 3 × 4 with 5 units must be float32 [20]', 'got float32 [19]'],
    ['initialHidden', [2, 5], 'The initialHidden of an LSTM', 'must be float32 [3,5]'],
    ['candidateBias', [5], 'an LSTM that is normalised has no candidateBias', ''],
    ['inputs', [0, 3, 4], 'The inputs of an LSTM over 0 steps', 'with no axis of size 0, got float32 [0,3,4]'],
  ])('%s of shape [%s]', async (name, shape, message, got) => {
    await tf.setBackend('cpu');
    const run = () => runRecurrent('lstm', { ...tensorsOf(arrays, shapes), [name]: tf.zeros(shape) }, options);
    expect(run).toThrow(message);
    expect(run).toThrow(got);
  });

  test('a missing tensor, and gates that are not those of the cell', () => {
    const { cellGain: _, ...tensors } = tensorsOf(arrays, shapes);
    expect(() => runRecurrent('lstm', tensors, options)).toThrow('The cellGain of an LSTM');
    expect(() => runRecurrent('lstm', tensors, { ...options, gates: ['input'] })).toThrow(
      'The gates of an LSTM must be forget, input, output, candidate, got input.',
    );
  });
});
