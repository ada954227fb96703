/**
 * §3.2: the cross entropy of a small perceptron on MNIST; the base network is 784-20-10 with a sigmoid.
 *
 * "The only source of variability between different runs is the initial value θ₀ and randomness in minibatch selection":
 * all coordinates, biases too, start from N(0, σ²), and a minibatch is drawn uniformly with replacement from the whole
 * training set, anew at every step. Pixels are scaled to 0..1.
 */
import type { LabelledImages } from '../../datasets/mnist.ts';
import {
  createMultilayerPerceptron,
  type MultilayerPerceptron,
  type MultilayerPerceptronShape,
  multilayerPerceptronTensors,
} from '../../kernels/multilayer-perceptron.ts';
import { wasmBuildOf } from '../../numerics/backend.ts';
import { randomStream } from '../../numerics/random.ts';
import type { TrainingContext } from '../../pipeline/context.ts';
import { layOutTensors, type ProblemFamily } from './problem.ts';

export interface MnistPerceptronSettings {
  readonly hidden: readonly number[];
  readonly activation: MultilayerPerceptronShape['activation'];
  /** Examples in a minibatch. */
  readonly batchSize: number;
  /** σ of the initial point. The paper does not say; 0.01 is the original code's. */
  readonly initialDeviation: number;
}

/** The paper's base network. */
export const baseNetwork: MnistPerceptronSettings = {
  hidden: [20],
  activation: 'sigmoid',
  batchSize: 128,
  initialDeviation: 0.01,
};

/** A family whose problems share one kernel instance: use them from one thread, one call at a time. */
export async function createMnistPerceptrons(
  { hidden, activation, batchSize, initialDeviation }: MnistPerceptronSettings,
  { images, labels }: LabelledImages,
  machine: Pick<TrainingContext, 'backend' | 'startTensorFlow'>,
): Promise<ProblemFamily> {
  const count = labels.length;
  const pixels = images.length / count;
  const shape = { inputs: pixels, hidden, classes: 10, activation, batch: batchSize };
  const perceptron = await createPerceptron(shape, machine);
  return {
    coordinates: perceptron.coordinates,
    tensors: layOutTensors(multilayerPerceptronTensors(shape)),
    lossUnit: 'nats',

    sample: (seed, ...names) => ({
      initialize: (theta) => randomStream(seed, ...names, 'initial').fillNormal(theta, initialDeviation),

      lossAndGradient(theta, step, gradient) {
        const random = randomStream(seed, ...names, 'minibatch', step);
        for (let example = 0; example < batchSize; example++) {
          const chosen = random.uniformInteger(count);
          perceptron.images.set(images.subarray(chosen * pixels, (chosen + 1) * pixels), example * pixels);
          perceptron.labels[example] = labels[chosen]!;
        }
        return perceptron.lossAndGradient(theta, gradient);
      },
    }),
  };
}

/** The kernel where the backend is WASM, plain TensorFlow.js elsewhere: an artifact's backend says what computed all of it. */
async function createPerceptron(
  shape: MultilayerPerceptronShape,
  { backend, startTensorFlow }: Pick<TrainingContext, 'backend' | 'startTensorFlow'>,
): Promise<MultilayerPerceptron> {
  const build = wasmBuildOf(backend);
  if (build) return createMultilayerPerceptron(shape, { relaxed: build === 'wasm-relaxed' });
  await startTensorFlow();
  const { createMultilayerPerceptronReference } = await import('../../kernels/multilayer-perceptron-reference.ts');
  return createMultilayerPerceptronReference(shape);
}
