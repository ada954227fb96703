import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  initializeReader,
  minibatchLoss,
  negativeLogLikelihood,
  type ReaderNormalization,
  readQuestions,
} from '../../lib/layer-norm/models/attentive-reader.ts';
import { gatherStatistics, measureReader } from '../../lib/layer-norm/models/reader-evaluation.ts';
import { pad, type ReaderMinibatch } from '../../lib/layer-norm/models/reader-minibatch.ts';
import { checkGradient } from '../../lib/numerics/gradient-checking.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import type { NamedTensors } from '../../lib/numerics/safetensors.ts';
import { asTensors } from '../../lib/training/trainer.ts';
import { float64Loss } from './float64-reader.ts';

beforeAll(() => tf.setBackend('cpu'));

const shape = { entities: 3, words: 4, embeddingSize: 2, units: 3 };
const kinds: readonly [string, ReaderNormalization][] = [
  ['no normalization', { kind: 'none' }],
  ['layer normalization', { kind: 'layer', gain: 1 }],
  ['batch normalisation in the LSTMs', { kind: 'batch', gain: 0.1, where: 'lstm' }],
  ['batch normalisation everywhere', { kind: 'batch', gain: 0.1, where: 'everywhere' }],
];

/** Initial parameters, each moved by chance: no gain at its start, no bias at zero. */
function parametersOf(normalization: ReaderNormalization): NamedTensors {
  const random = randomStream(5, 'disturbance');
  return Object.fromEntries(
    Object.entries(initializeReader(3, shape, normalization)).map(([name, tensor]) => [
      name,
      { shape: tensor.shape, data: Float32Array.from(tensor.data, (value) => value + 0.4 * random.normal()) },
    ]),
  );
}

function minibatchOf(
  passages: readonly (readonly number[])[],
  questions: readonly (readonly number[])[],
  answers: readonly number[],
): ReaderMinibatch {
  return {
    size: answers.length,
    passage: pad(passages.map((ids) => Int32Array.from(ids))),
    question: pad(questions.map((ids) => Int32Array.from(ids))),
    answers: Int32Array.from(answers),
  };
}

const minibatch = minibatchOf(
  [
    [0, 4, 1, 5],
    [2, 5, 0],
    [1, 6, 2, 3],
    [0, 1],
  ],
  [[3, 4], [4, 3, 5], [3], [6, 3, 0]],
  [0, 2, 1, 1],
);

describe.each(kinds)('with %s', (_, normalization) => {
  test('loss and gradients are those of float64 and its finite differences', () => {
    const parameters = parametersOf(normalization);
    const names = Object.keys(parameters);
    const { value, gradients } = tf.tidy(() => {
      const f = (...values: tf.Tensor[]) =>
        minibatchLoss(Object.fromEntries(names.map((name, k) => [name, values[k]!])), minibatch, { normalization });
      const { value, grads } = tf.valueAndGrads(f)(Object.values(asTensors(parameters)));
      return { value: value.dataSync()[0]!, gradients: grads.map((gradient) => gradient.dataSync()) };
    });
    expect(Math.abs(value - float64Loss(parameters, minibatch, normalization))).toBeLessThan(1e-5);
    for (const [index, name] of names.entries()) {
      const { shape, data } = parameters[name]!;
      const loss = (x: Float64Array) =>
        float64Loss({ ...parameters, [name]: { shape, data: x } }, minibatch, normalization);
      const { error } = checkGradient(loss, data, gradients[index]!);
      expect(error, name).toBeLessThan(2e-5);
    }
  });

  test('renaming the entities renames the answers, and nothing else', () => {
    const renamed = [2, 0, 1];
    const rename = (id: number) => (id < shape.entities ? renamed[id]! : id);
    const parameters = parametersOf(normalization);
    const { embedding } = parameters as { embedding: NamedTensors[string] };
    const width = shape.embeddingSize;
    /** Row e moves to row renamed[e]. */
    const moved = embedding.data.slice() as Float32Array;
    for (let entity = 0; entity < shape.entities; entity++) {
      moved.set(embedding.data.slice(entity * width, (entity + 1) * width) as Float32Array, renamed[entity]! * width);
    }
    const byEntity = ({ shape: sizes, data }: NamedTensors[string]) => {
      const result = data.slice() as Float32Array;
      for (let k = 0; k < data.length; k++) {
        const entity = k % shape.entities;
        result[k - entity + renamed[entity]!] = data[k]!;
      }
      return { shape: sizes, data: result };
    };
    const consistent = {
      ...parameters,
      embedding: { shape: embedding.shape, data: moved },
      'output/kernel': byEntity(parameters['output/kernel']!),
      'output/bias': byEntity(parameters['output/bias']!),
    };
    const other: ReaderMinibatch = {
      ...minibatch,
      passage: { ...minibatch.passage, ids: minibatch.passage.ids.map(rename) },
      question: { ...minibatch.question, ids: minibatch.question.ids.map(rename) },
      answers: minibatch.answers.map(rename),
    };
    const read = (values: NamedTensors, batch: ReaderMinibatch) =>
      tf.tidy(() => readQuestions(asTensors(values), batch, { normalization }).logits.arraySync());
    const before = read(parameters, minibatch);
    const after = read(consistent, other);
    for (const [example, row] of before.entries()) {
      for (const [entity, logit] of row.entries()) expect(after[example]![renamed[entity]!]).toBeCloseTo(logit, 5);
    }
    const measure = (values: NamedTensors, batch: ReaderMinibatch) =>
      tf.tidy(() => measureReader(asTensors(values), [batch], { normalization }));
    expect(measure(consistent, other).error).toBe(measure(parameters, minibatch).error);
  });

  test('attention sums to one over each passage, and is zero on padding', () => {
    const attention = tf.tidy(() =>
      readQuestions(asTensors(parametersOf(normalization)), minibatch, { normalization }).attention.arraySync(),
    );
    for (const [example, row] of attention.entries()) {
      const length = [4, 3, 4, 2][example]!;
      expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 6);
      expect(row.slice(0, length).every((weight) => weight > 0)).toBe(true);
      expect(row.slice(length).every((weight) => weight === 0)).toBe(true);
    }
  });

  test('keeps as many tensors as before', () => {
    const parameters = parametersOf(normalization);
    const run = () => tf.tidy(() => measureReader(asTensors(parameters), [minibatch, minibatch], { normalization }));
    run();
    const { numTensors } = tf.memory();
    run();
    expect(tf.memory().numTensors).toBe(numTensors);
  });
});

