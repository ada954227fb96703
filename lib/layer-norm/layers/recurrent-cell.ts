/**
 * What the cells of the recurrent layers have in common: settings, weights, dropout. A cell is a `tf.layers` cell of its own
 * (`tf.layers.rnn({ cell })` steps it), and does the work of the layer of the same name, which hands it whole sequences.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type LayerVariable, layers, type Shape } from '@tensorflow/tfjs-layers';
import { InvalidLayerInput, InvalidLayerSetting } from '../../tensorflow-layers/errors.ts';
import {
  checkEpsilon,
  checkPositiveInteger,
  checkRate,
  firstShape,
  knownSize,
  type LayerArgs,
} from '../../tensorflow-layers/layer-arguments.ts';
import {
  type InitializerSetting,
  readWeightSettings,
  type WeightArgs,
  type WeightSettings,
} from '../../tensorflow-layers/weight-settings.ts';
import { Orthogonal } from './orthogonal.ts';

export interface RecurrentCellArgs
  extends LayerArgs,
    WeightArgs<'kernel'>,
    WeightArgs<'recurrent'>,
    WeightArgs<'bias'>,
    WeightArgs<'gain'> {
  readonly units: number;
  /** Whether there are biases, of the sum and of whatever else is normalised; true by default. */
  readonly useBias?: boolean;
  /** The share of the inputs to drop in training; 0 by default. */
  readonly dropout?: number;
  /** The share of the hidden units that W_h does not see in training; 0 by default. The state is carried whole. */
  readonly recurrentDropout?: number;
  /** Of dropout: the same numbers in every run. Without it they differ, as in `tf.layers`. */
  readonly seed?: number;
  /** Added to each variance, inside the root; 1e-5 by default, as in the authors' code. */
  readonly epsilon?: number;
  /** Only 'tanh': here so that settings of other layers can be passed on. */
  readonly activation?: string | null;
  /** Only 'sigmoid': here so that settings of other layers can be passed on. */
  readonly recurrentActivation?: string | null;
}

export type WeightRole = 'kernel' | 'recurrent' | 'bias' | 'gain';

/** A weight of a cell, under the name of the parameter of the operation that it becomes. */
export interface CellWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly role: WeightRole;
  /** Where it begins otherwise than its role says. */
  readonly initialize?: (role: WeightSettings) => tf.Tensor;
}

/** A cell's weights by name, as the operations take them. */
export type CellParameters = Readonly<Record<string, tf.Tensor>>;

/** A whole sequence, [time, batch, …]. */
export interface Sequence {
  /** [time, batch, inputs] */
  readonly inputs: tf.Tensor;
  /** [batch, units] each */
  readonly initialStates: readonly tf.Tensor[];
  /** [time, batch], 1 where there is an input. */
  readonly mask: tf.Tensor | undefined;
  readonly training: boolean;
}

export type SequenceResult = {
  /** [time, batch, units] */
  readonly outputs: tf.Tensor;
  /** The states after the last step, hidden state first. */
  readonly states: tf.Tensor[];
};

/** What dropout leaves of a step's inputs and of the hidden state that W_h sees, [batch, …], scaled up; none: all. */
export interface DropoutMasks {
  readonly inputs?: tf.Tensor;
  readonly hidden?: tf.Tensor;
}

export abstract class RecurrentCell extends layers.RNNCell {
  readonly units: number;
  readonly useBias: boolean;
  readonly dropout: number;
  readonly recurrentDropout: number;
  readonly seed: number | undefined;
  readonly epsilon: number;
  readonly #settings: Readonly<Record<WeightRole, WeightSettings>>;
  readonly #weights = new Map<string, LayerVariable>();
  #weightShapes: readonly CellWeight[] = [];
  #drawn = 0;

