/** Weights of Keras's and PyTorch's own layers compute in ours what they compute there (test/golden/gate-orders-*.py). */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { startTensorFlow } from '../../functions/numeric-backend.ts';
import {
  arrangeGates,
  exportGru,
  exportLstm,
  importGru,
  importLstm,
  type Library,
} from '../../lib/layer-norm/gate-orders.ts';
import { gateColumns, gruGates, lstmGates } from '../../lib/layer-norm/recurrent/gates.ts';
import { type GruParameters, gru, initializeGru } from '../../lib/layer-norm/recurrent/gru.ts';
import { initializeLstm, type LstmParameters, lstm } from '../../lib/layer-norm/recurrent/lstm.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import type { NamedTensors, Tensor } from '../../lib/numerics/safetensors.ts';
import { asTensors } from '../../lib/training/trainer.ts';

interface Golden {
  readonly shape: number[];
  readonly data: number[];
}
interface GoldenLayer {
  readonly weights: Record<string, Golden>;
  readonly outputs: Golden;
}
type GoldenFile = Record<string, GoldenLayer> & { readonly inputs: Golden };

const golden = Object.fromEntries(
  (['keras', 'pytorch'] as const).map((library) => {
    const file = new URL(`../golden/gate-orders-${library}.json`, import.meta.url);
    return [library, JSON.parse(readFileSync(file, 'utf8')) as GoldenFile];
  }),
) as Record<Library, GoldenFile>;

beforeAll(() => startTensorFlow('wasm-plain'));

function weightsOf(library: Library, layer: string): NamedTensors {
  const { weights } = golden[library][layer]!;
  return Object.fromEntries(
    Object.entries(weights).map(([name, { shape, data }]) => [
      name === 'recurrentKernel' ? 'recurrent_kernel' : name,
      { shape, data: Float32Array.from(data) },
    ]),
  );
}

/** [time, batch, …]; Keras has the batch first. */
function timeMajor(library: Library, { shape, data }: Golden): tf.Tensor3D {
  const values = tf.tensor3d(data, shape as [number, number, number]);
  return library === 'keras' ? tf.transpose(values, [1, 0, 2]) : values;
}

function largestError(library: Library, layer: string, outputs: tf.Tensor): number {
  return tf.max(tf.abs(tf.sub(outputs, timeMajor(library, golden[library][layer]!.outputs)))).dataSync()[0]!;
}

describe.each(['keras', 'pytorch'] as const)('%s', (library) => {
  const inputs = () => timeMajor(library, golden[library].inputs);

  test.each(library === 'pytorch' ? ['lstm', 'lstmWithoutBias'] : ['lstm'])('%s', (layer) => {
    const parameters = asTensors(importLstm(library, weightsOf(library, layer))) as unknown as LstmParameters;
    const { outputs } = lstm(inputs(), parameters, { normalization: 'none' });
    expect(largestError(library, layer, outputs)).toBeLessThan(2e-6);
  });

  test('gru', () => {
    const parameters = asTensors(importGru(library, weightsOf(library, 'gru'))) as unknown as GruParameters;
    const { outputs } = gru(inputs(), parameters, { normalization: 'none' });
    expect(largestError(library, 'gru', outputs)).toBeLessThan(2e-6);
  });

  test('and back: the same numbers', () => {
    const shape = { inputs: 2, units: 3, normalization: 'none' } as const;
    const random = randomStream(1);
    const noisy = (parameters: NamedTensors): NamedTensors => {
      for (const { data } of Object.values(parameters)) random.fillNormal(data as Float32Array, 1);
      return parameters;
    };
    const lstmParameters = noisy(initializeLstm(random, shape));
    expect(importLstm(library, exportLstm(library, lstmParameters))).toEqual(lstmParameters);
    const gruParameters = noisy(initializeGru(random, shape));
    expect(importGru(library, exportGru(library, gruParameters))).toEqual(gruParameters);
    const exported = exportGru(library, gruParameters);
    const { weights } = golden[library].gru!;
    expect(Object.values(exported).map((tensor) => tensor.shape)).toEqual(
      Object.values(weights).map((tensor) => tensor.shape),
    );
  });
});

test('PyTorch’s layers and directions have suffixes', () => {
  const named = Object.fromEntries(
    Object.entries(weightsOf('pytorch', 'lstm')).map(([name, tensor]) => [name.replace('l0', 'l1_reverse'), tensor]),
  );
  const parameters = importLstm('pytorch', named, { suffix: 'l1_reverse' });
  expect(parameters).toEqual(importLstm('pytorch', weightsOf('pytorch', 'lstm')));
  expect(Object.keys(exportLstm('pytorch', parameters, { suffix: 'l1_reverse' }))).toEqual(Object.keys(named));
  expect(() => importLstm('pytorch', named)).toThrow("There must be a weight called 'weight_hh_l0', got weight_ih_l1");
});

