import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { randomStream } from '../../lib/numerics/random.ts';
import { withPrefix } from '../../lib/numerics/tensor-names.ts';
import type { AnyExperiment } from '../../lib/pipeline/experiment.ts';
import { initAdam, updateAdam } from '../../lib/training/adam.ts';
import { trainModel } from '../../lib/training/trainer.ts';
import { trainTrial } from '../layer-norm/run-experiment.ts';

/** A straight line through noisy points, with a running mean of its losses as carried state. */
const line = {
  async train(_: unknown, context: Parameters<typeof trainModel>[1]) {
    await context.startTensorFlow();
    await trainModel(
      {
        parameters: {
          slope: { shape: [1], data: Float32Array.of(0) },
          offset: { shape: [1], data: Float32Array.of(0) },
        },
        state: { average: { shape: [], data: Float32Array.of(1) } },
        updates: 60,
        adam: { learningRate: 0.1 },
        clip: { globalNorm: 1 },
        loss({ slope, offset }, update, { average }) {
          const x = new Float32Array(8);
          randomStream(0, 'minibatch', update).fillNormal(x, 1);
          const y = x.map((value) => 3 * value - 1);
          const loss = tf.mean(tf.square(tf.sub(tf.add(tf.mul(x, slope!), offset!), y))) as tf.Scalar;
          return { loss, state: { average: tf.add(tf.mul(average!, 0.9), tf.mul(loss, 0.1)) } };
        },
        validation: {
          everyUpdates: 25,
          measure: ({ slope }) => ({ error: Math.abs(slope!.dataSync()[0]! - 3) }),
          best: { measure: 'error', isBetter: 'lower' },
        },
        snapshotUpdates: [10],
        metadata: { kind: 'line' },
      },
      context,
    );
  },
} as unknown as AnyExperiment;
const trial = { name: 'line' };
const noData = async () => Promise.reject(new Error('no data'));

test('learns, validates and keeps the best; a killed training ends with the same bits', async () => {
  const whole = await trainTrial(line, trial, noData);
  expect(whole.metrics.map(({ update }) => update)).toEqual([0, 25, 50, 60]);
  expect(whole.tensors.slope!.data[0]).toBeCloseTo(3, 1);
  expect(whole.tensors['state/average']!.data[0]).toBeLessThan(1);
  expect(Object.keys(withPrefix('snapshot-10', whole.tensors))).toEqual(['slope', 'offset']);
  expect(whole.metadata).toMatchObject({ kind: 'line', keptUpdate: '50', skippedUpdates: '0' });
  for (const killAfter of [3, 25, 41]) expect(await trainTrial(line, trial, noData, killAfter)).toEqual(whole);
  const before = tf.memory().numTensors;
  await trainTrial(line, trial, noData);
  expect(tf.memory().numTensors).toBe(before);
});

test('Adam makes the steps of Kingma & Ba, and of the authors’ bias correction', () => {
  const step = (biasCorrection: 'standard' | 'authors') => {
    const parameters = { w: Float32Array.of(0, 0) };
    const state = initAdam({ w: { shape: [2], data: parameters.w } });
    updateAdam(parameters, { w: Float32Array.of(4, -2) }, state, { learningRate: 0.1, biasCorrection });
    return parameters.w;
  };
  // m̂ = g and v̂ = g² after one step: the length is the learning rate.
  expect(step('standard')[0]).toBeCloseTo(-0.1, 6);
  expect(step('standard')[1]).toBeCloseTo(0.1, 6);
  // m/(1 − 0.1) over √(v/(1 − 0.001)), m = 0.1 g, v = 0.001 g².
  expect(step('authors')[0]).toBeCloseTo((-0.1 * (0.1 / 0.9)) / Math.sqrt(0.001 / 0.999), 6);
});

test('gradients are clipped by their norm, together or each by itself', () => {
  const updated = (clip?: { globalNorm: number } | { perTensorNorm: number }) => {
    const parameters = { a: Float32Array.of(0), b: Float32Array.of(0) };
    const state = initAdam({ a: { shape: [1], data: parameters.a }, b: { shape: [1], data: parameters.b } });
    updateAdam(parameters, { a: Float32Array.of(3), b: Float32Array.of(4) }, state, { learningRate: 1 }, clip);
    return [state.mean.a![0]! * 10, state.mean.b![0]! * 10];
  };
  const expectClose = (actual: number[], expected: number[]) =>
    actual.forEach((value, index) => {
      expect(value).toBeCloseTo(expected[index]!, 5);
    });
  expectClose(updated(), [3, 4]);
  expectClose(updated({ globalNorm: 1 }), [0.6, 0.8]);
  expectClose(updated({ globalNorm: 10 }), [3, 4]);
  expectClose(updated({ perTensorNorm: 2 }), [2, 2]);
});
