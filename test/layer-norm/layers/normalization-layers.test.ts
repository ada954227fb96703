/** LayerNormalization and RootMeanSquareNormalization in `tf.layers` models, and what layer normalization is invariant to. */
import * as tf from '@tensorflow/tfjs-core';
import { layers, regularizers, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { startTensorFlow } from '../../../functions/numeric-backend.ts';
import {
  layerNormalization,
  layerNormLSTM,
  rootMeanSquareNormalization,
} from '../../../lib/layer-norm/layers/index.ts';
import { checkGradient } from '../../../lib/numerics/gradient-checking.ts';

beforeAll(() => startTensorFlow('wasm-plain'));

const noise = (shape: number[], seed = 1) => tf.randomNormal(shape, 0, 1, 'float32', seed);
const difference = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!;
const kinds = { layerNormalization, rootMeanSquareNormalization };

/** One row by the definition, in float64. */
function normalizeRow(row: readonly number[], centred: boolean, epsilon: number): number[] {
  const mean = centred ? row.reduce((sum, value) => sum + value, 0) / row.length : 0;
  const square = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length;
  return row.map((value) => (value - mean) / Math.sqrt(square + epsilon));
}

describe.each(Object.keys(kinds) as (keyof typeof kinds)[])('%s', (kind) => {
  const centred = kind === 'layerNormalization';
  const create = kinds[kind];

  test('each case by the definition, with a gain and a bias', () => {
    const layer = create({ epsilon: 1e-3 });
    const x = noise([2, 3, 5]);
    layer.build(x.shape);
    const gain = noise([5], 2);
    const bias = centred ? noise([5], 3) : tf.zeros([5]);
    layer.setWeights(centred ? [gain, bias] : [gain]);
    const rows = (tf.reshape(x, [6, 5]).arraySync() as number[][]).map((row) => normalizeRow(row, centred, 1e-3));
    const expected = tf.add(tf.mul(tf.reshape(tf.tensor2d(rows), [2, 3, 5]), gain), bias);
    expect(difference(layer.apply(x) as tf.Tensor, expected)).toBeLessThan(2e-6);
  });

  test('the gradient is that of finite differences in float64', () => {
    const layer = create();
    const x = noise([5], 4);
    const weights = [...noise([5], 5).dataSync()];
    const of = (values: ArrayLike<number>) =>
      normalizeRow(Array.from(values), centred, 1e-5).reduce((sum, value, index) => sum + weights[index]! * value, 0);
    layer.build([null, 5]);
    const gradient = tf.grad((values) => tf.sum(tf.mul(layer.apply(values) as tf.Tensor, weights)))(
      tf.reshape(x, [1, 5]),
    );
    expect(checkGradient(of, x.dataSync(), gradient.dataSync()).error).toBeLessThan(1e-5);
  });

  test('over other axes, and several', () => {
    const x = noise([2, 3, 4, 5]);
    for (const axis of [[1], [2, 3], [-1, 1], [1, 2, 3]]) {
      const layer = create({ axis });
      const counted = axis.map((value) => (value + 4) % 4);
      const { mean, variance } = tf.moments(x, counted, true);
      const square = tf.mean(tf.square(x), counted, true);
      const expected = centred
        ? tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-5)))
        : tf.div(x, tf.sqrt(tf.add(square, 1e-5)));
      expect(difference(layer.apply(x) as tf.Tensor, expected)).toBeLessThan(1e-5);
      expect(layer.weights[0]!.shape).toEqual([...counted].sort().map((value) => x.shape[value]));
    }
    // A gain belongs to its feature, whatever the axis.
    const channels = create({ axis: 1 });
    channels.build(x.shape);
    const gain = tf.tensor1d([1, 10, 100]);
    channels.setWeights(centred ? [gain, tf.zeros([3])] : [gain]);
    const plain = create({ axis: 1, scale: false }).apply(x) as tf.Tensor;
    expect(difference(channels.apply(x) as tf.Tensor, tf.mul(plain, tf.reshape(gain, [3, 1, 1])))).toBeLessThan(1e-4);
  });

  test('config there and back; weights as asked for', () => {
    const layer = create({ axis: [1, 2], epsilon: 1e-4, gainInitializer: 0.5, gainRegularizer: regularizers.l1() });
    const cls = layer.constructor as never;
    const config = layer.getConfig();
    const copy = (layer.constructor as unknown as typeof layers.Layer).fromConfig(
      cls,
      JSON.parse(JSON.stringify(config)),
    );
    expect((copy as typeof layer).getConfig()).toEqual(config);
    layer.build([null, 2, 3]);
    expect(layer.weights[0]!.read().arraySync()).toEqual([[0.5, 0.5, 0.5], [0.5, 0.5, 0.5]]); // biome-ignore format: a matrix
    expect(layer.calculateLosses()[0]!.dataSync()[0]).toBeCloseTo(0.01 * 3);
    const bare = create({ scale: false, ...(centred && { center: false }) });
    bare.build([null, 4]);
    expect(bare.weights).toHaveLength(0);
  });

  test('keeps four digits of float32 at a mean of 10⁴ and a deviation of 1', () => {
    const x = tf.add(noise([8, 64], 6), 1e4);
    const layer = create({ epsilon: 1e-5 });
    const rows = (x.arraySync() as number[][]).map((row) => normalizeRow(row, centred, 1e-5));
    expect(difference(layer.apply(x) as tf.Tensor, tf.tensor2d(rows))).toBeLessThan(centred ? 1e-4 : 1e-6);
  });

  test('rows without variance have finite outputs and gradients', () => {
    const layer = create();
    layer.build([null, 4]);
    for (const value of [0, 3, 1e-30, 1e18]) {
      const x = tf.fill([2, 4], value);
      const gradient = tf.grad((rows) => tf.sum(tf.mul(layer.apply(rows) as tf.Tensor, [1, 2, 3, 4])))(x);
      const all = [...(layer.apply(x) as tf.Tensor).dataSync(), ...gradient.dataSync()];
      expect(all.every(Number.isFinite)).toBe(true);
    }
  });

  test('hands masks on', () => {
    const net = sequential({
      layers: [
        layers.masking({ maskValue: 0, inputShape: [3, 4] }),
        create(),
        layerNormLSTM({ units: 4, unitForgetBias: false }),
      ],
    });
    const x = noise([1, 1, 4]);
    const one = net.predict(tf.concat([x, tf.zeros([1, 2, 4])], 1)) as tf.Tensor;
    const two = net.predict(tf.concat([x, x, tf.zeros([1, 1, 4])], 1)) as tf.Tensor;
    expect(difference(one, two)).toBeGreaterThan(1e-4);
    const direct = net.layers[2]!.apply(net.layers[1]!.apply(x) as tf.Tensor) as tf.Tensor;
    expect(difference(one, direct)).toBeLessThan(1e-6);
  });

  test('says what it cannot do', () => {
    expect(() => create().build([null, 1])).toThrow(
      /the number of features must be at least 2 to be normalised over, got 1/,
    );
    expect(() => create().build([null, null])).toThrow(/must have a known size above 0/);
    expect(() => create({ axis: 0 }).build([null, 4])).toThrow(
      /different axes of the input but the first, which is the batch/,
    );
    expect(() => create({ axis: [1, -1] }).build([null, 4])).toThrow(/different axes/);
    expect(() => create({ axis: [] }).build([null, 4])).toThrow(/different axes/);
    expect(() => create({ epsilon: -1 })).toThrow(/epsilon must be a positive number, got -1/);
  });
});

