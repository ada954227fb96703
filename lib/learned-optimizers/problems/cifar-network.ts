/**
 * §3.3: the cross entropy of a small convolutional network on CIFAR-10, or on some of its labels.
 *
 * "Three convolutional layers with max pooling followed by a fully-connected layer with 32 hidden units; all
 * non-linearities were ReLU activations with batch normalization." The rest is the published code's: 16 filters of 5 × 5
 * a layer, weights and biases from N(0, 0.01²), offsets of the normalization from 0. A minibatch is drawn uniformly with
 * replacement from the images of the chosen labels, anew at every step. The network always has ten outputs.
 */
import type { LabelledImages } from '../../datasets/cifar-10.ts';
import {
  type ConvolutionalNetwork,
  type ConvolutionalNetworkShape,
  convolutionalNetworkTensors,
} from '../../kernels/convolutional-network.ts';
import { wasmBuildOf } from '../../numerics/backend.ts';
import { randomStream } from '../../numerics/random.ts';
import type { TrainingContext } from '../../pipeline/context.ts';
import { layOutTensors, type ParameterTensor, type ProblemFamily } from './problem.ts';

export interface CifarNetworkSettings {
  /** Whose images the minibatches are drawn from. */
  readonly split: 'train' | 'test';
  /** Only images of these labels, 0 to 9. */
  readonly labels: readonly number[];
  /** Filters of each convolutional layer, multiples of 16. */
  readonly filters: readonly number[];
  /** Examples in a minibatch. */
  readonly batchSize: number;
  /** σ of the initial weights and biases. The paper does not say; 0.01 is the original code's. */
  readonly initialDeviation: number;
}

function shapeOf({
  filters,
  batchSize,
}: Pick<CifarNetworkSettings, 'filters' | 'batchSize'>): ConvolutionalNetworkShape {
  return {
    ...{ height: 32, width: 32, colours: 3, filters, kernelSize: 5 },
    ...{ hidden: 32, classes: 10, batch: batchSize },
  };
}

/** The tensors of θ: 22,602 coordinates with 16 filters in each of three layers. */
export function cifarNetworkTensors(
  settings: Pick<CifarNetworkSettings, 'filters' | 'batchSize'>,
): readonly ParameterTensor[] {
  return layOutTensors(convolutionalNetworkTensors(shapeOf(settings)));
}

/** Whose updates a tensor takes: one learned optimizer is for the filters, one for everything else. */
export function parameterKind({ name }: Pick<ParameterTensor, 'name'>): 'convolution' | 'linear' {
  return name.endsWith('/filter') ? 'convolution' : 'linear';
}

/** A family whose problems share one kernel instance: use them from one thread, one call at a time. */
export async function createCifarNetworks(
  settings: Omit<CifarNetworkSettings, 'split'>,
  data: LabelledImages,
  machine: Pick<TrainingContext, 'backend' | 'startTensorFlow'> & { readonly threads: number },
): Promise<ProblemFamily & { dispose(): void }> {
  const { labels, batchSize, initialDeviation } = settings;
  const network = await createNetwork(shapeOf(settings), machine);
  const tensors = cifarNetworkTensors(settings);
  const chosen = new Set(labels);
  const places = Int32Array.from(data.labels.keys()).filter((place) => chosen.has(data.labels[place]!));
  const pixels = data.images.length / data.labels.length;
  return {
    coordinates: network.coordinates,
    tensors,
    lossUnit: 'nats',

    sample: (seed, ...names) => ({
      initialize(theta) {
        const random = randomStream(seed, ...names, 'initial');
        for (const { name, offset, size } of tensors) {
          const values = theta.subarray(offset, offset + size);
          if (name.endsWith('/offset')) values.fill(0);
          else random.fillNormal(values, initialDeviation);
        }
      },

      lossAndGradient(theta, step, gradient) {
        const random = randomStream(seed, ...names, 'minibatch', step);
        for (let example = 0; example < batchSize; example++) {
          const place = places[random.uniformInteger(places.length)]!;
          network.images.set(data.images.subarray(place * pixels, (place + 1) * pixels), example * pixels);
          network.labels[example] = data.labels[place]!;
        }
        return network.lossAndGradient(theta, gradient);
      },
    }),

    dispose: () => network.dispose(),
  };
}

/** The kernel where the backend is WASM, plain TensorFlow.js elsewhere: an artifact's backend says what computed all of it. */
async function createNetwork(
  shape: ConvolutionalNetworkShape,
  { backend, threads, startTensorFlow }: Parameters<typeof createCifarNetworks>[2],
): Promise<ConvolutionalNetwork> {
  const build = wasmBuildOf(backend);
  if (build) {
    const { createConvolutionalNetworkKernel } = await import('../../kernels/convolutional-network-kernel.ts');
    return createConvolutionalNetworkKernel(shape, { threads, backend: build });
  }
  await startTensorFlow();
  const { createConvolutionalNetworkReference } = await import('../../kernels/convolutional-network-reference.ts');
  return createConvolutionalNetworkReference(shape);
}
