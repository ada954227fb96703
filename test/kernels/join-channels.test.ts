import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-layers';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { joinChannelsOnKernel } from '../../lib/kernels/join-channels.ts';

/** Every number of lanes in the last vector. */
const channels = [3, 16, 1, 6, 4];

test.each([
  { backend: 'cpu', build: 'wasm-relaxed' },
  { backend: 'wasm', build: 'wasm-relaxed' },
  { backend: 'wasm', build: 'wasm-plain' },
] as const)(
  '$build on the backend $backend: what TensorFlow.js’s concat makes, and its gradients',
  async ({ backend, build }) => {
    await tf.setBackend(backend);
    const tensors = tf.memory().numTensors;
    tf.tidy(() => {
      const parts = channels.map((count, seed) => tf.randomNormal([2, 3, 5, count], 0, 1, 'float32', seed + 1));
      const dy = tf.randomNormal<tf.Rank.R4>([2, 3, 5, 30], 0, 1, 'float32', 9);
      const ours = tf.valueAndGrads((...x) => joinChannelsOnKernel(x as tf.Tensor4D[], { build }))(parts, dy);
      const theirs = tf.valueAndGrads((...x: tf.Tensor[]) => tf.concat(x as tf.Tensor4D[], 3))(parts, dy);
      expect(ours.value.shape).toEqual([2, 3, 5, 30]);
      expect(ours.value.dataSync()).toEqual(theirs.value.dataSync());
      for (const [part, gradient] of ours.grads.entries()) {
        expect(gradient.shape).toEqual(parts[part]!.shape);
        expect(gradient.dataSync()).toEqual(theirs.grads[part]!.dataSync());
      }
    });
    expect(tf.memory().numTensors).toBe(tensors);
  },
);