describe('what a normalised dense layer does not see (§5.1, Table 1)', () => {
  const [inputs, units] = [6, 8];
  const run = (kernel: tf.Tensor, x: tf.Tensor) => {
    const dense = layers.dense({ units, useBias: false });
    dense.build([null, inputs]);
    dense.setWeights([kernel]);
    return layerNormalization({ epsilon: 1e-12 }).apply(dense.apply(x) as tf.Tensor) as tf.Tensor;
  };
  const kernel = () => noise([inputs, units], 7);
  const x = () => noise([4, inputs], 8);

  test('re-scaling and re-centring of the whole weight matrix, and of each case by itself', () => {
    const plain = run(kernel(), x());
    expect(difference(run(tf.mul(kernel(), 3), x()), plain)).toBeLessThan(1e-5);
    const shift = noise([inputs, 1], 9);
    expect(difference(run(tf.add(kernel(), shift), x()), plain)).toBeLessThan(2e-5);
    expect(difference(run(kernel(), tf.mul(x(), [[1], [2], [50], [0.01]])), plain)).toBeLessThan(2e-5);
  });

  test('but re-scaling of one unit’s weights, re-centring of the data, it does', () => {
    const plain = run(kernel(), x());
    const oneUnit = tf.concat([tf.fill([1], 3), tf.ones([units - 1])]);
    expect(difference(run(tf.mul(kernel(), oneUnit), x()), plain)).toBeGreaterThan(0.1);
    expect(difference(run(kernel(), tf.add(x(), 1)), plain)).toBeGreaterThan(0.1);
  });
});

test('a saved tf.layers.layerNormalization and ours stay apart', () => {
  const classes = tf.serialization.SerializationMap.getMap().classNameMap;
  expect(classes.LayerNormalization![0]).toBe(layers.layerNormalization().constructor);
  expect(classes.StepwiseLayerNormalization![0]).toBe(layerNormalization().constructor);
});
