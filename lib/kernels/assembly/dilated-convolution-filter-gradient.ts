/**
 * The gradient of a dilated convolution with respect to its filter: for each place of the kernel, Σ over the outputs that it
 * meets of input ⊗ ∂output.
 */
import { TILE_CHANNELS, TILE_ROW } from './convolution-job';
import { bandRows, DilatedConvolutionJob, firstOutput, offsetOf, outputsEnd } from './dilated-convolution-job';
import { addOuterProducts } from './outer-product-tile';

/** The filter's gradient [kernelSize, kernelSize, inputChannels, outputChannels] from the input and the output's gradient. */
export function filterGradient(job: DilatedConvolutionJob, target: usize): void {
  const places = job.kernelSize * job.kernelSize;
  const run = (job.inputChannels + 3) & ~3;
  const tiles = (job.outputChannels + TILE_CHANNELS - 1) / TILE_CHANNELS;
  memory.fill(job.sums, 0, <usize>(tiles * places * run) * TILE_ROW);
  const inputBytes = <usize>(job.inputHeight * job.inputWidth * job.inputChannels) * 4;
  const outputBytes = <usize>(job.outputHeight * job.outputWidth * job.outputChannels) * 4;
  const rows = bandRows(job);
  for (let image: usize = 0; image < <usize>job.images; image++) {
    for (let first = 0; first < job.outputHeight; first += rows) {
      const end = min(first + rows, job.outputHeight);
      addToSums(job, first, end, job.input + image * inputBytes, job.output + image * outputBytes);
    }
  }
  for (let place = 0; place < places; place++) {
    for (let k = 0; k < job.inputChannels; k++) {
      for (let output = 0; output < job.outputChannels; output++) {
        const row = ((output / TILE_CHANNELS) * places + place) * run + k;
        store<f32>(target, load<f32>(job.sums + <usize>row * TILE_ROW + <usize>(output % TILE_CHANNELS) * 4));
        target += 4;
      }
    }
  }
}

/** What rows of the output of one image add to the sums. */
function addToSums(job: DilatedConvolutionJob, firstRow: i32, endRow: i32, input: usize, gradient: usize): void {
  const stride = job.stride;
  const kernelSize = job.kernelSize;
  const run = (job.inputChannels + 3) & ~3;
  const inputBytes = <usize>job.inputChannels * 4;
  const outputBytes = <usize>job.outputChannels * 4;
  let sums = job.sums;
  for (let channel = 0; channel < job.outputChannels; channel += TILE_CHANNELS) {
    for (let row = 0; row < kernelSize; row++) {
      const rowOffset = offsetOf(job, row);
      const first = max(firstRow, firstOutput(rowOffset, stride));
      const rows = min(endRow, outputsEnd(rowOffset, stride, job.inputHeight, job.outputHeight)) - first;
      for (let column = 0; column < kernelSize; column++) {
        const columnOffset = offsetOf(job, column);
        const left = firstOutput(columnOffset, stride);
        const columns = outputsEnd(columnOffset, stride, job.inputWidth, job.outputWidth) - left;
        if (rows > 0 && columns > 0) {
          const inputPixel = <usize>((first * stride + rowOffset) * job.inputWidth + left * stride + columnOffset);
          const from = input + inputPixel * inputBytes;
          const by = gradient + <usize>(first * job.outputWidth + left) * outputBytes + <usize>channel * 4;
          for (let k: usize = 0; k < <usize>run; k += 4) {
            addOuterProducts(
              from + k * 4, <usize>stride * inputBytes, <usize>(stride * job.inputWidth) * inputBytes,
              by, outputBytes, <usize>job.outputWidth * outputBytes, rows, columns, sums + k * TILE_ROW,
            );
          }
        }
        sums += <usize>run * TILE_ROW;
      }
    }
  }
}
