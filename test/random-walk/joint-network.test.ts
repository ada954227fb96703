import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import '../../lib/numerics/register-gradients.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import type { NamedTensors } from '../../lib/numerics/safetensors.ts';
import type { AnyExperiment } from '../../lib/pipeline/experiment.ts';
import type { LabelledImage, SegmentationMinibatch } from '../../lib/random-walk/back-ends/minibatch.ts';
import { publishedOptimizer } from '../../lib/random-walk/back-ends/optimizer-settings.ts';
import { segmentationLoss } from '../../lib/random-walk/back-ends/segmentation-loss.ts';
import { createJointNetwork, type JointSettings, jointLoss } from '../../lib/random-walk/joint-network.ts';
import { affinityWeightsName } from '../../lib/random-walk/parameter-names.ts';
import { trainJointly } from '../../lib/random-walk/train-joint.ts';
import { trainTrial } from '../layer-norm/run-experiment.ts';
import { attention, largeFov } from './back-ends/small-networks.ts';

beforeAll(async () => {
  await tf.setBackend('wasm');
});

const settings: JointSettings = {
  backEnd: { ...largeFov, dropout: 0 },
  ...{ affinityFeatures: 'rgb-conv1', radius: 2, walkStride: 1, affinityLossWeight: 1, initialColourWeight: -3 },
};

/** Noise with a void stripe. */
function drawBatch(): SegmentationMinibatch {
  const [batchSize, cropHeight, cropWidth] = [2, 9, 17];
  const images = new Float32Array(3 * batchSize * cropHeight * cropWidth);
  randomStream(1, 'images').fillUniform(images, 0, 255);
  const labels = Uint8Array.from({ length: images.length / 3 }, (_, pixel) => (pixel % 17 === 4 ? 255 : pixel % 3));
  return { batchSize, cropHeight, cropWidth, images, labels };
}

const tensorsOf = (parameters: NamedTensors) =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, { shape, data }]) => [name, tf.tensor(data as Float32Array, [...shape])]),
  );

describe.each([1, 8] as const)('walking between every pixel of stride %i', (walkStride) => {
  test('the loss is its parts’ sum, and every parameter has a gradient', () => {
    const joint: JointSettings = { ...settings, walkStride, affinityLossWeight: 2, backEnd: attention };
    const network = createJointNetwork(joint);
    const initial = network.initialize(network.backEnd.initialize(1));
    expect([...initial[affinityWeightsName]!.data]).toEqual([-3, -3, -3, 0, 0, 0, 0, 0, 0, 0, 0]);
    // So that conv1 counts in the affinities.
    const parameters = { ...initial, [affinityWeightsName]: { shape: [11], data: new Float32Array(11).fill(-0.5) } };
    const batch = drawBatch();
    tf.tidy(() => {
      const { total, parts } = jointLoss(network, joint, tensorsOf(parameters), batch);
      const { segmentation, walked, affinities } = network.forward(
        tensorsOf(parameters),
        tf.tensor4d(batch.images, [2, 9, 17, 3]),
      );
      expect(walked.shape).toEqual(walkStride === 1 ? [2, 9, 17, 3] : [2, 2, 3, 3]);
      expect(tf.max(affinities).dataSync()[0]).toBeLessThanOrEqual(1);
      const labels = [0, 8, 16].flatMap((column) => [column]);
      const scoreLabels = Uint8Array.from(
        [0, 1].flatMap((image) =>
          [0, 8].flatMap((row) => labels.map((column) => batch.labels[(image * 9 + row) * 17 + column]!)),
        ),
      );
      const scales = segmentation.scaleScores.map((scores) => segmentationLoss(scores, scoreLabels).dataSync()[0]!);
      const [walk, affinity] = [parts.segmentationLoss.dataSync()[0]!, parts.affinityLoss.dataSync()[0]!];
      expect(total.dataSync()[0]).toBeCloseTo(walk + 2 * affinity + scales[0]! + scales[1]!, 4);
      const names = Object.keys(parameters);
      const f = (...values: tf.Tensor[]) =>
        jointLoss(network, joint, Object.fromEntries(names.map((name, k) => [name, values[k]!])), batch).total;
      const gradients = tf.grads(f)(Object.values(tensorsOf(parameters)));
      for (const [index, name] of names.entries()) {
        expect(tf.norm(gradients[index]!).dataSync()[0], name).toBeGreaterThan(0);
      }
    });
  });
});

test('where affinities are next to nothing, the walk leaves the scores as they are', () => {
  const joint: JointSettings = { ...settings, affinityFeatures: 'rgb', walkStride: 8, initialColourWeight: -1e4 };
  const network = createJointNetwork(joint);
  tf.tidy(() => {
    const parameters = tensorsOf(network.initialize(network.backEnd.initialize(1)));
    const { segmentation, walked } = network.forward(parameters, tf.tensor4d(drawBatch().images, [2, 9, 17, 3]));
    expect(walked.dataSync()).toEqual(segmentation.scores.dataSync());
  });
});

/** Two halves, one bright and one dark, with noise. */
const halves: LabelledImage = (() => {
  const [width, height] = [33, 17];
  const random = randomStream(5, 'halves');
  const labels = Uint8Array.from({ length: width * height }, (_, pixel) => (pixel % width < 13 ? 0 : 1));
  const rgb = Uint8Array.from({ length: 3 * labels.length }, (_, place) => {
    return (labels[Math.floor(place / 3)] === 0 ? 40 : 170) + random.uniformInteger(50);
  });
  return { width, height, labels, rgb };
})();

const joint = {
  async train(_: unknown, context: Parameters<typeof trainJointly>[4]) {
    await context.startTensorFlow();
    const optimizer = { ...publishedOptimizer, learningRate: 0.01, scoreRateFactor: 1 };
    const crops = { batchSize: 2, cropHeight: 17, cropWidth: 25 };
    const training = {
      network: settings,
      updates: 30,
      optimizer,
      affinityRateFactor: 100,
      recordEveryUpdates: 10,
      ...crops,
    };
    const backEnd = createJointNetwork(settings).backEnd.initialize(2);
    await trainJointly(training, backEnd, [halves], 3, context);
  },
} as unknown as AnyExperiment;
const noData = async () => Promise.reject(new Error('no data'));

test('joint training lowers both losses, and a killed one ends with the same bits', async () => {
  const whole = await trainTrial(joint, { name: 'halves' }, noData);
  const [first, last] = [whole.metrics[0]!, whole.metrics.at(-1)!];
  expect(last.segmentationLoss).toBeLessThan(first.segmentationLoss as number);
  expect(last.affinityLoss).toBeLessThan(first.affinityLoss as number);
  expect(whole.tensors[affinityWeightsName]!.shape).toEqual([11]);
  expect(await trainTrial(joint, { name: 'halves' }, noData, 7)).toEqual(whole);
});
