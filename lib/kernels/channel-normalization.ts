/**
 * Layer and batch normalization of a convolutional layer's summed inputs [images, height, width, channels] (arXiv 1607.06450,
 * §6.7), on the SIMD kernel of assembly/channel-normalization.ts:
 *
 *   y = gain ⊙ (x − μ)/√(σ² + ε) + bias,   σ² the biased variance, in two passes
 *
 * Layer normalization takes μ and σ of one image over all units of the layer, whatever their place and channel; batch
 * normalization of one channel over all places and images of the minibatch. Gain and bias are a channel's in both, as its
 * filter is: so both have the same parameters. TensorFlow.js's own operations would transpose these arrays for every sum over
 * their leading axes.
 */
import * as tf from '@tensorflow/tfjs-core';
import { KernelOrderError, KernelShapeError } from './errors.ts';
import type { KernelBinaries, KernelOptions } from './kernel-instance.ts';
import { refuseSecondOrder, type TensorMemory, withTensors } from './tensor-memory.ts';

export type ChannelNormalization = 'layer' | 'batch';

export interface ChannelNormalizationOptions extends KernelOptions {
  readonly kind: ChannelNormalization;
  /** Inside the root. */
  readonly epsilon: number;
}

export interface ChannelStatistics {
  /** [images] for layer, [channels] for batch normalization. */
  readonly mean: tf.Tensor1D;
  /** Biased. */
  readonly variance: tf.Tensor1D;
}

type Numbers<Names extends string[]> = { [Place in keyof Names]: number };
type Sizes = ['images', 'places', 'channels', 'isLayer'];
type Moments = ['mean', 'rest', 'variance'];

interface Exports {
  scratchBytes(channels: number): number;
  measure(...values: Numbers<['x', ...Sizes, ...Moments, 'scratch']>): void;
  normalize(...values: Numbers<['x', 'gain', 'bias', ...Moments, ...Sizes, 'epsilon', 'y', 'scratch']>): void;
  reverse(
    ...values: Numbers<['x', 'gain', ...Moments, 'dy', ...Sizes, 'epsilon', 'dx', 'dGain', 'dBias', 'scratch']>
  ): void;
}

const binaries: KernelBinaries = {
  'wasm-relaxed': new URL('./build/channel-normalization.relaxed.wasm', import.meta.url),
  'wasm-plain': new URL('./build/channel-normalization.plain.wasm', import.meta.url),
};

/**
 * x normalized by its own statistics, and these, which have no gradient of their own. Differentiable once.
 *
 * Throws KernelShapeError for shapes that do not match, KernelBackendError where the kernel cannot run.
 *
 * @param x float32 [images, height, width, channels]
 * @param gain [channels]
 * @param bias [channels]
 */
export function normalizeChannelsOnKernel(
  x: tf.Tensor4D,
  gain: tf.Tensor1D,
  bias: tf.Tensor1D,
  options: ChannelNormalizationOptions,
): { readonly y: tf.Tensor4D; readonly statistics: ChannelStatistics } {
  const { kind, epsilon } = options;
  checkShapes(x, { gain, bias });
  const sizes = sizesOf(x, kind);
  const channels = x.shape[3];
  return tf.tidy(() => {
    const moments = measure(x, options);
    const operation = tf.customGrad((...inputs) => {
      const [values, gains, biases, save] = inputs as unknown as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
      save([values, gains, ...moments]);
      const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
        refuseSecondOrder('normalization over channels');
        return withTensors<Exports, tf.Tensor[]>(binaries, options, (kernel, memory) => {
          const results = [x.shape, [channels], [channels]].map((shape) => memory.result(shape));
          const gradients = results.map(({ address }) => address) as [number, number, number];
          const at = saved.map((tensor) => memory.address(tensor)) as [number, number, number, number, number];
          const scratch = memory.scratch(kernel.scratchBytes(channels));
          kernel.reverse(...at, memory.address(dy), ...sizes, epsilon, ...gradients, scratch);
          return results.map((result) => result.tensor());
        });
      };
      return { value: normalize(values, gains, biases, moments, options), gradFunc };
    });
    const [mean, , variance] = moments;
    return { y: operation(x, gain, bias) as tf.Tensor4D, statistics: { mean, variance } };
  });
}

