import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-layers';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { softmaxCrossEntropyOnKernel } from '../../lib/kernels/softmax-cross-entropy.ts';
import { checkGradient } from '../../lib/numerics/gradient-checking.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import { segmentationLoss } from '../../lib/random-walk/back-ends/segmentation-loss.ts';

const pixels = 9;

/** Σ over pixels with a label of −log softmax(f)[label], by their number. */
function lossInFloat64(scores: ArrayLike<number>, labels: Int32Array, classes: number): number {
  let [sum, count] = [0, 0];
  for (const [pixel, label] of labels.entries()) {
    if (label < 0) continue;
    const values = Array.from({ length: classes }, (_, place) => scores[pixel * classes + place]!);
    const most = Math.max(...values);
    const total = values.reduce((all, value) => all + Math.exp(value - most), 0);
    sum += Math.log(total) + most - values[label]!;
    count += 1;
  }
  return sum / Math.max(1, count);
}

function draw(classes: number, scale: number) {
  const random = randomStream(4, 'softmax cross entropy', classes);
  const scores = new Float32Array(pixels * classes);
  random.fillNormal(scores, scale);
  const labels = Int32Array.from({ length: pixels }, (_, pixel) =>
    pixel % 4 === 3 ? -1 : Math.floor(classes * random.uniform()),
  );
  return { scores, labels };
}

const contestants = [
  { name: 'kernel, wasm-relaxed', backend: 'cpu', build: 'wasm-relaxed' },
  { name: 'kernel, wasm-relaxed', backend: 'wasm', build: 'wasm-relaxed' },
  { name: 'kernel, wasm-plain', backend: 'wasm', build: 'wasm-plain' },
  { name: 'values', backend: 'wasm', build: undefined },
] as const;

describe.each(contestants)('$name on the backend $backend', ({ backend, build }) => {
  const lossOf = (labels: Int32Array) => (x: tf.Tensor) =>
    build
      ? softmaxCrossEntropyOnKernel(x, labels, { build })
      : segmentationLoss(
          x,
          Uint8Array.from(labels, (label) => (label < 0 ? 255 : label)),
          'tensors',
        );

  test.each([1, 2, 3, 4, 5, 11, 21, 32])('%i classes: the loss, and its gradient, of float64', async (classes) => {
    await tf.setBackend(backend);
    const tensors = tf.memory().numTensors;
    const { scores, labels } = draw(classes, 2);
    const [value, gradient] = tf.tidy(() => {
      // Three times the loss, so that the gradient above counts.
      const { value, grad } = tf.valueAndGrad((x: tf.Tensor) => tf.mul(lossOf(labels)(x), 3) as tf.Scalar)(
        tf.tensor2d(scores, [pixels, classes]),
      );
      return [value.dataSync()[0]!, grad.dataSync()] as const;
    });
    expect(tf.memory().numTensors).toBe(tensors);
    expect(value / 3).toBeCloseTo(lossInFloat64(scores, labels, classes), 5);
    const check = checkGradient((x) => 3 * lossInFloat64(x, labels, classes), scores, gradient);
    expect(check.error).toBeLessThan(2e-6);
    expect([...gradient.subarray(3 * classes, 4 * classes)]).toEqual(new Array(classes).fill(0));
  });

  test('scores far apart stay finite, and no label is a loss of 0', async () => {
    await tf.setBackend(backend);
    const { scores, labels } = draw(11, 1000);
    const loss = lossOf(labels)(tf.tensor2d(scores, [pixels, 11])).dataSync()[0]!;
    expect(loss / lossInFloat64(scores, labels, 11)).toBeCloseTo(1, 6);
    const none = tf.valueAndGrad(lossOf(new Int32Array(pixels).fill(-1)))(tf.tensor2d(scores, [pixels, 11]));
    expect(none.value.dataSync()[0]).toBe(0);
    expect(none.grad.dataSync().every((value) => value === 0)).toBe(true);
  });
});
