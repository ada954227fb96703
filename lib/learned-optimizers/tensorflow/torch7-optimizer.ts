/** What the Torch7 optimizers share: a learning rate, and for each variable some tensors of its shape as state. */
import * as tf from '@tensorflow/tfjs-core';
import { InvalidLearningRate, OptimizerStateMismatch } from './errors.ts';
import { listGradients, type NamedTensor } from './named-gradients.ts';
import { VariableSlots } from './variable-slots.ts';

/** What one step makes of a variable: its value, and its state in the order of `stateNames`. */
export interface Torch7Update {
  readonly value: tf.Tensor;
  readonly state: readonly tf.Tensor[];
}

export abstract class Torch7Optimizer extends tf.Optimizer {
  readonly learningRate: number;
  /** Names of the tensors that a variable's state consists of; they start at zero. */
  protected abstract readonly stateNames: readonly string[];
  protected readonly slots = new VariableSlots();
  /** [slot][state] */
  protected states: (readonly tf.Tensor[])[] = [];

  /** Throws InvalidLearningRate. */
  constructor(learningRate: number) {
    super();
    if (!(learningRate > 0 && learningRate < Number.POSITIVE_INFINITY)) {
      throw new InvalidLearningRate(new.target.name, learningRate);
    }
    this.learningRate = learningRate;
  }

  /** The update of one variable at step t, counted from 1. Inside a tidy. */
  protected abstract update(
    value: tf.Tensor,
    gradient: tf.Tensor,
    state: readonly tf.Tensor[],
    step: number,
  ): Torch7Update;

  override applyGradients(variableGradients: tf.NamedTensorMap | NamedTensor[]): void {
    const named = listGradients(variableGradients);
    const { slots, fresh } = this.slots.claim(named);
    for (const { variable } of fresh) {
      this.states.push(this.stateNames.map(() => tf.keep(tf.zerosLike(variable))));
    }
    const step = this.iterations + 1;
    for (const [index, { variable, gradient }] of named.entries()) {
      const slot = slots[index]!;
      const state = tf.tidy(() => {
        const next = this.update(variable, gradient, this.states[slot]!, step);
        variable.assign(next.value);
        return [...next.state];
      });
      tf.dispose([...this.states[slot]!]);
      // They outlive a tidy around the step.
      this.states[slot] = state.map((tensor) => tf.keep(tensor));
    }
    this.incrementIterations();
  }

  /** The number of steps (`iter`) and the state of each variable, `NAME/STATE`. The tensors are copies; dispose them. */
  override async getWeights(): Promise<NamedTensor[]> {
    const states = this.slots.all.flatMap(({ variable, savedAs }, slot) =>
      this.stateNames.map((name, index) => ({
        name: `${variable ?? savedAs}/${name}`,
        tensor: tf.clone(this.states[slot]![index]!),
      })),
    );
    return [await this.saveIterations(), ...states];
  }

  /** Goes on from what `getWeights` gave; copies. Throws OptimizerStateMismatch where it is another optimizer's. */
  override async setWeights(weightValues: NamedTensor[]): Promise<void> {
    const states = await this.extractIterations(weightValues);
    const count = this.stateNames.length;
    for (const [index, { name }] of states.entries()) {
      const expected = this.stateNames[index % count];
      if (expected === undefined || !name.endsWith(`/${expected}`)) {
        throw new OptimizerStateMismatch(
          `A ${this.getClassName()} saves ${count === 0 ? 'no state' : this.stateNames.join(' and ')} for each variable, but '${name}' came. It was saved by another optimizer.`,
        );
      }
    }
    tf.dispose(this.states.flat());
    const perVariable = count === 0 ? [] : states.filter((_, index) => index % count === 0);
    this.slots.restore(
      perVariable.map(({ name, tensor }) => ({ savedAs: name.slice(0, name.lastIndexOf('/')), shape: tensor.shape })),
    );
    this.states = perVariable.map((_, slot) =>
      states.slice(slot * count, (slot + 1) * count).map(({ tensor }) => tf.keep(tf.clone(tensor))),
    );
  }

  override dispose(): void {
    tf.dispose(this.states.flat());
    this.states = [];
    this.slots.restore([]);
    super.dispose();
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { learningRate: this.learningRate };
  }

  static override fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    config: tf.serialization.ConfigDict,
  ): T {
    return new cls(config.learningRate);
  }
}
