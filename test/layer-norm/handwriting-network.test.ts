import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { clipDerivative } from '../../lib/layer-norm/models/clip-derivative.ts';
import {
  encodeLines,
  encodeText,
  makeMinibatch,
  restoreOffset,
  standardize,
} from '../../lib/layer-norm/models/handwriting-data.ts';
import { handwritingLoss, measureLoss } from '../../lib/layer-norm/models/handwriting-loss.ts';
import {
  type HandwritingSettings,
  initializeHandwriting,
  predictPoints,
  startHandwriting,
  stepHandwriting,
} from '../../lib/layer-norm/models/handwriting-network.ts';
import { writeTexts } from '../../lib/layer-norm/models/write-text.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import { asTensors } from '../../lib/training/trainer.ts';

beforeAll(() => tf.setBackend('cpu'));

const settings: HandwritingSettings = {
  normalization: 'layer',
  layers: 3,
  units: 6,
  windowComponents: 2,
  mixtureComponents: 2,
};
const alphabetSize = 4;
const make = (own: HandwritingSettings = settings) =>
  asTensors(initializeHandwriting(randomStream(0, 'parameters'), own, alphabetSize, 0.2));

/** Lines of 5 and 3 points. */
const lines = [5, 3].map((points, index) => {
  const random = randomStream(index, 'line');
  const offsets = Float32Array.from({ length: 3 * points }, (_, at) =>
    at % 3 === 2 ? Number(at > 3 * points - 3) : random.normal(),
  );
  return { text: [1 + index, 0, 3].slice(index), offsets };
});

describe('the network', () => {
  test('has the 3.7 million weights that the paper counts', () => {
    const paper = { normalization: 'layer', layers: 3, windowComponents: 10, mixtureComponents: 20 } as const;
    const initialize = (units: number) => initializeHandwriting(randomStream(0), { ...paper, units }, 57, 1 / 25);
    const count = (units: number) => Object.values(initialize(units)).reduce((sum, { data }) => sum + data.length, 0);
    // Drawing so many takes long; their number is quadratic in the units: Newton's form through three sizes.
    const [at1, at2, at3] = [count(1), count(2), count(3)] as const;
    const weights = at1 + 399 * (at2 - at1) + ((399 * 398) / 2) * (at3 - 2 * at2 + at1);
    expect(weights / 1e6).toBeCloseTo(3.7, 1);
    const parameters = initialize(4);
    expect(parameters['output/bias']!.shape).toEqual([121]);
    expect(parameters['window/kernel']!.shape).toEqual([4, 30]);
  });

  test.each(['none', 'layer'] as const)('predicts whole lines as it does point by point (%s)', (normalization) => {
    const own = { ...settings, normalization };
    const parameters = make(own);
    const { inputs, texts, length } = makeMinibatch(lines, 100);
    const points = tf.tensor3d(inputs, [length, 2, 3]);
    const text = { texts, alphabetSize };
    const whole = predictPoints(parameters, own, points, text).arraySync();
    let state = startHandwriting(own, 2, alphabetSize);
    for (const [index, point] of (tf.unstack(points) as tf.Tensor2D[]).entries()) {
      const step = stepHandwriting(parameters, own, point, state, text);
      state = step.state;
      const outputs = step.outputs.arraySync();
      for (const row of [0, 1]) {
        for (const [column, value] of outputs[row]!.entries())
          expect(whole[index]![row]![column]).toBeCloseTo(value, 5);
      }
    }
  });

  test('sees nothing of the point that it predicts, nor of what pads a shorter line', () => {
    const loss = (own: typeof lines, mostPoints = 100) =>
      tf.tidy(() => handwritingLoss(make(), settings, alphabetSize, makeMinibatch(own, mostPoints)).dataSync()[0]!);
    const [long, short] = lines as [(typeof lines)[0], (typeof lines)[0]];
    // The mean over points, not over lines.
    expect(loss(lines)).toBeCloseTo((5 * loss([long]) + 3 * loss([short])) / 8, 5);
    const many = Array.from({ length: 70 }, (_, index) => (index % 2 === 0 ? long : short));
    expect(measureLoss(make(), settings, alphabetSize, many, 100)).toBeCloseTo(loss(lines), 5);
    // What comes after the third point changes nothing before it.
    const changed = { ...long, offsets: long.offsets.map((value, index) => (index < 9 ? value : -value)) };
    expect(loss([changed], 3)).toBe(loss([long], 3));
    expect(loss([changed])).not.toBe(loss([long]));
  });

  test('learns through every parameter, the window’s too', () => {
    const parameters = make();
    const names = Object.keys(parameters);
    const before = tf.memory().numTensors;
    const gradients = tf.tidy(() => {
      const f = (...values: tf.Tensor[]) =>
        handwritingLoss(
          Object.fromEntries(names.map((name, index) => [name, values[index]!])),
          settings,
          alphabetSize,
          makeMinibatch(lines, 100),
        );
      return tf
        .grads(f)(names.map((name) => parameters[name]!))
        .map((gradient) => gradient.dataSync());
    });
    for (const [index, name] of names.entries()) {
      expect(
        gradients[index]!.some((value) => value !== 0),
        name,
      ).toBe(true);
      expect(gradients[index]!.every(Number.isFinite), name).toBe(true);
    }
    expect(tf.memory().numTensors).toBe(before);
  });

  test('clips what flows back, not what flows forward', () => {
    tf.tidy(() => {
      const x = tf.tensor1d([1, -2, 3]);
      expect([...clipDerivative(x, 0.5).dataSync()]).toEqual([1, -2, 3]);
      const factors = tf.tensor1d([0.25, 4, -4]);
      const gradient = tf.grad((value) => tf.sum(tf.mul(clipDerivative(value, 0.5), factors)))(x);
      expect([...gradient.dataSync()]).toEqual([0.25, 0.5, -0.5]);
    });
    expect(() => clipDerivative(tf.scalar(1), 0)).toThrow(/positive limit, got 0/);
  });
});

