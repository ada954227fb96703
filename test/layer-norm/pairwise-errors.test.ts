import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { contrastiveLoss, negativeCosines, orderViolations } from '../../lib/layer-norm/models/pairwise-errors.ts';
import { errorsOfPairs } from '../../lib/layer-norm/models/retrieval.ts';
import { checkGradient } from '../../lib/numerics/gradient-checking.ts';
import { randomStream } from '../../lib/numerics/random.ts';

beforeAll(() => tf.setBackend('cpu'));

const [batch, dimensions] = [5, 3];
const random = randomStream(0, 'pairs');
const sentences = Float32Array.from({ length: batch * dimensions }, () => random.uniform());
const images = Float32Array.from({ length: batch * dimensions }, () => random.uniform());
const both = Float64Array.of(...sentences, ...images);

/** The loss as Vendrov et al. write it: for every pair, every contrastive image and every contrastive sentence. */
function bruteForceLoss(x: ArrayLike<number>, similarity: 'order' | 'cosine', margin: number): number {
  const error = (sentence: number, image: number) => {
    let sum = 0;
    for (let d = 0; d < dimensions; d++) {
      const s = x[sentence * dimensions + d]!;
      const m = x[(batch + image) * dimensions + d]!;
      sum += similarity === 'order' ? Math.max(0, s - m) ** 2 : -s * m;
    }
    return sum;
  };
  let loss = 0;
  for (let pair = 0; pair < batch; pair++) {
    for (let other = 0; other < batch; other++) {
      if (other === pair) continue;
      loss += Math.max(0, margin + error(pair, pair) - error(pair, other));
      loss += Math.max(0, margin + error(pair, pair) - error(other, pair));
    }
  }
  return loss;
}

const asPairs = (x: ArrayLike<number>) => {
  const all = Float32Array.from(x);
  const shape: [number, number] = [batch, dimensions];
  return [
    tf.tensor2d(all.slice(0, batch * dimensions), shape),
    tf.tensor2d(all.slice(batch * dimensions), shape),
  ] as const;
};

describe.each([
  ['order', orderViolations],
  ['cosine', negativeCosines],
] as const)('%s', (similarity, errorsOf) => {
  test('errors are those of the plain arithmetic that is evaluated with', () => {
    const errors = tf.tidy(() => errorsOf(...asPairs(both)).dataSync());
    const embeddings = (data: Float32Array) => ({ data, count: batch, dimensions });
    const expected = errorsOfPairs(embeddings(sentences), embeddings(images), similarity);
    for (const [pair, error] of errors.entries()) expect(error).toBeCloseTo(expected[pair]!, 5);
  });

  // A margin at which some terms are on and some off, and one at which all are on.
  test.each([0.05, 10])('the loss with a margin of %d and its gradient are those of the double loop', (margin) => {
    const gradients = tf.tidy(() => {
      const loss = (s: tf.Tensor, m: tf.Tensor) =>
        contrastiveLoss(errorsOf(s as tf.Tensor2D, m as tf.Tensor2D), margin) as tf.Tensor;
      const { value, grads } = tf.valueAndGrads(loss)([...asPairs(both)]);
      expect(value.dataSync()[0]).toBeCloseTo(bruteForceLoss(both, similarity, margin), 3);
      return grads.flatMap((gradient) => [...gradient.dataSync()]);
    });
    const { error } = checkGradient((x) => bruteForceLoss(x, similarity, margin), both, gradients, 1e-6);
    expect(error).toBeLessThan(1e-5);
  });
});

test('another number of sentences than of images has errors too, and no loss', () => {
  tf.tidy(() => {
    const errors = orderViolations(tf.ones([3, 2]), tf.zeros([4, 2]));
    expect(errors.shape).toEqual([3, 4]);
    expect([...errors.dataSync()]).toEqual(Array(12).fill(2));
    expect(() => contrastiveLoss(errors, 0.1)).toThrow('got 3 × 4');
    expect(() => orderViolations(tf.ones([3, 2]), tf.ones([3, 5]))).toThrow('got 2 and 5');
  });
});

test('images that have all of their sentences have no error, and the loss is the margin of every other pair', () => {
  tf.tidy(() => {
    const loss = contrastiveLoss(orderViolations(tf.zeros([4, 3]), tf.ones([4, 3])), 0.5);
    expect(loss.dataSync()[0]).toBe(2 * 4 * 3 * 0.5);
  });
});

test('no tensor is left behind', () => {
  const before = tf.memory().numTensors;
  const [s, m] = asPairs(both);
  tf.dispose(tf.grads((a, b) => contrastiveLoss(orderViolations(a as tf.Tensor2D, b as tf.Tensor2D), 1))([s, m]));
  tf.dispose([s, m]);
  expect(tf.memory().numTensors).toBe(before);
});
