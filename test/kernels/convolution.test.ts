import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { type ConvolutionShape, convolutionSizes } from '../../lib/kernels/convolution.ts';
import { convolutionBytes, createConvolutionKernels } from '../../lib/kernels/convolution-kernel.ts';
import { createConvolutionReference } from '../../lib/kernels/convolution-reference.ts';
import { checkGradient } from '../../lib/numerics/gradient-checking.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import { convolveInFloat64 } from './float64-network.ts';

const shapes: Readonly<Record<string, ConvolutionShape>> = {
  // A run of 15 floats and whole tiles of channels; as CIFAR's first layer.
  'colours to 16 channels': { images: 3, height: 8, width: 8, inputChannels: 3, outputChannels: 16, kernelSize: 5 },
  // Widths, runs and channels that fill no tile, and more images than sums that are kept apart.
  'nothing that divides': { images: 17, height: 5, width: 7, inputChannels: 5, outputChannels: 11, kernelSize: 3 },
  // Several bands an image.
  'one high image': { images: 1, height: 70, width: 5, inputChannels: 2, outputChannels: 4, kernelSize: 3 },
  // More weights than one pass takes, over several passes a run.
  'many channels': { images: 1, height: 3, width: 6, inputChannels: 300, outputChannels: 9, kernelSize: 3 },
  'a filter larger than the image': {
    images: 2,
    height: 2,
    width: 3,
    inputChannels: 4,
    outputChannels: 8,
    kernelSize: 7,
  },
  'a filter of one pixel': { images: 2, height: 4, width: 4, inputChannels: 3, outputChannels: 2, kernelSize: 1 },
};

/** Arrays of normal values, in the kernels' memory. */
function setUp(shape: ConvolutionShape, options: { threads?: number; backend?: 'wasm-relaxed' | 'wasm-plain' } = {}) {
  const sizes = convolutionSizes(shape);
  const arrays = 4 * (2 * sizes.input + 2 * sizes.filter + 2 * sizes.output) + 6 * 64;
  const kernels = createConvolutionKernels({ capacityBytes: arrays + convolutionBytes(shape), ...options });
  const random = randomStream(5, 'convolution');
  const filled = (elements: number) => {
    const array = kernels.allocate(elements);
    random.fillNormal(array, 1);
    return array;
  };
  return {
    kernels,
    convolution: kernels.convolution(shape),
    input: filled(sizes.input),
    filter: filled(sizes.filter),
    outputGradient: filled(sizes.output),
    output: kernels.allocate(sizes.output),
    inputGradient: kernels.allocate(sizes.input),
    filterGradient: kernels.allocate(sizes.filter),
  };
}

function computeAll({ convolution, ...arrays }: Omit<ReturnType<typeof setUp>, 'kernels'>) {
  const { input, filter, outputGradient, output, inputGradient, filterGradient } = arrays;
  convolution.forward(input, filter, output);
  convolution.inputGradient(outputGradient, filter, inputGradient);
  convolution.filterGradient(input, outputGradient, filterGradient);
  return { output: output.slice(), inputGradient: inputGradient.slice(), filterGradient: filterGradient.slice() };
}

const largest = (values: ArrayLike<number>) =>
  Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
const farthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  largest(Array.from(a, (value, index) => value - b[index]!));

describe.each(Object.entries(shapes))('%s', (_, shape) => {
  test.each(['wasm-relaxed', 'wasm-plain'] as const)('the kernel on %s agrees with TensorFlow.js', async (backend) => {
    await tf.setBackend('cpu');
    const { kernels, ...arrays } = setUp(shape, { backend });
    const ours = computeAll(arrays);
    const tensors = tf.memory().numTensors;
    const expected = computeAll({ ...arrays, convolution: createConvolutionReference(shape) });
    expect(tf.memory().numTensors).toBe(tensors);
    for (const name of ['output', 'inputGradient', 'filterGradient'] as const) {
      expect(ours[name].every((value) => value === 0)).toBe(false);
      expect(farthest(ours[name], expected[name]) / largest(expected[name])).toBeLessThan(2e-6);
    }
    kernels.dispose();
  });

  test('any number of threads gives the same bits, and a second call too', () => {
    const { kernels: _, ...arrays } = setUp(shape);
    const once = computeAll(arrays);
    expect(computeAll(arrays)).toEqual(once);
    for (const threads of [2, 3]) {
      const { kernels, ...others } = setUp(shape, { threads });
      expect(computeAll(others)).toEqual(once);
      kernels.dispose();
    }
  });
});

const small: ConvolutionShape = { images: 2, height: 3, width: 4, inputChannels: 2, outputChannels: 3, kernelSize: 3 };

test('the gradients are those of finite differences in float64', () => {
  const { input, filter, outputGradient, ...rest } = setUp(small);
  const { output, inputGradient, filterGradient } = computeAll({ input, filter, outputGradient, ...rest });
  expect(farthest(output, convolveInFloat64(small, input, filter))).toBeLessThan(1e-5);
  const weighted = (values: Float64Array) =>
    values.reduce((sum, value, index) => sum + value * outputGradient[index]!, 0);
  const byInput = checkGradient((x) => weighted(convolveInFloat64(small, x, filter)), input, inputGradient);
  expect(byInput.error).toBeLessThan(1e-6);
  const byFilter = checkGradient((f) => weighted(convolveInFloat64(small, input, f)), filter, filterGradient);
  expect(byFilter.error).toBeLessThan(1e-6);
});

describe('refuses', () => {
  test.each([
    [{ kernelSize: 4 }, "kernelSize must be odd, so that the output has the input's size, got 4"],
    [{ width: 0 }, 'width must be a positive whole number, got 0'],
    [{ width: 40_000 }, 'needs 3 padded rows of 40000 × 2 floats at once'],
  ])('the shape %j', (change, message) => {
    const kernels = createConvolutionKernels({ capacityBytes: 2 ** 20 });
    expect(() => kernels.convolution({ ...small, ...change })).toThrow(message);
  });

  test('an array of another length, or of another memory, and more than there is room for', () => {
    const { kernels, convolution, input, filter, output } = setUp(small);
    expect(() => convolution.forward(input, filter, output.subarray(1))).toThrow(
      'The output of a convolution of 2 × 3 × 4 × 2 with 3 filters of 3 × 3 must have 72 elements, got 71.',
    );
    expect(() => convolution.forward(input.slice(), filter, output)).toThrow(
      "The input must be an array of the kernels' own",
    );
    expect(() => kernels.allocate(2 ** 20)).toThrow('Create the kernels with a larger capacityBytes');
    const reference = createConvolutionReference(small);
    expect(() => reference.forward(input, filter.subarray(1), output)).toThrow('must have 54 elements, got 53');
    expect(() => createConvolutionKernels({ capacityBytes: 1, threads: 0 })).toThrow('threads must be');
  });
});
