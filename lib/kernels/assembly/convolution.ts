/**
 * Two-dimensional convolution as networks use it (a correlation): stride 1, zero padding to the input's size ("SAME"),
 * odd square kernels, float32, images [image, row, column, channel], filters [row, column, input, output channel].
 *
 * It is a matrix product of patches [pixels, kernelSize² · inputChannels] and filters, in tiles of four pixels × eight
 * output channels: eight sums that stay in registers, as many as two fused multiply-adds a cycle, four cycles of latency
 * each, need to keep busy. Blocks are bands of rows; any thread may take any block.
 */
import { channelTiles, ConvolutionJob, padRows, paddedRowBytes, TILE_CHANNELS, TILE_ROW } from './convolution-job';
import { fourRows, oneRow } from './product-tile';

export { filterGradient, unpackFilterGradient } from './convolution-filter-gradient';

/** The first address that the kernel's constants leave free. */
export function heapBase(): usize {
  return __heap_base;
}

/** Weights of a pass over a band, in bytes: they stay in the first-level cache. */
// @ts-ignore: decorator
@inline
const PASS_BYTES: i32 = 16_384;

/**
 * filter [kernelSize, kernelSize, inputs, outputs] → packed [tiles of 8 outputs][kernelSize² · inputs][8], zero where the
 * last tile has no channel.
 */
export function packFilter(filter: usize, kernelSize: i32, inputs: i32, outputs: i32, packed: usize): void {
  const rows = kernelSize * kernelSize * inputs;
  for (let first = 0; first < outputs; first += TILE_CHANNELS) {
    const channels = min(TILE_CHANNELS, outputs - first);
    let source = filter + <usize>first * 4;
    for (let row = 0; row < rows; row++) {
      if (channels == TILE_CHANNELS) {
        v128.store(packed, v128.load(source));
        v128.store(packed, v128.load(source, 16), 16);
      } else {
        memory.fill(packed, 0, TILE_ROW);
        memory.copy(packed, source, <usize>channels * 4);
      }
      source += <usize>outputs * 4;
      packed += TILE_ROW;
    }
  }
}

/**
 * The filter of the input's gradient, packed likewise: turned by 180° and its channels exchanged,
 * f′[r, c, output, input] = f[kernelSize − 1 − r, kernelSize − 1 − c, input, output].
 */
export function packTurnedFilter(filter: usize, kernelSize: i32, inputs: i32, outputs: i32, packed: usize): void {
  const placeBytes = <usize>outputs * TILE_ROW;
  for (let first = 0; first < inputs; first += TILE_CHANNELS) {
    const channels = min(TILE_CHANNELS, inputs - first);
    for (let place = kernelSize * kernelSize - 1; place >= 0; place--) {
      if (channels < TILE_CHANNELS) memory.fill(packed, 0, placeBytes);
      for (let lane = 0; lane < channels; lane++) {
        // Read in a row: the filter is the larger of the two.
        let source = filter + <usize>((place * inputs + first + lane) * outputs) * 4;
        const end = packed + placeBytes;
        for (let target = packed + <usize>lane * 4; target < end; target += TILE_ROW) {
          store<f32>(target, load<f32>(source));
          source += 4;
        }
      }
      packed += placeBytes;
    }
  }
}

/** One band of rows of one image: the output's pixels from the input's. */
export function convolve(job: ConvolutionJob, block: i32, scratch: usize): void {
  const image = block / job.bandsPerImage;
  const firstRow = (block % job.bandsPerImage) * job.bandRows;
  const pixels = <usize>(image * job.height * job.width);
  const source = job.input + pixels * <usize>job.inputChannels * 4;
  const target = job.output + (pixels + <usize>(firstRow * job.width)) * <usize>job.outputChannels * 4;
  convolveBand(job, source, firstRow, min(job.bandRows, job.height - firstRow), target, scratch);
}

/** `rows` rows of output at `target`, from `firstRow` of the image at `source`. */
export function convolveBand(
  job: ConvolutionJob, source: usize, firstRow: i32, rows: i32, target: usize, scratch: usize,
): void {
  padRows(job, source, firstRow, rows, scratch);
  const run = job.kernelSize * job.inputChannels;
  const tileBytes = <usize>(job.kernelSize * run) * TILE_ROW;
  const pixelBytes = <usize>job.outputChannels * 4;
  /** The last tile, where it has fewer than eight channels, is summed here first: [rows · width][8]. */
  const partial = scratch + <usize>(rows + job.kernelSize - 1) * paddedRowBytes(job);
  const tiles = channelTiles(job.outputChannels);
  for (let tile = 0; tile < tiles; tile++) {
    const weights = job.packed + <usize>tile * tileBytes;
    const channels = min(TILE_CHANNELS, job.outputChannels - tile * TILE_CHANNELS);
    const tileTarget = target + <usize>tile * TILE_ROW;
    if (channels == TILE_CHANNELS) {
      convolveTile(job, rows, scratch, weights, tileTarget, pixelBytes);
    } else {
      convolveTile(job, rows, scratch, weights, partial, TILE_ROW);
      for (let pixel: usize = 0; pixel < <usize>(rows * job.width); pixel++) {
        memory.copy(tileTarget + pixel * pixelBytes, partial + pixel * TILE_ROW, <usize>channels * 4);
      }
    }
  }
}

/** Eight output channels of a band, in one pass where their weights are few, else in passes over parts of a run. */
function convolveTile(job: ConvolutionJob, rows: i32, padded: usize, weights: usize, target: usize, targetBytes: usize): void {
  const kernelSize = job.kernelSize;
  const run = kernelSize * job.inputChannels;
  if (kernelSize * run * <i32>TILE_ROW <= PASS_BYTES) {
    passOverBand(job, rows, padded, kernelSize, run, weights, target, targetBytes, false);
    return;
  }
  const part = PASS_BYTES / <i32>TILE_ROW;
  const rowBytes = paddedRowBytes(job);
  for (let row = 0; row < kernelSize; row++) {
    for (let first = 0; first < run; first += part) {
      const count = min(part, run - first);
      const source = padded + <usize>row * rowBytes + <usize>first * 4;
      const passWeights = weights + <usize>(row * run + first) * TILE_ROW;
      passOverBand(job, rows, source, 1, count, passWeights, target, targetBytes, row + first > 0);
    }
  }
}

function passOverBand(
  job: ConvolutionJob, rows: i32, source: usize, kernelRows: i32, run: i32,
  weights: usize, target: usize, targetBytes: usize, accumulate: bool,
): void {
  const rowBytes = paddedRowBytes(job);
  const pixelBytes = <usize>job.inputChannels * 4;
  for (let row = 0; row < rows; row++) {
    let pixel = source + <usize>row * rowBytes;
    let column = job.width;
    for (; column >= 4; column -= 4) {
      fourRows(pixel, pixelBytes, rowBytes, kernelRows, run, weights, target, targetBytes, accumulate);
      pixel += 4 * pixelBytes;
      target += 4 * targetBytes;
    }
    for (; column > 0; column--) {
      oneRow(pixel, rowBytes, kernelRows, run, weights, target, accumulate);
      pixel += pixelBytes;
      target += targetBytes;
    }
  }
}
