/**
 * Root mean square normalisation (Zhang and Sennrich, arXiv 1910.07467) as a layer: layer normalisation without the mean,
 * y = γ ⊙ x / √(mean(x²) + ε).
 */
import * as tf from '@tensorflow/tfjs-core';
import { type LayerVariable, layers, type Shape } from '@tensorflow/tfjs-layers';
import {
  checkEpsilon,
  checkNormalisedSize,
  firstShape,
  type LayerArgs,
} from '../../tensorflow-layers/layer-arguments.ts';
import { readWeightSettings, type WeightArgs, type WeightSettings } from '../../tensorflow-layers/weight-settings.ts';
import { rootMeanSquareNormalization as normalize } from '../normalization.ts';
import { featureSizes, normalisedAxes, overTrailingAxes } from './normalised-axes.ts';

export interface RootMeanSquareNormalizationArgs extends LayerArgs, WeightArgs<'gain'> {
  /** The axis or axes to normalise over, and that the gain has; the last by default, and never the batch's. */
  readonly axis?: number | readonly number[];
  /** Added to the mean square, inside the root; 1e-5 by default. */
  readonly epsilon?: number;
  /** Whether there is a gain, from 1; true by default. */
  readonly scale?: boolean;
}

export class RootMeanSquareNormalization extends layers.Layer {
  static className = 'StepwiseRootMeanSquareNormalization';

  readonly axis: readonly number[];
  readonly epsilon: number;
  readonly scale: boolean;
  readonly #gainSettings: WeightSettings;
  #gain: LayerVariable | undefined;

  constructor(args: RootMeanSquareNormalizationArgs = {}) {
    super(args);
    this.axis = [args.axis ?? -1].flat();
    this.epsilon = checkEpsilon(this.name, args.epsilon ?? 1e-5);
    this.scale = args.scale ?? true;
    this.#gainSettings = readWeightSettings('gain', args, 'ones');
    this.supportsMasking = true;
  }

  override build(inputShape: Shape | Shape[]): void {
    const sizes = featureSizes(this.name, firstShape(inputShape), this.axis);
    checkNormalisedSize(
      this.name,
      'the number of features',
      sizes.reduce((product, size) => product * size, 1),
    );
    const { initializer, regularizer, constraint } = this.#gainSettings;
    if (this.scale) {
      this.#gain = this.addWeight('gain', sizes, 'float32', initializer, regularizer, true, constraint);
    }
    super.build(inputShape);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = Array.isArray(inputs) ? inputs[0]! : inputs;
      const gain = this.#gain && tf.reshape(this.#gain.read(), [-1]);
      return overTrailingAxes(x, normalisedAxes(this.name, x.rank, this.axis), (rows) =>
        normalize(rows, gain, this.epsilon),
      );
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {
      ...super.getConfig(),
      axis: [...this.axis],
      epsilon: this.epsilon,
      scale: this.scale,
      ...this.#gainSettings.config,
    };
  }
}

tf.serialization.registerClass(RootMeanSquareNormalization, 'Stepwise', 'RootMeanSquareNormalization');

/** A layer that divides each case's features by their root mean square: see `RootMeanSquareNormalization`. */
export function rootMeanSquareNormalization(args: RootMeanSquareNormalizationArgs = {}): RootMeanSquareNormalization {
  return new RootMeanSquareNormalization(args);
}
