/** A trained model of our layers comes back from its files with the same bits: here, in another process, by safetensors. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model, regularizers } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTensorFlow } from '../../../functions/numeric-backend.ts';
import {
  batchNormLSTM,
  layerNormalization,
  layerNormGRU,
  layerNormGRUCell,
  layerNormLSTM,
  layerNormRNN,
  readWeights,
  rootMeanSquareNormalization,
  weightNormDense,
  writeWeights,
} from '../../../lib/layer-norm/layers/index.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../lib/numerics/safetensors.ts';
import { loadModel, predictedBits, saveModel } from './saved-model.ts';

type Symbolic = ReturnType<typeof input>;
let folder: string;
let trained: LayersModel;

/** Every layer once, in a graph with a mask, initial states, wrappers and a cell. */
function build(): LayersModel {
  const [sequence, hidden, cell] = [input({ shape: [null, 4] }), input({ shape: [5] }), input({ shape: [5] })];
  const masked = layers.masking({ maskValue: 0 }).apply(sequence);
  const lstm = layerNormLSTM({
    units: 5,
    returnSequences: true,
    name: 'reader',
    gainInitializer: 0.1,
    kernelRegularizer: regularizers.l2({ l2: 0.001 }),
    dropout: 0.1,
    recurrentDropout: 0.1,
    seed: 3,
  });
  const read = lstm.apply([masked as Symbolic, hidden, cell]) as Symbolic;
  const both = layers.bidirectional({ layer: layerNormGRU({ units: 3, returnSequences: true }), mergeMode: 'concat' });
  const looped = layers.rnn({ cell: layerNormGRUCell({ units: 4 }), returnSequences: true, name: 'looped' });
  const rest = [
    both,
    layerNormalization({ axis: [-1], epsilon: 1e-4 }),
    looped,
    layerNormRNN({ units: 4, returnSequences: true, goBackwards: true }),
    rootMeanSquareNormalization(),
    batchNormLSTM({ units: 4, maxSteps: 3 }),
    weightNormDense({ units: 2, activation: 'softmax' }),
  ];
  const output = rest.reduce<Symbolic>((values, layer) => layer.apply(values) as Symbolic, read);
  return model({ inputs: [sequence, hidden, cell], outputs: output });
}

beforeAll(async () => {
  await startTensorFlow('wasm-plain');
  folder = await mkdtemp(join(tmpdir(), 'stepwise-saved-model-'));
  trained = build();
  trained.compile({ optimizer: tf.train.adam(0.01), loss: 'categoricalCrossentropy' });
  const x = [tf.randomNormal([8, 3, 4], 0, 1, 'float32', 1), tf.zeros([8, 5]), tf.zeros([8, 5])];
  const y = tf.oneHot(tf.tensor1d([0, 1, 0, 1, 1, 0, 0, 1], 'int32'), 2);
  await trained.fit(x, y, { epochs: 3, verbose: 0 });
  await saveModel(trained, folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('in the same process', async () => {
  const loaded = await loadModel(folder);
  expect(predictedBits(loaded)).toBe(predictedBits(trained));
  // And it says of itself what the first one says.
  const configOf = (of: LayersModel) => JSON.parse(JSON.stringify(of.getLayer('reader').getConfig()));
  expect(configOf(loaded)).toEqual(configOf(trained));
  expect(loaded.getLayer('reader').getConfig()).toMatchObject({ dropout: 0.1, seed: 3, unitForgetBias: true });
});

test('in a fresh process', async () => {
  const script = fileURLToPath(new URL('saved-model.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, folder]);
  expect(stdout.trim().split('\n').at(-1)).toBe(predictedBits(trained));
});

test('its weights as safetensors, by name', async () => {
  const bytes = encodeSafetensors(await readWeights(trained), { format: 'tf.layers' });
  const { tensors } = decodeSafetensors(bytes);
  expect(Object.keys(tensors)).toContain('reader/recurrent_gain');
  const loaded = await loadModel(folder);
  const other = await loadModel(folder);
  for (const weight of other.weights) weight.write(tf.zeros(weight.shape as number[]));
  expect(predictedBits(other)).not.toBe(predictedBits(trained));
  writeWeights(other, tensors);
  expect(predictedBits(other)).toBe(predictedBits(loaded));
});

test('weights of another model are refused, and nothing is changed', async () => {
  const tensors = await readWeights(trained);
  const before = predictedBits(trained);
  const { 'reader/bias': bias, ...fewer } = tensors;
  expect(() => writeWeights(trained, fewer)).toThrow("The weight 'reader/bias' must have the shape [20], got none.");
  expect(() => writeWeights(trained, { ...tensors, 'reader/bias': { ...bias!, shape: [4, 5] } })).toThrow(
    "The weight 'reader/bias' must have the shape [20], got [4,5].",
  );
  expect(() => writeWeights(trained, { ...tensors, extra: bias! })).toThrow("'extra' is no weight of this model");
  expect(predictedBits(trained)).toBe(before);
  const twice = layerNormRNN({ units: 2, name: 'same' });
  const again = layerNormRNN({ units: 2, name: 'same' });
  for (const layer of [twice, again]) layer.apply(tf.zeros([1, 1, 2]));
  await expect(readWeights({ weights: [...twice.weights, ...again.weights] })).rejects.toThrow(
    /Two weights of this model are called 'same\/input_kernel'/,
  );
});
