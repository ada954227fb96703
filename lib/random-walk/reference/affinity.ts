/**
 * The pixel-level affinity branch (§4.2) in float64, one pair at a time: what the tensors and the kernel are checked against.
 *
 *   F_ij,k = |φ_k(i) − φ_k(j)|,   w_ij = exp(Σ_k θ_k F_ij,k)
 *
 * Affinities are [pixels, offsets]: w of pixel i and offset o is that of i and i + o. Pairs that leave the image have 0.
 */
import { forEachPair, type PixelGrid } from '../neighbourhood.ts';

/**
 * @param features φ [pixels, channels]
 * @param weights θ [channels]: the 1 × 1 × k convolution, without a bias
 * @returns w [pixels, offsets]
 */
export function pixelAffinities(
  grid: PixelGrid,
  features: ArrayLike<number>,
  weights: ArrayLike<number>,
): Float64Array {
  const channels = weights.length;
  const offsets = grid.neighbourhood.offsets.length;
  const affinities = new Float64Array(grid.height * grid.width * offsets);
  forEachPair(grid, (i, j, place) => {
    let exponent = 0;
    for (let k = 0; k < channels; k++) {
      exponent += weights[k]! * Math.abs(features[i * channels + k]! - features[j * channels + k]!);
    }
    affinities[i * offsets + place] = Math.exp(exponent);
  });
  return affinities;
}

export interface AffinityGradients {
  /** ∂L/∂φ [pixels, channels] */
  readonly features: Float64Array;
  /** ∂L/∂θ [channels] */
  readonly weights: Float64Array;
}

/**
 * ∂L/∂θ_k = Σ q_ij F_ij,k and ∂L/∂φ_k(i) = θ_k Σ_j q_ij sign(φ_k(i) − φ_k(j)), where q_ij = w_ij ∂L/∂w_ij is the gradient before
 * the exponential, and the sign of 0 is 0.
 *
 * @param affinities w, as `pixelAffinities` returned them
 * @param gradient ∂L/∂w [pixels, offsets]
 */
export function pixelAffinitiesBackward(
  grid: PixelGrid,
  features: ArrayLike<number>,
  weights: ArrayLike<number>,
  affinities: ArrayLike<number>,
  gradient: ArrayLike<number>,
): AffinityGradients {
  const channels = weights.length;
  const offsets = grid.neighbourhood.offsets.length;
  const byFeatures = new Float64Array(features.length);
  const byWeights = new Float64Array(channels);
  forEachPair(grid, (i, j, place) => {
    const q = affinities[i * offsets + place]! * gradient[i * offsets + place]!;
    for (let k = 0; k < channels; k++) {
      const difference = features[i * channels + k]! - features[j * channels + k]!;
      const towards = q * weights[k]! * Math.sign(difference);
      byFeatures[i * channels + k]! += towards;
      byFeatures[j * channels + k]! -= towards;
      byWeights[k]! += q * Math.abs(difference);
    }
  });
  return { features: byFeatures, weights: byWeights };
}

/**
 * The Euclidean loss ½ mean (w_ij − [label_i = label_j])², over the pairs of which both labels are known. (Caffe's layer
 * divides the sum by the batch, not by the pairs.) 0 where no pair is known.
 *
 * @param labels [pixels]
 * @param ignoredLabel a label that says nothing: 255 in the datasets of the paper
 */
export function affinityLoss(
  grid: PixelGrid,
  affinities: ArrayLike<number>,
  labels: ArrayLike<number>,
  ignoredLabel = 255,
): { readonly loss: number; readonly gradient: Float64Array } {
  const offsets = grid.neighbourhood.offsets.length;
  const gradient = new Float64Array(affinities.length);
  let pairs = 0;
  let sum = 0;
  forEachPair(grid, (i, j, place) => {
    if (labels[i] === ignoredLabel || labels[j] === ignoredLabel) return;
    const difference = affinities[i * offsets + place]! - (labels[i] === labels[j] ? 1 : 0);
    gradient[i * offsets + place] = difference;
    sum += difference ** 2;
    pairs += 1;
  });
  const count = Math.max(1, pairs);
  return { loss: sum / (2 * count), gradient: gradient.map((value) => value / count) };
}
