/** Layer normalisation (Eqs 3 and 4: over the units of a layer, for each case alone) as a layer. */
import * as tf from '@tensorflow/tfjs-core';
import { type LayerVariable, layers, type Shape } from '@tensorflow/tfjs-layers';
import {
  checkEpsilon,
  checkNormalisedSize,
  firstShape,
  type LayerArgs,
} from '../../tensorflow-layers/layer-arguments.ts';
import { readWeightSettings, type WeightArgs, type WeightSettings } from '../../tensorflow-layers/weight-settings.ts';
import { layerNormalization as normalize } from '../normalization.ts';
import { featureSizes, normalisedAxes, overTrailingAxes } from './normalised-axes.ts';

export interface LayerNormalizationArgs extends LayerArgs, WeightArgs<'gain'>, WeightArgs<'bias'> {
  /** The axis or axes to normalise over, and that gain and bias have; the last by default, and never the batch's. */
  readonly axis?: number | readonly number[];
  /** Added to the variance, inside the root; 1e-5 by default, as in the authors' code. */
  readonly epsilon?: number;
  /** Whether there is a gain α, from 1; true by default. */
  readonly scale?: boolean;
  /** Whether there is a bias β, from 0; true by default. */
  readonly center?: boolean;
}

export class LayerNormalization extends layers.Layer {
  static className = 'StepwiseLayerNormalization';

  readonly axis: readonly number[];
  readonly epsilon: number;
  readonly scale: boolean;
  readonly center: boolean;
  readonly #gainSettings: WeightSettings;
  readonly #biasSettings: WeightSettings;
  #gain: LayerVariable | undefined;
  #bias: LayerVariable | undefined;

  constructor(args: LayerNormalizationArgs = {}) {
    super(args);
    this.axis = [args.axis ?? -1].flat();
    this.epsilon = checkEpsilon(this.name, args.epsilon ?? 1e-5);
    this.scale = args.scale ?? true;
    this.center = args.center ?? true;
    this.#gainSettings = readWeightSettings('gain', args, 'ones');
    this.#biasSettings = readWeightSettings('bias', args, 'zeros');
    this.supportsMasking = true;
  }

  override build(inputShape: Shape | Shape[]): void {
    const sizes = featureSizes(this.name, firstShape(inputShape), this.axis);
    checkNormalisedSize(
      this.name,
      'the number of features',
      sizes.reduce((product, size) => product * size, 1),
    );
    const add = (name: string, { initializer, regularizer, constraint }: WeightSettings) =>
      this.addWeight(name, sizes, 'float32', initializer, regularizer, true, constraint);
    if (this.scale) this.#gain = add('gain', this.#gainSettings);
    if (this.center) this.#bias = add('bias', this.#biasSettings);
    super.build(inputShape);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = Array.isArray(inputs) ? inputs[0]! : inputs;
      const flat = (weight: LayerVariable | undefined) => weight && tf.reshape(weight.read(), [-1]);
      const [gain, bias] = [flat(this.#gain), flat(this.#bias)];
      return overTrailingAxes(x, normalisedAxes(this.name, x.rank, this.axis), (rows) =>
        normalize(rows, gain, bias, this.epsilon),
      );
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {
      ...super.getConfig(),
      axis: [...this.axis],
      epsilon: this.epsilon,
      scale: this.scale,
      center: this.center,
      ...this.#gainSettings.config,
      ...this.#biasSettings.config,
    };
  }
}

tf.serialization.registerClass(LayerNormalization, 'Stepwise', 'LayerNormalization');

/** A layer that normalises each case over its features: see `LayerNormalization`. */
export function layerNormalization(args: LayerNormalizationArgs = {}): LayerNormalization {
  return new LayerNormalization(args);
}