describe('arrangeGates', () => {
  const tensor = { shape: [2, 4], data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) };

  test('moves the columns of gates, of any tensor', () => {
    const arranged = arrangeGates(tensor, ['input', 'forget', 'candidate', 'output'], lstmGates);
    // forget, input, output, candidate
    expect(arranged).toEqual({ shape: [2, 4], data: Float32Array.of(2, 1, 4, 3, 6, 5, 8, 7) });
    expect(arrangeGates(arranged, lstmGates, ['input', 'forget', 'candidate', 'output'])).toEqual(tensor);
    const gains = { shape: [6], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
    expect([...arrangeGates(gains, ['reset', 'update', 'candidate'], gruGates).data]).toEqual([3, 4, 1, 2, 5, 6]);
  });

  test('says what does not fit', () => {
    expect(() => arrangeGates(tensor, ['input'], lstmGates)).toThrow(/Both orders must name the same gates, each once/);
    expect(() => arrangeGates(tensor, gruGates, gruGates)).toThrow(
      'The last axis must have as many columns for each of update,reset,candidate, got the shape [2,4].',
    );
  });

  test('a normalised GRU whose z weighs the state: gains and bias of the update gate change sign, kernels do not', () => {
    const units = 3;
    const shape = { inputs: 2, units, normalization: 'layer' } as const;
    const random = randomStream(3);
    const ours = initializeGru(random, shape);
    for (const { data } of Object.values(ours)) random.fillNormal(data as Float32Array, 1);
    const [inputs, hidden] = [
      tf.randomNormal([4, 2], 0, 1, 'float32', 1),
      tf.randomNormal([4, units], 0, 1, 'float32', 2),
    ];
    const run = (parameters: NamedTensors) =>
      gru(tf.expandDims(inputs) as tf.Tensor3D, asTensors(parameters) as unknown as GruParameters, {
        normalization: 'layer',
        initialState: { hidden: hidden as tf.Tensor2D },
      }).state.hidden;
    const [begin, end] = gateColumns(gruGates, 'update', units);
    const ofUpdate = ({ shape, data }: Tensor, change: (value: number) => number): Tensor => ({
      shape,
      data: Float32Array.from(data, (value, index) => (index >= begin && index < end ? change(value) : value)),
    });
    const negated = Object.fromEntries(
      ['inputGain', 'recurrentGain', 'bias'].map((name) => [name, ofUpdate(ours[name]!, (value) => -value)]),
    );
    // σ(z) = 1 leaves ĥ alone. And σ(−z) = 1 − σ(z): what one takes from the state, the other takes from ĥ.
    const candidate = run({ ...ours, bias: ofUpdate(ours.bias!, () => 1e4) });
    const both = tf.add(run(ours), run({ ...ours, ...negated }));
    expect(tf.max(tf.abs(tf.sub(both, tf.add(hidden, candidate)))).dataSync()[0]).toBeLessThan(1e-5);
  });
});

describe('where the mathematics differ', () => {
  test('Keras’s reset_after=False', () => {
    expect(() => importGru('keras', weightsOf('keras', 'gruResetBefore'))).toThrow(
      /a bias of two rows with reset_after=True, and this one is \[9\].*Train it with reset_after=True/,
    );
  });

  test('cells that carry the normalised cell', () => {
    const tensor = { shape: [12], data: new Float32Array(12) };
    for (const name of ['layernorm_c.weight', 'state_norm/gamma']) {
      expect(() => importLstm('pytorch', { ...weightsOf('pytorch', 'lstm'), [name]: tensor })).toThrow(
        /carry the \*normalised\* cell/,
      );
    }
  });

  test('projected hidden states', () => {
    const tensor = { shape: [2, 3], data: new Float32Array(6) };
    expect(() => importLstm('pytorch', { ...weightsOf('pytorch', 'lstm'), weight_hr_l0: tensor })).toThrow(/proj_size/);
  });

  test('our own normalised parameters', () => {
    const parameters = initializeLstm(randomStream(1), { inputs: 2, units: 3, normalization: 'layer' });
    expect(() => exportLstm('keras', parameters)).toThrow(
      /'inputGain' has no place in PyTorch's or Keras's own layers/,
    );
  });

  test('shapes of another layer', () => {
    expect(() => importLstm('keras', weightsOf('keras', 'gru'))).toThrow(
      "The weight 'recurrent_kernel' must have the shape [3,12], got [3,9].",
    );
    const weights = { ...weightsOf('pytorch', 'gru'), bias_hh_l0: { shape: [4], data: new Float32Array(4) } };
    expect(() => importGru('pytorch', weights)).toThrow("The weight 'bias_hh_l0' must have the shape [9], got [4].");
  });
});
