/**
 * Two-dimensional convolution with stride and dilation, bias and rectifier, and its gradients, on one thread and where the
 * arrays lie: images [image, row, column, channel], filters [row, column, input, output channel], float32. Along each axis
 *
 *   input = stride · output + offset,   offset = dilation · (place in the kernel − (kernelSize − 1)/2)
 *
 * Nothing is padded: a place of the kernel meets those outputs whose input exists, a rectangle, and adds a matrix product to
 * it. With a large dilation on a small image most of the work of a padded convolution is with zeros, and left out here. The
 * input's gradient is the same rectangles with the roles exchanged, so that a stride costs it nothing either.
 */
import { packFilter, packTurnedFilter } from './convolution';
import { TILE_CHANNELS, TILE_ROW } from './convolution-job';
import { filterGradient } from './dilated-convolution-filter-gradient';
import { bandRows, DilatedConvolutionJob, firstOutput, offsetOf, outputsEnd } from './dilated-convolution-job';
import { fourRows, oneRow } from './product-tile';

export { filterGradient, packFilter, packTurnedFilter };

/** Channels of a product whose weights stay in the first-level cache. */
// @ts-ignore: decorator
@inline
const PASS_CHANNELS: i32 = 512;

/** Output from input. */
export function forward(job: DilatedConvolutionJob): void {
  const inputPixels = job.inputHeight * job.inputWidth;
  const pixels = job.outputHeight * job.outputWidth;
  const pixelBytes = <usize>job.outputChannels * 4;
  const tileBytes = <usize>(job.kernelSize * job.kernelSize * job.inputChannels) * TILE_ROW;
  const rows = bandRows(job);
  for (let image = 0; image < job.images; image++) {
    const from = job.input + <usize>(image * inputPixels) * <usize>job.inputChannels * 4;
    const to = job.output + <usize>(image * pixels) * pixelBytes;
    for (let first = 0; first < job.outputHeight; first += rows) {
      const end = min(first + rows, job.outputHeight);
      const start = <usize>(first * job.outputWidth);
      const count = (end - first) * job.outputWidth;
      for (let channel = 0; channel < job.outputChannels; channel += TILE_CHANNELS) {
        const channels = min(TILE_CHANNELS, job.outputChannels - channel);
        const isWhole = channels == TILE_CHANNELS;
        const target = isWhole ? to + <usize>channel * 4 : job.spare;
        const targetBytes = isWhole ? pixelBytes : TILE_ROW;
        const weights = job.packed + <usize>(channel / TILE_CHANNELS) * tileBytes;
        fillTile(target + start * targetBytes, targetBytes, count, job.bias + <usize>channel * 4);
        addRows(job, first, end, from, <usize>job.inputChannels * 4, job.inputChannels, target, targetBytes, weights, false);
        if (job.rectify) rectifyTile(target + start * targetBytes, targetBytes, count);
        if (!isWhole) {
          copyTile(job.spare + start * TILE_ROW, to + start * pixelBytes + <usize>channel * 4, pixelBytes, count, channels);
        }
      }
    }
  }
}

/** The input's gradient from the output's. */
export function inputGradient(job: DilatedConvolutionJob): void {
  const pixels = job.inputHeight * job.inputWidth;
  const outputPixels = job.outputHeight * job.outputWidth;
  const pixelBytes = <usize>job.inputChannels * 4;
  const tileBytes = <usize>(job.kernelSize * job.kernelSize * job.outputChannels) * TILE_ROW;
  const rows = bandRows(job);
  const wholeChannels = job.inputChannels & ~(TILE_CHANNELS - 1);
  const rest = job.inputChannels - wholeChannels;
  memory.fill(job.input, 0, <usize>(job.images * pixels) * pixelBytes);
  for (let image = 0; image < job.images; image++) {
    const from = job.output + <usize>(image * outputPixels) * <usize>job.outputChannels * 4;
    const to = job.input + <usize>(image * pixels) * pixelBytes;
    if (rest > 0) memory.fill(job.spare, 0, <usize>pixels * TILE_ROW);
    for (let first = 0; first < job.outputHeight; first += rows) {
      const end = min(first + rows, job.outputHeight);
      for (let channel = 0; channel < job.inputChannels; channel += TILE_CHANNELS) {
        const isWhole = channel < wholeChannels;
        const target = isWhole ? to + <usize>channel * 4 : job.spare;
        const weights = job.packed + <usize>(channel / TILE_CHANNELS) * tileBytes;
        const fromBytes = <usize>job.outputChannels * 4;
        addRows(job, first, end, from, fromBytes, job.outputChannels, target, isWhole ? pixelBytes : TILE_ROW, weights, true);
      }
    }
    if (rest > 0) copyTile(job.spare, to + <usize>wholeChannels * 4, pixelBytes, pixels, rest);
  }
}

