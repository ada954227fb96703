import { publishedOptimizer } from '../../../lib/random-walk/back-ends/optimizer-settings.ts';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import '../../../lib/numerics/register-gradients.ts';
import { checkGradient } from '../../../lib/numerics/gradient-checking.ts';
import { randomStream } from '../../../lib/numerics/random.ts';
import type { TrainingContext } from '../../../lib/pipeline/context.ts';
import type { AnyExperiment } from '../../../lib/pipeline/experiment.ts';
import { createBackEnd } from '../../../lib/random-walk/back-ends/back-end.ts';
import { drawMinibatch, type LabelledImage, sampleLabels } from '../../../lib/random-walk/back-ends/minibatch.ts';
import { segmentationLoss } from '../../../lib/random-walk/back-ends/segmentation-loss.ts';
import type { BackEndSettings } from '../../../lib/random-walk/back-ends/settings.ts';
import { parameterFactors, trainBackEnd } from '../../../lib/random-walk/back-ends/train-back-end.ts';
import { trainTrial } from '../../layer-norm/run-experiment.ts';
import { largeFov, residual } from './small-networks.ts';

beforeAll(async () => {
  await tf.setBackend('wasm');
});

/** Three vertical stripes of a colour and a class each, with noise and a void column between them. */
function drawStripes(width: number, height: number, name: string): LabelledImage {
  const rgb = new Uint8Array(3 * width * height);
  const labels = new Uint8Array(width * height);
  const random = randomStream(1, name);
  for (let pixel = 0; pixel < labels.length; pixel++) {
    const share = ((pixel % width) * 3) / width;
    const label = Math.floor(share);
    labels[pixel] = share - label < 0.1 ? 255 : label;
    for (let colour = 0; colour < 3; colour++) {
      rgb[3 * pixel + colour] = (colour === label ? 200 : 60) + random.uniformInteger(40);
    }
  }
  return { width, height, rgb, labels };
}
const stripes = [drawStripes(48, 30, 'first'), drawStripes(40, 26, 'second')];

test('the loss’s gradient is that of finite differences, 0 for void pixels, whatever their scores', () => {
  const labels = Uint8Array.of(2, 255, 0, 1, 255);
  const scores = new Float32Array(15);
  randomStream(2, 'scores').fillNormal(scores, 2);
  const inFloat64 = (values: Float64Array) => {
    const losses = [...labels.entries()].flatMap(([pixel, label]) => {
      if (label === 255) return [];
      const row = values.subarray(3 * pixel, 3 * pixel + 3);
      return [Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0)) - row[label]!];
    });
    return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  };
  const compute = (values: Float32Array) =>
    tf.tidy(() => {
      const { value, grad } = tf.valueAndGrad((x) => segmentationLoss(x, labels))(tf.tensor2d(values, [5, 3]));
      return { value: value.dataSync()[0]!, gradient: grad.dataSync() as Float32Array };
    });
  const { value, gradient } = compute(scores);
  expect(value).toBeCloseTo(inFloat64(Float64Array.from(scores)), 5);
  expect(checkGradient(inFloat64, scores, gradient).error).toBeLessThan(1e-6);
  scores.fill(1000, 3, 5);
  const other = compute(scores);
  expect(other).toEqual({ value, gradient });
  for (const place of [3, 4, 5, 12, 13, 14]) expect(gradient[place]).toBe(0);
  const nothing = tf.tidy(() => segmentationLoss(tf.ones([2, 3]), Uint8Array.of(255, 255)).dataSync()[0]);
  expect(nothing).toBe(0);
  expect(() => segmentationLoss(tf.ones([2, 3]), Uint8Array.of(0, 3))).toThrow(
    '0 to 2, or 255 where a pixel has none, got 3',
  );
  expect(() => segmentationLoss(tf.ones([2, 3]), Uint8Array.of(0))).toThrow('each of the 2 pixels with scores, got 1');
});

