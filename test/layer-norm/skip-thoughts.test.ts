import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { startTensorFlow } from '../../functions/numeric-backend.ts';
import { createSentenceTriples, padSentences } from '../../lib/layer-norm/models/sentence-triples.ts';
import {
  decodingLoss,
  encode,
  encodeSentences,
  initializeSkipThoughts,
  isEncoderTensor,
} from '../../lib/layer-norm/models/skip-thoughts.ts';
import { negativeLogLikelihoods, sampleWords } from '../../lib/layer-norm/models/softmax-cross-entropy.ts';
import { minibatchLoss } from '../../lib/layer-norm/models/train-skip-thoughts.ts';
import { splitDocuments } from '../../lib/layer-norm/models/training-text.ts';
import { buildVocabulary, numberWords, restoreVocabulary } from '../../lib/layer-norm/models/vocabulary.ts';
import { detectWasmBackend } from '../../lib/numerics/backend.ts';
import { checkGradient } from '../../lib/numerics/gradient-checking.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import type { NamedTensors } from '../../lib/numerics/safetensors.ts';
import { asTensors } from '../../lib/training/trainer.ts';
import { float64DecodingLoss } from './float64-skip-thoughts.ts';

// Tensors are made while tests are collected.
await startTensorFlow(detectWasmBackend());

const words = (text: string) => text.split(' ');

describe('the vocabulary', () => {
  const sentences = ['b a c', 'a b', 'a <unk> <eos>'].map(words);

  test('numbers the commonest words, behind the end of a sentence and the unknown word', () => {
    const vocabulary = buildVocabulary(sentences, 4);
    expect(vocabulary.words).toEqual(['<eos>', '<unk>', 'a', 'b']);
    expect([...numberWords(vocabulary, words('b zebra a'))]).toEqual([3, 1, 2, 0]);
    expect([...numberWords(vocabulary, [])]).toEqual([0]);
  });

  test('of equally common words takes the first by their characters, and fewer where there are no more', () => {
    expect(buildVocabulary([words('z y x')], 4).words).toEqual(['<eos>', '<unk>', 'x', 'y']);
    expect(buildVocabulary([words('z')], 100).words).toHaveLength(3);
  });

  test('a word that looks like a mark is unknown, not the mark', () => {
    const vocabulary = restoreVocabulary(buildVocabulary(sentences, 10).words);
    expect([...numberWords(vocabulary, words('<eos> a'))]).not.toContain(vocabulary.words.indexOf('a') + 1);
    expect(vocabulary.idOf('constructor')).toBe(1);
  });

  test('needs room for a word', () => {
    expect(() => buildVocabulary(sentences, 2)).toThrow('got a size of 2');
  });
});

describe('triples of sentences', () => {
  const documents = [
    ['a', 'b c', 'd', 'too many words here', 'e', 'f', 'g h'].map(words),
    ['i', 'j'].map(words),
    ['k', 'l', 'm'].map(words),
  ];
  const vocabulary = buildVocabulary(documents.flat(), 100);
  const triples = createSentenceTriples(documents, vocabulary, 3);

  test('are neighbours in one document, none too long', () => {
    // (a, b c, d), (e, f, g h), (k, l, m)
    expect(triples.count).toBe(3);
    const seen = new Set<string>();
    for (let draw = 0; draw < 50; draw++) {
      const { previous, current, next } = triples.drawMinibatch(randomStream(draw, 'draw'), 2);
      expect(current.mask.every((value) => value === 1)).toBe(true);
      for (let column = 0; column < 2; column++) {
        const text = [previous, current, next].map(({ ids, mask, batch, time }) =>
          Array.from({ length: time }, (_, step) => step * batch + column)
            .filter((place) => mask[place] === 1)
            .map((place) => vocabulary.words[ids[place]!])
            .join(' '),
        );
        seen.add(text.join(' | '));
      }
    }
    expect([...seen].sort()).toEqual([
      'a <eos> | b c <eos> | d <eos>',
      'e <eos> | f <eos> | g h <eos>',
      'k <eos> | l <eos> | m <eos>',
    ]);
  });

  test('the same stream draws the same minibatch', () => {
    const draw = () => triples.drawMinibatch(randomStream(3, 'minibatch', 8), 4);
    expect(draw()).toEqual(draw());
  });

  test('are padded behind their ends', () => {
    expect(padSentences([Int32Array.of(5, 6, 0), Int32Array.of(7, 0)])).toEqual({
      ids: Int32Array.of(5, 7, 6, 0, 0, 0),
      mask: Float32Array.of(1, 1, 1, 1, 1, 0),
      time: 3,
      batch: 2,
    });
  });

  test('none at all is refused', () => {
    expect(() => createSentenceTriples([documents[1]!], vocabulary, 3)).toThrow(
      'No three sentences of at most 3 words follow each other in 1 documents',
    );
  });

  test('whole documents are held out of many, the ends of few', () => {
    const many = Array.from({ length: 41 }, (_, index) => [[String(index)]]);
    expect(splitDocuments(many).heldOut).toEqual([[['19']], [['39']]]);
    const book = Array.from({ length: 100 }, (_, index) => [String(index)]);
    const { training, heldOut } = splitDocuments([book]);
    expect(training[0]).toHaveLength(95);
    expect([...training[0]!, ...heldOut[0]!]).toEqual(book);
  });
});

