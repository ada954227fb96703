/** BatchNormLSTM in `tf.layers` models; the operation has a test of its own. */
import * as tf from '@tensorflow/tfjs-core';
import { initializers, layers, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, expect, test } from 'vitest';
import { startTensorFlow } from '../../../functions/numeric-backend.ts';
import {
  BatchNormLSTM,
  type BatchNormLSTMArgs,
  batchNormLSTM,
  orthogonal,
} from '../../../lib/layer-norm/layers/index.ts';

beforeAll(() => startTensorFlow('wasm-plain'));

const [batch, time, features, units] = [6, 4, 3, 5];
const noise = (shape: number[], seed = 1) => tf.randomNormal(shape, 0, 1, 'float32', seed);
const difference = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!;
const x = () => noise([batch, time, features]);
const seeded = () => ({
  kernelInitializer: initializers.glorotUniform({ seed: 1 }),
  recurrentInitializer: orthogonal({ seed: 2 }),
});
const create = (args: Partial<BatchNormLSTMArgs> = {}) =>
  batchNormLSTM({ units, maxSteps: time, ...seeded(), ...args });
const apply = (layer: BatchNormLSTM, values: tf.Tensor, kwargs = {}) => layer.apply(values, kwargs) as tf.Tensor;
const named = (layer: BatchNormLSTM, name: string) =>
  layer.weights.find(({ originalName }) => originalName.endsWith(name))!.read();

test('gains begin at 0.1; statistics are weights that are not trained', () => {
  const layer = create();
  layer.build([null, time, features]);
  for (const name of ['input_gain', 'recurrent_gain', 'cell_gain']) {
    expect(difference(named(layer, name), tf.fill(named(layer, name).shape, Math.fround(0.1)))).toBe(0);
  }
  expect(layer.trainableWeights).toHaveLength(7);
  expect(layer.nonTrainableWeights.map(({ shape }) => shape)).toEqual([
    ...Array(4).fill([time, 4 * units]),
    ...Array(2).fill([time, units]),
    [time, 1],
  ]);
});

test('in training by the minibatch’s statistics, afterwards by those of training', () => {
  const layer = create({ returnSequences: true });
  const untrained = apply(layer, x());
  const training = apply(layer, x(), { training: true });
  expect(difference(training, untrained)).toBeGreaterThan(1e-3);
  // One minibatch: its statistics are all there are.
  expect(difference(apply(layer, x()), training)).toBeLessThan(1e-5);
  // A case alone: not by its own statistics, which would make all zero.
  const alone = apply(layer, tf.slice(x(), [2, 0, 0], [1, -1, -1]));
  expect(difference(alone, tf.slice(training, [2, 0, 0], [1, -1, -1]))).toBeLessThan(1e-5);
  expect(difference(named(layer, 'running_minibatches'), tf.ones([time, 1]))).toBe(0);
});

test('each step has statistics of its own; beyond the last recorded one, its', () => {
  const layer = create({ returnSequences: true, maxSteps: 2 });
  const rising = tf.mul(x(), tf.reshape(tf.tensor1d([1, 10, 10, 10]), [1, time, 1]));
  apply(layer, rising, { training: true });
  const variance = named(layer, 'running_input_variance');
  const [first, second] = tf.unstack(tf.mean(variance, 1)).map((value) => value.dataSync()[0]!);
  expect(second! / first!).toBeGreaterThan(20);
  expect([...apply(layer, tf.tile(rising, [1, 3, 1])).dataSync()].every(Number.isFinite)).toBe(true);
});

test('masked steps count in no statistics', () => {
  const ragged = create();
  ragged.build([null, time, features]);
  const untrained = ragged.getWeights().map((weight) => weight.clone());
  const mask = tf.tensor2d([[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0]]); // biome-ignore format: a matrix
  const padded = tf.where(tf.cast(tf.expandDims(mask, 2), 'bool'), x(), tf.fill([batch, time, features], Number.NaN));
  const output = apply(ragged, padded, { mask, training: true });
  expect([...output.dataSync()].every(Number.isFinite)).toBe(true);
  for (const weight of ragged.getWeights()) expect([...weight.dataSync()].every(Number.isFinite)).toBe(true);
  // As if there were only the cases that go on.
  const rest = create();
  rest.build([null, time, features]);
  rest.setWeights(untrained);
  apply(rest, tf.slice(x(), [0, 0, 0], [2, -1, -1]), { training: true });
  const last = (layer: BatchNormLSTM) => tf.slice(named(layer, 'running_input_variance'), [3, 0], [1, -1]);
  expect(difference(last(ragged), last(rest))).toBeLessThan(1e-4);
});

test('learns in fit, is saved with its statistics, and predicts a case by itself', async () => {
  const build = () => sequential({ layers: [create({ inputShape: [time, features] }), layers.dense({ units: 1 })] });
  const net = build();
  net.compile({ optimizer: tf.train.adam(0.03), loss: 'meanSquaredError' });
  const inputs = noise([32, time, features], 3);
  const target = tf.sum(tf.slice(inputs, [0, 0, 0], [-1, 2, 1]), [1, 2]);
  const history = await net.fit(inputs, target, { epochs: 25, batchSize: 16, verbose: 0, shuffle: false });
  const losses = history.history.loss as number[];
  expect(losses.at(-1)).toBeLessThan(losses[0]! * 0.7);
  const copy = build();
  copy.setWeights(net.getWeights().map((weight) => weight.clone()));
  const all = net.predict(inputs) as tf.Tensor;
  const one = copy.predict(tf.slice(inputs, [5, 0, 0], [1, -1, -1])) as tf.Tensor;
  expect(difference(one, tf.slice(all, [5, 0], [1, -1]))).toBeLessThan(1e-5);
});

test('config there and back; what it cannot do', () => {
  const layer = create({ momentum: 0.5, unitForgetBias: false, name: 'mine', returnState: true });
  const config = layer.getConfig();
  expect(config).toMatchObject({ maxSteps: time, momentum: 0.5, unitForgetBias: false, units });
  const copy = BatchNormLSTM.fromConfig(BatchNormLSTM as never, JSON.parse(JSON.stringify(config))) as BatchNormLSTM;
  expect(copy.getConfig()).toEqual(config);
  expect(() => create({ maxSteps: 0 })).toThrow(/maxSteps must be a positive integer, got 0/);
  expect(() => create({ momentum: 1 })).toThrow(/momentum must be at least 0 and less than 1, got 1/);
  expect(() => create({ recurrentDropout: 0.5 })).toThrow(/recurrentDropout must be 0, got 0.5/);
  const looped = layers.rnn({ cell: layer.cell });
  expect(() => looped.apply(x())).toThrow(/a cell in tf.layers.rnn does not. Use batchNormLSTM/);
});
