/** The random walk layer (§4.3 of arXiv 1605.07681) as a layer. */
import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { InvalidLayerInput, InvalidLayerSetting } from '../../tensorflow-layers/errors.ts';
import { checkPositiveInteger } from '../../tensorflow-layers/layer-arguments.ts';
import type { AlphaReading } from '../diffusion.ts';
import type { Neighbourhood } from '../neighbourhood.ts';
import { walkStep } from '../walk.ts';
import { type NeighbourhoodArgs, readNeighbourhood } from './neighbourhood-settings.ts';

export interface RandomWalkArgs extends NeighbourhoodArgs {
  /** Steps of Eq. 1; 1 by default, as the paper trains. */
  readonly steps?: number;
  /** α of Eq. 1, from 0 to 1. 1 by default: with one step, ŷ = A f. */
  readonly alpha?: number;
  /** What α weighs: the walk, as Eq. 1 is printed and by default, or the segmentation. */
  readonly alphaWeighs?: AlphaReading;
}

/**
 * ŷ_{t+1} = α A ŷ_t + (1 − α) f, from ŷ_0 = f. It has no weights: those are `PixelAffinity`'s, and its gradients go to f and
 * through the affinities to the features that they are made of.
 *
 * Inputs: f [batch, height, width, classes], any finite values (scores before a softmax, as the paper trains), and the
 * affinities [batch, height, width, offsets] of a `PixelAffinity` of the same radius and neighbourhood. Output: as f.
 */
export class RandomWalk extends layers.Layer {
  static className = 'StepwiseRandomWalk';

  readonly neighbourhood: Neighbourhood;
  readonly steps: number;
  readonly alpha: number;
  readonly alphaWeighs: AlphaReading;

  constructor(args: RandomWalkArgs = {}) {
    super(args);
    this.neighbourhood = readNeighbourhood(this.name, args);
    this.steps = checkPositiveInteger(this.name, 'steps', args.steps ?? 1);
    this.alpha = args.alpha ?? 1;
    this.alphaWeighs = args.alphaWeighs ?? 'walk';
    if (!(this.alpha >= 0 && this.alpha <= 1)) {
      throw new InvalidLayerSetting(this.name, `alpha must be from 0 to 1, got ${this.alpha}.`);
    }
    if (this.alphaWeighs !== 'walk' && this.alphaWeighs !== 'segmentation') {
      throw new InvalidLayerSetting(
        this.name,
        `alphaWeighs must be 'walk' or 'segmentation', got '${this.alphaWeighs}'.`,
      );
    }
  }

  override build(inputShape: Shape | Shape[]): void {
    this.#checkShapes(inputShape);
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return this.#checkShapes(inputShape);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const [f, affinities] = inputs as [tf.Tensor4D, tf.Tensor4D];
      const { neighbourhood } = this;
      const diffusion = this.alphaWeighs === 'walk' ? this.alpha : 1 - this.alpha;
      let y = f;
      for (let step = 0; step < this.steps; step++) {
        const walked = walkStep(y, affinities, { neighbourhood });
        y = diffusion === 1 ? walked : tf.add(tf.mul(diffusion, walked), tf.mul(1 - diffusion, f)); // Eq. 1
      }
      return y;
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { steps, alpha, alphaWeighs } = this;
    const { radius, shape } = this.neighbourhood;
    return { ...super.getConfig(), radius, neighbourhood: shape, steps, alpha, alphaWeighs };
  }

  /** The shape of f, once it is known to go with that of the affinities. */
  #checkShapes(inputShape: Shape | Shape[]): Shape {
    const [f, affinities] = Array.isArray(inputShape[0]) ? (inputShape as Shape[]) : [undefined, undefined];
    const offsets = this.neighbourhood.offsets.length;
    if (inputShape.length !== 2 || f?.length !== 4 || affinities?.length !== 4 || affinities[3] !== offsets) {
      throw new InvalidLayerInput(
        this.name,
        `the inputs must be f [batch, height, width, classes] and affinities [batch, height, width, ${offsets}], got ${JSON.stringify(inputShape)}. Give PixelAffinity the same radius and neighbourhood.`,
      );
    }
    return f;
  }
}

tf.serialization.registerClass(RandomWalk, 'Stepwise', 'RandomWalk');

/** A layer that walks over pixels along their affinities: see `RandomWalk`. */
export function randomWalk(args: RandomWalkArgs = {}): RandomWalk {
  return new RandomWalk(args);
}
