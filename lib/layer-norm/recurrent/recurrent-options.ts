/** What the recurrent operations have in common: their options, their masks, their initial parameters. */
import * as tf from '@tensorflow/tfjs-core';
import type { RecurrentTensors } from '../../kernels/recurrent-tensors.ts';
import type { RandomStream } from '../../numerics/random.ts';
import type { Tensor } from '../../numerics/safetensors.ts';
import type { Compute } from '../compute.ts';
import { LayerNormShapeError } from '../errors.ts';

/** `none` is the plain layer, the baseline. */
export type RecurrentNormalization = 'none' | 'layer';

export interface RecurrentOptions {
  readonly normalization: RecurrentNormalization;
  /** Added to the variance, inside the root; 1e-5 where absent. */
  readonly epsilon?: number;
  /** `auto` where absent. */
  readonly compute?: Compute;
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

/** Throws LayerNormShapeError where the mask does not belong to the inputs. */
export function requireMask(operation: string, inputs: tf.Tensor3D, mask: tf.Tensor2D | undefined): void {
  const [time, batch] = inputs.shape;
  if (!mask || (mask.shape[0] === time && mask.shape[1] === batch)) return;
  throw new LayerNormShapeError(
    `${operation}: the mask must have the shape [${time}, ${batch}], time and batch of the inputs [${inputs.shape}], got [${mask.shape}].`,
  );
}

/** The kernel knows float32 with at least one step of one sequence. */
export function computeFor(inputs: tf.Tensor, { compute = 'auto' }: RecurrentOptions): Compute {
  return inputs.dtype === 'float32' && inputs.size > 0 ? compute : 'tensors';
}

/** The mask as the kernel takes it. */
export function maskForKernel({ mask }: Pick<SequenceOptions<unknown>, 'mask'>): Pick<RecurrentTensors, 'mask'> {
  return mask ? { mask: tf.cast(mask, 'float32') } : {};
}

/** The options of a sequence of one step, for those of the step. A mask that the caller's object may have is no part of them. */
export function stepOptions<State>(options: RecurrentOptions, initialState: State): SequenceOptions<State> {
  const { mask: _, ...own } = options as SequenceOptions<State>;
  return { ...own, initialState };
}

/** One step's inputs as a sequence of it. */
export function asSequence(x: tf.Tensor2D): tf.Tensor3D {
  return tf.reshape(x, [1, ...x.shape]);
}

/** The outputs [time, batch, units] after the last step. */
export function lastOutput(outputs: tf.Tensor3D): tf.Tensor2D {
  const [time, batch, units] = outputs.shape;
  return tf.reshape(tf.slice(outputs, [time - 1, 0, 0], [1, batch, units]), [batch, units]);
}

/** Steps of a sequence [time, batch, …], and of its mask. */
export function unstackSteps(
  inputs: tf.Tensor3D,
  mask: tf.Tensor2D | undefined,
): { readonly x: tf.Tensor2D; readonly mask: tf.Tensor1D | undefined }[] {
  if (inputs.shape[0] === 0) return [];
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
      let product = 0;
      for (let index = 0; index < size; index++) product += row[index]! * other[index]!;
      for (let index = 0; index < size; index++) row[index]! -= product * other[index]!;
    }
    const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    rows.push(row.map((value) => value / norm));
  }
  return rows;
}
