/**
 * A recurrent layer over whole sequences and over single steps, on the fused kernel or on TensorFlow.js's operations: what the
 * RNN, the LSTM and the GRU have in common. Each of them says what one step computes.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type Compute, onKernelOrTensors } from '../../kernels/compute.ts';
import type { RecurrentTensors } from '../../kernels/recurrent-tensors.ts';
import { LayerNormShapeError } from '../errors.ts';
import type { RecurrentOptions, SequenceOptions } from './recurrent-options.ts';

export interface RecurrentLayer<Parameters, State> {
  /** Throws LayerNormShapeError where a parameter is missing or has another shape than the layer needs. */
  requireParameters(operation: string, inputs: number, parameters: Parameters, options: RecurrentOptions): void;
  zeroState(batch: number, units: number): State;
  /** The paper's equations for one step; where the mask is 0 the state is carried. */
  step(
    x: tf.Tensor2D,
    last: State,
    parameters: Parameters,
    options: RecurrentOptions,
    mask: tf.Tensor1D | undefined,
  ): State;
  /** All steps on the fused kernel. */
  runKernel(
    inputs: tf.Tensor3D,
    initial: State,
    parameters: Parameters,
    options: SequenceOptions<State>,
  ): RecurrentResult<State>;
}

export interface RecurrentResult<State> {
  /** [time, batch, units] h after every step. */
  readonly outputs: tf.Tensor3D;
  /** After the last step. */
  readonly state: State;
}

/** What every layer's parameters and state have. */
interface AnyParameters {
  /** [units, …] */
  readonly recurrentKernel: tf.Tensor2D;
}
interface AnyState {
  /** [batch, units] */
  readonly hidden: tf.Tensor2D;
}

/**
 * The layer over sequences.
 *
 * @param operation its name in errors
 * @param inputs [time, batch, inputs]
 * @throws LayerNormShapeError
 */
export function runSequence<Parameters extends AnyParameters, State extends AnyState>(
  operation: string,
  layer: RecurrentLayer<Parameters, State>,
  inputs: tf.Tensor3D,
  parameters: Parameters,
  options: SequenceOptions<State>,
): RecurrentResult<State> {
  layer.requireParameters(operation, inputs.shape[2], parameters, options);
  requireMask(operation, inputs, options.mask);
  const units = parameters.recurrentKernel.shape[0];
  const start = () => options.initialState ?? layer.zeroState(inputs.shape[1], units);
  return onKernelOrTensors(
    computeFor(inputs, options),
    () => layer.runKernel(inputs, start(), parameters, options),
    () => {
      let state = start();
      const outputs: tf.Tensor2D[] = [];
      for (const { x, mask } of unstackSteps(inputs, options.mask)) {
        state = layer.step(x, state, parameters, options, mask);
        outputs.push(state.hidden);
      }
      const stacked = outputs.length > 0 ? tf.stack(outputs) : tf.zeros([0, inputs.shape[1], units]);
      return { outputs: stacked as tf.Tensor3D, state };
    },
  );
}

/**
 * One step, for models that do something between steps.
 *
 * @param x [batch, inputs]
 * @throws LayerNormShapeError
 */
export function runStep<Parameters extends AnyParameters, State extends AnyState>(
  operation: string,
  layer: RecurrentLayer<Parameters, State>,
  x: tf.Tensor2D,
  state: State,
  parameters: Parameters,
  options: RecurrentOptions,
): State {
  layer.requireParameters(operation, x.shape[1], parameters, options);
  // A mask that the caller's object may have is no part of a step.
  const { mask: _, ...own } = options as SequenceOptions<State>;
  return onKernelOrTensors(
    computeFor(x, options),
    () => layer.runKernel(tf.reshape(x, [1, ...x.shape]), state, parameters, own).state,
    () => layer.step(x, state, parameters, options, undefined),
  );
}

/** mask·next + (1 − mask)·last, a row a sequence; `next` where there is no mask. */
export function carryMasked(next: tf.Tensor2D, last: tf.Tensor2D, mask: tf.Tensor1D | undefined): tf.Tensor2D {
  if (!mask) return next;
  return tf.where(tf.cast(tf.reshape(mask, [-1, 1]), 'bool'), next, last);
}

/** Throws LayerNormShapeError where the mask does not belong to the inputs. */
function requireMask(operation: string, inputs: tf.Tensor3D, mask: tf.Tensor2D | undefined): void {
  const [time, batch] = inputs.shape;
  if (!mask || (mask.shape[0] === time && mask.shape[1] === batch)) return;
  throw new LayerNormShapeError(
    `${operation}: the mask must have the shape [${time}, ${batch}], time and batch of the inputs [${inputs.shape}], got [${mask.shape}].`,
  );
}

/** The kernel knows float32 with at least one step of one sequence. */
function computeFor(inputs: tf.Tensor, { compute = 'auto' }: RecurrentOptions): Compute {
  return inputs.dtype === 'float32' && inputs.size > 0 ? compute : 'tensors';
}

/** The mask as the kernel takes it. */
export function maskForKernel({ mask }: Pick<SequenceOptions<unknown>, 'mask'>): Pick<RecurrentTensors, 'mask'> {
  return mask ? { mask: tf.cast(mask, 'float32') } : {};
}

/** The outputs [time, batch, units] after the last step. */
export function lastOutput(outputs: tf.Tensor3D): tf.Tensor2D {
  const [time, batch, units] = outputs.shape;
  return tf.reshape(tf.slice(outputs, [time - 1, 0, 0], [1, batch, units]), [batch, units]);
}

/** Steps of a sequence [time, batch, …], and of its mask. */
function unstackSteps(
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
