import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { startTensorFlow } from '../../functions/numeric-backend.ts';
import { buildVocabulary, encodeCaptions, vocabularySize } from '../../lib/layer-norm/models/caption-vocabulary.ts';
import {
  embedImages,
  embedSentences,
  initializeOrderEmbeddings,
  rankingLoss,
} from '../../lib/layer-norm/models/order-embeddings.ts';
import { drawMinibatches } from '../../lib/layer-norm/training/image-sentence-ranking.ts';
import { detectWasmBackend } from '../../lib/numerics/backend.ts';
import type { NamedTensors } from '../../lib/numerics/safetensors.ts';
import { asTensors } from '../../lib/training/trainer.ts';

beforeAll(() => startTensorFlow(detectWasmBackend()));

const captions = ['a red disc', 'a large red square at the left', 'a ring', 'two red discs'];
const vocabulary = buildVocabulary(captions, 1);

describe('captions', () => {
  test('words are numbered from 2, the most frequent first, and rare ones are left out', () => {
    expect([...vocabulary].slice(0, 3)).toEqual([
      ['a', 2],
      ['red', 3],
      ['disc', 4],
    ]);
    expect([...buildVocabulary(captions, 2).keys()]).toEqual(['a', 'red']);
    expect(vocabularySize(vocabulary)).toBe(2 + new Set(captions.join(' ').split(' ')).size);
  });

  test('are padded to the longest and its end, time first; only what lies behind an end is masked', () => {
    const { steps, count, ids, mask } = encodeCaptions(['a red disc', 'a nameless'], vocabulary);
    expect([steps, count]).toEqual([4, 2]);
    expect([...ids]).toEqual([2, 2, 3, 1, 4, 0, 0, 0]);
    expect([...mask]).toEqual([1, 1, 1, 1, 1, 1, 1, 0]);
  });
});

describe('minibatches', () => {
  const rows = 10;
  const pictures = {
    features: { rows, columns: 1, data: Float32Array.from({ length: rows }, (_, row) => row) },
    captions: Array.from({ length: 5 * rows }, (_, k) => `caption ${k}`),
  };

  test('give every picture at most once an epoch, with one of its own captions', () => {
    const minibatch = drawMinibatches(pictures, 3, 0);
    const drawn = [0, 1, 2].map(minibatch);
    const shown = drawn.flatMap(({ features }) => [...features]);
    expect(new Set(shown).size).toBe(9);
    for (const { features, captions } of drawn) {
      for (const [row, caption] of captions.entries()) {
        expect(Math.floor(Number(caption.split(' ')[1]) / 5)).toBe(features[row]);
      }
    }
    expect([...minibatch(3).features]).not.toEqual([...drawn[0]!.features]);
  });

  test('are a function of seed and update alone, in whatever order they are asked for', () => {
    const forwards = drawMinibatches(pictures, 3, 5);
    const backwards = drawMinibatches(pictures, 3, 5);
    const updates = [0, 1, 4, 8];
    const expected = new Map(updates.map((update) => [update, forwards(update)]));
    for (const update of updates.toReversed()) expect(backwards(update)).toEqual(expected.get(update));
    expect(drawMinibatches(pictures, 3, 6)(0)).not.toEqual(expected.get(0));
  });

  test('cannot be larger than the training set', () => {
    expect(() => drawMinibatches(pictures, 11, 0)).toThrow('takes as many different pictures, got 10');
  });
});

const sizes = { words: vocabularySize(vocabulary), imageFeatures: 6 };
const settings = { wordDimensions: 4, dimensions: 8 } as const;
const initialize = (similarity: 'order' | 'cosine', normalization: 'none' | 'layer') =>
  initializeOrderEmbeddings(3, { ...settings, similarity, normalization }, sizes);
const scaled = (parameters: NamedTensors, name: string, factor: number): NamedTensors => ({
  ...parameters,
  [name]: { ...parameters[name]!, data: (parameters[name]!.data as Float32Array).map((value) => factor * value) },
});

