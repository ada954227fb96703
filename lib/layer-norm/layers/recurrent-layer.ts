/** What the recurrent layers have in common: a `tf.layers` recurrent layer whose cell runs whole sequences at once. */
import * as tf from '@tensorflow/tfjs-core';
import { RNN, type RNNLayerArgs, type Shape } from '@tensorflow/tfjs-layers';
import { InvalidLayerInput } from '../../tensorflow-layers/errors.ts';
import { firstShape } from '../../tensorflow-layers/layer-arguments.ts';
import type { RecurrentCell, RecurrentCellArgs } from './recurrent-cell.ts';

export interface RecurrentLayerArgs extends RecurrentCellArgs {
  /** Whether to give h of every step, [batch, time, units], or of the last, [batch, units]; false by default. */
  readonly returnSequences?: boolean;
  /** Whether to give the states after the last step too. */
  readonly returnState?: boolean;
  /** Whether to read sequences from their end; outputs are then in the order in which they were read. */
  readonly goBackwards?: boolean;
  /** Whether a batch goes on from the states of the batch before. It needs `batchInputShape`. */
  readonly stateful?: boolean;
}

type Kwargs = Record<string, unknown>;

export abstract class RecurrentLayer extends RNN {
  constructor(cell: RecurrentCell, args: RecurrentLayerArgs) {
    super({ ...args, cell } as unknown as RNNLayerArgs);
  }

  override build(inputShape: Shape | Shape[]): void {
    super.build(inputShape);
    // The base class leaves that to `apply`, and a layer that is built first would be built twice.
    this.built = true;
  }

  /**
   * As of `tf.layers` recurrent layers: initial states as further inputs, `apply([x, ...states])`, or as
   * `apply(x, { initialState })`.
   */
  override apply(...[inputs, kwargs]: Parameters<RNN['apply']>): ReturnType<RNN['apply']> {
    // A copy: the base class notes the initial state there, and a model hands the same object to its next layer.
    const own: Kwargs = { ...kwargs };
    const outputs = super.apply(inputs, own);
    // And where it is symbolic, what is noted is saved with the model, which already has it among the inputs.
    delete own.initialState;
    return outputs;
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Kwargs = {}): tf.Tensor | tf.Tensor[] {
    return tf.tidy(() => {
      const x = Array.isArray(inputs) ? inputs[0]! : inputs;
      const [batch, time] = x.shape as [number, number];
      const inOrder = (values: tf.Tensor) => (this.goBackwards ? tf.reverse(values, 0) : values);
      const mask = readMask(this.name, kwargs.mask, batch, time);
      const { outputs, states } = this.ownCell.runSequence({
        inputs: inOrder(tf.transpose(hideMasked(tf.cast(x, 'float32'), mask), [1, 0, 2])),
        initialStates: this.#initialStates(kwargs.initialState, batch),
        mask: mask && inOrder(tf.transpose(mask)),
        training: kwargs.training === true,
      });
      if (this.stateful) this.#keepStates(states);
      // A copy: whoever gets two tensors may dispose of one.
      const output = this.returnSequences ? tf.transpose(outputs, [1, 0, 2]) : states[0]!.clone();
      return this.returnState ? [output, ...states] : output;
    });
  }

  /** Sets a stateful layer's states to zero, or to these. */
  override resetStates(states?: tf.Tensor | tf.Tensor[]): void {
    // The base class keeps each batch's states in training, for the sake of a gradient that has its own copies by now.
    super.resetStates(states as tf.Tensor, false);
  }

  /** Frees weights, as the base class does, and the states that a stateful layer keeps. */
  override dispose(): ReturnType<RNN['dispose']> {
    const result = super.dispose();
    if (result.refCountAfterDispose === 0 && this.stateful) tf.dispose(this.states);
    return result;
  }

  /** Penalties on the cell's weights. TensorFlow.js asks the layer and leaves the cell out. */
  override calculateLosses(): tf.Scalar[] {
    return [...super.calculateLosses(), ...this.ownCell.calculateLosses()];
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[] {
    return super.computeOutputShape(firstShape(inputShape)) as Shape | Shape[];
  }

  /** The config of a layer holds its cell's, and no cell of its own as that of `tf.layers.rnn` does. */
  static override fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    config: tf.serialization.ConfigDict,
  ): T {
    return new cls(config);
  }

  protected get ownCell(): RecurrentCell {
    return this.cell as unknown as RecurrentCell;
  }

  #initialStates(given: unknown, batch: number): tf.Tensor[] {
    const sizes = [this.ownCell.stateSize].flat();
    if (given === undefined || given === null) {
      return this.stateful ? this.states : sizes.map((size) => tf.zeros([batch, size]));
    }
    const states = [given as tf.Tensor | tf.Tensor[]].flat();
    const expected = sizes.map((size) => `[${batch},${size}]`).join(' and ');
    const came = states.map(({ shape }) => `[${shape}]`).join(' and ');
    if (came !== expected) {
      throw new InvalidLayerInput(this.name, `its initial state must be ${expected}, got ${came || 'none'}.`);
    }
    return states;
  }

  #keepStates(states: readonly tf.Tensor[]): void {
    this.resetStates([...states]);
  }
}

/** A layer's arguments for its cell. Whether it is trainable is the layer's to say: of its cell, nobody could change it. */
export function cellArgs<Args extends RecurrentCellArgs>(args: Args): Args {
  return { ...args, trainable: true };
}

/** Zeros where there is no input: a NaN there times a gradient of 0 would be one. @param x [batch, time, features] */
function hideMasked(x: tf.Tensor, mask: tf.Tensor | undefined): tf.Tensor {
  return mask ? tf.where(tf.cast(tf.expandDims(mask, 2), 'bool'), x, tf.zerosLike(x)) : x;
}

function readMask(layer: string, mask: unknown, batch: number, time: number): tf.Tensor | undefined {
  if (mask === undefined || mask === null) return undefined;
  const given = (Array.isArray(mask) ? mask[0] : mask) as tf.Tensor | null;
  if (!given) return undefined;
  if (given.shape.join() !== `${batch},${time}`) {
    throw new InvalidLayerInput(
      layer,
      `the mask of inputs [${batch}, ${time}, …] must be [${batch}, ${time}], got [${given.shape}]. Inside a model it may be the mask of an earlier layer: TensorFlow.js passes the last one on.`,
    );
  }
  return tf.cast(given, 'float32');
}
