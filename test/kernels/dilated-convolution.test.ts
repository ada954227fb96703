import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { convolveDilated } from '../../lib/kernels/dilated-convolution.ts';
import { convolveByPlaces } from '../../lib/kernels/dilated-convolution-reference.ts';
import { checkGradient } from '../../lib/numerics/gradient-checking.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import { convolveDilatedInFloat64, type Float64Convolution } from './float64-dilated-convolution.ts';

const base: Float64Convolution = {
  ...{ images: 2, height: 5, width: 6, inputChannels: 3, outputChannels: 5, kernelSize: 3 },
  ...{ stride: 1, dilation: 1, rectify: false },
};
const cases: Readonly<Record<string, Float64Convolution>> = {
  'stride and dilation 1': base,
  'rectified, whole tiles': { ...base, images: 1, height: 3, inputChannels: 8, outputChannels: 16, rectify: true },
  'dilation 2, odd sizes': { ...base, height: 7, width: 9, dilation: 2, rectify: true },
  'a dilation as large as the image: outer places meet nothing': { ...base, height: 4, width: 5, dilation: 5 },
  'dilation 4 on one row': { ...base, height: 1, width: 11, dilation: 4 },
  'stride 2, even and odd side': { ...base, height: 6, width: 7, stride: 2, rectify: true },
  'stride 3 with dilation 2': { ...base, height: 8, width: 10, stride: 3, dilation: 2 },
  'kernel 7, stride 2, as a residual network begins': { ...base, height: 9, width: 8, kernelSize: 7, stride: 2 },
  'kernel 1': { ...base, kernelSize: 1, outputChannels: 11 },
};

function draw(name: string, length: number): Float32Array {
  const array = new Float32Array(length);
  randomStream(2, 'dilated convolution', name).fillNormal(array, 1);
  return array;
}

function arraysOf(shape: Float64Convolution) {
  const { images, height, width, inputChannels, outputChannels, kernelSize, stride } = shape;
  const outputShape = [images, Math.ceil(height / stride), Math.ceil(width / stride), outputChannels];
  return {
    input: draw('input', images * height * width * inputChannels),
    filter: draw('filter', kernelSize ** 2 * inputChannels * outputChannels),
    bias: draw('bias', outputChannels),
    outputGradient: draw('gradient', tf.util.sizeFromShape(outputShape)),
    outputShape,
  };
}

/** Output and the three gradients. */
function computeAll(shape: Float64Convolution, convolve: typeof convolveDilated, options = {}): Float32Array[] {
  const { images, height, width, inputChannels, outputChannels, kernelSize, stride, dilation, rectify } = shape;
  const { input, filter, bias, outputGradient, outputShape } = arraysOf(shape);
  return tf.tidy(() => {
    const operation = (x: tf.Tensor, f: tf.Tensor, b: tf.Tensor) =>
      convolve(x as tf.Tensor4D, f as tf.Tensor4D, b as tf.Tensor1D, { stride, dilation, rectify }, options);
    const { value, grads } = tf.valueAndGrads(operation as (...given: tf.Tensor[]) => tf.Tensor)(
      [
        tf.tensor4d(input, [images, height, width, inputChannels]),
        tf.tensor4d(filter, [kernelSize, kernelSize, inputChannels, outputChannels]),
        tf.tensor1d(bias),
      ],
      tf.tensor(outputGradient, outputShape),
    );
    expect(value.shape).toEqual(outputShape);
    return [value, ...grads].map((tensor) => tensor.dataSync() as Float32Array);
  });
}

const largest = (values: ArrayLike<number>) =>
  Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
const farthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  largest(Array.from(a, (value, index) => value - b[index]!));

/** Gradients by finite differences in float64, of Σ y ⊙ outputGradient. */
function expectGradients(shape: Float64Convolution, [output, ofInput, ofFilter, ofBias]: Float32Array[]): void {
  const { input, filter, bias, outputGradient } = arraysOf(shape);
  const expected = convolveDilatedInFloat64(shape, input, filter, bias);
  expect(farthest(output!, expected) / largest(expected)).toBeLessThan(1e-6);
  const weigh = (y: Float64Array) => y.reduce((sum, value, index) => sum + value * outputGradient[index]!, 0);
  const checks = [
    checkGradient((x) => weigh(convolveDilatedInFloat64(shape, x, filter, bias)), input, ofInput!),
    checkGradient((f) => weigh(convolveDilatedInFloat64(shape, input, f, bias)), filter, ofFilter!),
    checkGradient((b) => weigh(convolveDilatedInFloat64(shape, input, filter, b)), bias, ofBias!),
  ];
  for (const { error } of checks) expect(error).toBeLessThan(2e-6);
}