describe('the softmax over a vocabulary', () => {
  const random = randomStream(4, 'softmax');
  const [rows, units, vocabulary] = [5, 3, 7];
  const normal = (...shape: number[]) => {
    const data = new Float32Array(shape.reduce((product, size) => product * size));
    random.fillNormal(data, 1);
    return tf.tensor(data, shape);
  };
  const hidden = normal(rows, units) as tf.Tensor2D;
  const output = { outputKernel: normal(vocabulary, units), outputBias: normal(vocabulary, 1) };
  const targets = Int32Array.of(6, 0, 2, 2, 5);

  const scoresOf = (row: number) => {
    const [h, w, b] = [hidden, output.outputKernel, output.outputBias].map((tensor) => tensor.dataSync());
    return Array.from({ length: vocabulary }, (_, word) => {
      let score = b![word]!;
      for (let unit = 0; unit < units; unit++) score += h![row * units + unit]! * w![word * units + unit]!;
      return score;
    });
  };

  test('is −log of the target’s share', () => {
    const losses = negativeLogLikelihoods(hidden, targets, output).dataSync();
    for (let row = 0; row < rows; row++) {
      const scores = scoresOf(row);
      const sum = scores.reduce((total, score) => total + Math.exp(score), 0);
      expect(losses[row]).toBeCloseTo(Math.log(sum) - scores[targets[row]!]!, 5);
    }
  });

  test('a sample that expects every word once, and has it, gives the whole softmax: a target is scored once', () => {
    const sample = { ids: Int32Array.from({ length: vocabulary }, (_, id) => id), logExpectedCount: () => 0 };
    const sampled = negativeLogLikelihoods(hidden, targets, output, sample).dataSync();
    const whole = negativeLogLikelihoods(hidden, targets, output).dataSync();
    for (let row = 0; row < rows; row++) expect(sampled[row]).toBeCloseTo(whole[row]!, 5);
  });

  test('over many samples the sampled sum of the others is the whole one', () => {
    // E[Σ exp(sₖ − log expected)] = Σ exp(sₖ): compare exp(loss) − 1 = Σ over others / target's.
    const draws = 400;
    const mean = new Float64Array(rows);
    for (let draw = 0; draw < draws; draw++) {
      const sample = sampleWords(randomStream(draw, 'sample'), 20, vocabulary);
      const losses = tf.tidy(() => negativeLogLikelihoods(hidden, targets, output, sample)).dataSync();
      for (let row = 0; row < rows; row++) {
        // The target's own score carries its correction, which is undone here.
        mean[row]! += Math.expm1(losses[row]!) / Math.exp(sample.logExpectedCount(targets[row]!)) / draws;
      }
    }
    const whole = negativeLogLikelihoods(hidden, targets, output).dataSync();
    for (let row = 0; row < rows; row++) {
      expect(Math.abs(mean[row]! / Math.expm1(whole[row]!) - 1)).toBeLessThan(0.15);
    }
  });

  test('words are sampled as often as is said, and all are in range', () => {
    const sample = sampleWords(randomStream(9, 'sample'), 20_000, 50);
    expect(Math.min(...sample.ids)).toBe(0);
    expect(Math.max(...sample.ids)).toBe(49);
    for (const id of [0, 1, 7, 49]) {
      const count = sample.ids.filter((other) => other === id).length;
      const expected = Math.exp(sample.logExpectedCount(id));
      expect(Math.abs(count - expected)).toBeLessThan(4 * Math.sqrt(expected));
    }
  });
});