/** What all places of the kernel add to one tile, over rows of the output; `isTurned` adds to the input's gradient. */
function addRows(
  job: DilatedConvolutionJob, firstRow: i32, endRow: i32,
  from: usize, fromBytes: usize, channels: i32, to: usize, toBytes: usize, weights: usize, isTurned: bool,
): void {
  const stride = job.stride;
  const kernelSize = job.kernelSize;
  const placeBytes = <usize>channels * TILE_ROW;
  for (let row = 0; row < kernelSize; row++) {
    const rowOffset = offsetOf(job, row);
    const first = max(firstRow, firstOutput(rowOffset, stride));
    const rows = min(endRow, outputsEnd(rowOffset, stride, job.inputHeight, job.outputHeight)) - first;
    for (let column = 0; column < kernelSize; column++) {
      const columnOffset = offsetOf(job, column);
      const left = firstOutput(columnOffset, stride);
      const columns = outputsEnd(columnOffset, stride, job.inputWidth, job.outputWidth) - left;
      const place = row * kernelSize + column;
      if (rows <= 0 || columns <= 0) continue;
      const inputPixel = <usize>((first * stride + rowOffset) * job.inputWidth + left * stride + columnOffset);
      const outputPixel = <usize>(first * job.outputWidth + left);
      const inputRow = <usize>(stride * job.inputWidth);
      const outputRow = <usize>job.outputWidth;
      if (isTurned) {
        addPlace(
          from + outputPixel * fromBytes, fromBytes, outputRow * fromBytes, channels,
          weights + <usize>(kernelSize * kernelSize - 1 - place) * placeBytes,
          to + inputPixel * toBytes, <usize>stride * toBytes, inputRow * toBytes, rows, columns,
        );
      } else {
        addPlace(
          from + inputPixel * fromBytes, <usize>stride * fromBytes, inputRow * fromBytes, channels,
          weights + <usize>place * placeBytes,
          to + outputPixel * toBytes, toBytes, outputRow * toBytes, rows, columns,
        );
      }
    }
  }
}

/** target [rows, columns][8] += source [rows, columns][channels] · weights [channels][8]. Distances are of pixels, and of rows. */
function addPlace(
  source: usize, sourceBytes: usize, sourceRowBytes: usize, channels: i32, weights: usize,
  target: usize, targetBytes: usize, targetRowBytes: usize, rows: i32, columns: i32,
): void {
  for (let first = 0; first < channels; first += PASS_CHANNELS) {
    const run = min(PASS_CHANNELS, channels - first);
    const passWeights = weights + <usize>first * TILE_ROW;
    for (let row: usize = 0; row < <usize>rows; row++) {
      let from = source + row * sourceRowBytes + <usize>first * 4;
      let to = target + row * targetRowBytes;
      let column = columns;
      for (; column >= 4; column -= 4) {
        fourRows(from, sourceBytes, 0, 1, run, passWeights, to, targetBytes, true);
        from += 4 * sourceBytes;
        to += 4 * targetBytes;
      }
      for (; column > 0; column--) {
        oneRow(from, 0, 1, run, passWeights, to, true);
        from += sourceBytes;
        to += targetBytes;
      }
    }
  }
}

function fillTile(target: usize, targetBytes: usize, pixels: i32, values: usize): void {
  const low = v128.load(values);
  const high = v128.load(values, 16);
  for (; pixels > 0; pixels--) {
    v128.store(target, low);
    v128.store(target, high, 16);
    target += targetBytes;
  }
}

/** max(0, ·). A NaN stays one: it must not look like a zero. */
function rectifyTile(target: usize, targetBytes: usize, pixels: i32): void {
  const zero = f32x4.splat(0);
  for (; pixels > 0; pixels--) {
    v128.store(target, f32x4.max(v128.load(target), zero));
    v128.store(target, f32x4.max(v128.load(target, 16), zero), 16);
    target += targetBytes;
  }
}

function copyTile(source: usize, target: usize, targetBytes: usize, pixels: i32, channels: i32): void {
  for (; pixels > 0; pixels--) {
    memory.copy(target, source, <usize>channels * 4);
    source += TILE_ROW;
    target += targetBytes;
  }
}

/** masked = gradient where the rectified output is positive, else 0. */
export function maskGradient(output: usize, gradient: usize, count: i32, masked: usize): void {
  const zero = f32x4.splat(0);
  for (; count >= 4; count -= 4) {
    v128.store(masked, v128.and(v128.load(gradient), f32x4.gt(v128.load(output), zero)));
    output += 16;
    gradient += 16;
    masked += 16;
  }
  for (; count > 0; count--) {
    store<f32>(masked, load<f32>(output) > 0 ? load<f32>(gradient) : 0);
    output += 4;
    gradient += 4;
    masked += 4;
  }
}

/** sums [channels] = Σ over pixels of values [pixels, channels]; of 64 pixels in float32, of these in float64. */
export function sumPixels(values: usize, pixels: i32, channels: i32, sums: usize, doubles: usize): void {
  const pixelBytes = <usize>channels * 4;
  memory.fill(doubles, 0, <usize>channels * 8);
  for (; pixels > 0; pixels -= 64) {
    const count = <usize>min(64, pixels);
    const end = values + count * pixelBytes;
    for (let channel: usize = 0; channel < <usize>channels; channel += 4) {
      let sum = f32x4.splat(0);
      for (let at = values + channel * 4; at < end; at += pixelBytes) sum = f32x4.add(sum, v128.load(at));
      const target = doubles + channel * 8;
      v128.store(target, f64x2.add(v128.load(target), f64x2.promote_low_f32x4(sum)));
      const high = i8x16.shuffle(sum, sum, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
      v128.store(target, f64x2.add(v128.load(target, 16), f64x2.promote_low_f32x4(high)), 16);
    }
    values = end;
  }
  for (let channel: usize = 0; channel < <usize>channels; channel++) {
    store<f32>(sums + channel * 4, <f32>load<f64>(doubles + channel * 8));
  }
}
