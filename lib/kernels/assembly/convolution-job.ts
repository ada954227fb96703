/** What JavaScript tells the convolution's functions, and the zero-padded rows that all of them read. */

/** Output channels that a tile computes at once: two vectors. */
// @ts-ignore: decorator
@inline
export const TILE_CHANNELS: i32 = 8;
/** Bytes of one row of a tile. */
// @ts-ignore: decorator
@inline
export const TILE_ROW: usize = 32;

/** The order is that of `convolutionJobFields` in lib/kernels/convolution-kernel.ts. */
// @ts-ignore: decorator
@unmanaged
export class ConvolutionJob {
  /** [images, height, width, inputChannels] */
  input!: usize;
  /** Forward: written. Filter gradient: the output's gradient, read. [images, height, width, outputChannels] */
  output!: usize;
  /** Packed weights, [tiles of 8 output channels][kernelSize · kernelSize · inputChannels][8]. */
  packed!: usize;
  /** Sums of the filter gradient, [partials][tiles][kernelSize][run rounded up to 4][8]. */
  partials!: usize;
  images!: i32;
  height!: i32;
  width!: i32;
  inputChannels!: i32;
  outputChannels!: i32;
  kernelSize!: i32;
  /** Rows of an image that are computed from one padded copy, and such bands in an image. */
  bandRows!: i32;
  bandsPerImage!: i32;
  partialCount!: i32;
}

// @ts-ignore: decorator
@inline
export function channelTiles(channels: i32): i32 {
  return (channels + TILE_CHANNELS - 1) / TILE_CHANNELS;
}

/** Bytes of a row of the padded copy. */
// @ts-ignore: decorator
@inline
export function paddedRowBytes(job: ConvolutionJob): usize {
  return <usize>((job.width + job.kernelSize - 1) * job.inputChannels) * 4;
}

/**
 * The rows of the image at `source` that a band of `rows` output rows from `firstRow` needs, with kernelSize − 1 more, and as many columns more
 * than the image has; zero where there is no image: [rows + kernelSize − 1][width + kernelSize − 1][inputChannels].
 *
 * In it the patch under an output pixel is kernelSize runs of kernelSize · inputChannels neighbouring floats, so it
 * serves as the matrix of patches ("im2col") without one being made.
 */
export function padRows(job: ConvolutionJob, source: usize, firstRow: i32, rows: i32, target: usize): void {
  const margin = job.kernelSize >> 1;
  const marginBytes = <usize>(margin * job.inputChannels) * 4;
  const rowBytes = <usize>(job.width * job.inputChannels) * 4;
  for (let row = firstRow - margin; row < firstRow + rows + margin; row++) {
    if (row < 0 || row >= job.height) {
      memory.fill(target, 0, rowBytes + 2 * marginBytes);
    } else {
      memory.fill(target, 0, marginBytes);
      memory.copy(target + marginBytes, source + <usize>row * rowBytes, rowBytes);
      memory.fill(target + marginBytes + rowBytes, 0, marginBytes);
    }
    target += rowBytes + 2 * marginBytes;
  }
}