describe.each(['none', 'layer'] as const)('skip-thoughts with normalization %s', (normalization) => {
  const settings = { wordUnits: 3, units: 4, normalization };
  const vocabulary = 6;
  const parameters = initializeSkipThoughts(settings, vocabulary, 5);
  // Larger than a training begins with, so that every part of the gradient shows, and gains and biases that differ.
  const random = randomStream(6, 'parameters');
  for (const { data } of Object.values(parameters)) {
    for (let index = 0; index < data.length; index++) data[index] = data[index]! + 0.4 * random.normal();
  }
  const minibatch = {
    previous: padSentences([Int32Array.of(4, 0), Int32Array.of(2, 3, 5, 0)]),
    current: padSentences([Int32Array.of(3, 2, 0), Int32Array.of(5, 1, 0)]),
    next: padSentences([Int32Array.of(1, 1, 0), Int32Array.of(0)]),
  };

  test('the loss counts every word and end of both neighbours, and agrees with float64', () => {
    const { total, words: count } = decodingLoss(asTensors(parameters), minibatch, settings);
    expect(count).toBe(2 + 4 + 3 + 1);
    expect(total.dataSync()[0]).toBeCloseTo(float64DecodingLoss(parameters, minibatch, normalization), 4);
  });

  test('its gradient agrees with finite differences in float64', () => {
    const names = Object.keys(parameters);
    const { grads } = tf.valueAndGrads((...values: tf.Tensor[]) => {
      const named = Object.fromEntries(names.map((name, index) => [name, values[index]!]));
      return decodingLoss(named, minibatch, settings).total;
    })(Object.values(asTensors(parameters)));
    for (const [index, name] of names.entries()) {
      const { shape, data } = parameters[name]!;
      const loss = (x: Float64Array) =>
        float64DecodingLoss({ ...parameters, [name]: { shape, data: x } }, minibatch, normalization);
      expect([name, checkGradient(loss, data, grads[index]!.dataSync()).error]).toEqual([name, expect.closeTo(0, 4)]);
    }
  });

  test('a padded sentence has the vector that it has by itself', () => {
    const tensors = asTensors(parameters);
    const sentences = [Int32Array.of(3, 2, 4, 1, 0), Int32Array.of(5, 0), Int32Array.of(0)];
    const together = encode(tensors, padSentences(sentences), settings).arraySync();
    for (const [index, sentence] of sentences.entries()) {
      const [alone] = encode(tensors, padSentences([sentence]), settings).arraySync();
      for (const [unit, value] of alone!.entries()) expect(together[index]![unit]).toBeCloseTo(value, 5);
    }
  });

  test('vectors have length 1, the order of their sentences, and leave no tensor behind', async () => {
    const sentences = [Int32Array.of(3, 2, 4, 1, 0), Int32Array.of(0), Int32Array.of(5, 0)];
    const before = tf.memory().numTensors;
    const vectors = await encodeSentences(parameters, sentences, settings, async () => {});
    expect(tf.memory().numTensors).toBe(before);
    for (const [index, sentence] of sentences.entries()) {
      const own = vectors.subarray(4 * index, 4 * index + 4);
      const expected = encode(asTensors(parameters), padSentences([sentence]), settings).dataSync();
      expect(Math.hypot(...own)).toBeCloseTo(1, 5);
      for (let unit = 0; unit < 4; unit++) {
        expect(own[unit]).toBeCloseTo(expected[unit]! / Math.hypot(...expected), 5);
      }
    }
    // Only the encoder is asked for.
    const encoder = Object.fromEntries(Object.entries(parameters).filter(([name]) => isEncoderTensor(name)));
    expect(await encodeSentences(encoder, sentences, settings, async () => {})).toEqual(vectors);
  });

  test('both models of a seed start from the same weights, and see the same minibatches', () => {
    const other = initializeSkipThoughts(
      { ...settings, normalization: normalization === 'none' ? 'layer' : 'none' },
      vocabulary,
      5,
    );
    const fresh: NamedTensors = initializeSkipThoughts(settings, vocabulary, 5);
    for (const name of ['words', 'encoder/inputKernel', 'next/recurrentKernel', 'outputKernel']) {
      expect(other[name]).toEqual(fresh[name]);
    }
    const documents = [['a b', 'c', 'd e', 'f', 'g h'].map(words)];
    const known = buildVocabulary(documents.flat(), vocabulary);
    const triples = createSentenceTriples(documents, known, 5);
    const loss = (seed: number, update: number) =>
      minibatchLoss(
        asTensors(parameters),
        { seed, model: settings, batchSize: 2, sampledWords: 3 },
        triples,
        vocabulary,
        update,
      ).dataSync()[0];
    expect(loss(1, 7)).toBe(loss(1, 7));
    expect(loss(1, 7)).not.toBe(loss(1, 8));
  });
});
