/** What JavaScript tells the dilated convolution's functions, and which outputs a place of the kernel meets. */

/** The order is that of `addressFields`, then `geometryFields`, in lib/kernels/dilated-convolution.ts. */
// @ts-ignore: decorator
@unmanaged
export class DilatedConvolutionJob {
  /** [images, inputHeight, inputWidth, inputChannels]; of the input's gradient where that is computed, and written. */
  input!: usize;
  /** [images, outputHeight, outputWidth, outputChannels]; of the output's gradient in the backward pass. */
  output!: usize;
  /** As packFilter leaves it, or packTurnedFilter for the input's gradient. */
  packed!: usize;
  /** [outputChannels rounded up to 8] */
  bias!: usize;
  /** One tile of an image, [pixels of the larger of input and output][8], where the last tile has fewer than 8 channels. */
  spare!: usize;
  /** Of the filter's gradient, [tiles of 8 outputs][kernelSize²][inputChannels rounded up to 4][8]. */
  sums!: usize;
  images!: i32;
  inputHeight!: i32;
  inputWidth!: i32;
  inputChannels!: i32;
  outputHeight!: i32;
  outputWidth!: i32;
  outputChannels!: i32;
  kernelSize!: i32;
  stride!: i32;
  dilation!: i32;
  /** 1: negative outputs become 0. */
  rectify!: i32;
}

/** Output pixels that every tile and place passes over before the next: they stay in the second-level cache. */
// @ts-ignore: decorator
@inline
const BAND_PIXELS: i32 = 256;

/** Distance of an input from stride · output, for a row or column of the kernel. */
// @ts-ignore: decorator
@inline
export function offsetOf(job: DilatedConvolutionJob, place: i32): i32 {
  return job.dilation * (place - (job.kernelSize >> 1));
}

/** The first output whose input is not before the image. */
// @ts-ignore: decorator
@inline
export function firstOutput(offset: i32, stride: i32): i32 {
  return offset < 0 ? (stride - 1 - offset) / stride : 0;
}

/** Behind the last of `outputs` whose input is not after the image. */
// @ts-ignore: decorator
@inline
export function outputsEnd(offset: i32, stride: i32, inputs: i32, outputs: i32): i32 {
  const last = inputs - 1 - offset;
  return last < 0 ? 0 : min(outputs, last / stride + 1);
}

// @ts-ignore: decorator
@inline
export function bandRows(job: DilatedConvolutionJob): i32 {
  return max(1, BAND_PIXELS / job.outputWidth);
}