/**
 * x normalized by statistics that need not be its own: batch normalization tests with those of its training. No gradient:
 * asked for one, it throws KernelOrderError.
 *
 * Throws KernelShapeError for shapes that do not match, KernelBackendError where the kernel cannot run.
 *
 * @param x float32 [images, height, width, channels]
 * @param gain [channels]
 * @param bias [channels]
 */
export function normalizeChannelsByStatisticsOnKernel(
  x: tf.Tensor4D,
  gain: tf.Tensor1D,
  bias: tf.Tensor1D,
  { mean, variance }: ChannelStatistics,
  options: ChannelNormalizationOptions,
): tf.Tensor4D {
  checkShapes(x, { gain, bias });
  checkShapes(x, { mean, variance }, options.kind);
  const operation = tf.customGrad((...inputs) => {
    const [values, gains, biases] = inputs as [tf.Tensor, tf.Tensor, tf.Tensor];
    const gradFunc = (): tf.Tensor[] => {
      throw new KernelOrderError(
        'A normalization over channels by given statistics has no gradient. Let it take those of its own input.',
      );
    };
    return { value: normalize(values, gains, biases, [mean, undefined, variance], options), gradFunc };
  });
  return operation(x, gain, bias) as tf.Tensor4D;
}

/** The mean as float32, what that is off by, and the variance. */
type MomentTensors = readonly [mean: tf.Tensor1D, rest: tf.Tensor1D | undefined, variance: tf.Tensor1D];

function measure(
  x: tf.Tensor4D,
  options: ChannelNormalizationOptions,
): readonly [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D] {
  return withTensors(binaries, options, (kernel: Exports, memory) => {
    const groups = x.shape[options.kind === 'layer' ? 0 : 3];
    const results = [0, 1, 2].map(() => memory.result([groups]));
    const moments = results.map(({ address }) => address) as [number, number, number];
    const scratch = memory.scratch(kernel.scratchBytes(x.shape[3]));
    kernel.measure(memory.address(x), ...sizesOf(x, options.kind), ...moments, scratch);
    return results.map((result) => result.tensor()) as [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D];
  });
}

function normalize(
  x: tf.Tensor,
  gain: tf.Tensor,
  bias: tf.Tensor,
  [mean, rest, variance]: MomentTensors,
  options: ChannelNormalizationOptions,
): tf.Tensor {
  return withTensors(binaries, options, (kernel: Exports, memory: TensorMemory) => {
    const y = memory.result(x.shape);
    const sizes = sizesOf(x as tf.Tensor4D, options.kind);
    const [at, gainAt, biasAt, meanAt, varianceAt] = [x, gain, bias, mean, variance].map((tensor) =>
      memory.address(tensor),
    ) as [number, number, number, number, number];
    const moments = [meanAt, rest ? memory.address(rest) : 0, varianceAt] as const;
    const scratch = memory.scratch(kernel.scratchBytes(x.shape[3]!));
    kernel.normalize(at, gainAt, biasAt, ...moments, ...sizes, options.epsilon, y.address, scratch);
    return y.tensor();
  });
}

function sizesOf(
  { shape: [images, height, width, channels] }: tf.Tensor4D,
  kind: ChannelNormalization,
): Numbers<Sizes> {
  return [images, height * width, channels, kind === 'layer' ? 1 : 0];
}

/** Throws KernelShapeError where x has no elements, or a vector not one for each channel; with `layer`, for each image. */
function checkShapes(
  x: tf.Tensor4D,
  vectors: Readonly<Record<string, tf.Tensor>>,
  groups: ChannelNormalization = 'batch',
): void {
  if (x.rank !== 4 || x.size === 0) {
    throw new KernelShapeError(
      `A normalization over channels must have elements of the shape [images, height, width, channels], got [${x.shape}].`,
    );
  }
  const length = x.shape[groups === 'layer' ? 0 : 3];
  for (const [name, tensor] of Object.entries(vectors)) {
    if (tensor.rank !== 1 || tensor.size !== length) {
      throw new KernelShapeError(
        `The ${name} of a normalization over channels of [${x.shape}] must have the shape [${length}], got [${tensor.shape}].`,
      );
    }
  }
}
