import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  Torch7Adam,
  Torch7NAG,
  Torch7RMSprop,
  Torch7SGD,
} from '../../../lib/learned-optimizers/tensorflow/torch7-optimizers.ts';
import golden from '../../golden/torch7-optimizers.json' with { type: 'json' };
import { useBackend } from './optimizees.ts';

const classes = { sgd: Torch7SGD, nag: Torch7NAG, rmsprop: Torch7RMSprop, adam: Torch7Adam };
type Name = keyof typeof classes;

/** The golden problem, ‖Wθ − y‖² times a scale. */
function startQuadratic(scale: number) {
  const w = tf.tensor2d(golden.w);
  const y = tf.tensor1d(golden.y);
  const theta = tf.tidy(() => tf.variable(tf.tensor1d(golden.start)));
  const loss = () => {
    const residual = tf.sub(tf.dot(w, theta), y);
    return tf.mul(tf.sum(tf.square(residual)), scale) as tf.Scalar;
  };
  return { theta, loss, dispose: () => tf.dispose([w, y, theta]) };
}

describe.each(['cpu', 'wasm'] as const)('Torch7 semantics on %s, against an independent computation', (backend) => {
  beforeEach(() => useBackend(backend));

  test.each(['sgd', 'nag', 'rmsprop', 'adam', 'rmspropTiny', 'adamTiny'] as const)('%s', async (name) => {
    const { learningRate, scale, losses, theta } = golden[name];
    const before = tf.memory().numTensors;
    const optimizer = new classes[name.replace('Tiny', '') as Name](learningRate);
    const problem = startQuadratic(scale);
    for (const expected of losses) {
      const loss = optimizer.minimize(problem.loss, true, [problem.theta])!;
      expect(Math.abs(loss.dataSync()[0]! / expected - 1)).toBeLessThan(2e-5);
      loss.dispose();
    }
    const lookAhead = problem.theta.dataSync().slice();
    const read = () => problem.theta.dataSync().slice();
    const last = optimizer instanceof Torch7NAG && name === 'nag' ? await optimizer.withoutLookAhead(read) : read();
    for (const [k, value] of theta.entries()) expect(last[k]).toBeCloseTo(value, 4);
    expect(problem.theta.dataSync()).toEqual(lookAhead);
    optimizer.dispose();
    problem.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('state', () => {
  beforeEach(() => useBackend('cpu'));

  test.each(Object.keys(classes) as Name[])('%s goes on where it was saved, also from its config', async (name) => {
    const whole = startQuadratic(1);
    const halfway = startQuadratic(1);
    const first = new classes[name](0.01);
    for (let step = 0; step < 3; step++) first.minimize(whole.loss, false, [whole.theta]);
    halfway.theta.assign(whole.theta);
    const saved = await first.getWeights();
    const second = tf.serialization.SerializationMap.getMap().classNameMap[first.getClassName()]![1](
      classes[name] as never,
      first.getConfig(),
    ) as Torch7Adam;
    await second.setWeights(saved);
    tf.dispose(saved.map(({ tensor }) => tensor));
    for (let step = 0; step < 3; step++) {
      first.minimize(whole.loss, false, [whole.theta]);
      second.minimize(halfway.loss, false, [halfway.theta]);
    }
    expect(halfway.theta.dataSync()).toEqual(whole.theta.dataSync());
    expect(second.iterations).toBe(6);
  });

  test('of another optimizer or another shape is refused', async () => {
    const problem = startQuadratic(1);
    const adam = new Torch7Adam(0.1);
    adam.minimize(problem.loss, false, [problem.theta]);
    await expect(new Torch7NAG(0.1).setWeights(await adam.getWeights())).rejects.toThrow('saved by another optimizer');
    await expect(new Torch7SGD(0.1).setWeights(await adam.getWeights())).rejects.toThrow('saves no state');
    const longer = tf.variable(tf.zeros([5]));
    const restored = new Torch7Adam(0.1);
    await restored.setWeights(await adam.getWeights());
    expect(() => restored.minimize(() => tf.sum(longer) as tf.Scalar, false, [longer])).toThrow('of shape [4]');
  });

  test('a learning rate must be positive', () => {
    for (const rate of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => new Torch7SGD(rate)).toThrow('The learning rate of Torch7SGD must be a positive number');
    }
  });
});
