/**
 * Normalization over the last axis, on TensorFlow.js: Eq. 3 of Layer Normalization (arXiv 1607.06450) and, beyond the
 * paper, RMSNorm (Zhang & Sennrich 2019). The statistics of a row depend on nothing but that row.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type Compute, onKernelOrTensors } from '../kernels/compute.ts';
import { normalizeLayer } from '../kernels/layer-normalization.ts';
import { LayerNormShapeError } from './errors.ts';

/** The paper has no ε; its authors' code adds this to the variance, inside the root. */
export const defaultEpsilon = 1e-5;

/**
 * LN(x; g, b) = g ⊙ (x − μ)/√(σ² + ε) + b; μ and the biased variance σ² over the last axis, in two passes: E[x²] − E[x]²
 * would cancel where the mean is large.
 *
 * @param x […, features]
 * @param gain [features] g; 1 where absent
 * @param bias [features] b; 0 where absent
 * @returns […, features]
 * @throws LayerNormShapeError where gain or bias do not have as many values as x has features
 */
export function layerNormalization(
  x: tf.Tensor,
  gain?: tf.Tensor,
  bias?: tf.Tensor,
  epsilon = defaultEpsilon,
  compute: Compute = 'auto',
): tf.Tensor {
  requireFeatures('layerNormalization', x, { gain, bias });
  const kernel = () => onKernel('layer', x, gain, bias, epsilon);
  return onKernelOrTensors(computeFor(x, compute), kernel, () => {
    const nearly = tf.sub(x, tf.mean(x, -1, true));
    // The float32 mean of large values is a little off; that of what is left is not.
    const centred = tf.sub(nearly, tf.mean(nearly, -1, true)); // x − μ, Eq. 3
    const variance = tf.mean(tf.square(centred), -1, true); // σ², Eq. 3
    return scaleAndShift(tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon))), gain, bias);
  });
}

/** RMS(x; g) = g ⊙ x/√(mean(x²) + ε): Eq. 4 of RMSNorm, without re-centring. Shapes and errors as above. */
export function rootMeanSquareNormalization(
  x: tf.Tensor,
  gain?: tf.Tensor,
  epsilon = defaultEpsilon,
  compute: Compute = 'auto',
): tf.Tensor {
  requireFeatures('rootMeanSquareNormalization', x, { gain });
  const kernel = () => onKernel('root-mean-square', x, gain, undefined, epsilon);
  return onKernelOrTensors(computeFor(x, compute), kernel, () => {
    const meanSquare = tf.mean(tf.square(x), -1, true);
    return scaleAndShift(tf.mul(x, tf.rsqrt(tf.add(meanSquare, epsilon))), gain, undefined);
  });
}

/** The kernel knows float32 with at least one row. */
function computeFor(x: tf.Tensor, compute: Compute): Compute {
  return x.dtype === 'float32' && x.size > 0 ? compute : 'tensors';
}

function onKernel(
  statistics: 'layer' | 'root-mean-square',
  x: tf.Tensor,
  gain: tf.Tensor | undefined,
  bias: tf.Tensor | undefined,
  epsilon: number,
): tf.Tensor {
  const features = x.shape.at(-1)!;
  return normalizeLayer(x, gain ?? tf.ones([features]), bias ?? tf.zeros([features]), { epsilon, statistics });
}

function scaleAndShift(x: tf.Tensor, gain: tf.Tensor | undefined, bias: tf.Tensor | undefined): tf.Tensor {
  const scaled = gain ? tf.mul(x, gain) : x;
  return bias ? tf.add(scaled, bias) : scaled;
}

function requireFeatures(operation: string, x: tf.Tensor, vectors: Record<string, tf.Tensor | undefined>): void {
  const features = x.shape.at(-1);
  if (features === undefined || features < 1) {
    throw new LayerNormShapeError(
      `${operation}: x must have a last axis of at least one feature, got the shape [${x.shape}].`,
    );
  }
  for (const [name, vector] of Object.entries(vectors)) {
    if (!vector || (vector.rank === 1 && vector.shape[0] === features)) continue;
    throw new LayerNormShapeError(
      `${operation}: ${name} must have the shape [${features}], as x [${x.shape}] has ${features} features, got [${vector.shape}].`,
    );
  }
}
