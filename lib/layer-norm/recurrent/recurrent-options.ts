/** What the recurrent operations have in common: their options, their masks, their initial parameters. */
import * as tf from '@tensorflow/tfjs-core';
import type { RandomStream } from '../../numerics/random.ts';
import type { Tensor } from '../../numerics/safetensors.ts';
import { LayerNormShapeError } from '../errors.ts';

/** `none` is the plain layer, the baseline. */
export type RecurrentNormalization = 'none' | 'layer';

export interface RecurrentOptions {
  readonly normalization: RecurrentNormalization;
  /** Added to the variance, inside the root; 1e-5 where absent. */
  readonly epsilon?: number;
}

export interface SequenceOptions<State> extends RecurrentOptions {
  /** [time, batch] 1 where there is a step, 0 where the sequence is padded: the state is carried over such a step. */
  readonly mask?: tf.Tensor2D;
  /** Zeros where absent. */
  readonly initialState?: State;
}

export interface RecurrentShape {
  readonly inputs: number;
  readonly units: number;
  readonly normalization: RecurrentNormalization;
  /** What the gains start at; the paper's default is 1. */
  readonly gain?: number;
}

/** mask·next + (1 − mask)·last, a row a sequence; `next` where there is no mask. */
export function carryMasked(next: tf.Tensor2D, last: tf.Tensor2D, mask: tf.Tensor1D | undefined): tf.Tensor2D {
  if (!mask) return next;
  return tf.where(tf.cast(tf.reshape(mask, [-1, 1]), 'bool'), next, last);
}

/** Steps of a sequence [time, batch, …], and of its mask. */
export function unstackSteps(
  operation: string,
  inputs: tf.Tensor3D,
  mask: tf.Tensor2D | undefined,
): { readonly x: tf.Tensor2D; readonly mask: tf.Tensor1D | undefined }[] {
  const [time, batch] = inputs.shape;
  if (mask && (mask.shape[0] !== time || mask.shape[1] !== batch)) {
    throw new LayerNormShapeError(
      `${operation}: the mask must have the shape [${time}, ${batch}], time and batch of the inputs [${inputs.shape}], got [${mask.shape}].`,
    );
  }
  if (time === 0) return [];
  const masks = mask ? (tf.unstack(mask) as tf.Tensor1D[]) : [];
  return tf.unstack(inputs).map((x, step) => ({ x: x as tf.Tensor2D, mask: masks[step] }));
}

/** Throws LayerNormShapeError where a parameter is missing or has another shape than the layer's sizes ask for. */
export function requireParameters(
  operation: string,
  parameters: Readonly<Record<string, tf.Tensor | undefined>>,
  shapes: Readonly<Record<string, readonly number[] | undefined>>,
): void {
  for (const [name, shape] of Object.entries(shapes)) {
    if (!shape) continue;
    const actual = parameters[name]?.shape;
    if (actual && actual.length === shape.length && shape.every((size, axis) => size === actual[axis])) continue;
    throw new LayerNormShapeError(
      `${operation}: the parameter ${name} must have the shape [${shape}], got ${actual ? `[${actual}]` : 'none'}.`,
    );
  }
}

export function constant(length: number, value: number): Tensor {
  return { shape: [length], data: new Float32Array(length).fill(value) };
}

/** Glorot & Bengio: uniform in ±√(6/(rows + columns)), a gate at a time. [rows, gates·units] */
export function glorotGates(random: RandomStream, rows: number, units: number, gates: number): Tensor {
  const data = new Float32Array(rows * gates * units);
  const limit = Math.sqrt(6 / (rows + units));
  random.fillUniform(data, -limit, limit);
  return { shape: [rows, gates * units], data };
}

/** An orthogonal matrix a gate, side by side, as the paper's authors start their recurrent weights. [units, gates·units] */
export function orthogonalGates(random: Pick<RandomStream, 'fillNormal'>, units: number, gates: number): Tensor {
  const data = new Float32Array(units * gates * units);
  for (let gate = 0; gate < gates; gate++) {
    const rows = orthogonalRows(random, units);
    for (const [row, values] of rows.entries()) data.set(values, row * gates * units + gate * units);
  }
  return { shape: [units, gates * units], data };
}

/** Gram–Schmidt, twice over, of normal vectors. */
function orthogonalRows(random: Pick<RandomStream, 'fillNormal'>, size: number): Float32Array[] {
  const rows: Float32Array[] = [];
  while (rows.length < size) {
    const row = new Float32Array(size);
    random.fillNormal(row, 1);
    for (const other of [...rows, ...rows]) {
      const product = row.reduce((sum, value, index) => sum + value * other[index]!, 0);
      for (let index = 0; index < size; index++) row[index]! -= product * other[index]!;
    }
    const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    rows.push(row.map((value) => value / norm));
  }
  return rows;
}
