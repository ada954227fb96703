/**
 * Layer normalization (arXiv 1607.06450, Eq. 4) over the last axis, and root mean square normalization (1910.07467), on the
 * SIMD kernel of assembly/layer-normalization.ts: one operation forward and one backward, which keeps a mean and a 1/σ a row.
 *
 *   y = gain ⊙ (x − μ)/√(σ² + ε) + bias,   σ² the biased variance, in two passes
 */
import * as tf from '@tensorflow/tfjs-core';
import { KernelShapeError } from './errors.ts';
import type { KernelOptions } from './kernel-instance.ts';
import { refuseSecondOrder, withTensors } from './tensor-memory.ts';

export interface LayerNormalizationOptions extends KernelOptions {
  /** Inside the root. */
  readonly epsilon: number;
  /** `root-mean-square` leaves the mean out: y = gain ⊙ x/√(mean x² + ε) + bias. */
  readonly statistics?: 'layer' | 'root-mean-square';
}

type Numbers<Names extends string[]> = { [Place in keyof Names]: number };

interface Exports {
  forward(...values: Numbers<['x', 'gain', 'bias', 'y', 'moments', 'rows', 'features', 'epsilon', 'centred']>): void;
  backward(
    ...values: Numbers<['x', 'gain', 'moments', 'dy', 'dx', 'dGain', 'dBias', 'rows', 'features', 'centred']>
  ): void;
}

const binaries = {
  'wasm-relaxed': new URL('./build/layer-normalization.relaxed.wasm', import.meta.url),
  'wasm-plain': new URL('./build/layer-normalization.plain.wasm', import.meta.url),
};

/** Floats that the kernel keeps of a row: the mean in two parts, and 1/σ. */
const momentsPerRow = 3;

/**
 * Differentiable once. Throws KernelShapeError for shapes that do not match, KernelBackendError where the kernel cannot run.
 *
 * @param x float32 [..., features]
 * @param gain [features]
 * @param bias [features]
 */
export function normalizeLayer(
  x: tf.Tensor,
  gain: tf.Tensor,
  bias: tf.Tensor,
  { epsilon, statistics = 'layer', ...options }: LayerNormalizationOptions,
): tf.Tensor {
  const features = x.shape.at(-1) ?? 0;
  for (const [name, tensor] of Object.entries({ gain, bias })) {
    if (tensor.size !== features || tensor.rank !== 1) {
      throw new KernelShapeError(
        `The ${name} of a layer normalization of [${x.shape}] must have the shape [${features}], got [${tensor.shape}].`,
      );
    }
  }
  if (x.size === 0) throw new KernelShapeError(`A layer normalization must have elements, got [${x.shape}].`);
  const rows = x.size / features;
  const centred = statistics === 'layer' ? 1 : 0;

  const operation = tf.customGrad((...inputs) => {
    const [values, gains, biases, save] = inputs as unknown as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const [y, moments] = withTensors<Exports, [tf.Tensor, tf.Tensor]>(binaries, options, (kernel, memory) => {
      const output = memory.result(x.shape);
      const kept = memory.result([rows, momentsPerRow]);
      const [at, gainAt, biasAt] = [values, gains, biases].map((tensor) => memory.address(tensor)) as [
        number,
        number,
        number,
      ];
      kernel.forward(at, gainAt, biasAt, output.address, kept.address, rows, features, epsilon, centred);
      return [output.tensor(), kept.tensor()];
    });
    save([values, gains, moments]);

    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      refuseSecondOrder('layer normalization');
      return withTensors<Exports, tf.Tensor[]>(binaries, options, (kernel, memory) => {
        const results = [x.shape, [features], [features]].map((shape) => memory.result(shape));
        const [dx, dGain, dBias] = results.map(({ address }) => address) as [number, number, number];
        const [at, gainAt, momentsAt] = saved.map((tensor) => memory.address(tensor)) as [number, number, number];
        const dyAt = memory.address(dy);
        kernel.backward(at, gainAt, momentsAt, dyAt, dx, dGain, dBias, rows, features, centred);
        return results.map((result) => result.tensor());
      });
    };
    return { value: y, gradFunc };
  });
  return operation(x, gain, bias);
}