describe.each(Object.entries(cases))('%s', (_, shape) => {
  test('output and gradients are those of float64, composed and by the kernel', async () => {
    await tf.setBackend('cpu');
    const composed = computeAll(shape, convolveByPlaces);
    expectGradients(shape, composed);
    for (const [backend, build] of [
      ['cpu', 'wasm-plain'],
      ['wasm', 'wasm-plain'],
      ['wasm', 'wasm-relaxed'],
    ] as const) {
      await tf.setBackend(backend);
      const before = tf.memory().numTensors;
      const computed = computeAll(shape, convolveDilated, { build });
      expect(tf.memory().numTensors).toBe(before);
      for (const [index, values] of computed.entries()) {
        expect(farthest(values, composed[index]!) / largest(composed[index]!)).toBeLessThan(2e-6);
      }
    }
  });
});

test('several bands of rows, and more channels than one pass takes', async () => {
  const shape = { ...base, images: 1, height: 6, width: 90, inputChannels: 515, outputChannels: 9, dilation: 3 };
  await tf.setBackend('wasm');
  const composed = computeAll(shape, convolveByPlaces);
  const computed = computeAll(shape, convolveDilated);
  for (const [index, values] of computed.entries()) {
    expect(farthest(values, composed[index]!) / largest(composed[index]!)).toBeLessThan(3e-6);
  }
});

test('a constant input has no gradient, and those of filter and bias are the same bits', async () => {
  await tf.setBackend('wasm');
  const shape = { ...base, dilation: 2, rectify: true };
  const [, , ofFilter, ofBias] = computeAll(shape, convolveDilated);
  const { input, filter, bias, outputGradient, outputShape } = arraysOf(shape);
  const grads = tf.tidy(() => {
    const x = tf.tensor4d(input, [2, 5, 6, 3]);
    const operation = (f: tf.Tensor4D, b: tf.Tensor1D) =>
      convolveDilated(tf.mul(x, 1), f, b, { dilation: 2, rectify: true, isInputConstant: true });
    return tf
      .grads(operation as (...given: tf.Tensor[]) => tf.Tensor)(
        [tf.tensor4d(filter, [3, 3, 3, 5]), tf.tensor1d(bias)],
        tf.tensor(outputGradient, outputShape),
      )
      .map((tensor) => tensor.dataSync());
  });
  expect(grads).toEqual([ofFilter, ofBias]);
});

test('a NaN in the image reaches the outputs that see it, and no others', async () => {
  await tf.setBackend('wasm');
  const values = tf.tidy(() => {
    const image = tf.tensor4d(Float32Array.of(1, 1, Number.NaN, 1, 1, 1), [1, 1, 6, 1]);
    return convolveDilated(image, tf.ones([1, 1, 1, 1]), tf.zeros([1]), { rectify: true }).dataSync();
  });
  expect([...values]).toEqual([1, 1, Number.NaN, 1, 1, 1]);
});

test('refuses tensors that do not match', async () => {
  await tf.setBackend('cpu');
  const input = tf.ones([1, 4, 4, 3]) as tf.Tensor4D;
  const bias = tf.ones([2]) as tf.Tensor1D;
  const filter = (...shape: [number, number, number, number]) => tf.ones(shape) as tf.Tensor4D;
  const refusal = (f: tf.Tensor4D, b = bias, settings = {}) => {
    return expect(() => convolveDilated(input, f, b, settings));
  };
  refusal(filter(2, 2, 3, 2)).toThrow(
    'k odd, and a bias [outputs], got float32 [1,4,4,3], float32 [2,2,3,2], float32 [2]',
  );
  refusal(filter(3, 3, 4, 2)).toThrow('got float32 [1,4,4,3], float32 [3,3,4,2]');
  refusal(filter(3, 3, 3, 5)).toThrow('float32 [3,3,3,5], float32 [2]');
  refusal(filter(3, 3, 3, 2), tf.ones([2], 'int32')).toThrow('int32 [2]');
  refusal(filter(3, 3, 3, 2), bias, { dilation: 0 }).toThrow('dilation must be a positive whole number, got 0');
  refusal(filter(3, 3, 3, 2), bias, { stride: 1.5 }).toThrow('stride must be a positive whole number, got 1.5');
});
