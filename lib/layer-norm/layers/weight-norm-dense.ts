/**
 * A dense layer with weight normalisation (Salimans and Kingma, arXiv 1602.07868): the direction of each unit's weights and
 * their length are learned apart, w = g v / ‖v‖ (Eq. 2 there).
 *
 * The first minibatch that it is trained on sets g and b, so that every unit's output before the activation has mean 0 and
 * variance 1 over that minibatch: with t = v·x / ‖v‖, g = 1/σ[t] and b = −μ[t]/σ[t] (Eq. 5 there). Whether that has
 * happened is one of the layer's weights, and saved with them.
 */
import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable, layers, type Shape } from '@tensorflow/tfjs-layers';
import {
  checkPositiveInteger,
  firstShape,
  knownSize,
  type LayerArgs,
} from '../../tensorflow-layers/layer-arguments.ts';
import { readWeightSettings, type WeightArgs, type WeightSettings } from '../../tensorflow-layers/weight-settings.ts';
import { product } from '../product.ts';

/** Keeps g finite for a unit whose output is the same for the whole minibatch. */
const smallestVariance = 1e-6;

export interface WeightNormDenseArgs
  extends LayerArgs,
    WeightArgs<'direction'>,
    WeightArgs<'gain'>,
    WeightArgs<'bias'> {
  readonly units: number;
  /** As of `tf.layers.dense`; none by default. */
  readonly activation?: Parameters<typeof layers.dense>[0]['activation'];
  readonly useBias?: boolean;
  /**
   * Whether the first minibatch of training sets gain and bias; true by default. It reads a number back from the backend,
   * which WebGPU cannot do at once: set it to false there.
   */
  readonly dataDependentInitialization?: boolean;
}

export class WeightNormDense extends layers.Layer {
  static className = 'StepwiseWeightNormDense';

  readonly units: number;
  readonly useBias: boolean;
  readonly dataDependentInitialization: boolean;
  readonly #activation: InstanceType<typeof layers.Layer>;
  readonly #directionSettings: WeightSettings;
  readonly #gainSettings: WeightSettings;
  readonly #biasSettings: WeightSettings;
  #direction!: LayerVariable;
  #gain!: LayerVariable;
  #bias: LayerVariable | undefined;
  /** 1 once gain and bias come from data, else 0. */
  #isInitialized!: LayerVariable;
  /** What `#isInitialized` held when it was seen to be 1: reading it at every step would wait for the backend each time. */
  #seenInitialized: object | undefined;

  constructor(args: WeightNormDenseArgs) {
    super(args);
    this.units = checkPositiveInteger(this.name, 'units', args.units);
    this.useBias = args.useBias ?? true;
    this.dataDependentInitialization = args.dataDependentInitialization ?? true;
    this.#activation = layers.activation({ activation: args.activation ?? 'linear', name: `${this.name}_activation` });
    this.#directionSettings = readWeightSettings(
      'direction',
      args,
      initializers.randomNormal({ mean: 0, stddev: 0.05 }),
    );
    this.#gainSettings = readWeightSettings('gain', args, 'ones');
    this.#biasSettings = readWeightSettings('bias', args, 'zeros');
    this.supportsMasking = true;
  }

  override build(inputShape: Shape | Shape[]): void {
    const shape = firstShape(inputShape);
    const inputs = knownSize(this.name, shape, shape.length - 1);
    const add = (name: string, sizes: number[], { initializer, regularizer, constraint }: WeightSettings) =>
      this.addWeight(name, sizes, 'float32', initializer, regularizer, true, constraint);
    this.#direction = add('direction', [inputs, this.units], this.#directionSettings);
    this.#gain = add('gain', [this.units], this.#gainSettings);
    if (this.useBias) this.#bias = add('bias', [this.units], this.#biasSettings);
    this.#isInitialized = this.addWeight('initialized', [1], 'float32', initializers.zeros(), undefined, false);
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return [...firstShape(inputShape).slice(0, -1), this.units];
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs?: { readonly training?: boolean }): tf.Tensor {
    return tf.tidy(() => {
      const x = Array.isArray(inputs) ? inputs[0]! : inputs;
      const rows = tf.reshape(x, [-1, x.shape.at(-1)!]);
      const direction = this.#direction.read();
      const unitLength = tf.div(direction, tf.sqrt(tf.sum(tf.square(direction), 0, true)));
      const along = product(rows as tf.Tensor2D, unitLength as tf.Tensor2D);
      if (kwargs?.training && this.dataDependentInitialization) this.#initializeOnce(along);
      const scaled = tf.mul(along, this.#gain.read()); // Eq. 2
      const biased = this.#bias ? tf.add(scaled, this.#bias.read()) : scaled;
      return this.#activation.apply(tf.reshape(biased, [...x.shape.slice(0, -1), this.units])) as tf.Tensor;
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {
      ...super.getConfig(),
      units: this.units,
      activation: this.#activation.getConfig().activation!,
      useBias: this.useBias,
      dataDependentInitialization: this.dataDependentInitialization,
      ...this.#directionSettings.config,
      ...this.#gainSettings.config,
      ...this.#biasSettings.config,
    };
  }

  /** @param along t, [cases, units] */
  #initializeOnce(along: tf.Tensor): void {
    const flag = this.#isInitialized.read();
    if (flag.dataId === this.#seenInitialized) return;
    if (flag.dataSync()[0] !== 1) {
      const { mean, variance } = tf.moments(along, 0);
      const gain = tf.rsqrt(tf.maximum(variance, smallestVariance));
      this.#gain.write(gain); // Eq. 5
      this.#bias?.write(tf.neg(tf.mul(mean, gain)));
      this.#isInitialized.write(tf.ones([1]));
    }
    this.#seenInitialized = this.#isInitialized.read().dataId;
  }
}

tf.serialization.registerClass(WeightNormDense, 'Stepwise', 'WeightNormDense');

/** A dense layer whose weights' directions and lengths are learned apart: see `WeightNormDense`. */
export function weightNormDense(args: WeightNormDenseArgs): WeightNormDense {
  return new WeightNormDense(args);
}
