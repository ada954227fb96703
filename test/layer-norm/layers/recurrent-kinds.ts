/** The recurrent layers as their tests use them. */
import * as tf from '@tensorflow/tfjs-core';
import { initializers, type RNN } from '@tensorflow/tfjs-layers';
import { expect } from 'vitest';
import {
  layerNormGRU,
  layerNormGRUCell,
  layerNormLSTM,
  layerNormLSTMCell,
  layerNormRNN,
  layerNormRNNCell,
  orthogonal,
} from '../../../lib/layer-norm/layers/index.ts';
import type { RecurrentLayerArgs } from '../../../lib/layer-norm/layers/recurrent-layer.ts';

/** Each: the layer, its cell, and how many states it has. */
export const kinds = {
  layerNormRNN: [layerNormRNN, layerNormRNNCell, 1],
  layerNormLSTM: [layerNormLSTM, layerNormLSTMCell, 2],
  layerNormGRU: [layerNormGRU, layerNormGRUCell, 1],
} as const;
export type Kind = keyof typeof kinds;
export const [batch, time, features, units] = [3, 5, 4, 6];

/** From the same weights in every run. */
const seeded = () => ({
  kernelInitializer: initializers.glorotUniform({ seed: 1 }),
  recurrentInitializer: orthogonal({ seed: 2 }),
});
export const create = (kind: Kind, args: Partial<RecurrentLayerArgs> = {}): RNN =>
  kinds[kind][0]({ units, ...seeded(), ...args });
export const noise = (shape: number[], seed = 1) => tf.randomNormal(shape, 0, 1, 'float32', seed);
export const apply = (layer: RNN, x: tf.Tensor | tf.Tensor[], kwargs = {}) => layer.apply(x, kwargs) as tf.Tensor;
export const applyAll = (layer: RNN, x: tf.Tensor | tf.Tensor[], kwargs = {}) => layer.apply(x, kwargs) as tf.Tensor[];

export function difference(a: tf.Tensor, b: tf.Tensor): number {
  expect(a.shape).toEqual(b.shape);
  return tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!;
}

/** Another layer of the same settings but these, with the same weights. */
export function twin(kind: Kind, layer: RNN, args: Partial<RecurrentLayerArgs>): RNN {
  const other = create(kind, args);
  const inputs = layer.weights[0]!.shape[0]!;
  other.build(args.batchInputShape ?? [null, null, inputs]);
  other.setWeights(layer.getWeights());
  return other;
}
