/**
 * A trained optimizer (arXiv 1606.04474) as a `tf.Optimizer`:
 *
 *     model.compile({ optimizer: await LearnedOptimizer.load('mnist'), loss: 'categoricalCrossentropy' });
 *     optimizer.minimize(() => loss(theta));
 *
 * θ ← θ + g, [g, h] ← m(∇f(θ), h, φ) (Eq. 1), with the coordinatewise LSTM m: one φ for every coordinate of every
 * variable, a state h for each coordinate. There is no learning rate to choose. There is no promise either: an optimizer is
 * good at what it was trained on (its model card says what), and may diverge elsewhere.
 */
import * as tf from '@tensorflow/tfjs-core';
import { decodeBase64, encodeBase64 } from '../../numerics/read-asset.ts';
import type { PretrainedName } from '../pretrained/pretrained-files.ts';
import { createEngine } from './create-lstm-engine.ts';
import { InvalidOptimizerFile, OptimizerStateMismatch } from './errors.ts';
import type { Compute, LstmEngine } from './lstm-engine.ts';
import { listGradients, type NamedTensor } from './named-gradients.ts';
import { decodeOptimizerFile, type NetworkSettings, type OptimizerFile } from './optimizer-file.ts';
import { readOptimizerBytes } from './read-optimizer-bytes.ts';
import { VariableSlots } from './variable-slots.ts';

export interface LearnedOptimizerOptions {
  /** `auto` by default: our kernel, or TensorFlow.js's operations where a GPU computes or there is no SIMD. */
  readonly compute?: Compute;
}

/** The suffix of a state's name in `getWeights`. */
const stateSuffix = '/lstm-state';

export class LearnedOptimizer extends tf.Optimizer {
  /** The name in saved models. A getter, so that bundlers can leave out a class that nobody uses. */
  static get className(): string {
    return 'LearnedOptimizer';
  }

  readonly #bytes: Uint8Array;
  readonly #file: OptimizerFile;
  readonly #compute: Compute;
  #engine: LstmEngine | undefined;
  readonly #slots = new VariableSlots();
  #hasWarned = false;

  /**
   * An optimizer from a file's bytes, its state at zero; `load` reads them from somewhere. Throws InvalidOptimizerFile.
   *
   * @param name what to call the bytes in an error
   */
  constructor(bytes: Uint8Array, { compute = 'auto' }: LearnedOptimizerOptions = {}, name = 'This file') {
    super();
    this.#file = decodeOptimizerFile(bytes, name);
    this.#bytes = bytes.slice();
    this.#compute = compute;
  }

  /**
   * Loads an optimizer: a shipped one by name, a `.safetensors` file by its path (Node) or address, or its bytes.
   * Throws UnknownOptimizer where there is nothing to read, InvalidOptimizerFile where it is something else or newer.
   */
  static async load(
    source: PretrainedName | (string & {}) | URL | ArrayBuffer | Uint8Array,
    options: LearnedOptimizerOptions = {},
  ): Promise<LearnedOptimizer> {
    const { bytes, name } = await readOptimizerBytes(source);
    return new LearnedOptimizer(bytes, options, name);
  }

  /** The network: units, preprocessing of gradients, scale of updates. */
  get network(): NetworkSettings {
    return this.#file.network;
  }

  /** What computes: known after the first step. */
  get computesOn(): 'kernel' | 'tensors' | undefined {
    return this.#engine?.kind;
  }

  /**
   * Gradient values so far that were NaN or infinite. They count as zero, so that one bad batch does not make a variable
   * NaN for ever; the first is reported on the console where it costs nothing to know (not on a GPU).
   */
  get nonFiniteGradients(): number {
    return this.#engine?.countNonFinite() ?? 0;
  }

  /**
   * Changes the variables by their gradients, all in one step of the LSTM. Variables without a gradient stay, and so does
   * their state. Throws InvalidGradient, or OptimizerStateMismatch where a variable's shape is not that of its state.
   */
  override applyGradients(variableGradients: tf.NamedTensorMap | NamedTensor[]): void {
    const named = listGradients(variableGradients);
    if (named.length > 0) {
      const engine = this.#startEngine();
      const { slots, fresh } = this.#slots.claim(named);
      engine.addSlots(fresh.map(({ variable }) => variable.size));
      tf.tidy(() => {
        const updates = engine.step(
          slots,
          named.map(({ gradient }) => gradient),
        );
        for (const [index, { variable }] of named.entries()) {
          variable.assign(tf.add(variable, tf.reshape(updates[index]!, variable.shape))); // Eq. 1
        }
      });
      if (engine.kind === 'kernel') this.#warnOnce(engine.countNonFinite());
    }
    this.incrementIterations();
  }

