import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
// Registers the gradients of all operations, which tfjs-core on its own does not do in Node.
import '@tensorflow/tfjs-layers';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { pixelAffinitiesOnKernel, walkStepOnKernel } from '../../lib/kernels/random-walk.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import { createNeighbourhood, type NeighbourhoodShape } from '../../lib/random-walk/neighbourhood.ts';
import * as reference from '../../lib/random-walk/reference/affinity.ts';
import * as referenceWalk from '../../lib/random-walk/reference/walk.ts';
import { pixelAffinities, walkStep } from '../../lib/random-walk/walk.ts';

interface Case {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly classes: number;
  readonly radius: number;
  readonly shape: NeighbourhoodShape;
}

const cases: readonly Case[] = [
  { height: 6, width: 9, channels: 3, classes: 21, radius: 2, shape: 'disc' },
  { height: 13, width: 14, channels: 5, classes: 4, radius: 5, shape: 'disc' },
  // Every number of vectors, and every number of lanes in the last.
  { height: 3, width: 8, channels: 1, classes: 1, radius: 1, shape: 'disc' },
  { height: 5, width: 12, channels: 8, classes: 6, radius: 3, shape: 'square' },
  { height: 4, width: 11, channels: 11, classes: 11, radius: 2, shape: 'square' },
  { height: 4, width: 7, channels: 2, classes: 16, radius: 2, shape: 'disc' },
  { height: 4, width: 7, channels: 2, classes: 20, radius: 2, shape: 'disc' },
  { height: 3, width: 6, channels: 6, classes: 43, radius: 1, shape: 'square' },
  // A radius larger than the image, and images of one row, one column and one pixel.
  { height: 3, width: 4, channels: 131, classes: 5, radius: 7, shape: 'disc' },
  { height: 1, width: 9, channels: 3, classes: 3, radius: 3, shape: 'disc' },
  { height: 9, width: 1, channels: 3, classes: 3, radius: 3, shape: 'square' },
  { height: 1, width: 1, channels: 3, classes: 2, radius: 2, shape: 'disc' },
];
const images = 2;

function normal(name: string, length: number): Float32Array {
  const values = new Float32Array(length);
  randomStream(11, name).fillNormal(values, 1);
  return values;
}

const largest = (values: ArrayLike<number>) =>
  Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
/** The largest difference, as a share of the largest value where that is above 1. */
const error = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  expect(a.length).toBe(b.length);
  return largest(Array.from(a, (value, index) => value - b[index]!)) / Math.max(1, largest(b));
};

function dataOf({ height, width, channels, classes, radius, shape }: Case) {
  const neighbourhood = createNeighbourhood(radius, shape);
  const pixels = height * width;
  const features = normal('features', images * pixels * channels);
  // A constant patch: differences of zero, where |x| has a kink.
  features.fill(0.25, 0, 2 * channels);
  return {
    neighbourhood,
    features,
    weights: normal('weights', channels).map((value) => value / channels),
    f: normal('f', images * pixels * classes),
    gradient: normal('gradient', images * pixels * classes),
  };
}

/** Everything by the reference, an image after the other. */
function expectedOf(shape: Case) {
  const { neighbourhood, features, weights, f, gradient } = dataOf(shape);
  const { height, width, channels, classes } = shape;
  const grid = { height, width, neighbourhood };
  const byImage = Array.from({ length: images }, (_, image) => {
    const part = (values: Float32Array, columns: number) =>
      values.subarray(image * height * width * columns, (image + 1) * height * width * columns);
    const [phi, values, g] = [part(features, channels), part(f, classes), part(gradient, classes)];
    const affinities = reference.pixelAffinities(grid, phi, weights);
    const walk = referenceWalk.walkStepBackward(grid, affinities, values, classes, g);
    const back = reference.pixelAffinitiesBackward(grid, phi, weights, affinities, walk.affinities);
    return { affinities, y: referenceWalk.walkStep(grid, affinities, values, classes), walk, back };
  });
  const join = (pick: (image: (typeof byImage)[number]) => Float64Array) =>
    byImage.flatMap((image) => [...pick(image)]);
  return {
    affinities: join(({ affinities }) => affinities),
    y: join(({ y }) => y),
    f: join(({ walk }) => walk.f),
    features: join(({ back }) => back.features),
    weights: Array.from(weights, (_, k) => byImage.reduce((sum, { back }) => sum + back.weights[k]!, 0)),
  };
}

interface Operations {
  affinities(features: tf.Tensor4D, weights: tf.Tensor1D): tf.Tensor4D;
  step(f: tf.Tensor4D, affinities: tf.Tensor4D): tf.Tensor4D;
}

