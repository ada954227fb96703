/**
 * Normalization over channels in plain loops and float64: what `channel-normalization.ts` computes, in its equations. Arrays are
 * row-major [images, places, channels], with a statistic for each image (layer) or for each channel (batch).
 */
import type { ChannelNormalization } from './channel-normalization.ts';

export interface ReferenceStatistics {
  /** [images] for layer, [channels] for batch normalization. */
  readonly mean: Float64Array;
  /** Biased. */
  readonly variance: Float64Array;
}

/** Sizes of [images, places, channels], row-major. */
export interface ChannelSizes {
  readonly images: number;
  /** height × width */
  readonly places: number;
  readonly channels: number;
}

/** Two passes: E[x²] − E[x]² would cancel where the mean is large. */
export function channelStatistics(
  x: ArrayLike<number>,
  { images, places, channels }: ChannelSizes,
  kind: ChannelNormalization,
): ReferenceStatistics {
  const [groups, size] = kind === 'layer' ? [images, places * channels] : [channels, images * places];
  const mean = new Float64Array(groups);
  const variance = new Float64Array(groups);
  const isLayer = kind === 'layer';
  // By channel first, also where a group is an image: one sum alone would wait for every addition before it.
  const sums = new Float64Array(channels);
  const add = (into: Float64Array, image: number) => {
    if (!isLayer && image < images - 1) return;
    for (let channel = 0; channel < channels; channel++) into[isLayer ? image : channel]! += sums[channel]! / size;
    sums.fill(0);
  };
  for (let index = 0, image = 0; image < images; image++) {
    for (let place = 0; place < places; place++) {
      for (let channel = 0; channel < channels; channel++) sums[channel]! += x[index++]!;
    }
    add(mean, image);
  }
  for (let index = 0, image = 0; image < images; image++) {
    for (let place = 0; place < places; place++) {
      for (let channel = 0; channel < channels; channel++) {
        const centred = x[index++]! - mean[isLayer ? image : channel]!;
        sums[channel]! += centred * centred;
      }
    }
    add(variance, image);
  }
  return { mean, variance };
}

/** y from x and statistics, which need not be x's own: batch normalization tests with those of its training. */
export function normalizeChannels(
  x: Float32Array,
  gain: Float32Array,
  bias: Float32Array,
  { mean, variance }: { readonly mean: ArrayLike<number>; readonly variance: ArrayLike<number> },
  sizes: ChannelSizes,
  kind: ChannelNormalization,
  epsilon: number,
): Float32Array {
  const { images, places, channels } = sizes;
  const scale = scalesOf(variance, epsilon);
  const y = new Float32Array(x.length);
  const isLayer = kind === 'layer';
  for (let index = 0, image = 0; image < images; image++) {
    for (let place = 0; place < places; place++) {
      for (let channel = 0; channel < channels; channel++, index++) {
        const group = isLayer ? image : channel;
        y[index] = gain[channel]! * (x[index]! - mean[group]!) * scale[group]! + bias[channel]!;
      }
    }
  }
  return y;
}

/** The reverse, through x's own statistics: ∂x = (ĝ − mean(ĝ) − x̂ mean(ĝ ⊙ x̂))/σ with ĝ = gain ⊙ ∂y, means over a group. */
export function reverseNormalizeChannels(
  outputGradient: Float32Array,
  x: Float32Array,
  gain: Float32Array,
  { mean, variance }: ReferenceStatistics,
  sizes: ChannelSizes,
  kind: ChannelNormalization,
  epsilon: number,
): { readonly x: Float32Array; readonly gain: Float32Array; readonly bias: Float32Array } {
  const { images, places, channels } = sizes;
  const size = kind === 'layer' ? places * channels : images * places;
  const scale = scalesOf(variance, epsilon);
  const isLayer = kind === 'layer';
  const gainGradient = new Float64Array(channels);
  const biasGradient = new Float64Array(channels);
  const meanGradient = new Float64Array(mean.length);
  const meanAlong = new Float64Array(mean.length);
  for (let index = 0, image = 0; image < images; image++) {
    // Of this image alone: what a channel's sums are to its gain and bias, they are to the group's means, times the gain.
    const along = new Float64Array(channels);
    const sums = new Float64Array(channels);
    for (let place = 0; place < places; place++) {
      for (let channel = 0; channel < channels; channel++, index++) {
        const group = isLayer ? image : channel;
        const dy = outputGradient[index]!;
        along[channel]! += dy * (x[index]! - mean[group]!) * scale[group]!;
        sums[channel]! += dy;
      }
    }
    for (let channel = 0; channel < channels; channel++) {
      const group = isLayer ? image : channel;
      gainGradient[channel]! += along[channel]!;
      biasGradient[channel]! += sums[channel]!;
      meanAlong[group]! += (gain[channel]! * along[channel]!) / size;
      meanGradient[group]! += (gain[channel]! * sums[channel]!) / size;
    }
  }
  const inputGradient = new Float32Array(x.length);
  for (let index = 0, image = 0; image < images; image++) {
    for (let place = 0; place < places; place++) {
      for (let channel = 0; channel < channels; channel++, index++) {
        const group = isLayer ? image : channel;
        const normalized = (x[index]! - mean[group]!) * scale[group]!;
        const through = outputGradient[index]! * gain[channel]! - meanGradient[group]! - normalized * meanAlong[group]!;
        inputGradient[index] = scale[group]! * through;
      }
    }
  }
  return { x: inputGradient, gain: Float32Array.from(gainGradient), bias: Float32Array.from(biasGradient) };
}

function scalesOf(variance: ArrayLike<number>, epsilon: number): Float64Array {
  return Float64Array.from(variance, (value) => 1 / Math.sqrt(value + epsilon));
}