const sentencesOf = (
  parameters: NamedTensors,
  similarity: 'order' | 'cosine',
  normalization: 'none' | 'layer',
  texts = captions,
) =>
  tf.tidy(() => {
    const embedded = embedSentences(asTensors(parameters), encodeCaptions(texts, vocabulary), {
      similarity,
      normalization,
    });
    expect(embedded.shape).toEqual([texts.length, settings.dimensions]);
    return [...embedded.dataSync()];
  });

const largestDifference = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((value, index) => Math.abs(value - b[index]!)));

describe.each(['none', 'layer'] as const)('order-embeddings, normalization %s', (normalization) => {
  const parameters = initialize('order', normalization);

  test('have unit norm, and no signs where order counts', () => {
    const embedded = sentencesOf(parameters, 'order', normalization);
    for (let row = 0; row < captions.length; row++) {
      const norm = Math.hypot(...embedded.slice(8 * row, 8 * row + 8));
      expect(norm).toBeCloseTo(1, 5);
    }
    expect(Math.min(...embedded)).toBeGreaterThanOrEqual(0);
    expect(Math.min(...sentencesOf(parameters, 'cosine', normalization))).toBeLessThan(0);
  });

  test('a sentence’s vector does not depend on how far its neighbours make it be padded', () => {
    const together = sentencesOf(parameters, 'order', normalization);
    const alone = captions.flatMap((caption) => sentencesOf(parameters, 'order', normalization, [caption]));
    expect(largestDifference(together, alone)).toBeLessThan(1e-6);
  });

  test('only with layer normalization does the scale of the encoder’s weights not matter', () => {
    // Long word vectors, so that ε is nothing beside a variance.
    const long = scaled(parameters, 'wordVectors', 300);
    for (const kernel of ['inputKernel', 'recurrentKernel']) {
      const plain = sentencesOf(long, 'order', normalization);
      const changed = sentencesOf(scaled(long, `sentenceEncoder/${kernel}`, 8), 'order', normalization);
      if (normalization === 'layer') expect(largestDifference(plain, changed)).toBeLessThan(1e-3);
      else expect(largestDifference(plain, changed)).toBeGreaterThan(5e-2);
    }
  });

  test('images: only the direction of the mapped features counts', () => {
    const embed = (factor: number) =>
      tf.tidy(() => {
        const features = tf.mul(tf.tensor2d([[1, 2, 0, -1, 3, 0.5]]), factor) as tf.Tensor2D;
        return [...embedImages(asTensors(parameters), features, 'order').dataSync()];
      });
    expect(largestDifference(embed(1), embed(100))).toBeLessThan(1e-6);
    expect(Math.hypot(...embed(1))).toBeCloseTo(1, 5);
  });

  test('every parameter has a finite gradient, also for an image without any features', () => {
    const names = Object.keys(parameters);
    const gradients = tf.tidy(() => {
      const features = tf.concat([tf.zeros([1, 6]), tf.ones([1, 6]), tf.eye(2, 6)]) as tf.Tensor2D;
      const loss = (...values: tf.Tensor[]) =>
        rankingLoss(
          Object.fromEntries(names.map((name, index) => [name, values[index]!])),
          encodeCaptions(captions, vocabulary),
          features,
          { similarity: 'order', normalization },
          0.05,
        );
      const { grads } = tf.valueAndGrads(loss)(Object.values(asTensors(parameters)));
      return grads.map((gradient) => gradient.dataSync().slice());
    });
    for (const [index, gradient] of gradients.entries()) {
      expect(gradient.every(Number.isFinite), names[index]).toBe(true);
      if (names[index] !== 'sentenceEncoder/bias')
        expect(
          gradient.some((value) => value !== 0),
          names[index],
        ).toBe(true);
    }
  });
});
