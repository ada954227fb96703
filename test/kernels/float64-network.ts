/** Convolutions and the convolutional network once more, in float64 and index by index, for finite differences. */
import type { ConvolutionShape } from '../../lib/kernels/convolution.ts';
import type { ConvolutionalNetworkShape } from '../../lib/kernels/convolutional-network.ts';

/** The definition in lib/kernels/convolution.ts, in float64, index by index. */
export function convolveInFloat64(
  shape: ConvolutionShape,
  input: ArrayLike<number>,
  filter: ArrayLike<number>,
): Float64Array {
  const { images, height, width, inputChannels, outputChannels, kernelSize } = shape;
  const margin = (kernelSize - 1) / 2;
  const output = new Float64Array(images * height * width * outputChannels);
  for (let place = 0; place < output.length; place++) {
    const o = place % outputChannels;
    const x = Math.floor(place / outputChannels) % width;
    const y = Math.floor(place / outputChannels / width) % height;
    const n = Math.floor(place / outputChannels / width / height);
    for (let r = 0; r < kernelSize; r++) {
      for (let c = 0; c < kernelSize; c++) {
        const [row, column] = [y + r - margin, x + c - margin];
        if (row < 0 || row >= height || column < 0 || column >= width) continue;
        for (let i = 0; i < inputChannels; i++) {
          output[place]! +=
            input[((n * height + row) * width + column) * inputChannels + i]! *
            filter[((r * kernelSize + c) * inputChannels + i) * outputChannels + o]!;
        }
      }
    }
  }
  return output;
}

/** f(θ) of lib/kernels/convolutional-network.ts. */
export function networkLossInFloat64(
  shape: ConvolutionalNetworkShape,
  theta: Float64Array,
  images: Uint8Array,
  labels: Uint8Array,
): number {
  const { batch, colours, filters, kernelSize, hidden, classes } = shape;
  let { height, width } = shape;
  let place = 0;
  const take = (count: number) => {
    place += count;
    return theta.subarray(place - count, place);
  };
  let a = Float64Array.from(images, (pixel) => pixel / 255);
  let inputChannels = colours;
  for (const outputChannels of filters) {
    const filter = take(kernelSize ** 2 * inputChannels * outputChannels);
    const size = { images: batch, height, width, inputChannels, outputChannels, kernelSize };
    const y = normalizeAndCut(convolveInFloat64(size, a, filter), outputChannels, take(outputChannels));
    const at = (n: number, row: number, column: number, channel: number) =>
      y[((n * height + row) * width + column) * outputChannels + channel]!;
    const pooled: number[] = [];
    for (let n = 0; n < batch; n++) {
      for (let row = 0; row < height; row += 2) {
        for (let column = 0; column < width; column += 2) {
          for (let k = 0; k < outputChannels; k++) {
            const upper = Math.max(at(n, row, column, k), at(n, row, column + 1, k));
            pooled.push(Math.max(upper, at(n, row + 1, column, k), at(n, row + 1, column + 1, k)));
          }
        }
      }
    }
    a = Float64Array.from(pooled);
    inputChannels = outputChannels;
    height /= 2;
    width /= 2;
  }
  const flat = height * width * inputChannels;
  const z = multiply(a, take(flat * hidden), batch, flat, hidden);
  const h = normalizeAndCut(z, hidden, take(hidden));
  const logits = multiply(h, take(hidden * classes), batch, hidden, classes);
  const biases = take(classes);
  let total = 0;
  for (let n = 0; n < batch; n++) {
    const row = Array.from({ length: classes }, (_, k) => logits[n * classes + k]! + biases[k]!);
    const largest = Math.max(...row);
    total += Math.log(row.reduce((sum, value) => sum + Math.exp(value - largest), 0)) + largest - row[labels[n]!]!;
  }
  return total / batch;
}

/** max(0, (x − mean) / √(variance + 0.001) + offset), over all but the last axis. */
function normalizeAndCut(x: Float64Array, channels: number, offset: Float64Array): Float64Array {
  const count = x.length / channels;
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  for (const [index, value] of x.entries()) mean[index % channels]! += value / count;
  for (const [index, value] of x.entries())
    variance[index % channels]! += (value - mean[index % channels]!) ** 2 / count;
  return x.map((value, index) => {
    const k = index % channels;
    return Math.max(0, (value - mean[k]!) / Math.sqrt(variance[k]! + 1e-3) + offset[k]!);
  });
}

/** [rows, inner] · [inner, columns] */
function multiply(a: Float64Array, b: Float64Array, rows: number, inner: number, columns: number): Float64Array {
  const product = new Float64Array(rows * columns);
  for (let place = 0; place < product.length; place++) {
    const row = Math.floor(place / columns);
    for (let k = 0; k < inner; k++) product[place]! += a[row * inner + k]! * b[k * columns + (place % columns)]!;
  }
  return product;
}
