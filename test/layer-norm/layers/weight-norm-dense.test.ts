/** Weight normalisation with data-dependent initialisation (arXiv 1602.07868). */
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, expect, test } from 'vitest';
import { startTensorFlow } from '../../../functions/numeric-backend.ts';
import {
  readWeights,
  WeightNormDense,
  type WeightNormDenseArgs,
  weightNormDense,
  writeWeights,
} from '../../../lib/layer-norm/layers/index.ts';

beforeAll(() => startTensorFlow('wasm-plain'));

const [inputs, units] = [5, 3];
const noise = (shape: number[], seed = 1) => tf.randomNormal(shape, 0, 1, 'float32', seed);
const difference = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!;
/** Inputs that are anything but standardized. */
const x = () => tf.add(tf.mul(noise([40, inputs]), [1, 2, 3, 4, 5]), 7);

function build(args: Partial<WeightNormDenseArgs> = {}): WeightNormDense {
  const layer = weightNormDense({ units, ...args });
  layer.build([null, inputs]);
  return layer;
}

test('w = g v / ‖v‖: the length of v does not count, and its gradient has no part along v', () => {
  const layer = build({ dataDependentInitialization: false });
  const [v, g, b] = [noise([inputs, units], 2), noise([units], 3), noise([units], 4)];
  const outputs = (direction: tf.Tensor) => {
    layer.setWeights([direction, g, b, tf.zeros([1])]);
    return layer.apply(x()) as tf.Tensor;
  };
  const kernel = tf.mul(tf.div(v, tf.sqrt(tf.sum(tf.square(v), 0))), g);
  expect(difference(outputs(v), tf.add(tf.matMul(x(), kernel), b))).toBeLessThan(1e-5);
  expect(difference(outputs(tf.mul(v, [2, 0.1, 7])), outputs(v))).toBeLessThan(1e-5);
  layer.setWeights([v, g, b, tf.zeros([1])]);
  const { grads } = tf.variableGrads(() => tf.sum(tf.square(layer.apply(x()) as tf.Tensor)) as tf.Scalar);
  const ofDirection = Object.values(grads).find(({ shape }) => shape.length === 2 && shape[0] === inputs)!;
  const scale = tf.max(tf.abs(ofDirection)).dataSync()[0]!;
  expect(tf.max(tf.abs(tf.sum(tf.mul(ofDirection, v), 0))).dataSync()[0]! / scale).toBeLessThan(1e-4);
});

test('the first minibatch of training gives every unit mean 0 and variance 1, and no other does', async () => {
  const layer = build();
  const named = await readWeights(layer);
  const before = layer.getWeights().map((weight) => weight.clone());
  layer.apply(x());
  for (const [index, weight] of layer.getWeights().entries()) expect(difference(weight, before[index]!)).toBe(0);

  const first = layer.apply(x(), { training: true }) as tf.Tensor;
  const { mean, variance } = tf.moments(first, 0);
  expect(difference(mean, tf.zeros([units]))).toBeLessThan(1e-5);
  expect(difference(variance, tf.ones([units]))).toBeLessThan(1e-5);
  const initialized = layer.getWeights().map((weight) => weight.clone());
  expect(difference(initialized[0]!, before[0]!)).toBe(0);
  layer.apply(tf.mul(x(), 3), { training: true });
  for (const [index, weight] of layer.getWeights().entries()) expect(difference(weight, initialized[index]!)).toBe(0);

  // That it has happened goes with the weights: a layer that gets them does not begin again, one that gets the first ones does.
  const heir = build();
  heir.setWeights(initialized);
  expect(difference(heir.apply(tf.mul(x(), 3), { training: true }) as tf.Tensor, layer.apply(tf.mul(x(), 3)) as tf.Tensor)).toBe(0); // biome-ignore format: one line
  layer.setWeights(before);
  expect(difference(layer.apply(x(), { training: true }) as tf.Tensor, first)).toBe(0);
  writeWeights(layer, named);
  expect(difference(layer.apply(x(), { training: true }) as tf.Tensor, first)).toBe(0);
});

test('in fit, on sequences, before an activation; then it learns', async () => {
  const layer = weightNormDense({ units, activation: 'tanh', inputShape: [4, inputs] });
  const net = sequential({ layers: [layer, layers.flatten(), layers.dense({ units: 1 })] });
  net.compile({ optimizer: tf.train.sgd(0.02), loss: 'meanSquaredError' });
  const sequences = tf.add(tf.mul(noise([32, 4, inputs], 5), 3), 5);
  const target = tf.sum(tf.slice(sequences, [0, 0, 0], [-1, 1, 2]), [1, 2]);
  const history = await net.fit(sequences, target, { epochs: 20, batchSize: 32, verbose: 0, shuffle: false });
  const losses = history.history.loss as number[];
  expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);
  expect(layer.getWeights().at(-1)!.dataSync()[0]).toBe(1);
  expect(layer.computeOutputShape([null, 4, inputs])).toEqual([null, 4, units]);
});

test('a unit whose output is constant gets a finite gain', () => {
  const layer = build();
  const outputs = layer.apply(tf.ones([8, inputs]), { training: true }) as tf.Tensor;
  expect([...outputs.dataSync(), ...layer.getWeights()[1]!.dataSync()].every(Number.isFinite)).toBe(true);
});

test('config there and back; begins as asked for; bad settings', () => {
  const layer = build({ activation: 'relu', useBias: false, gainInitializer: 2, directionInitializer: 'ones' });
  const config = layer.getConfig();
  const copy = WeightNormDense.fromConfig(
    WeightNormDense as never,
    JSON.parse(JSON.stringify(config)),
  ) as WeightNormDense;
  expect(copy.getConfig()).toEqual(config);
  expect(layer.getWeights().map((weight) => weight.shape)).toEqual([[inputs, units], [units], [1]]);
  expect([...layer.getWeights()[1]!.dataSync()]).toEqual([2, 2, 2]);
  expect(() => weightNormDense({ units: 2.5 })).toThrow(/units must be a positive integer, got 2.5/);
  expect(() => weightNormDense({ units }).build([null, null])).toThrow(/must have a known size/);
});