  constructor(args: RecurrentCellArgs, gainInitializer: InitializerSetting = 'ones') {
    super(args);
    this.units = checkPositiveInteger(this.name, 'units', args.units);
    this.useBias = args.useBias ?? true;
    this.dropout = checkRate(this.name, 'dropout', args.dropout ?? 0);
    this.recurrentDropout = checkRate(this.name, 'recurrentDropout', args.recurrentDropout ?? 0);
    this.seed = args.seed ?? undefined;
    this.epsilon = checkEpsilon(this.name, args.epsilon ?? 1e-5);
    checkActivation(this.name, 'activation', args.activation, 'tanh');
    checkActivation(this.name, 'recurrentActivation', args.recurrentActivation, 'sigmoid');
    // By its name too: TensorFlow.js's own fails where not all of TensorFlow.js is loaded.
    const named = args.recurrentInitializer ?? 'orthogonal';
    const recurrent = named === 'orthogonal' ? new Orthogonal() : named;
    this.#settings = {
      kernel: readWeightSettings('kernel', args, 'glorotNormal'),
      recurrent: readWeightSettings('recurrent', { ...args, recurrentInitializer: recurrent }, recurrent),
      bias: readWeightSettings('bias', args, 'zeros'),
      gain: readWeightSettings('gain', args, gainInitializer),
    };
  }

  /** The weights for so many inputs, in the order of `getWeights`. Throws where there is too little to normalise over. */
  protected abstract weightsFor(inputs: number): readonly CellWeight[];

  /** One step: the states after it, hidden state first. */
  protected abstract step(
    x: tf.Tensor,
    states: readonly tf.Tensor[],
    parameters: CellParameters,
    dropped: DropoutMasks,
  ): tf.Tensor[];

  /** Whole sequences without recurrent dropout, by the operation that is fast for them. */
  protected abstract sequence(parameters: CellParameters, sequence: Sequence): SequenceResult;

  override build(inputShape: Shape | Shape[]): void {
    const shape = firstShape(inputShape);
    const weights = this.weightsFor(knownSize(this.name, shape, shape.length - 1));
    for (const { name, shape: sizes, role, initialize } of weights) {
      if (role === 'bias' && !this.useBias) continue;
      const settings = this.#settings[role];
      const initializer = initialize
        ? ({ apply: () => initialize(settings) } as unknown as WeightSettings['initializer'])
        : settings.initializer;
      const variable = this.addWeight(
        inSnakeCase(name),
        [...sizes],
        'float32',
        initializer,
        settings.regularizer,
        true,
        settings.constraint,
      );
      this.#weights.set(name, variable);
    }
    this.#weightShapes = weights;
    this.built = true;
  }

  /** The step of a cell inside `tf.layers.rnn`: [x, …states] to [output, …states]. */
  override call(inputs: tf.Tensor | tf.Tensor[], kwargs?: { readonly training?: boolean }): tf.Tensor[] {
    const [x, ...states] = inputs as [tf.Tensor, ...tf.Tensor[]];
    const expected = [this.stateSize].flat().length;
    if (states.length !== expected) {
      throw new InvalidLayerInput(
        this.name,
        `a step takes an input and ${expected} states, got ${states.length} states.`,
      );
    }
    return tf.tidy(() => {
      // A cell cannot know where a sequence begins, so each step drops others. The layers drop the same at all steps.
      const dropped = kwargs?.training ? this.#drawDropout(x.shape[0]!, x.shape.at(-1)!) : {};
      const after = this.step(x, states, this.#parameters(), dropped);
      return [after[0]!.clone(), ...after];
    });
  }

  /** A whole sequence. The same inputs and hidden units are dropped at all of its steps. */
  runSequence(sequence: Sequence): SequenceResult {
    return tf.tidy(() => {
      const { inputs, initialStates, mask, training } = sequence;
      const [time, batch, features] = inputs.shape as [number, number, number];
      if (time === 0) {
        const states = initialStates.map((state) => state.clone());
        return { outputs: tf.zeros([0, batch, this.units]), states };
      }
      const dropped = training ? this.#drawDropout(batch, features) : {};
      const seen = dropped.inputs ? tf.mul(inputs, dropped.inputs) : inputs;
      const parameters = this.#parameters();
      if (!dropped.hidden) return this.sequence(parameters, { ...sequence, inputs: seen });

      // The operation for sequences knows no dropout between its steps.
      const present = mask && tf.unstack(tf.cast(tf.expandDims(mask, -1), 'bool'));
      let states: readonly tf.Tensor[] = initialStates;
      const outputs = tf.unstack(seen).map((x, step) => {
        const after = this.step(x, states, parameters, { hidden: dropped.hidden! });
        const before = states;
        states = present ? after.map((state, index) => tf.where(present[step]!, state, before[index]!)) : after;
        return states[0]!;
      });
      return { outputs: tf.stack(outputs), states: states.map((state) => state.clone()) };
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { kernel, recurrent, bias, gain } = this.#settings;
    return {
      ...super.getConfig(),
      units: this.units,
      useBias: this.useBias,
      dropout: this.dropout,
      recurrentDropout: this.recurrentDropout,
      seed: this.seed ?? null,
      epsilon: this.epsilon,
      ...kernel.config,
      ...recurrent.config,
      ...bias.config,
      ...gain.config,
    };
  }

  /** The weights as the operations take them; biases that are not there are 0. */
  #parameters(): CellParameters {
    const entries = this.#weightShapes.map(({ name, shape }) => {
      const weight = this.#weights.get(name);
      return [name, weight ? weight.read() : tf.zeros([...shape])];
    });
    return Object.fromEntries(entries);
  }

  #drawDropout(batch: number, features: number): DropoutMasks {
    const draw = (size: number, rate: number, what: string) => {
      const seed = this.seed === undefined ? undefined : `${this.seed} ${what} ${this.#drawn++}`;
      return tf.dropout(tf.ones([batch, size]), rate, undefined, seed);
    };
    return {
      ...(this.dropout > 0 && { inputs: draw(features, this.dropout, 'inputs') }),
      ...(this.recurrentDropout > 0 && { hidden: draw(this.units, this.recurrentDropout, 'hidden') }),
    };
  }
}

function checkActivation(layer: string, name: string, value: unknown, only: string): void {
  if (value === undefined || value === null || value === only) return;
  throw new InvalidLayerSetting(layer, `${name} is '${only}' (Eqs 4, 20–22 and 26–28), and cannot be '${value}'.`);
}

/** `inputKernel` as `input_kernel`: how weights are named in saved models. */
export function inSnakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