test('minibatches are crops, some mirrored, void and grey outside the image, and a function of the update', () => {
  // Colours that say where a pixel is from.
  const image: LabelledImage = {
    ...{ width: 9, height: 5, labels: Uint8Array.from({ length: 45 }, (_, pixel) => pixel) },
    rgb: Uint8Array.from({ length: 135 }, (_, place) => Math.floor(place / 3)),
  };
  const settings = { batchSize: 2, cropHeight: 4, cropWidth: 12 };
  const seen = new Set<string>();
  for (let update = 0; update < 40; update++) {
    const batch = drawMinibatch([image], settings, 7, update);
    expect(drawMinibatch([image], settings, 7, update)).toEqual(batch);
    const row = [...batch.labels.subarray(12, 24)];
    const isMirrored = row[0] === 255;
    const forwards = isMirrored ? row.toReversed() : row;
    const first = forwards[0]!;
    expect(forwards).toEqual([...Array.from({ length: 9 }, (_, index) => first + index), 255, 255, 255]);
    for (const [pixel, label] of batch.labels.entries()) {
      expect(batch.images[3 * pixel]).toBe(label === 255 ? 123 : label);
    }
    seen.add(`${first} ${isMirrored}`);
  }
  expect([...seen].toSorted()).toEqual(['18 false', '18 true', '9 false', '9 true']);
  expect(() => drawMinibatch([], settings, 0, 0)).toThrow('There must be an image');
  expect(() => drawMinibatch([{ ...image, labels: new Uint8Array(44) }], settings, 0, 0)).toThrow(
    '45 labels, got 135 and 44',
  );
});

test('labels at the scores’ resolution are those of every eighth pixel', () => {
  const labels = Uint8Array.from({ length: 2 * 9 * 10 }, (_, index) => index);
  expect([...sampleLabels(labels, 9, 10, 8)]).toEqual([0, 8, 80, 88, 90, 98, 170, 178]);
});

test('biases learn twice as fast and do not decay, class scores by their factor', () => {
  expect(parameterFactors('conv1_1/kernel', 10)).toEqual({ rate: 1, decay: 1 });
  expect(parameterFactors('conv1_1/bias', 10)).toEqual({ rate: 2, decay: 0 });
  expect(parameterFactors('fc8_2/kernel', 10)).toEqual({ rate: 10, decay: 1 });
  expect(parameterFactors('attention2/bias', 10)).toEqual({ rate: 20, decay: 0 });
});

function experimentOf(backEnd: BackEndSettings, updates: number, learningRate: number): AnyExperiment {
  return {
    async train(_: unknown, context: TrainingContext) {
      await context.startTensorFlow();
      const optimizer = { ...publishedOptimizer, learningRate, ratePower: 0.9, scoreRateFactor: 1 };
      const crops = { batchSize: 2, cropHeight: 25, cropWidth: 41 };
      const training = { backEnd, updates, optimizer, ...crops, recordEveryUpdates: 10 };
      await trainBackEnd(training, createBackEnd(backEnd).initialize(3), stripes, 3, context);
    },
  } as unknown as AnyExperiment;
}
const noData = async () => Promise.reject(new Error('no data'));

const wider = { ...largeFov, channels: [8, 8, 12, 16, 16], fcChannels: 24, dropout: 0 };

test.each([
  [wider, 0.01],
  [residual, 0.004],
] as const)('a small network learns two images by heart: %o', async (backEnd, learningRate) => {
  const { metrics, metadata } = await trainTrial(experimentOf(backEnd, 80, learningRate), { name: 'stripes' }, noData);
  const scales = backEnd.kind === 'deeplab-v2' ? 4 : 1;
  expect(metrics[0]!.trainingLoss).toBeLessThan(1.2 * scales);
  expect(metrics.at(-1)!.trainingLoss).toBeLessThan(0.2 * scales);
  expect(metadata).toMatchObject({ kind: 'segmentation back-end', updates: '80', skippedUpdates: '0' });
});

test('a killed training ends with the same bits, and leaves no tensor behind', async () => {
  const experiment = experimentOf(largeFov, 12, 0.01);
  const whole = await trainTrial(experiment, { name: 'stripes' }, noData);
  expect(await trainTrial(experiment, { name: 'stripes' }, noData, 5)).toEqual(whole);
  const before = tf.memory().numTensors;
  await trainTrial(experiment, { name: 'stripes' }, noData);
  expect(tf.memory().numTensors).toBe(before);
});