  /**
   * The number of steps (`iter`) and a state for each variable, `NAME/lstm-state` of shape [...shape, 4, hidden]: h1, c1,
   * h2, c2; of [...shape, 4 · hidden + 3] where gradients are normalised: the same, then their moments m, v and the steps t.
   * The tensors are copies; dispose them.
   */
  override async getWeights(): Promise<NamedTensor[]> {
    const stateShape = this.#stateShape;
    return [
      await this.saveIterations(),
      ...this.#slots.all.map(({ variable, savedAs, shape }, slot) => ({
        name: `${variable ?? savedAs}${stateSuffix}`,
        tensor: tf.tensor(this.#engine!.readState(slot), [...shape, ...stateShape], 'float32'),
      })),
    ];
  }

  /**
   * Goes on from what `getWeights` gave; the values are copied. Which variable a state belongs to is decided at the next
   * step: by name, else by order. Throws OptimizerStateMismatch where a tensor is no state of this network.
   */
  override async setWeights(weightValues: NamedTensor[]): Promise<void> {
    const states = await this.extractIterations(weightValues);
    const stateShape = this.#stateShape;
    const slots = states.map(({ name, tensor }) => {
      const shape = tensor.shape.slice(0, -stateShape.length);
      if (tensor.shape.slice(-stateShape.length).join() !== stateShape.join()) {
        throw new OptimizerStateMismatch(
          `The state '${name}' must have the shape [...variable's shape, ${stateShape.join(', ')}], and has [${tensor.shape}]. It was saved by another optimizer.`,
        );
      }
      return { savedAs: name.endsWith(stateSuffix) ? name.slice(0, -stateSuffix.length) : name, shape };
    });
    const values = await Promise.all(states.map(({ tensor }) => tensor.data<'float32'>()));
    this.#engine?.dispose();
    this.#engine = undefined;
    const engine = this.#startEngine();
    engine.addSlots(slots.map(({ shape }) => shape.reduce((product, length) => product * length, 1)));
    for (const [slot, value] of values.entries()) engine.writeState(slot, value);
    this.#slots.restore(slots);
  }

  /** Of a coordinate's state. */
  get #stateShape(): readonly number[] {
    const { hiddenUnits, normalisation } = this.#file.network;
    return normalisation ? [4 * hiddenUnits + 3] : [4, hiddenUnits];
  }

  /** Sets the state of every variable to zero, as before the first step: for the next problem. */
  resetState(): void {
    this.#engine?.dispose();
    this.#engine = undefined;
    this.#slots.restore([]);
    this.iterations_ = 0;
  }

  /** Frees what the optimizer holds. */
  override dispose(): void {
    this.resetState();
    super.dispose();
  }

  /** The whole optimizer, φ included: a saved model brings it along. */
  override getConfig(): tf.serialization.ConfigDict {
    // Base64 has no underscore: TensorFlow.js turns snake case into camel case in every string of a loaded config.
    return { safetensors: encodeBase64(this.#bytes), compute: this.#compute };
  }

  static override fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    config: tf.serialization.ConfigDict,
  ): T {
    const { safetensors, compute } = config;
    if (typeof safetensors !== 'string') {
      throw new InvalidOptimizerFile(
        "A LearnedOptimizer's saved config",
        "it must have 'safetensors', a file in base64.",
      );
    }
    return new cls(decodeBase64(safetensors), { compute }, "A LearnedOptimizer's saved config");
  }

  #startEngine(): LstmEngine {
    this.#engine ??= createEngine(this.#compute, this.#file);
    return this.#engine;
  }

  #warnOnce(nonFinite: number): void {
    if (nonFinite === 0 || this.#hasWarned) return;
    this.#hasWarned = true;
    console.warn(
      `LearnedOptimizer: ${nonFinite} gradient values were NaN or infinite at step ${this.iterations + 1} and count as zero. nonFiniteGradients goes on counting.`,
    );
  }
}

tf.serialization.registerClass(LearnedOptimizer);
