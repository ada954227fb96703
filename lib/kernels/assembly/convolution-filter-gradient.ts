/**
 * The gradient of a convolution with respect to its filter:
 *
 *   ∂/∂f[r, c, input, output] = Σ over images and pixels of patch[r, c, input] · outputGradient[output]
 *
 * A tile is four neighbouring floats of a run × eight output channels, summed over the pixels of a few rows at a time, so
 * that these stay in the first-level cache while every tile passes over them.
 */
import { channelTiles, ConvolutionJob, padRows, paddedRowBytes, TILE_CHANNELS, TILE_ROW } from './convolution-job';
import { addOuterProducts } from './outer-product-tile';

/** Output gradients of the rows that all tiles pass over in turn, in bytes. */
// @ts-ignore: decorator
@inline
const PASS_BYTES: i32 = 8_192;

/** A run, rounded up to whole tiles. What is summed beyond the run's end is never read. */
// @ts-ignore: decorator
@inline
function tiledRun(kernelSize: i32, inputs: i32): i32 {
  return (kernelSize * inputs + 3) & ~3;
}

// @ts-ignore: decorator
@inline
function partialBytes(kernelSize: i32, inputs: i32, outputs: i32): usize {
  return <usize>(channelTiles(outputs) * kernelSize * tiledRun(kernelSize, inputs)) * TILE_ROW;
}

/** Writes the sums over a block's bands, a fixed share of all bands, into the block's own partial. */
export function filterGradient(job: ConvolutionJob, block: i32, scratch: usize): void {
  const sums = clearPartial(job, block);
  const bands = job.images * job.bandsPerImage;
  const end = shareStart(bands, block + 1, job.partialCount);
  for (let band = shareStart(bands, block, job.partialCount); band < end; band++) {
    const image = band / job.bandsPerImage;
    const firstRow = (band % job.bandsPerImage) * job.bandRows;
    const pixels = <usize>(image * job.height * job.width);
    const source = job.input + pixels * <usize>job.inputChannels * 4;
    const gradient = job.output + (pixels + <usize>(firstRow * job.width)) * <usize>job.outputChannels * 4;
    addBand(job, source, firstRow, min(job.bandRows, job.height - firstRow), gradient, sums, scratch);
  }
}

/** The first of `count` things that belongs to a share; shares' sizes differ by one at most. */
export function shareStart(count: i32, share: i32, shares: i32): i32 {
  return <i32>((<i64>count * <i64>share) / <i64>shares);
}

/** The address of a block's own sums, set to zero. */
export function clearPartial(job: ConvolutionJob, block: i32): usize {
  const bytes = partialBytes(job.kernelSize, job.inputChannels, job.outputChannels);
  const sums = job.partials + <usize>block * bytes;
  memory.fill(sums, 0, bytes);
  return sums;
}

/** Adds what `rows` rows from `firstRow` of the image at `source` contribute; `gradient` is those rows' output gradient. */
export function addBand(
  job: ConvolutionJob, source: usize, firstRow: i32, rows: i32, gradient: usize, sums: usize, scratch: usize,
): void {
  padRows(job, source, firstRow, rows, scratch);
  const gradientRowBytes = <usize>(job.width * job.outputChannels) * 4;
  const rowBytes = paddedRowBytes(job);
  const passRows = max(1, PASS_BYTES / <i32>gradientRowBytes);
  for (let row = 0; row < rows; row += passRows) {
    addRows(job, min(passRows, rows - row), scratch + <usize>row * rowBytes, gradient + <usize>row * gradientRowBytes, sums);
  }
}

/** Every tile over a few rows of pixels. */
function addRows(job: ConvolutionJob, rows: i32, padded: usize, gradient: usize, sums: usize): void {
  const kernelSize = job.kernelSize;
  const run = tiledRun(kernelSize, job.inputChannels);
  const rowBytes = paddedRowBytes(job);
  const inputBytes = <usize>job.inputChannels * 4;
  const outputBytes = <usize>job.outputChannels * 4;
  const gradientRowBytes = <usize>job.width * outputBytes;
  const tiles = channelTiles(job.outputChannels);
  for (let tile = 0; tile < tiles; tile++) {
    for (let kernelRow = 0; kernelRow < kernelSize; kernelRow++) {
      const source = padded + <usize>kernelRow * rowBytes;
      for (let first = 0; first < run; first += 4) {
        addOuterProducts(
          source + <usize>first * 4, inputBytes, rowBytes, gradient, outputBytes, gradientRowBytes, rows, job.width, sums,
        );
        sums += 4 * TILE_ROW;
      }
    }
    gradient += TILE_ROW;
  }
}

/** target [kernelSize, kernelSize, inputs, outputs] = the partials' sum, always in their order and in float64. */
export function unpackFilterGradient(
  partials: usize, count: i32, kernelSize: i32, inputs: i32, outputs: i32, target: usize,
): void {
  const run = tiledRun(kernelSize, inputs);
  const bytes = partialBytes(kernelSize, inputs, outputs);
  for (let kernelRow = 0; kernelRow < kernelSize; kernelRow++) {
    for (let k = 0; k < kernelSize * inputs; k++) {
      for (let output = 0; output < outputs; output++) {
        const tile = output / TILE_CHANNELS;
        const row = (tile * kernelSize + kernelRow) * run + k;
        let from = partials + <usize>row * TILE_ROW + <usize>(output % TILE_CHANNELS) * 4;
        let sum: f64 = 0;
        for (let partial = 0; partial < count; partial++) {
          sum += <f64>load<f32>(from);
          from += bytes;
        }
        store<f32>(target, <f32>sum);
        target += 4;
      }
    }
  }
}
