import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
// Registers the gradients of all operations, which tfjs-core alone does not.
import '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { createMultilayerPerceptron, type MultilayerPerceptronShape } from '../../lib/kernels/multilayer-perceptron.ts';
import { createMultilayerPerceptronReference } from '../../lib/kernels/multilayer-perceptron-reference.ts';
import { randomStream } from '../../lib/numerics/random.ts';

const shapes: readonly MultilayerPerceptronShape[] = [
  { inputs: 48, hidden: [20], classes: 10, activation: 'sigmoid', batch: 16 },
  // Widths that are no multiple of 4 or 20, and layers above the first.
  { inputs: 32, hidden: [5, 23], classes: 10, activation: 'sigmoid', batch: 3 },
  { inputs: 32, hidden: [40, 6], classes: 7, activation: 'relu', batch: 9 },
];

function setUp(shape: MultilayerPerceptronShape, relaxed: boolean) {
  const random = randomStream(11, 'perceptron');
  const perceptron = createMultilayerPerceptron(shape, { relaxed });
  const { images, labels, coordinates } = perceptron;
  for (let i = 0; i < images.length; i++) images[i] = random.uniform() < 0.5 ? 0 : random.uniformInteger(256);
  for (let i = 0; i < labels.length; i++) labels[i] = random.uniformInteger(shape.classes);
  const theta = new Float32Array(coordinates);
  random.fillNormal(theta, 0.5);
  return { perceptron, theta };
}

/** The equations once more in float64, for finite differences. */
function lossInFloat64(shape: MultilayerPerceptronShape, theta: Float64Array, images: Uint8Array, labels: Uint8Array) {
  const sizes = [shape.inputs, ...shape.hidden, shape.classes];
  let total = 0;
  for (let example = 0; example < shape.batch; example++) {
    let a = Array.from(images.subarray(example * shape.inputs, (example + 1) * shape.inputs), (pixel) => pixel / 255);
    let offset = 0;
    for (const [layer, outputs] of sizes.slice(1).entries()) {
      const bias = offset + a.length * outputs;
      const z = Array.from({ length: outputs }, (_, k) =>
        a.reduce((sum, value, j) => sum + value * theta[offset + j * outputs + k]!, theta[bias + k]!),
      );
      offset = bias + outputs;
      if (layer === shape.hidden.length) a = z;
      else a = z.map((value) => (shape.activation === 'sigmoid' ? 1 / (1 + Math.exp(-value)) : Math.max(0, value)));
    }
    const largest = Math.max(...a);
    total += Math.log(a.reduce((sum, z) => sum + Math.exp(z - largest), 0)) + largest - a[labels[example]!]!;
  }
  return total / shape.batch;
}

describe.each(shapes)('$inputs-$hidden-$classes $activation', (shape) => {
  test.each([true, false])('the kernel (relaxed: %s) agrees with TensorFlow.js', (relaxed) => {
    const { perceptron, theta } = setUp(shape, relaxed);
    const gradient = new Float32Array(perceptron.coordinates);
    const loss = perceptron.lossAndGradient(theta, gradient);
    const reference = createMultilayerPerceptronReference(shape);
    reference.images.set(perceptron.images);
    reference.labels.set(perceptron.labels);
    const expected = new Float32Array(reference.coordinates);
    const tensors = tf.memory().numTensors;
    expect(loss).toBeCloseTo(reference.lossAndGradient(theta, expected), 5);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(reference.coordinates).toBe(perceptron.coordinates);
    const difference = Math.max(...expected.map((value, i) => Math.abs(value - gradient[i]!)));
    expect(difference).toBeLessThan(1e-6);
    // The second call must not see anything of the first.
    const again = new Float32Array(perceptron.coordinates);
    expect(perceptron.lossAndGradient(theta, again)).toBe(loss);
    expect(again).toEqual(gradient);
  });

  test('the gradient is the one of finite differences in float64', () => {
    const { perceptron, theta } = setUp(shape, true);
    const gradient = new Float32Array(perceptron.coordinates);
    perceptron.lossAndGradient(theta, gradient);
    const point = Float64Array.from(theta);
    const epsilon = 1e-6;
    for (let k = 0; k < point.length; k += 13) {
      const at = (value: number) => {
        const moved = point.slice();
        moved[k] = value;
        return lossInFloat64(shape, moved, perceptron.images, perceptron.labels);
      };
      const slope = (at(point[k]! + epsilon) - at(point[k]! - epsilon)) / (2 * epsilon);
      expect(Math.abs(gradient[k]! - slope)).toBeLessThan(2e-6 + 1e-4 * Math.abs(slope));
    }
  });
});

test('large logits neither overflow nor lose the loss', () => {
  const { perceptron, theta } = setUp(shapes[0]!, true);
  const gradient = new Float32Array(perceptron.coordinates);
  const loss = perceptron.lossAndGradient(
    theta.map((value) => value * 500),
    gradient,
  );
  expect(loss).toBeGreaterThan(100);
  expect(gradient.every(Number.isFinite)).toBe(true);
  expect(perceptron.lossAndGradient(theta.fill(Number.NaN), gradient)).toBeNaN();
});

test('an image whose size the kernel cannot read is refused', () => {
  const shape = { ...shapes[0]!, inputs: 50 };
  expect(() => createMultilayerPerceptron(shape, { relaxed: true })).toThrow('a multiple of 16 pixels, got 50');
});
