/**
 * Recurrent kernels to start from: an orthogonal matrix for each gate, as in the paper's authors' code. TensorFlow.js's own
 * 'orthogonal' makes one matrix of all gates, and needs the methods of tensors that only the whole `@tensorflow/tfjs` brings:
 * with the core and layers alone it fails.
 */
import * as tf from '@tensorflow/tfjs-core';
import { initializers } from '@tensorflow/tfjs-layers';
import { InvalidLayerSetting } from '../../tensorflow-layers/errors.ts';
import type { Initializer } from '../../tensorflow-layers/weight-settings.ts';
import { orthogonalGates } from '../recurrent/initial-weights.ts';

/** The base class is not exported by its name; a layer takes nothing else for an initializer. */
const InitializerClass: abstract new () => Initializer = Object.getPrototypeOf(initializers.zeros().constructor);

export interface OrthogonalArgs {
  /** What every entry is multiplied with; 1 by default. */
  readonly gain?: number;
  readonly seed?: number;
}

export class Orthogonal extends InitializerClass {
  static className = 'StepwiseOrthogonal';

  readonly gain: number;
  readonly seed: number | undefined;

  constructor({ gain, seed }: OrthogonalArgs = {}) {
    super();
    this.gain = gain ?? 1;
    this.seed = seed ?? undefined;
  }

  /** @param shape [units, gates·units] */
  override apply(shape: (number | null)[]): tf.Tensor {
    const [units, width] = shape as [number, number];
    const gates = width / units;
    if (shape.length !== 2 || !Number.isInteger(gates)) {
      throw new InvalidLayerSetting(
        'StepwiseOrthogonal',
        `it initialises recurrent kernels, [units, gates·units], got the shape [${shape}].`,
      );
    }
    return tf.tidy(() => {
      // All numbers at once: a seed for each row would be a seed for the rows of another kernel too.
      const normal = tf.randomNormal([units * width], 0, 1, 'float32', this.seed).dataSync();
      let drawn = 0;
      const fillNormal = (row: Float32Array) => {
        row.set(normal.subarray(drawn, drawn + row.length));
        drawn += row.length;
      };
      const { data } = orthogonalGates({ fillNormal }, units, gates);
      return tf.mul(tf.tensor2d(data as Float32Array, [units, width]), this.gain);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { gain: this.gain, seed: this.seed ?? null };
  }
}

tf.serialization.registerClass(
  Orthogonal as tf.serialization.SerializableConstructor<Orthogonal>,
  'Stepwise',
  'Orthogonal',
);

/** An initializer for recurrent kernels: see `Orthogonal`. */
export function orthogonal(args: OrthogonalArgs = {}): Initializer {
  return new Orthogonal(args);
}