describe('a question alone, as in a padded minibatch', () => {
  const alone = minibatchOf([[0, 1]], [[6, 3, 0]], [1]);
  const logitsOf = (parameters: NamedTensors, batch: ReaderMinibatch, options: Parameters<typeof readQuestions>[2]) =>
    tf.tidy(() => readQuestions(asTensors(parameters), batch, options).logits.arraySync());

  test.each(kinds.slice(0, 2))('with %s', (_, normalization) => {
    const parameters = parametersOf(normalization);
    const padded = logitsOf(parameters, minibatch, { normalization })[3]!;
    const short = logitsOf(parameters, alone, { normalization })[0]!;
    for (const [entity, logit] of short.entries()) expect(padded[entity]).toBeCloseTo(logit, 5);
  });

  test.each(kinds.slice(2))(
    'with %s, by the population’s statistics but not by the minibatch’s',
    (_, normalization) => {
      const parameters = parametersOf(normalization);
      tf.tidy(() => {
        const statistics = gatherStatistics(asTensors(parameters), [minibatch], { normalization });
        const padded = logitsOf(parameters, minibatch, { normalization, statistics })[3]!;
        const short = logitsOf(parameters, alone, { normalization, statistics })[0]!;
        for (const [entity, logit] of short.entries()) expect(padded[entity]).toBeCloseTo(logit, 5);
        // Gathered from this minibatch alone they are its own, to what float32 leaves of a variance near zero.
        const own = logitsOf(parameters, minibatch, { normalization })[3]!;
        for (const [entity, logit] of own.entries()) expect(padded[entity]).toBeCloseTo(logit, 2);
        const itself = logitsOf(parameters, alone, { normalization })[0]!;
        expect(Math.abs(itself[0]! - short[0]!)).toBeGreaterThan(1e-3);
      });
    },
  );
});

test('all models of a seed start from the same weights', () => {
  const [plain, ...others] = kinds.map(([, normalization]) => initializeReader(1, shape, normalization));
  for (const other of others) {
    for (const [name, tensor] of Object.entries(plain!)) expect(other[name]).toEqual(tensor);
    expect(Object.keys(other).length).toBeGreaterThan(Object.keys(plain!).length);
  }
  expect(initializeReader(2, shape, { kind: 'none' }).embedding).not.toEqual(plain!.embedding);
});

test('dropout is drawn from the stream it is given, and there is none without', () => {
  const parameters = asTensors(parametersOf({ kind: 'none' }));
  const logits = (rate: number, seed: number) =>
    tf.tidy(() =>
      readQuestions(parameters, minibatch, {
        normalization: { kind: 'none' },
        dropout: { rate, random: randomStream(seed, 'dropout') },
      }).logits.arraySync(),
    );
  expect(logits(0.5, 1)).toEqual(logits(0.5, 1));
  expect(logits(0.5, 1)).not.toEqual(logits(0.5, 2));
  const without = tf.tidy(() =>
    readQuestions(parameters, minibatch, { normalization: { kind: 'none' } }).logits.arraySync(),
  );
  expect(logits(0, 1)).toEqual(without);
  // Next to nothing of g is left: the bias alone remains.
  const bias = parameters['output/bias']!.arraySync() as number[];
  expect(logits(255 / 256, 1)[0]!.some((logit, entity) => logit !== bias[entity])).toBe(false);
});

test('the negative log likelihood of equal logits is the logarithm of their number', () => {
  const value = tf.tidy(() => negativeLogLikelihood(tf.ones([2, 3]), Int32Array.of(0, 2)).dataSync()[0]!);
  expect(value).toBeCloseTo(Math.log(3), 6);
});
