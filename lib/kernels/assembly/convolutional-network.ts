/**
 * The convolutional network of arXiv 1606.04474, section 3.3: layers of convolution, batch normalization, ReLU and 2 × 2
 * max-pooling, then linear layers. Between two barriers, one for each batch statistic, an image goes through everything
 * that there is to do with it while it is in the cache.
 */
import { maskGradient, measure, normalize, pool, poolingGradient } from './batch-normalization';
import { convolveBand } from './convolution';
import { addBand, clearPartial, shareStart } from './convolution-filter-gradient';
import { ConvolutionJob } from './convolution-job';

export {
  combineGradients,
  combineMoments,
  maskGradient,
  measure,
  normalizationGradient,
  normalize,
} from './batch-normalization';
export { heapBase, packFilter, packTurnedFilter, unpackFilterGradient } from './convolution';
export { denseBackward, denseForward, softmaxCrossEntropy, sumRows } from './multilayer-perceptron';

/** One convolutional layer. The order is that of `layerJobFields` in lib/kernels/convolutional-network-layers.ts. */
// @ts-ignore: decorator
@unmanaged
export class LayerJob {
  /** The address of its ConvolutionJob, whose input and output arrays are this layer's; one band an image. */
  convolution!: usize;
  /** Of the ConvolutionJob that gives its input's gradient. */
  turned!: usize;
  /** Of the LayerJob below; 0 for the first. */
  below!: usize;
  /** The first layer: pixels, u8 [images, height, width, channels]. */
  pixels!: usize;
  /** Largest values, [images, height/2, width/2, channels]; normalized and cut off at zero; and ∂/∂ those. */
  pooled!: usize;
  activations!: usize;
  gradient!: usize;
  /** [channels] */
  offset!: usize;
  /** [mean, inverse deviation][channels] */
  moments!: usize;
  /** Sums of each image, forward and backward, [images][2][channels]. */
  sums!: usize;
  /** [mean gradient, mean gradient · x̂][channels] */
  means!: usize;
}

/** Bytes of an image of some channels. */
// @ts-ignore: decorator
@inline
function imageBytes(job: ConvolutionJob, channels: i32): usize {
  return <usize>(job.height * job.width * channels) * 4;
}

/** One image through the layer up to its pooled values, with the image's share of the batch statistics. */
export function forwardImage(layer: LayerJob, image: i32, scratch: usize): void {
  const job = changetype<ConvolutionJob>(layer.convolution);
  const input = job.input + <usize>image * imageBytes(job, job.inputChannels);
  const pixels = job.height * job.width;
  if (layer.below == 0) {
    scalePixels(layer.pixels + <usize>image * <usize>(pixels * job.inputChannels), pixels * job.inputChannels, input);
  } else {
    // The layer below's output is this one's input.
    const below = changetype<LayerJob>(layer.below);
    const pooled = below.pooled + <usize>image * imageBytes(job, job.inputChannels);
    normalize(pooled, pixels, job.inputChannels, below.moments, below.offset, input);
  }
  const channels = job.outputChannels;
  const output = job.output + <usize>image * imageBytes(job, channels);
  convolveBand(job, input, 0, job.height, output, scratch);
  measure(output, pixels, channels, layer.sums + <usize>(image * 2 * channels) * 4);
  pool(output, job.height, job.width, channels, layer.pooled + <usize>image * (imageBytes(job, channels) >> 2));
}

/**
 * A share of the images, backward: from ∂/∂ pooled, which must have gone through `maskGradient`, to the filter's gradient,
 * summed in the share's own partial, and, above the first layer, to the layer below's gradient and its sums.
 */
export function backwardShare(layer: LayerJob, share: i32, scratch: usize): void {
  const job = changetype<ConvolutionJob>(layer.convolution);
  const channels = job.outputChannels;
  const outputBytes = imageBytes(job, channels);
  const outputGradient = scratch;
  const padded = scratch + outputBytes;
  const sums = clearPartial(job, share);
  const end = shareStart(job.images, share + 1, job.partialCount);
  for (let image = shareStart(job.images, share, job.partialCount); image < end; image++) {
    const at = <usize>image;
    const output = job.output + at * outputBytes;
    const gradient = layer.gradient + at * (outputBytes >> 2);
    poolingGradient(output, gradient, job.height, job.width, channels, layer.moments, layer.means, outputGradient);
    const inputBytes = imageBytes(job, job.inputChannels);
    addBand(job, job.input + at * inputBytes, 0, job.height, outputGradient, sums, padded);
    if (layer.below == 0) continue;
    const below = changetype<LayerJob>(layer.below);
    const inputGradient = below.gradient + at * inputBytes;
    convolveBand(changetype<ConvolutionJob>(layer.turned), outputGradient, 0, job.height, inputGradient, padded);
    maskGradient(
      below.pooled + at * inputBytes, inputGradient, job.height * job.width, job.inputChannels,
      below.moments, below.offset, below.sums + at * <usize>(2 * job.inputChannels) * 4,
    );
  }
}

/** target [count] = pixels / 255; count a multiple of 16. */
function scalePixels(pixels: usize, count: i32, target: usize): void {
  const scale = f32x4.splat(<f32>1 / <f32>255);
  for (const end = pixels + <usize>count; pixels < end; pixels += 16, target += 64) {
    const bytes = v128.load(pixels);
    const low = i16x8.extend_low_i8x16_u(bytes);
    const high = i16x8.extend_high_i8x16_u(bytes);
    v128.store(target, f32x4.mul(f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(low)), scale));
    v128.store(target, f32x4.mul(f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(low)), scale), 16);
    v128.store(target, f32x4.mul(f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(high)), scale), 32);
    v128.store(target, f32x4.mul(f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(high)), scale), 48);
  }
}
