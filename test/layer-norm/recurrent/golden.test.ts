/** The layer-normalised RNN, LSTM and GRU against JAX in float64 (test/golden/layer-norm-recurrent.py): operations and layers. */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import '../../../lib/numerics/register-gradients.ts';
import { beforeAll, describe, expect, test } from 'vitest';
import { startTensorFlow } from '../../../functions/numeric-backend.ts';
import { layerNormGRU } from '../../../lib/layer-norm/layers/layer-norm-gru.ts';
import { layerNormLSTM } from '../../../lib/layer-norm/layers/layer-norm-lstm.ts';
import { layerNormRNN } from '../../../lib/layer-norm/layers/layer-norm-rnn.ts';
import { gruGates, lstmGates } from '../../../lib/layer-norm/recurrent/gates.ts';
import { gru } from '../../../lib/layer-norm/recurrent/gru.ts';
import { lstm } from '../../../lib/layer-norm/recurrent/lstm.ts';
import { rnn } from '../../../lib/layer-norm/recurrent/rnn.ts';

interface GoldenArray {
  readonly shape: number[];
  readonly data: number[];
}
type Golden = Record<string, GoldenArray>;
interface GoldenLayer {
  readonly arguments: Golden;
  readonly lossWeights: Golden;
  readonly cases: Record<string, { outputs: GoldenArray; state: Golden; gradients: Golden }>;
}
const golden: { lstmGates: string[]; gruGates: string[]; mask: GoldenArray; layers: Record<string, GoldenLayer> } =
  JSON.parse(readFileSync(new URL('../../golden/layer-norm-recurrent.json', import.meta.url), 'utf8'));

beforeAll(() => startTensorFlow('wasm-plain'));

const asTensor = ({ shape, data }: GoldenArray): tf.Tensor => tf.tensor(data, shape);

/** Relative to the largest value where that is above 1. */
function expectClose(actual: tf.Tensor, expected: GoldenArray, tolerance = 1e-5): void {
  expect(actual.shape).toEqual(expected.shape);
  const scale = Math.max(1, ...expected.data.map(Math.abs));
  const errors = [...actual.dataSync()].map((value, index) => Math.abs(value - expected.data[index]!) / scale);
  expect(Math.max(...errors)).toBeLessThan(tolerance);
}

test('gates lie as in the golden file', () => {
  expect(golden.lstmGates).toEqual(lstmGates);
  expect(golden.gruGates).toEqual(gruGates);
});

const operations = { rnn, lstm, gru };
const layers = { rnn: layerNormRNN, lstm: layerNormLSTM, gru: layerNormGRU };

describe.each(['rnn', 'lstm', 'gru'] as const)('%s', (name) => {
  const { arguments: given, lossWeights, cases } = golden.layers[name]!;
  const names = Object.keys(given);
  const states = name === 'lstm' ? ['hidden', 'cell'] : ['hidden'];

  function run(values: readonly tf.Tensor[], mask: string) {
    const { inputs, hidden, cell, ...parameters } = Object.fromEntries(names.map((key, k) => [key, values[k]!]));
    const options = {
      normalization: 'layer',
      initialState: { hidden, cell },
      ...(mask === 'ragged' && { mask: asTensor(golden.mask) }),
    };
    return (operations[name] as typeof lstm)(inputs as tf.Tensor3D, parameters as never, options as never);
  }

  test.each(['whole', 'ragged'])('outputs, states and all gradients, mask %s', (mask) => {
    const { outputs, state, gradients } = cases[mask]!;
    const values = names.map((key) => asTensor(given[key]!));
    const result = run(values, mask);
    expectClose(result.outputs, outputs);
    for (const key of states) expectClose(result.state[key as 'hidden'], state[key]!);
    const gradient = tf.grads((...tensors: tf.Tensor[]) => {
      const { outputs, state } = run(tensors, mask);
      const ofStates = states.map((key) => tf.sum(tf.mul(asTensor(lossWeights[key]!), state[key as 'hidden'])));
      return tf.addN([tf.sum(tf.mul(asTensor(lossWeights.outputs!), outputs)), ...ofStates]) as tf.Scalar;
    })(values);
    for (const [index, key] of names.entries()) expectClose(gradient[index]!, gradients[key]!);
  });

  test('the layer of the same weights', () => {
    const units = given.hidden!.shape[1]!;
    const layer = layers[name]({ units, returnSequences: true, returnState: true, name });
    const batchMajor = tf.transpose(asTensor(given.inputs!), [1, 0, 2]);
    layer.build(batchMajor.shape);
    const weights = layer.weights.map(({ originalName }) => {
      const key = originalName
        .split('/')
        .at(-1)!
        .replaceAll(/_[a-z]/g, (match) => match[1]!.toUpperCase());
      return asTensor(given[key]!);
    });
    layer.setWeights(weights);
    const mask = tf.transpose(asTensor(golden.mask));
    const [outputs, ...after] = layer.apply(batchMajor, {
      initialState: states.map((key) => asTensor(given[key]!)),
      mask,
    }) as tf.Tensor[];
    expectClose(tf.transpose(outputs!, [1, 0, 2]), cases.ragged!.outputs);
    for (const [index, key] of states.entries()) expectClose(after[index]!, cases.ragged!.state[key]!);
  });
});
