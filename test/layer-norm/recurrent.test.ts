import * as tf from '@tensorflow/tfjs-core';
import '../../lib/numerics/register-gradients.ts';
import { beforeAll, describe, expect, test } from 'vitest';
import { startTensorFlow } from '../../functions/numeric-backend.ts';
import { embed } from '../../lib/layer-norm/embed.ts';
import { layerNormalization } from '../../lib/layer-norm/normalization.ts';
import { gru, initializeGru } from '../../lib/layer-norm/recurrent/gru.ts';
import { initializeLstm, lstm } from '../../lib/layer-norm/recurrent/lstm.ts';
import { initializeRnn, rnn } from '../../lib/layer-norm/recurrent/rnn.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import { asTensors } from '../../lib/training/trainer.ts';

beforeAll(() => startTensorFlow('wasm-plain'));

const time = 5;
const batch = 3;
const shape = { inputs: 4, units: 6 };
const layers = { rnn: [rnn, initializeRnn], gru: [gru, initializeGru], lstm: [lstm, initializeLstm] } as const;

function inputs(steps = time): tf.Tensor3D {
  const data = new Float32Array(steps * batch * shape.inputs);
  randomStream(0, 'inputs').fillNormal(data, 1);
  return tf.tensor3d(data, [steps, batch, shape.inputs]);
}

function difference(a: tf.Tensor, b: tf.Tensor): number {
  return tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!;
}

describe.each(Object.keys(layers) as (keyof typeof layers)[])('%s', (name) => {
  const run = (x: tf.Tensor3D, normalization: 'none' | 'layer', options: object = {}, scale = 1) => {
    const [layer, initialize] = layers[name];
    const parameters = { ...asTensors(initialize(randomStream(1), { ...shape, normalization })) };
    for (const kernel of ['inputKernel', 'recurrentKernel']) parameters[kernel] = tf.mul(parameters[kernel]!, scale);
    return (layer as typeof lstm)(x, parameters as never, { normalization, ...options });
  };

  test('a masked step is as if it were not there', () => {
    const x = inputs();
    const mask = tf.tensor2d([1, 1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0], [time, batch]);
    for (const normalization of ['none', 'layer'] as const) {
      const masked = run(x, normalization, { mask });
      const short = run(tf.slice(x, [0, 0, 0], [2, -1, -1]), normalization);
      expect(
        difference(tf.slice(masked.state.hidden, [1, 0], [1, -1]), tf.slice(short.state.hidden, [1, 0], [1, -1])),
      ).toBe(0);
      const untouched = run(tf.slice(x, [0, 0, 0], [0, -1, -1]), normalization);
      expect(
        difference(tf.slice(masked.state.hidden, [2, 0], [1, -1]), tf.slice(untouched.state.hidden, [2, 0], [1, -1])),
      ).toBe(0);
    }
  });

  test('with layer normalization, weights of another scale give the same outputs; without, they do not (Table 1)', () => {
    const x = inputs();
    const change = (normalization: 'none' | 'layer') =>
      difference(run(x, normalization, { epsilon: 1e-9 }).outputs, run(x, normalization, { epsilon: 1e-9 }, 3).outputs);
    expect(change('layer')).toBeLessThan(1e-5);
    expect(change('none')).toBeGreaterThan(0.05);
  });

  test('goes on from a state', () => {
    const x = inputs();
    const whole = run(x, 'layer');
    const first = run(tf.slice(x, [0, 0, 0], [2, -1, -1]), 'layer');
    const second = run(tf.slice(x, [2, 0, 0], [3, -1, -1]), 'layer', { initialState: first.state });
    expect(difference(second.state.hidden, whole.state.hidden)).toBe(0);
  });

  test('says which parameter has the wrong shape', () => {
    const x = tf.zeros([time, batch, 5]) as tf.Tensor3D;
    expect(() => run(x, 'layer')).toThrow(/inputKernel must have the shape \[5,\d+\], got \[4,\d+\]/);
  });
});

test('embed looks rows up, and adds gradients of repeated rows', () => {
  const table = tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]);
  const ids = tf.tensor2d([2, 0, 2, 2], [2, 2], 'int32');
  expect(embed(table, ids).arraySync()).toEqual([[[5, 6], [1, 2]], [[5, 6], [5, 6]]]); // biome-ignore format: a matrix
  const gradient = tf.grad((t) => tf.sum(tf.mul(embed(t as tf.Tensor2D, ids), tf.tensor([1, 10]))))(table);
  const before = tf.memory().numTensors;
  tf.grad((t) => tf.tidy(() => tf.sum(embed(t as tf.Tensor2D, ids))))(table).dispose();
  expect(tf.memory().numTensors).toBe(before);
  expect(gradient.arraySync()).toEqual([[1, 10], [0, 0], [3, 30]]); // biome-ignore format: a matrix
});

describe.each(['kernel', 'tensors'] as const)('layerNormalization on %s', (compute) => {
  test('keeps four digits at a mean of 10⁴ and a deviation of 1', () => {
    // Multiples of 2⁻¹⁰, which float32 holds exactly at 10⁴.
    const deviations = Float64Array.from({ length: 1000 }, (_, k) => Math.round(1448 * Math.sin(k * k)) / 1024);
    const mean = deviations.reduce((sum, d) => sum + d / 1000, 0);
    const scale = Math.sqrt(deviations.reduce((sum, d) => sum + (d - mean) ** 2 / 1000, 0) + 1e-5);
    const x = tf.tensor2d(
      Float32Array.from(deviations, (d) => 1e4 + d),
      [1, 1000],
    );
    const normalized = layerNormalization(x, undefined, undefined, 1e-5, compute).dataSync();
    for (const [index, d] of deviations.entries()) {
      expect(Math.abs(normalized[index]! - (d - mean) / scale)).toBeLessThan(1e-4);
    }
  });

  test('rows without variance have finite gradients', () => {
    const f = (x: tf.Tensor) =>
      tf.sum(tf.mul(layerNormalization(x, undefined, undefined, 1e-5, compute), tf.tensor([1, 2, 3, 4])));
    expect(
      tf
        .grad(f)(tf.ones([1, 4]))
        .dataSync()
        .every(Number.isFinite),
    ).toBe(true);
  });
});

test('layerNormalization names the shape it needs', () => {
  expect(() => layerNormalization(tf.zeros([2, 3]), tf.ones([4]))).toThrow(
    'layerNormalization: gain must have the shape [3], as x [2,3] has 3 features, got [4].',
  );
});
