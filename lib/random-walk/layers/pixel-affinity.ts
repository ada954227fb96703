/** The pixel-level affinity branch (§4.2 of arXiv 1605.07681) as a layer. */
import * as tf from '@tensorflow/tfjs-core';
import { type LayerVariable, layers, type Shape } from '@tensorflow/tfjs-layers';
import { InvalidLayerInput } from '../../tensorflow-layers/errors.ts';
import { knownSize } from '../../tensorflow-layers/layer-arguments.ts';
import { readWeightSettings, type WeightArgs, type WeightSettings } from '../../tensorflow-layers/weight-settings.ts';
import type { Neighbourhood } from '../neighbourhood.ts';
import { pixelAffinities } from '../walk.ts';
import { type NeighbourhoodArgs, readNeighbourhood } from './neighbourhood-settings.ts';

/** `kernelInitializer`, `kernelRegularizer` and `kernelConstraint` are those of the weights θ; −0.1 by default. */
export interface PixelAffinityArgs extends NeighbourhoodArgs, WeightArgs<'kernel'> {}

/**
 * Affinities w_ij = exp(Σ_k θ_k |φ_k(i) − φ_k(j)|) of every pixel and half of its neighbours: what `RandomWalk` takes, and what
 * a Euclidean loss to same-label pairs trains. One weight θ_k a channel, no bias.
 *
 * Input: [batch, height, width, channels], or several of the same size, whose channels are taken together (the paper's are
 * RGB, conv1_1 and conv1_2). Output: [batch, height, width, offsets].
 */
export class PixelAffinity extends layers.Layer {
  static className = 'StepwisePixelAffinity';

  readonly neighbourhood: Neighbourhood;
  readonly #kernelSettings: WeightSettings;
  #kernel!: LayerVariable;

  constructor(args: PixelAffinityArgs = {}) {
    super(args);
    this.neighbourhood = readNeighbourhood(this.name, args);
    this.#kernelSettings = readWeightSettings('kernel', args, -0.1);
  }

  override build(inputShape: Shape | Shape[]): void {
    const channels = shapesOf(inputShape).reduce(
      (sum, shape) => sum + knownSize(this.name, this.#checked(shape), 3),
      0,
    );
    const { initializer, regularizer, constraint } = this.#kernelSettings;
    this.#kernel = this.addWeight('kernel', [channels], 'float32', initializer, regularizer, true, constraint);
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return [...shapesOf(inputShape)[0]!.slice(0, 3), this.neighbourhood.offsets.length];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const all = [inputs].flat() as tf.Tensor4D[];
      const features = all.length === 1 ? all[0]! : tf.concat(all, -1);
      return pixelAffinities(features, this.#kernel.read() as tf.Tensor1D, { neighbourhood: this.neighbourhood });
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { radius, shape } = this.neighbourhood;
    return { ...super.getConfig(), radius, neighbourhood: shape, ...this.#kernelSettings.config };
  }

  #checked(shape: Shape): Shape {
    if (shape.length === 4) return shape;
    throw new InvalidLayerInput(
      this.name,
      `every input must be [batch, height, width, channels], got one of ${shape.length} axes.`,
    );
  }
}

/** Of one input or several. */
function shapesOf(shape: Shape | Shape[]): Shape[] {
  return (Array.isArray(shape[0]) ? shape : [shape]) as Shape[];
}

tf.serialization.registerClass(PixelAffinity, 'Stepwise', 'PixelAffinity');

/** A layer of affinities between pixels: see `PixelAffinity`. */
export function pixelAffinity(args: PixelAffinityArgs = {}): PixelAffinity {
  return new PixelAffinity(args);
}
