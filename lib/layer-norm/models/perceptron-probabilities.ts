/**
 * What a trained perceptron of §6.6 says of images, from its artifact's tensors alone: in float64, without kernels, so that an
 * endpoint answers before WebAssembly would have been compiled. `normalised-perceptron.ts` trains and tests.
 */
import { InvalidSafetensors } from '../../numerics/errors.ts';
import type { NamedTensors } from '../../numerics/safetensors.ts';
import type { PerceptronSettings } from './perceptron-layers.ts';

/**
 * Probabilities of the classes.
 *
 * @param images pixels from 0 to 1, [count, settings.inputs]
 * @returns [count, settings.classes]
 * Throws InvalidSafetensors where the tensors are not those of the settings.
 */
export function perceptronProbabilities(
  tensors: NamedTensors,
  settings: PerceptronSettings,
  images: ArrayLike<number>,
): Float64Array {
  const { inputs, hidden, classes, normalization } = settings;
  const sizes = [inputs, ...hidden, classes];
  const count = images.length / inputs;
  const probabilities = new Float64Array(count * classes);
  for (let image = 0; image < count; image++) {
    let activations: Float64Array = Float64Array.from({ length: inputs }, (_, k) => images[image * inputs + k]!);
    for (let layer = 1; layer < sizes.length; layer++) {
      const [width, outputs] = [sizes[layer - 1]!, sizes[layer]!];
      const isLast = layer === sizes.length - 1;
      const part = (name: string, length: number) => requireTensor(tensors, `layer-${layer}/${name}`, length);
      const summed = multiply(activations, part('kernel', width * outputs), outputs);
      // "excludes the last softmax layer", where layer normalization is concerned
      const isNormalised = normalization === 'batch' || (normalization === 'layer' && !isLast);
      if (isNormalised) {
        const running =
          normalization === 'batch'
            ? { mean: part('runningMean', outputs), variance: part('runningVariance', outputs) }
            : undefined;
        normalise(summed, settings.epsilon, running);
        const gain = part('gain', outputs);
        for (let k = 0; k < outputs; k++) summed[k]! *= gain[k]!;
      }
      const bias = part('bias', outputs);
      for (let k = 0; k < outputs; k++) {
        summed[k]! += bias[k]!;
        if (!isLast && summed[k]! < 0) summed[k] = 0;
      }
      activations = summed;
    }
    probabilities.set(softmax(activations), image * classes);
  }
  return probabilities;
}

function requireTensor(tensors: NamedTensors, name: string, length: number): ArrayLike<number> {
  const tensor = tensors[name];
  if (tensor?.data.length !== length) {
    throw new InvalidSafetensors(
      `a perceptron of these settings has a tensor ${name} of ${length} numbers, and the file has ${tensor?.data.length ?? 'none'}`,
    );
  }
  return tensor.data;
}

/** h W, with W [inputs, outputs]. */
function multiply(h: Float64Array, weights: ArrayLike<number>, outputs: number): Float64Array {
  const summed = new Float64Array(outputs);
  for (let row = 0; row < h.length; row++) {
    const value = h[row]!;
    if (value === 0) continue;
    for (let k = 0; k < outputs; k++) summed[k]! += value * weights[row * outputs + k]!;
  }
  return summed;
}

/** (a − μ) / √(σ² + ε): over the layer's own units, or by each unit's running statistics. */
function normalise(
  summed: Float64Array,
  epsilon: number,
  running: { readonly mean: ArrayLike<number>; readonly variance: ArrayLike<number> } | undefined,
): void {
  const count = summed.length;
  let mean = 0;
  for (const value of summed) mean += value / count;
  let variance = 0;
  for (const value of summed) variance += (value - mean) ** 2 / count;
  for (let k = 0; k < count; k++) {
    const [μ, σ2] = running ? [running.mean[k]!, running.variance[k]!] : [mean, variance];
    summed[k] = (summed[k]! - μ) / Math.sqrt(σ2 + epsilon);
  }
}

function softmax(logits: Float64Array): Float64Array {
  const largest = Math.max(...logits);
  const exponentials = logits.map((logit) => Math.exp(logit - largest));
  const sum = exponentials.reduce((total, value) => total + value, 0);
  return exponentials.map((value) => value / sum);
}
