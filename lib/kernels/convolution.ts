/**
 * Two-dimensional convolution as networks use it, with its two gradients: what it computes, whoever computes it.
 * `createConvolutionKernels` makes the fast ones, which TensorFlow.js's WebAssembly backend lacks in part;
 * `createConvolutionReference` is the one to read.
 *
 *   out[n, y, x, o] = Σ over r, c, i of in[n, y + r − m, x + c − m, i] · filter[r, c, i, o],   m = (kernelSize − 1)/2
 *
 * Stride 1, zero padding to the input's size ("SAME"), everything row-major float32: images [image, row, column, channel]
 * (NHWC), filters [row, column, input channel, output channel] (HWIO).
 */
import { KernelShapeError } from './errors.ts';

export interface ConvolutionShape {
  readonly images: number;
  readonly height: number;
  readonly width: number;
  readonly inputChannels: number;
  readonly outputChannels: number;
  /** Rows and columns of the filter; odd. */
  readonly kernelSize: number;
}

/** All arrays have the sizes of `convolutionSizes` and may not overlap. Results are overwritten, not added to. */
export interface Convolution {
  readonly shape: ConvolutionShape;
  /** out from in. */
  forward(input: Float32Array, filter: Float32Array, output: Float32Array): void;
  /** ∂/∂in from ∂/∂out. */
  inputGradient(outputGradient: Float32Array, filter: Float32Array, inputGradient: Float32Array): void;
  /** ∂/∂filter from in and ∂/∂out, summed over all images. */
  filterGradient(input: Float32Array, outputGradient: Float32Array, filterGradient: Float32Array): void;
}

/** Elements of the arrays. */
export function convolutionSizes(shape: ConvolutionShape): {
  readonly input: number;
  readonly filter: number;
  readonly output: number;
} {
  const { images, height, width, inputChannels, outputChannels, kernelSize } = shape;
  const pixels = images * height * width;
  return {
    input: pixels * inputChannels,
    filter: kernelSize * kernelSize * inputChannels * outputChannels,
    output: pixels * outputChannels,
  };
}

/** Floating-point operations of each of the three: a multiplication and an addition, padding included. */
export function convolutionOperations(shape: ConvolutionShape): number {
  const { images, height, width } = shape;
  return 2 * images * height * width * convolutionSizes(shape).filter;
}

/** Throws KernelShapeError where a size is no positive whole number, or the kernel has no middle. */
export function checkConvolutionShape(shape: ConvolutionShape): void {
  for (const [name, value] of Object.entries(shape)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new KernelShapeError(`A convolution's ${name} must be a positive whole number, got ${value}.`);
    }
  }
  if (shape.kernelSize % 2 === 0) {
    throw new KernelShapeError(
      `A convolution's kernelSize must be odd, so that the output has the input's size, got ${shape.kernelSize}.`,
    );
  }
}

/** Throws KernelShapeError for an array of another length. */
export function requireElements(name: string, array: Float32Array, elements: number, shape: ConvolutionShape): void {
  if (array.length === elements) return;
  const { images, height, width, inputChannels, outputChannels, kernelSize } = shape;
  throw new KernelShapeError(
    `The ${name} of a convolution of ${images} × ${height} × ${width} × ${inputChannels} with ${outputChannels} filters of ${kernelSize} × ${kernelSize} must have ${elements} elements, got ${array.length}.`,
  );
}
