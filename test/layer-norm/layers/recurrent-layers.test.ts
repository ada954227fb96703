/** The recurrent layers by themselves: what they compute, and what a user of `tf.layers.lstm` can set. */
import * as tf from '@tensorflow/tfjs-core';
import { constraints, type RNN, regularizers } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { startTensorFlow } from '../../../functions/numeric-backend.ts';
import { layerNormLSTM } from '../../../lib/layer-norm/layers/index.ts';
import { gateColumns, type LstmGate, lstmGates } from '../../../lib/layer-norm/recurrent/gates.ts';
import {
  apply,
  applyAll,
  batch,
  create,
  difference,
  features,
  type Kind,
  kinds,
  noise,
  time,
  twin,
  units,
} from './recurrent-kinds.ts';

beforeAll(() => startTensorFlow('wasm-plain'));

/** Where a gate's columns begin, and how many there are. */
function spanOf(gate: LstmGate): [number, number] {
  const [begin, end] = gateColumns(lstmGates, gate, units);
  return [begin, end - begin];
}

describe.each(Object.keys(kinds) as Kind[])('%s', (kind) => {
  const states = kinds[kind][2];
  const x = () => noise([batch, time, features]);

  test('shapes, with and without sequences and states', () => {
    for (const returnSequences of [false, true]) {
      const output = returnSequences ? [batch, time, units] : [batch, units];
      expect(apply(create(kind, { returnSequences }), x()).shape).toEqual(output);
      const layer = create(kind, { returnSequences, returnState: true });
      const all = applyAll(layer, x());
      expect(all.map(({ shape }) => shape)).toEqual([output, ...Array(states).fill([batch, units])]);
      expect(layer.computeOutputShape([null, time, features])).toEqual(
        all.map(({ shape }) => [null, ...shape.slice(1)]),
      );
    }
  });

  test('the last output is that of the sequence, and the first state', () => {
    const layer = create(kind, { returnSequences: true, returnState: true });
    const [sequence, hidden] = applyAll(layer, x());
    const last = tf.squeeze(tf.slice(sequence!, [0, time - 1, 0], [-1, 1, -1]), [1]);
    expect(difference(last, hidden!)).toBe(0);
    expect(difference(apply(twin(kind, layer, {}), x()), last)).toBe(0);
    // Two tensors of their own: a model disposes of outputs that it has used.
    const [output, state] = applyAll(twin(kind, layer, { returnState: true }), x());
    output!.dispose();
    expect(difference(state!, last)).toBe(0);
  });

  test('config: there and back', () => {
    const layer = create(kind, {
      name: 'mine',
      trainable: false,
      returnSequences: true,
      returnState: true,
      goBackwards: true,
      dropout: 0.2,
      recurrentDropout: 0.3,
      seed: 4,
      epsilon: 1e-3,
      useBias: false,
      gainInitializer: 0.1,
      kernelInitializer: 'heNormal',
      kernelRegularizer: regularizers.l2({ l2: 0.01 }),
      recurrentConstraint: constraints.maxNorm({ maxValue: 2 }),
    });
    const config = layer.getConfig();
    const json = JSON.parse(JSON.stringify(config));
    const cls = layer.constructor as unknown as tf.serialization.SerializableConstructor<RNN> & typeof RNN;
    const copy = cls.fromConfig(cls, json);
    expect(copy.getConfig()).toEqual(config);
    expect(config).toMatchObject({ units, gainInitializer: { className: 'Constant', config: { value: 0.1 } } });
    expect(layer.getClassName()).toMatch(/^Stepwise/);
  });

  test('begins as its initializers say', () => {
    const layer = kinds[kind][0]({ units, gainInitializer: 0.1, kernelInitializer: 'zeros' });
    layer.build([null, null, features]);
    const byName = new Map(layer.weights.map((weight) => [weight.originalName.split('/').at(-1), weight.read()]));
    for (const [name, value] of byName) {
      if (name!.endsWith('gain')) expect(difference(value, tf.fill(value.shape, Math.fround(0.1)))).toBe(0);
    }
    expect(tf.sum(byName.get('input_kernel')!).dataSync()[0]).toBe(0);
    const recurrent = tf.slice(byName.get('recurrent_kernel')!, [0, 0], [units, units]);
    expect(difference(tf.matMul(recurrent, recurrent, true), tf.eye(units))).toBeLessThan(1e-5);
    expect(create(kind, { recurrentInitializer: 'orthogonal' }).getConfig().recurrentInitializer).toEqual(
      layer.getConfig().recurrentInitializer,
    );
    const bias = [...byName.get('bias')!.dataSync()];
    if (kind === 'layerNormLSTM') {
      expect(bias.splice(...spanOf('forget'))).toEqual(Array(units).fill(1));
      const other = layerNormLSTM({ units, biasInitializer: 'ones', unitForgetBias: false });
      other.build([null, null, features]);
      expect([...other.getWeights()[2]!.dataSync()]).toEqual(Array(4 * units).fill(1));
    }
    expect(bias.every((value) => value === 0)).toBe(true);
  });

  test('without biases it is as with biases of 0', () => {
    const bare = create(kind, { useBias: false, gainInitializer: 0.7 });
    const expected = apply(bare, x());
    const zeroed = create(kind);
    zeroed.build([null, null, features]);
    const isBias = ({ originalName }: { originalName: string }) => originalName.endsWith('bias');
    const given = bare.getWeights();
    expect(given).toHaveLength(zeroed.weights.filter((weight) => !isBias(weight)).length);
    const weights = zeroed.weights.map((weight) =>
      isBias(weight) ? tf.zeros(weight.shape as number[]) : given.shift()!,
    );
    zeroed.setWeights(weights);
    expect(difference(apply(zeroed, x()), expected)).toBe(0);
  });

  test('a mask is as if the steps were not there; one that hides every step leaves the initial state', () => {
    const layer = create(kind, { returnSequences: true, returnState: true });
    const mask = tf.tensor2d([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [0, 0, 0, 0, 0]], [batch, time], 'bool'); // biome-ignore format: a matrix
    const initialState = Array.from({ length: states }, (_, index) => noise([batch, units], 10 + index));
    const [sequence, ...after] = applyAll(layer, x(), { mask, initialState });
    const row = (tensor: tf.Tensor, index: number) => tf.slice(tensor, index, 1);
    const begun = initialState.map((state) => row(state, 1));
    const short = applyAll(layer, tf.slice(x(), [1, 0, 0], [1, 3, -1]), { initialState: begun });
    for (const [index, state] of after.entries()) {
      expect(difference(row(state, 1), short[index + 1]!)).toBeLessThan(1e-6);
      expect(difference(row(state, 2), row(initialState[index]!, 2))).toBe(0);
    }
    // Every output of the hidden case is the state it began with.
    expect(difference(tf.slice(sequence!, [2, 0, 0], [1, 1, -1]), tf.expandDims(row(initialState[0]!, 2), 1))).toBe(0);
    const gradient = tf.grad((values) => tf.sum(apply(twin(kind, layer, {}), values, { mask })))(x());
    expect([...tf.slice(gradient, [2, 0, 0], [1, -1, -1]).dataSync()].every((value) => value === 0)).toBe(true);
    expect([...gradient.dataSync()].every(Number.isFinite)).toBe(true);
  });

  test('does not look at what is masked, not even at NaN', () => {
    const layer = create(kind, { returnSequences: true });
    const mask = tf.tensor2d([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 1, 0, 1, 0]], [batch, time]); // biome-ignore format: a matrix
    const padded = tf.where(tf.cast(tf.expandDims(mask, 2), 'bool'), x(), tf.fill(x().shape, Number.NaN));
    expect(difference(apply(layer, padded, { mask }), apply(layer, x(), { mask }))).toBe(0);
    const gradientsOf = (values: tf.Tensor) => {
      const { grads } = tf.variableGrads(() => tf.sum(tf.square(apply(layer, values, { mask }))) as tf.Scalar);
      return Object.entries(grads).filter(([name]) => name.includes(layer.name));
    };
    const expected = Object.fromEntries(gradientsOf(x()));
    const ofPadded = gradientsOf(padded);
    expect(ofPadded.length).toBe(layer.weights.length);
    for (const [name, gradient] of ofPadded) expect(difference(gradient, expected[name]!)).toBe(0);
  });

  test('goBackwards reads from the end', () => {
    const layer = create(kind, { returnSequences: true });
    const forwards = apply(layer, tf.reverse(x(), 1));
    const backwards = apply(twin(kind, layer, { returnSequences: true, goBackwards: true }), x());
    expect(difference(forwards, backwards)).toBe(0);
    const mask = tf.tensor2d([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [0, 1, 0, 1, 1]], [batch, time]); // biome-ignore format: a matrix
    const masked = apply(layer, tf.reverse(x(), 1), { mask: tf.reverse(mask, 1) });
    const both = apply(twin(kind, layer, { returnSequences: true, goBackwards: true }), x(), { mask });
    expect(difference(masked, both)).toBe(0);
  });

  test('stateful: batches in a row are one long sequence, until the states are reset', () => {
    const layer = create(kind, { returnSequences: true });
    const whole = apply(layer, x());
    const stateful = twin(kind, layer, {
      returnSequences: true,
      stateful: true,
      batchInputShape: [batch, null, features],
    });
    const part = (begin: number, size: number) => apply(stateful, tf.slice(x(), [0, begin, 0], [-1, size, -1]));
    expect(difference(tf.concat([part(0, 2), part(2, 3)], 1), whole)).toBeLessThan(1e-6);
    stateful.resetStates();
    const before = tf.memory().numTensors;
    expect(tf.tidy(() => difference(part(0, 2), tf.slice(whole, [0, 0, 0], [-1, 2, -1])))).toBe(0);
    expect(tf.memory().numTensors).toBe(before);
    expect(() => create(kind, { stateful: true, inputShape: [time, features] }).build([null, time, features])).toThrow(
      /needs to know its batch size/,
    );
  });

  test('a sequence of length 0 gives the initial state', () => {
    const empty = tf.zeros([batch, 0, features]);
    const layer = create(kind, { returnSequences: true, returnState: true });
    const initialState = Array.from({ length: states }, (_, index) => noise([batch, units], 30 + index));
    const [sequence, ...after] = applyAll(layer, empty, { initialState });
    expect(sequence!.shape).toEqual([batch, 0, units]);
    for (const [index, state] of after.entries()) expect(difference(state, initialState[index]!)).toBe(0);
    expect(difference(apply(twin(kind, layer, {}), empty), tf.zeros([batch, units]))).toBe(0);
  });

  test('rows without variance and inputs of any scale have finite outputs and gradients', () => {
    const layer = create(kind);
    layer.build([null, null, features]);
    for (const scale of [0, 1e-20, 1e15]) {
      const values = tf.mul(tf.ones([batch, time, features]), scale);
      const gradient = tf.grad((given) => tf.sum(tf.square(apply(layer, given))))(values);
      for (const value of [...apply(layer, values).dataSync(), ...gradient.dataSync()]) {
        expect(Number.isFinite(value)).toBe(true);
      }
    }
  });

  test('says what it cannot do', () => {
    const message = (args: object) => () => create(kind, args);
    expect(message({ units: 0 })).toThrow(/units must be a positive integer, got 0/);
    expect(message({ dropout: 1 })).toThrow(/dropout must be at least 0 and less than 1, got 1/);
    expect(message({ epsilon: 0 })).toThrow(/epsilon must be a positive number, got 0/);
    expect(message({ activation: 'relu' })).toThrow(/activation is 'tanh'.*cannot be 'relu'/);
    expect(message({ recurrentActivation: 'hardSigmoid' })).toThrow(/recurrentActivation is 'sigmoid'/);
    expect(() => create(kind, { units: 1 }).build([null, time, features])).toThrow(/units must be at least 2/);
    expect(() => create(kind).build([null, time, null])).toThrow(
      /axis 1 of the input must have a known size above 0, and its shape is \[null,null\]/,
    );
    const mask = tf.ones([batch, time + 1]);
    expect(() => apply(create(kind), x(), { mask })).toThrow(/must be \[3, 5\], got \[3,6\]/);
  });
});

test.each(['layerNormLSTM', 'layerNormGRU'] as const)(
  'of a single feature, %s sees only the sign: LN(W_x x) has no scale',
  (kind) => {
    const x = noise([batch, time, 1]);
    const layer = create(kind, { epsilon: 1e-12 });
    const outputs = apply(layer, x);
    expect(difference(apply(layer, tf.mul(x, 7)), outputs)).toBeLessThan(1e-4);
    expect(difference(apply(layer, tf.neg(x)), outputs)).toBeGreaterThan(0.01);
    // A second feature that is always 1 gives it one.
    const scaled = (factor: number) => tf.concat([tf.mul(x, factor), tf.ones([batch, time, 1])], 2);
    const seeing = create(kind, {});
    expect(difference(apply(seeing, scaled(7)), apply(seeing, scaled(1)))).toBeGreaterThan(0.01);
  },
);
