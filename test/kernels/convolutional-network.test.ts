import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import {
  type ConvolutionalNetworkShape,
  convolutionalNetworkTensors,
} from '../../lib/kernels/convolutional-network.ts';
import { createConvolutionalNetworkKernel } from '../../lib/kernels/convolutional-network-kernel.ts';
import { createConvolutionalNetworkReference } from '../../lib/kernels/convolutional-network-reference.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import { networkLossInFloat64 } from './float64-network.ts';

const shapes: readonly ConvolutionalNetworkShape[] = [
  { height: 8, width: 8, colours: 3, filters: [16, 32], kernelSize: 5, hidden: 16, classes: 10, batch: 6 },
  // More images than sums that are kept apart, a width of its own, an odd number of classes and one layer.
  { height: 4, width: 12, colours: 1, filters: [16], kernelSize: 3, hidden: 32, classes: 7, batch: 19 },
];

function setUp(shape: ConvolutionalNetworkShape, options: Parameters<typeof createConvolutionalNetworkKernel>[1] = {}) {
  const network = createConvolutionalNetworkKernel(shape, options);
  const random = randomStream(3, 'network');
  for (let i = 0; i < network.images.length; i++) network.images[i] = random.uniformInteger(256);
  // Patches that are alike everywhere, as the white ground of a photograph: pooling must break ties as everybody does.
  network.images.fill(255, 0, network.images.length / shape.batch);
  for (let i = 0; i < network.labels.length; i++) network.labels[i] = random.uniformInteger(shape.classes);
  const theta = new Float32Array(network.coordinates);
  random.fillNormal(theta, 0.2);
  return { network, theta };
}

const largest = (values: Float32Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

describe.each(shapes)('$filters filters, $hidden units', (shape) => {
  test.each(['wasm-relaxed', 'wasm-plain'] as const)('the kernel on %s agrees with TensorFlow.js', async (backend) => {
    await tf.setBackend('cpu');
    const { network, theta } = setUp(shape, { backend });
    const gradient = new Float32Array(network.coordinates);
    const loss = network.lossAndGradient(theta, gradient);
    const reference = createConvolutionalNetworkReference(shape);
    expect(reference.coordinates).toBe(network.coordinates);
    reference.images.set(network.images);
    reference.labels.set(network.labels);
    const expected = new Float32Array(reference.coordinates);
    const tensors = tf.memory().numTensors;
    expect(loss).toBeCloseTo(reference.lossAndGradient(theta, expected), 5);
    expect(tf.memory().numTensors).toBe(tensors);
    // Tensor by tensor, so that a small one cannot hide behind a large one.
    let offset = 0;
    for (const [name, lengths] of Object.entries(convolutionalNetworkTensors(shape))) {
      const end = offset + lengths.reduce((product, length) => product * length, 1);
      const wanted = expected.subarray(offset, end);
      const difference = largest(gradient.subarray(offset, end).map((value, i) => value - wanted[i]!));
      expect({ name, error: difference / largest(wanted) }).toEqual({ name, error: expect.closeTo(0, 4) });
      offset = end;
    }
    expect(offset).toBe(network.coordinates);
    network.dispose();
  });

  test('the gradient is the one of finite differences in float64', () => {
    const { network, theta } = setUp(shape);
    const gradient = new Float32Array(network.coordinates);
    const loss = network.lossAndGradient(theta, gradient);
    const point = Float64Array.from(theta);
    const at = (k: number, value: number) => {
      const moved = point.slice();
      moved[k] = value;
      return networkLossInFloat64(shape, moved, network.images, network.labels);
    };
    expect(loss).toBeCloseTo(at(0, point[0]!), 5);
    // The first, middle and last coordinate of every tensor.
    const epsilon = 1e-6;
    let offset = 0;
    for (const lengths of Object.values(convolutionalNetworkTensors(shape))) {
      const size = lengths.reduce((product, length) => product * length, 1);
      for (const k of [offset, offset + (size >> 1), offset + size - 1]) {
        const slope = (at(k, point[k]! + epsilon) - at(k, point[k]! - epsilon)) / (2 * epsilon);
        expect(Math.abs(gradient[k]! - slope)).toBeLessThan(2e-6 + 2e-4 * Math.abs(slope));
      }
      offset += size;
    }
  });

  test('any number of threads gives the same bits, and a second call too', () => {
    const { network, theta } = setUp(shape);
    const gradient = new Float32Array(network.coordinates);
    const loss = network.lossAndGradient(theta, gradient);
    for (const threads of [1, 3]) {
      const other = threads === 1 ? network : setUp(shape, { threads }).network;
      const again = new Float32Array(network.coordinates);
      expect(other.lossAndGradient(theta, again)).toBe(loss);
      expect(again).toEqual(gradient);
      other.dispose();
    }
  });
});

test('a θ that is not finite gives a loss that is not, and leaves nothing behind', () => {
  const { network, theta } = setUp(shapes[0]!);
  const gradient = new Float32Array(network.coordinates);
  const loss = network.lossAndGradient(theta, gradient);
  const again = new Float32Array(network.coordinates);
  expect(network.lossAndGradient(theta.slice().fill(Number.NaN, 0, 1), again)).toBeNaN();
  expect(network.lossAndGradient(theta, again)).toBe(loss);
  expect(again).toEqual(gradient);
});

describe('refuses', () => {
  test.each([
    [{ filters: [16, 20] }, 'filters must be a multiple of 16, at least 16, got 20'],
    [{ filters: [] }, 'number of convolutions must be a multiple of 1, at least 1, got 0'],
    [{ height: 6 }, 'height must be a multiple of 4, at least 4, got 6'],
    [{ kernelSize: 2 }, 'kernelSize must be odd, got 2'],
    [{ batch: 1 }, 'batch must be a multiple of 1, at least 2, got 1'],
    [{ height: 256, width: 256 }, 'Use smaller images or fewer filters'],
  ])('%j', (change, message) => {
    expect(() => createConvolutionalNetworkKernel({ ...shapes[0]!, ...change })).toThrow(message);
  });

  test('a θ of another length', () => {
    const { network, theta } = setUp(shapes[0]!);
    expect(() => network.lossAndGradient(theta.subarray(1), theta)).toThrow(/must have \d+ elements, one a coordinate/);
  });
});