describe('encoding lines', () => {
  const penLines = Array.from({ length: 24 }, (_, index) => {
    const random = randomStream(index, 'pen line');
    const offsets = Float32Array.from(
      { length: 30 },
      (_, at) => [3 * random.normal() + 5, 7 * random.normal(), 0][at % 3]!,
    );
    return { text: 'aab'.repeat(1 + (index % 2)), group: `writer ${index % 8}`, offsets };
  });
  const { encoding, training, validation } = encodeLines('made', penLines, 3);

  test('standardises the training lines and takes it back', () => {
    for (const axis of [0, 1]) {
      const values = training.flatMap(({ offsets }) => [...offsets.filter((_, index) => index % 3 === axis)]);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(mean).toBeCloseTo(0, 5);
      expect(values.reduce((sum, value) => sum + value * value, 0) / values.length).toBeCloseTo(1, 5);
    }
    const original = penLines[0]!.offsets;
    const [x, y] = standardize(original, encoding) as unknown as [number, number];
    const restored = restoreOffset({ x, y }, encoding);
    expect(restored[0]).toBeCloseTo(original[0]!, 5);
    expect(restored[1]).toBeCloseTo(original[1]!, 5);
  });

  test('holds out whole writers, an eighth of them', () => {
    expect(validation).toHaveLength(3);
    expect(training).toHaveLength(21);
  });

  test('keeps ends of strokes, and a line that never moves along an axis', () => {
    const flat = penLines.map((line) => ({ ...line, offsets: Float32Array.of(1, 0, 1, 3, 0, 0) }));
    const { training: encoded } = encodeLines('made', flat, 3);
    expect([...encoded[0]!.offsets]).toEqual([-1, 0, 1, 1, 0, 0]);
  });

  test('gives rare characters the class of all others', () => {
    expect(encoding.alphabet).toEqual(['a', 'b']);
    expect(encodeText('abz', encoding)).toEqual([1, 2, 0]);
    expect(encodeLines('made', penLines, 2).encoding.alphabet).toEqual(['a']);
  });

  test('a minibatch is what was written, a point later', () => {
    const { inputs, targets, present, length, points } = makeMinibatch(lines, 4);
    expect([length, points]).toEqual([4, 7]);
    expect([...present]).toEqual([1, 1, 1, 1, 1, 1, 1, 0]);
    expect([...inputs.subarray(0, 6)]).toEqual([0, 0, 0, 0, 0, 0]);
    expect([...inputs.subarray(6)]).toEqual([...targets.subarray(0, -6)]);
    expect([...targets.subarray(0, 3)]).toEqual([...lines[0]!.offsets.subarray(0, 3)]);
    expect([...targets.subarray(21)]).toEqual([0, 0, 0]);
  });
});

describe('writing', () => {
  const { encoding } = encodeLines(
    'made',
    [0, 1].map((group) => ({ text: 'abc', group: String(group), offsets: Float32Array.of(2, 1, 0, 4, 3, 1, 3, 5, 0) })),
    alphabetSize,
  );
  const write = (bias: number, seed: number) =>
    writeTexts(make(), settings, encoding, ['ab', 'c'], { bias, seed }, async () => {});

  test('is the same from the same seed and ends, the window moving on or not', async () => {
    const before = tf.memory().numTensors;
    const parameters = Object.keys(make()).length;
    const written = await write(0.5, 3);
    expect(await write(0.5, 3)).toEqual(written);
    expect(await write(0.5, 4)).not.toEqual(written);
    // Nothing is left but the parameters that were made here.
    expect(tf.memory().numTensors - before).toBe(4 * parameters);
    for (const { points } of written) {
      expect(points[0]).toEqual({ x: 0, y: 0, stroke: 0 });
      expect(points.every(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))).toBe(true);
    }
  });

  test('stops where the window is beyond the text', async () => {
    // A window that makes two characters a point, whatever the pen does.
    const parameters = {
      ...make(),
      'window/kernel': tf.zeros([6, 6]),
      'window/bias': tf.tensor1d([0, 0, 0, 0, Math.log(2), Math.log(2)]),
    };
    const [two, one] = await writeTexts(
      parameters,
      settings,
      encoding,
      ['ab', 'c'],
      { bias: 0, seed: 0 },
      async () => {},
    );
    // After the first point it is at 2: on the second character of the one, beyond the other.
    expect([two!.isFinished, two!.points.length]).toEqual([true, 2]);
    expect([one!.isFinished, one!.points.length]).toEqual([true, 1]);
  });

  test('begins a new stroke after each point that ends one', async () => {
    const always = {
      ...make(),
      'output/kernel': tf.zeros([18, 13]),
      'output/bias': tf.tensor1d([...Array(12).fill(0), 50]),
    };
    const [hand] = await writeTexts(always, settings, encoding, ['ab'], { bias: 0, seed: 0 }, async () => {});
    // The first offset is drawn from the pen's start; every point after it has left the paper.
    expect(hand!.points.slice(0, 4).map(({ stroke }) => stroke)).toEqual([0, 0, 1, 2].slice(0, hand!.points.length));
  });
});
