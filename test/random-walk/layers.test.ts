import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, expect, test } from 'vitest';
import { randomStream } from '../../lib/numerics/random.ts';
import { pixelAffinity, randomWalk } from '../../lib/random-walk/layers/index.ts';
import { createNeighbourhood } from '../../lib/random-walk/neighbourhood.ts';
import { pixelAffinities, walkStep } from '../../lib/random-walk/walk.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Scores of a convolution, walked along affinities of the picture and of another convolution's features. */
function segmentationModel(learningRate = 0.02) {
  const input = tfl.input({ shape: [8, 9, 3] });
  const convolution = (name: string, filters: number, seed: number) =>
    tfl.layers.conv2d({
      name,
      filters,
      kernelSize: 3,
      padding: 'same',
      kernelInitializer: tfl.initializers.glorotNormal({ seed }),
    });
  const features = convolution('conv1_1', 4, 1).apply(input) as tfl.SymbolicTensor;
  const scores = convolution('fc8', 2, 2).apply(features) as tfl.SymbolicTensor;
  const affinities = pixelAffinity({ name: 'affinity', radius: 2 }).apply([input, features]) as tfl.SymbolicTensor;
  const walked = randomWalk({ name: 'walk', radius: 2 }).apply([scores, affinities]) as tfl.SymbolicTensor;
  const output = tfl.layers.activation({ activation: 'softmax' }).apply(walked) as tfl.SymbolicTensor;
  const model = tfl.model({ inputs: input, outputs: output });
  model.compile({ optimizer: tf.train.adam(learningRate), loss: 'categoricalCrossentropy' });
  return model;
}

/** Bright squares on dark ground, with noise, and which pixels are theirs. */
function scenes(count: number) {
  const random = randomStream(3, 'scenes');
  const [pictures, labels] = [new Float32Array(count * 72 * 3), new Float32Array(count * 72 * 2)];
  for (let scene = 0; scene < count; scene++) {
    const [top, left] = [random.uniformInteger(4), random.uniformInteger(5)];
    for (let pixel = 0; pixel < 72; pixel++) {
      const [row, column] = [Math.floor(pixel / 9), pixel % 9];
      const isSquare = row >= top && row < top + 4 && column >= left && column < left + 4;
      for (let k = 0; k < 3; k++) {
        pictures[(scene * 72 + pixel) * 3 + k] = (isSquare ? 0.8 : 0.2) + 0.2 * random.normal();
      }
      labels[(scene * 72 + pixel) * 2 + (isSquare ? 1 : 0)] = 1;
    }
  }
  return { pictures: tf.tensor4d(pictures, [count, 8, 9, 3]), labels: tf.tensor4d(labels, [count, 8, 9, 2]) };
}

test('trains end to end by model.fit: the loss falls, and every weight has moved', async () => {
  const model = segmentationModel();
  const { pictures, labels } = scenes(8);
  const before = model.getWeights().map((weight) => weight.dataSync().slice());
  const { history } = await model.fit(pictures, labels, { epochs: 6, batchSize: 4, shuffle: false, verbose: 0 });
  const losses = history.loss as number[];
  expect(losses.at(-1)!).toBeLessThan(0.8 * losses[0]!);
  for (const [index, weight] of model.getWeights().entries()) {
    expect(weight.dataSync()).not.toEqual(before[index]);
  }
  const tensors = tf.memory().numTensors;
  tf.dispose(model.predict(pictures));
  expect(tf.memory().numTensors).toBe(tensors);
});

test('comes back from its JSON with the same predictions', async () => {
  const model = segmentationModel();
  const copy = await tfl.models.modelFromJSON(JSON.parse(model.toJSON() as string));
  copy.setWeights(model.getWeights());
  const { pictures } = scenes(2);
  expect((copy.predict(pictures) as tf.Tensor).dataSync()).toEqual((model.predict(pictures) as tf.Tensor).dataSync());
});

test('several steps with α are Eq. 1, in both readings', () => {
  const neighbourhood = createNeighbourhood(1, 'square');
  const f = tf.randomNormal<tf.Rank.R4>([1, 4, 5, 3], 0, 1, 'float32', 1);
  const phi = tf.randomNormal<tf.Rank.R4>([1, 4, 5, 2], 0, 1, 'float32', 2);
  const affinities = pixelAffinity({ radius: 1, neighbourhood: 'square' }).apply(phi) as tf.Tensor4D;
  const byHand = pixelAffinities(phi, tf.tensor1d([-0.1, -0.1]), { neighbourhood });
  expect(affinities.dataSync()).toEqual(byHand.dataSync());
  let expected = f;
  for (let step = 0; step < 3; step++) {
    expected = tf.add(tf.mul(0.7, walkStep(expected, affinities, { neighbourhood })), tf.mul(1 - 0.7, f));
  }
  const layer = (settings: object) =>
    (randomWalk({ radius: 1, neighbourhood: 'square', steps: 3, ...settings }).apply([f, affinities]) as tf.Tensor)
      .dataSync()
      .map((value, index) => Math.abs(value - expected.dataSync()[index]!));
  expect(Math.max(...layer({ alpha: 0.7 }))).toBeLessThan(1e-6);
  expect(Math.max(...layer({ alpha: 0.3, alphaWeighs: 'segmentation' }))).toBeLessThan(1e-6);
  expect(Math.max(...layer({ alpha: 0.3 }))).toBeGreaterThan(1e-2);
});

test('refuses settings out of range, and inputs that do not go together', () => {
  expect(() => pixelAffinity({ name: 'a', radius: 0 })).toThrow('a: The radius must be a whole number');
  expect(() => randomWalk({ name: 'w', alpha: 1.5 })).toThrow('w: alpha must be from 0 to 1, got 1.5.');
  expect(() => randomWalk({ name: 'w', steps: 0 })).toThrow('w: steps must be a positive integer, got 0.');
  const f = tfl.input({ shape: [8, 9, 3] });
  expect(() => pixelAffinity({ name: 'a' }).apply(tfl.input({ shape: [9] }))).toThrow('got one of 2 axes');
  const affinities = pixelAffinity({ radius: 2 }).apply(f) as tfl.SymbolicTensor;
  expect(() => randomWalk({ name: 'w', radius: 3 }).apply([f, affinities])).toThrow(
    'w: the inputs must be f [batch, height, width, classes] and affinities [batch, height, width, 14], got [[null,8,9,3],[null,8,9,6]].',
  );
  expect(() => randomWalk({ name: 'w' }).apply(f)).toThrow('Give PixelAffinity the same radius');
});
