import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, expect, test } from 'vitest';
import { randomStream } from '../../lib/numerics/random.ts';
import { pixelAffinity, randomWalk, sameLabelLoss, sameLabelPairs } from '../../lib/random-walk/layers/index.ts';
import { createNeighbourhood } from '../../lib/random-walk/neighbourhood.ts';
import * as reference from '../../lib/random-walk/reference/affinity.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

test('pairs have 1 for the same label, 0 for another, −1 for the ignored one and outside', () => {
  const labels = tf.tensor3d([3, 3, 255, 7], [1, 2, 2], 'int32');
  // Offsets of radius 1: to the right, then below.
  expect([...sameLabelPairs(labels, { radius: 1 }).dataSync()]).toEqual([1, -1, -1, 0, -1, -1, -1, -1]);
  expect([...sameLabelPairs(labels, { radius: 1, ignoredLabel: 3 }).dataSync()].slice(4, 6)).toEqual([0, -1]);
});

test('the loss and its gradient are the reference’s, image by image of a batch', () => {
  const [height, width, batch] = [5, 6, 2];
  const neighbourhood = createNeighbourhood(2, 'square');
  const offsets = neighbourhood.offsets.length;
  const random = randomStream(3, 'pairs');
  const labels = Array.from({ length: batch * 30 }, (_, pixel) => (pixel % 11 === 4 ? 255 : random.uniformInteger(3)));
  const affinities = Array.from({ length: batch * 30 * offsets }, () => random.uniform());
  const { value, grad } = tf.valueAndGrad((w: tf.Tensor) =>
    sameLabelLoss(
      sameLabelPairs(tf.tensor3d(labels, [batch, height, width], 'int32'), { radius: 2, neighbourhood: 'square' }),
      w,
    ),
  )(tf.tensor4d(affinities, [batch, height, width, offsets]));
  // One picture below another, with a strip of the ignored label between that no pair can cross.
  const gap = 2;
  const stacked = (values: readonly number[], columns: number, fill: number) => [
    ...values.slice(0, 30 * columns),
    ...new Array<number>(gap * width * columns).fill(fill),
    ...values.slice(30 * columns),
  ];
  const expected = reference.affinityLoss(
    { height: 2 * height + gap, width, neighbourhood },
    Float64Array.from(stacked(affinities, offsets, 0.5)),
    stacked(labels, 1, 255),
  );
  expect(value.dataSync()[0]).toBeCloseTo(expected.loss, 6);
  const gradient = [...expected.gradient];
  gradient.splice(30 * offsets, gap * width * offsets);
  const differences = grad.dataSync().map((at, index) => Math.abs(at - gradient[index]!));
  expect(Math.max(...differences)).toBeLessThan(1e-7);
});

test('where nothing is known the loss is zero', () => {
  const pairs = sameLabelPairs(tf.fill([1, 3, 3], 255) as tf.Tensor3D, { radius: 1 });
  expect(sameLabelLoss(pairs, tf.ones([1, 3, 3, 2])).dataSync()[0]).toBe(0);
});

test('segmentation and affinities learn together in one model.fit', async () => {
  const [height, width, count] = [8, 9, 8];
  const random = randomStream(3, 'scenes');
  const pictures = new Float32Array(count * height * width * 3);
  const labels = new Int32Array(count * height * width);
  for (let pixel = 0; pixel < labels.length; pixel++) {
    labels[pixel] = pixel % width < 2 + (Math.floor(pixel / (height * width)) % 4) ? 0 : 1;
    for (let k = 0; k < 3; k++) pictures[3 * pixel + k] = (labels[pixel] ? 0.8 : 0.2) + 0.1 * random.normal();
  }
  const input = tfl.input({ shape: [height, width, 3] });
  const scores = tfl.layers
    .conv2d({
      filters: 2,
      kernelSize: 3,
      padding: 'same',
      kernelInitializer: tfl.initializers.glorotNormal({ seed: 2 }),
    })
    .apply(input) as tfl.SymbolicTensor;
  const affinities = pixelAffinity({ name: 'affinity', radius: 2 }).apply(input) as tfl.SymbolicTensor;
  const walked = randomWalk({ radius: 2 }).apply([scores, affinities]) as tfl.SymbolicTensor;
  const segmentation = tfl.layers.activation({ activation: 'softmax' }).apply(walked) as tfl.SymbolicTensor;
  const model = tfl.model({ inputs: input, outputs: [segmentation, affinities] });
  model.compile({ optimizer: tf.train.adam(0.05), loss: [tfl.metrics.categoricalCrossentropy, sameLabelLoss] });
  const labelTensor = tf.tensor3d(labels, [count, height, width]);
  const targets = [tf.oneHot(tf.cast(labelTensor, 'int32'), 2), sameLabelPairs(labelTensor, { radius: 2 })];
  const { history } = await model.fit(tf.tensor4d(pictures, [count, height, width, 3]), targets, {
    epochs: 15,
    shuffle: false,
    verbose: 0,
  });
  const losses = Object.entries(history).filter(([name]) => name !== 'loss');
  expect(losses).toHaveLength(2);
  for (const [name, values] of losses) expect(values.at(-1)! as number, name).toBeLessThan(0.8 * (values[0] as number));
  // Differences of colours come to mean other objects.
  const theta = model.getLayer('affinity').getWeights()[0]!.dataSync();
  expect(Math.max(...theta)).toBeLessThan(-0.1);
});
