/**
 * The optimizee of §3.3: a convolutional network on colour images, softmax and cross entropy, its loss and its gradient in
 * one call. `createConvolutionalNetworkKernel` is the fast one, `createConvolutionalNetworkReference` the one to read.
 *
 *   a₀ = pixels / 255
 *   aₗ = pool(max(0, norm(aₗ₋₁ ∗ Fₗ) + βₗ))         for each convolution, pool the largest of 2 × 2
 *   h = max(0, norm(a W₁) + β)
 *   f = mean over the batch of −log softmax(h W₂ + b)[label]
 *
 * norm takes a channel's mean and deviation over the batch (and the image's pixels), with ε = 0.001 in the root. There is
 * an offset and no scale, and no bias below a normalization, which would take it out again: its gradient is zero.
 */
import { KernelShapeError } from './errors.ts';

export interface ConvolutionalNetworkShape {
  /** Of the images: multiples of 2 to the number of convolutions, so that pooling leaves nothing over. */
  readonly height: number;
  readonly width: number;
  /** 3 for colours. */
  readonly colours: number;
  /** Filters of each convolutional layer, multiples of 16: `[16, 16, 16]`. */
  readonly filters: readonly number[];
  /** Rows and columns of a filter; odd. */
  readonly kernelSize: number;
  /** Units of the linear layer below the last; a multiple of 16. */
  readonly hidden: number;
  readonly classes: number;
  /** Examples in a minibatch, at least 2. */
  readonly batch: number;
}

export interface ConvolutionalNetwork {
  /** Length of θ: the tensors of `convolutionalNetworkTensors`, row-major, behind one another. */
  readonly coordinates: number;
  /** The minibatch's pixels, 0..255; written by the caller. [batch, height, width, colours] */
  readonly images: Uint8Array;
  /** The minibatch's classes, each below `classes`; written by the caller. [batch] */
  readonly labels: Uint8Array;
  /** f(θ) in nats, returned, and ∇f(θ), written to `gradient`. Both [coordinates]. */
  lossAndGradient(theta: Float32Array, gradient: Float32Array): number;
  /** Frees threads. */
  dispose(): void;
}

/** ε of the normalization: that of the paper's published code. */
export const normalizationEpsilon = 1e-3;

/** The tensors of θ in their order, with their shapes. */
export function convolutionalNetworkTensors({
  height,
  width,
  colours,
  filters,
  kernelSize,
  hidden,
  classes,
}: Omit<ConvolutionalNetworkShape, 'batch'>): Readonly<Record<string, readonly number[]>> {
  const flat = ((height * width) / 4 ** filters.length) * filters.at(-1)!;
  return Object.fromEntries([
    ...filters.flatMap((count, layer) => [
      [`convolution-${layer + 1}/filter`, [kernelSize, kernelSize, layer === 0 ? colours : filters[layer - 1]!, count]],
      [`convolution-${layer + 1}/offset`, [count]],
    ]),
    ['linear-1/weights', [flat, hidden]],
    ['linear-1/offset', [hidden]],
    ['linear-2/weights', [hidden, classes]],
    ['linear-2/biases', [classes]],
  ]);
}

/** Throws KernelShapeError where the kernel cannot compute the shape. */
export function checkConvolutionalNetworkShape(shape: ConvolutionalNetworkShape): void {
  const { height, width, filters, kernelSize, hidden, classes, batch } = shape;
  const require = (name: string, value: number, multiple: number, least = multiple) => {
    if (Number.isSafeInteger(value) && value % multiple === 0 && value >= least) return;
    throw new KernelShapeError(
      `A convolutional network's ${name} must be a multiple of ${multiple}, at least ${least}, got ${value}.`,
    );
  };
  require('number of convolutions', filters.length, 1);
  const halvings = 2 ** filters.length;
  require('height', height, halvings);
  require('width', width, halvings);
  require('colours', shape.colours, 1);
  // Pixels are read sixteen at a time.
  require('height × width × colours', height * width * shape.colours, 16);
  for (const count of filters) require('filters', count, 16);
  require('hidden', hidden, 16);
  require('classes', classes, 1, 2);
  require('batch', batch, 1, 2);
  if (kernelSize % 2 !== 1) {
    throw new KernelShapeError(`A convolutional network's kernelSize must be odd, got ${kernelSize}.`);
  }
}
