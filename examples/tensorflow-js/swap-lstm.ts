/**
 * A recurrent model before and after one line is changed: `layers.lstm` to `layerNormLSTM`, with the same settings, seeds
 * and minibatches.
 *
 *     npm install stepwise @tensorflow/tfjs-core @tensorflow/tfjs-layers @tensorflow/tfjs-backend-wasm
 *     npx tsc && node compiled/swap-lstm.js
 *
 * The task is the adding problem (Hochreiter and Schmidhuber, 1997): of 20 numbers, each with a mark that is 0 or 1, give the
 * sum of the two that are marked. A network that knows only their mean has an error of 1/6.
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import {
  initializers,
  type LayersModel,
  type LSTMLayerArgs,
  layers,
  type RNN,
  sequential,
} from '@tensorflow/tfjs-layers';
import { layerNormLSTM } from 'stepwise/layers';

const [units, time, batchSize, steps] = [32, 20, 64, 150];
const seeds = [1, 2];

type Settings = LSTMLayerArgs & { readonly recurrentActivation: 'sigmoid'; readonly activation: 'tanh' };
const recurrent: Readonly<Record<string, (settings: Settings) => RNN>> = {
  'layers.lstm': (settings) => layers.lstm(settings),
  layerNormLSTM: (settings) => layerNormLSTM(settings),
};

function buildModel(createRecurrent: (settings: Settings) => RNN, seed: number): LayersModel {
  const model = sequential();
  model.add(
    createRecurrent({
      units,
      inputShape: [time, 2],
      activation: 'tanh',
      // What layerNormLSTM has anyway; TensorFlow.js's own defaults are 'hardSigmoid' and false.
      recurrentActivation: 'sigmoid',
      unitForgetBias: true,
      kernelInitializer: initializers.glorotUniform({ seed }),
      recurrentInitializer: initializers.glorotUniform({ seed: seed + 100 }),
    }),
  );
  model.add(layers.dense({ units: 1, kernelInitializer: initializers.glorotUniform({ seed: seed + 200 }) }));
  model.compile({ optimizer: tf.train.adam(0.005), loss: 'meanSquaredError' });
  return model;
}

/** Numbers and marks [batch, time, 2], and the sum of the marked numbers: one in each half. */
function drawBatch(seed: number, step: number): [tf.Tensor3D, tf.Tensor2D] {
  const random = randomNumbers(1000 * seed + step);
  const x = new Float32Array(batchSize * time * 2).map((_, index) => (index % 2 === 0 ? random() : 0));
  const sums = new Float32Array(batchSize);
  for (let sequence = 0; sequence < batchSize; sequence++) {
    for (const half of [0, 1]) {
      const marked = sequence * time + Math.floor(((half + random()) * time) / 2);
      x[2 * marked + 1] = 1;
      sums[sequence] = (sums[sequence] ?? 0) + (x[2 * marked] ?? 0);
    }
  }
  return [tf.tensor3d(x, [batchSize, time, 2]), tf.tensor2d(sums, [batchSize, 1])];
}

/** mulberry32: uniform in [0, 1). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function train(createRecurrent: (settings: Settings) => RNN, seed: number): Promise<number[]> {
  const model = buildModel(createRecurrent, seed);
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const [x, y] = drawBatch(seed, step);
    losses.push((await model.trainOnBatch(x, y)) as number);
    tf.dispose([x, y]);
  }
  model.dispose();
  return losses;
}

await tf.setBackend('wasm');
const curves: Record<string, number[][]> = {};
for (const [name, createRecurrent] of Object.entries(recurrent)) {
  const start = performance.now();
  const runs: number[][] = [];
  for (const seed of seeds) runs.push(await train(createRecurrent, seed));
  curves[name] = runs;
  console.log(`${name}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

/** The mean over seeds of the ten steps up to this one: single minibatches are noisy. */
function meanLoss(name: string, step: number): number {
  const recent = (curves[name] ?? []).flatMap((losses) => losses.slice(Math.max(0, step - 10), step));
  return recent.reduce((sum, loss) => sum + loss, 0) / recent.length;
}

console.log(`mean squared error of the last 10 minibatches over ${seeds.length} seeds, on ${tf.getBackend()}`);
console.log(`step   ${Object.keys(curves).join('   ')}`);
for (const step of [10, 25, 50, 100, 150]) {
  const row = Object.keys(curves).map((name) => meanLoss(name, step).toFixed(4).padStart(name.length));
  console.log(`${String(step).padStart(4)}   ${row.join('   ')}`);
}

if (!(meanLoss('layerNormLSTM', steps) < meanLoss('layers.lstm', steps) / 2)) {
  throw new Error('The layer-normalised LSTM should be well ahead here.');
}
