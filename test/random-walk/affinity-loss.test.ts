import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-layers';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { affinityLossOnKernel } from '../../lib/kernels/affinity-loss.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import {
  clipNeighbourhood,
  createNeighbourhood,
  forEachPair,
  type Neighbourhood,
  type PixelGrid,
} from '../../lib/random-walk/neighbourhood.ts';
import * as reference from '../../lib/random-walk/reference/affinity.ts';
import { affinityLoss } from '../../lib/random-walk/walk.ts';

const images = 2;
const cases = [
  { height: 6, width: 9, neighbourhood: createNeighbourhood(2) },
  { height: 12, width: 13, neighbourhood: createNeighbourhood(5) },
  { height: 4, width: 11, neighbourhood: createNeighbourhood(3, 'square') },
  // Radii larger than the image, with and without the offsets that no two pixels are apart.
  { height: 3, width: 5, neighbourhood: createNeighbourhood(7) },
  { height: 5, width: 9, neighbourhood: clipNeighbourhood(createNeighbourhood(40), 5, 9) },
  { height: 9, width: 4, neighbourhood: clipNeighbourhood(createNeighbourhood(40, 'square'), 9, 4) },
  { height: 1, width: 9, neighbourhood: createNeighbourhood(3) },
  { height: 9, width: 1, neighbourhood: createNeighbourhood(3, 'square') },
  { height: 1, width: 1, neighbourhood: createNeighbourhood(1) },
] as const;

type Loss = (w: tf.Tensor4D, labels: tf.Tensor3D, neighbourhood: Neighbourhood, ignored: number) => tf.Scalar;
const onKernel =
  (build: 'wasm-relaxed' | 'wasm-plain'): Loss =>
  (w, labels, neighbourhood, ignored) =>
    affinityLossOnKernel(w, labels, neighbourhood, ignored, { build });
const contestants = [
  { name: 'kernel, wasm-relaxed', backend: 'cpu', loss: onKernel('wasm-relaxed') },
  { name: 'kernel, wasm-relaxed', backend: 'wasm', loss: onKernel('wasm-relaxed') },
  { name: 'kernel, wasm-plain', backend: 'wasm', loss: onKernel('wasm-plain') },
  {
    name: 'tensors',
    backend: 'wasm',
    loss: ((w, labels, neighbourhood, ignored) =>
      affinityLoss(w, labels, neighbourhood, ignored, 'tensors')) satisfies Loss,
  },
] as const;

/** Affinities, garbage where there is no pair, and labels of which a fifth say nothing. */
function draw(height: number, width: number, { offsets }: Neighbourhood) {
  const random = randomStream(5, 'affinity loss', height, width);
  const affinities = new Float32Array(images * height * width * offsets.length);
  random.fillUniform(affinities, 0, 1.5);
  const labels = Int32Array.from({ length: images * height * width }, () => Math.floor(5 * random.uniform()));
  return { affinities, labels: labels.map((label) => (label === 4 ? 255 : label)) };
}

/** Each image by the reference, which divides by its own pairs, put together as one mean over the pairs of both. */
function expectedOf(grid: PixelGrid, affinities: Float32Array, labels: Int32Array) {
  const pixels = grid.height * grid.width;
  const entries = pixels * grid.neighbourhood.offsets.length;
  const parts = Array.from({ length: images }, (_, image) => {
    const own = labels.subarray(image * pixels, (image + 1) * pixels);
    const w = affinities.subarray(image * entries, (image + 1) * entries);
    let pairs = 0;
    forEachPair(grid, (i, j) => {
      if (own[i] !== 255 && own[j] !== 255) pairs += 1;
    });
    return { pairs, ...reference.affinityLoss(grid, w, own) };
  });
  const all = Math.max(
    1,
    parts.reduce((sum, { pairs }) => sum + pairs, 0),
  );
  return {
    loss: parts.reduce((sum, { loss, pairs }) => sum + (loss * pairs) / all, 0),
    gradient: parts.flatMap(({ gradient, pairs }) => Array.from(gradient, (value) => (value * pairs) / all)),
  };
}

describe.each(cases)('$height × $width, radius $neighbourhood.radius', ({ height, width, neighbourhood }) => {
  const { affinities, labels } = draw(height, width, neighbourhood);
  const expected = expectedOf({ height, width, neighbourhood }, affinities, labels);

  test.each(contestants)('$name on the backend $backend: loss and gradient', async ({ backend, loss }) => {
    await tf.setBackend(backend);
    const tensors = tf.memory().numTensors;
    const [value, gradient] = tf.tidy(() => {
      const w = tf.tensor4d(affinities, [images, height, width, neighbourhood.offsets.length]);
      const known = tf.tensor3d(labels, [images, height, width], 'int32');
      // Twice the loss, so that the gradient above counts.
      const twice = (x: tf.Tensor) => tf.mul(loss(x as tf.Tensor4D, known, neighbourhood, 255), 2) as tf.Scalar;
      const result = tf.valueAndGrad(twice)(w);
      return [result.value.dataSync()[0]!, result.grad.dataSync()] as const;
    });
    expect(tf.memory().numTensors).toBe(tensors);
    expect(value / 2).toBeCloseTo(expected.loss, 6);
    const largest = Math.max(1e-9, ...expected.gradient.map(Math.abs));
    const farthest = expected.gradient.reduce(
      (most, g, place) => Math.max(most, Math.abs(gradient[place]! / 2 - g)),
      0,
    );
    expect(farthest / largest).toBeLessThan(1e-6);
  });
});

test.each(['kernel', 'tensors'] as const)('%s: 0, with a gradient of 0, where no pair is known', async (compute) => {
  await tf.setBackend('cpu');
  const neighbourhood = createNeighbourhood(1);
  const labels = tf.fill([1, 2, 3], 7, 'int32') as tf.Tensor3D;
  const loss = (w: tf.Tensor) => affinityLoss(w as tf.Tensor4D, labels, neighbourhood, 7, compute);
  const { value, grad } = tf.valueAndGrad(loss)(tf.ones([1, 2, 3, 2]));
  expect(value.dataSync()[0]).toBe(0);
  expect(grad.dataSync().every((g) => g === 0)).toBe(true);
});

test('refuses affinities of other pixels than the labels’, and gradients of gradients on the kernel', async () => {
  await tf.setBackend('cpu');
  const neighbourhood = createNeighbourhood(1);
  const labels = tf.zeros([1, 2, 3], 'int32') as tf.Tensor3D;
  expect(() => affinityLoss(tf.ones([1, 3, 2, 2]), labels, neighbourhood)).toThrow(
    'labels [1,2,3] must be [1,2,3,2], got [1,3,2,2]',
  );
  const loss = (w: tf.Tensor) => affinityLoss(w as tf.Tensor4D, labels, neighbourhood, 255, 'kernel');
  expect(() => tf.grad((w) => tf.sum(tf.grad(loss)(w)))(tf.ones([1, 2, 3, 2]))).toThrow('differentiable once');
});
