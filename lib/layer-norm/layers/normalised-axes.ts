/** Normalisation over any axes but the first, by operations that normalise over the last. */
import * as tf from '@tensorflow/tfjs-core';
import type { Shape } from '@tensorflow/tfjs-layers';
import { InvalidLayerSetting } from '../../tensorflow-layers/errors.ts';
import { knownSize } from '../../tensorflow-layers/layer-arguments.ts';

/** The axes counted from 0, ascending. The first is the batch, over which layer normalisation never goes. */
export function normalisedAxes(layer: string, rank: number, axes: readonly number[]): number[] {
  const counted = axes.map((axis) => (axis < 0 ? axis + rank : axis));
  const isFine = counted.every((axis) => Number.isSafeInteger(axis) && axis >= 1 && axis < rank);
  if (!isFine || counted.length === 0 || new Set(counted).size < counted.length) {
    throw new InvalidLayerSetting(
      layer,
      `axis must name different axes of the input but the first, which is the batch: got [${axes}] for an input of ${rank} axes.`,
    );
  }
  return counted.toSorted((a, b) => a - b);
}

/** How many features there are along each of the axes. */
export function featureSizes(layer: string, inputShape: Shape, axes: readonly number[]): number[] {
  return normalisedAxes(layer, inputShape.length, axes).map((axis) => knownSize(layer, inputShape, axis));
}

/** Applies `operation`, which normalises over its last axis, over these axes together. */
export function overTrailingAxes(x: tf.Tensor, axes: readonly number[], operation: (rows: tf.Tensor) => tf.Tensor) {
  if (axes.length === 1 && axes[0] === x.rank - 1) return operation(x);
  const others = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const order = [...others, ...axes];
  const moved = tf.transpose(x, order);
  const rows = tf.reshape(moved, [...others.map((axis) => x.shape[axis]!), -1]);
  const back = x.shape.map((_, axis) => order.indexOf(axis));
  return tf.transpose(tf.reshape(operation(rows), moved.shape), back);
}
