/** What every layer takes, and the checks of settings that several have. */
import type { layers, Shape } from '@tensorflow/tfjs-layers';
import { InvalidLayerInput, InvalidLayerSetting } from './errors.ts';

/** `name`, `trainable`, `inputShape`, `batchInputShape`, `weights` and so on: what any `tf.layers` layer takes. */
export type LayerArgs = NonNullable<ConstructorParameters<typeof layers.Layer>[0]>;

export function checkPositiveInteger(layer: string, name: string, value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 1) {
    throw new InvalidLayerSetting(layer, `${name} must be a positive integer, got ${value}.`);
  }
  return value as number;
}

export function checkEpsilon(layer: string, value: unknown): number {
  if (typeof value !== 'number' || !(value > 0) || !Number.isFinite(value)) {
    throw new InvalidLayerSetting(
      layer,
      `epsilon must be a positive number, got ${value}: it keeps rows without variance finite.`,
    );
  }
  return value;
}

/** A share of units to drop: at least 0, less than 1. */
export function checkRate(layer: string, name: string, value: unknown): number {
  if (typeof value !== 'number' || !(value >= 0 && value < 1)) {
    throw new InvalidLayerSetting(layer, `${name} must be at least 0 and less than 1, got ${value}.`);
  }
  return value;
}

/** The one shape of inputs that come alone or as the first of several. */
export function firstShape(shape: Shape | Shape[]): Shape {
  return (Array.isArray(shape[0]) ? shape[0] : shape) as Shape;
}

/** The size of an axis that a layer's weights depend on. */
export function knownSize(layer: string, shape: Shape, axis: number): number {
  const size = shape[axis];
  if (size === null || size === undefined || size < 1) {
    throw new InvalidLayerInput(
      layer,
      `axis ${axis} of the input must have a known size above 0, and its shape is [${shape.map((length) => length ?? 'null')}]. Give the size in inputShape.`,
    );
  }
  return size;
}

/** How many values are normalised together. One alone is always its own mean, and the output would not depend on it. */
export function checkNormalisedSize(layer: string, what: string, size: number): void {
  if (size < 2) {
    throw new InvalidLayerInput(layer, `${what} must be at least 2 to be normalised over, got ${size}.`);
  }
}