/** The same by tensors: values, and the gradients of Σ ŷ ⊙ gradient through the step and the affinities. */
function computedOf(shape: Case, operationsOf: (neighbourhood: ReturnType<typeof createNeighbourhood>) => Operations) {
  const { neighbourhood, features, weights, f, gradient } = dataOf(shape);
  const { height, width, channels, classes } = shape;
  const operations = operationsOf(neighbourhood);
  return tf.tidy(() => {
    const phi = tf.tensor4d(features, [images, height, width, channels]);
    const theta = tf.tensor1d(weights);
    const values = tf.tensor4d(f, [images, height, width, classes]);
    const both = (x: tf.Tensor, w: tf.Tensor, v: tf.Tensor) =>
      operations.step(v as tf.Tensor4D, operations.affinities(x as tf.Tensor4D, w as tf.Tensor1D));
    const { value, grads } = tf.valueAndGrads(both as (...x: tf.Tensor[]) => tf.Tensor)(
      [phi, theta, values],
      tf.tensor4d(gradient, [images, height, width, classes]),
    );
    return {
      affinities: operations.affinities(phi, theta).dataSync(),
      y: value.dataSync(),
      features: grads[0]!.dataSync(),
      weights: grads[1]!.dataSync(),
      f: grads[2]!.dataSync(),
    };
  });
}

const onKernel =
  (build: 'wasm-relaxed' | 'wasm-plain') =>
  (neighbourhood: ReturnType<typeof createNeighbourhood>): Operations => ({
    affinities: (features, weights) => pixelAffinitiesOnKernel(features, weights, neighbourhood, { build }),
    step: (f, affinities) => walkStepOnKernel(f, affinities, neighbourhood, { build }),
  });
const onTensors = (neighbourhood: ReturnType<typeof createNeighbourhood>): Operations => ({
  affinities: (features, weights) => pixelAffinities(features, weights, { neighbourhood, compute: 'tensors' }),
  step: (f, affinities) => walkStep(f, affinities, { neighbourhood, compute: 'tensors' }),
});
const contestants = [
  { name: 'kernel, wasm-relaxed', backend: 'cpu', operations: onKernel('wasm-relaxed') },
  { name: 'kernel, wasm-plain', backend: 'cpu', operations: onKernel('wasm-plain') },
  { name: 'kernel, wasm-relaxed', backend: 'wasm', operations: onKernel('wasm-relaxed') },
  { name: 'kernel, wasm-plain', backend: 'wasm', operations: onKernel('wasm-plain') },
  { name: 'tensors', backend: 'wasm', operations: onTensors },
];

describe.each(cases)('$height × $width × $channels, $classes classes, $shape of $radius', (shape) => {
  const expected = expectedOf(shape);
  test.each(contestants)('$name on the backend $backend: values and gradients', async ({ backend, operations }) => {
    await tf.setBackend(backend);
    const tensors = tf.memory().numTensors;
    const computed = computedOf(shape, operations);
    expect(tf.memory().numTensors).toBe(tensors);
    for (const name of ['affinities', 'y', 'f', 'features', 'weights'] as const) {
      expect.soft(error(computed[name], expected[name]), name).toBeLessThan(4e-6);
    }
  });
});

test('a NaN reaches its neighbours, nobody else; nor does what lies behind the values', async () => {
  await tf.setBackend('wasm');
  const neighbourhood = createNeighbourhood(1);
  const affinities = tf.fill([1, 3, 8, 2], 0.5) as tf.Tensor4D;
  const f = new Float32Array(3 * 8 * 5).fill(1);
  f[(1 * 8 + 4) * 5 + 4] = Number.NaN;
  const y = walkStepOnKernel(tf.tensor4d(f, [1, 3, 8, 5]), affinities, neighbourhood).dataSync();
  const places = [...y.keys()].filter((index) => Number.isNaN(y[index]!)).map((index) => (index - 4) / 5);
  expect(places).toEqual([4, 11, 12, 13, 20]);
});

test('rows of A sum to one at radius 40', async () => {
  await tf.setBackend('wasm');
  const neighbourhood = createNeighbourhood(40);
  const w = pixelAffinities(tf.randomUniform([1, 41, 41, 3], 0, 1, 'float32', 5), tf.tensor1d([-1, -2, -0.5]), {
    neighbourhood,
  });
  const sums = walkStep(tf.ones([1, 41, 41, 1]), w, { neighbourhood }).dataSync();
  expect(largest(sums.map((sum) => sum - 1))).toBeLessThan(1e-5);
});

test('refuses shapes that do not match, and gradients of gradients on the kernel', async () => {
  await tf.setBackend('cpu');
  const neighbourhood = createNeighbourhood(1);
  const f = tf.ones([1, 3, 4, 2]) as tf.Tensor4D;
  expect(() => pixelAffinities(f, tf.ones([3]) as tf.Tensor1D, { neighbourhood })).toThrow(
    'with a weight for each channel, got [1,3,4,2] and [3]',
  );
  expect(() => walkStep(f, tf.ones([1, 3, 4, 3]) as tf.Tensor4D, { neighbourhood })).toThrow(
    'the affinities of its pixels [1,3,4,2], got [1,3,4,2] and [1,3,4,3]',
  );
  const step = (x: tf.Tensor) =>
    tf.sum(tf.square(walkStepOnKernel(x as tf.Tensor4D, tf.ones([1, 3, 4, 2]), neighbourhood)));
  expect(() => tf.grad((x) => tf.sum(tf.grad(step)(x)))(f)).toThrow('differentiable once');
});
