/** The recurrent layers inside `tf.layers` models: what a user of `tf.layers.lstm` expects of them. */
import * as tf from '@tensorflow/tfjs-core';
import {
  constraints,
  input,
  type LayersModel,
  layers,
  model,
  type RNN,
  regularizers,
  sequential,
} from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { startTensorFlow } from '../../../functions/numeric-backend.ts';
import {
  batchNormLSTM,
  layerNormGRU,
  layerNormGRUCell,
  layerNormLSTM,
  layerNormLSTMCell,
  layerNormRNN,
  layerNormRNNCell,
} from '../../../lib/layer-norm/layers/index.ts';
import type { RecurrentLayerArgs } from '../../../lib/layer-norm/layers/recurrent-layer.ts';

beforeAll(() => startTensorFlow('wasm-plain'));

const kinds = {
  layerNormRNN: [layerNormRNN, layerNormRNNCell, 1],
  layerNormLSTM: [layerNormLSTM, layerNormLSTMCell, 2],
  layerNormGRU: [layerNormGRU, layerNormGRUCell, 1],
} as const;
type Kind = keyof typeof kinds;
const [batch, time, features, units] = [3, 5, 4, 6];

const create = (kind: Kind, args: Partial<RecurrentLayerArgs> = {}): RNN => kinds[kind][0]({ units, ...args });
const noise = (shape: number[], seed = 1) => tf.randomNormal(shape, 0, 1, 'float32', seed);
const apply = (layer: RNN, x: tf.Tensor | tf.Tensor[], kwargs = {}) => layer.apply(x, kwargs) as tf.Tensor;
const applyAll = (layer: RNN, x: tf.Tensor | tf.Tensor[], kwargs = {}) => layer.apply(x, kwargs) as tf.Tensor[];

function difference(a: tf.Tensor, b: tf.Tensor): number {
  expect(a.shape).toEqual(b.shape);
  return tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!;
}

/** Another layer of the same settings but these, with the same weights. */
function twin(kind: Kind, layer: RNN, args: Partial<RecurrentLayerArgs>): RNN {
  const other = create(kind, args);
  const inputs = layer.weights[0]!.shape[0]!;
  other.build(args.batchInputShape ?? [null, null, inputs]);
  other.setWeights(layer.getWeights());
  return other;
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
    const layer = create(kind, { gainInitializer: 0.1, kernelInitializer: 'zeros' });
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
    expect(bias.filter((value) => value === 1)).toHaveLength(kind === 'layerNormLSTM' ? units : 0);
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

  test('takes the mask of a masking layer, and hands it on', () => {
    const build = (first: RNN, second: RNN) =>
      sequential({ layers: [layers.masking({ maskValue: 0, inputShape: [time, features] }), first, second] });
    const ours = build(create(kind, { returnSequences: true }), create(kind));
    const values = tf.concat([x(), tf.zeros([batch, 2, features])], 1);
    const longer = sequential({ layers: [] });
    longer.add(layers.masking({ maskValue: 0, inputShape: [time + 2, features] }));
    longer.add(create(kind, { returnSequences: true }));
    longer.add(create(kind));
    longer.setWeights(ours.getWeights());
    expect(difference(longer.predict(values) as tf.Tensor, ours.predict(x()) as tf.Tensor)).toBeLessThan(1e-6);
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

  test('initial states are inputs of a model, and the next layer does not get them', () => {
    const sequence = input({ shape: [time, features] });
    const initial = Array.from({ length: states }, () => input({ shape: [units] }));
    const first = create(kind, { returnSequences: true }).apply(sequence, { initialState: initial });
    const second = create(kind).apply(first as ReturnType<typeof input>);
    const whole = model({ inputs: [sequence, ...initial], outputs: second as ReturnType<typeof input> });
    const given = initial.map((_, index) => noise([batch, units], 20 + index));
    const output = whole.predict([x(), ...given]) as tf.Tensor;

    const [inner, outer] = whole.layers.filter(({ name }) => name.includes('layer_norm')) as [RNN, RNN];
    const between = apply(twin(kind, inner, { returnSequences: true }), [x(), ...given]);
    expect(difference(output, apply(twin(kind, outer, {}), between))).toBe(0);
    expect(difference(output, whole.predict([x(), ...given.map((state) => tf.mul(state, 2))]) as tf.Tensor)).toBeGreaterThan(1e-4); // biome-ignore format: one line
    expect(() => inner.apply(x(), { initialState: [noise([batch, units + 1])] })).toThrow(/its initial state must be/);
    // And it can be saved: what the layer was called with is in the graph, and in no note beside it.
    const warnings = vi.spyOn(console, 'warn');
    const [saved] = JSON.parse(whole.toJSON() as string).config.layers.filter(
      (layer: { name: string }) => layer.name === inner.name,
    );
    expect(saved.inbound_nodes[0]).toHaveLength(1 + states);
    expect(saved.inbound_nodes[0].map((node: unknown[]) => node[3])).toEqual(Array(1 + states).fill({}));
    expect(warnings).not.toHaveBeenCalled();
    warnings.mockRestore();
  });

  test('dropout in training only, of the same units at all steps, and the same again from a seed', () => {
    const layer = create(kind, { returnSequences: true });
    const plain = apply(layer, x());
    for (const rates of [{ dropout: 0.5 }, { recurrentDropout: 0.5 }, { dropout: 0.3, recurrentDropout: 0.3 }]) {
      const args = { ...rates, seed: 5, returnSequences: true };
      const dropping = twin(kind, layer, args);
      expect(difference(apply(dropping, x()), plain)).toBe(0);
      const first = apply(dropping, x(), { training: true });
      expect(difference(first, plain)).toBeGreaterThan(0.01);
      expect(difference(apply(dropping, x(), { training: true }), first)).toBeGreaterThan(0.01);
      expect(difference(apply(twin(kind, layer, args), x(), { training: true }), first)).toBe(0);
    }
    // Inputs that are all the same stay all the same, step for step.
    const same = tf.ones([batch, time, features]);
    const weightless = twin(kind, layer, { dropout: 0.5, seed: 6, returnSequences: true });
    const zeroed = layer.getWeights().map((weight, index) => (index === 1 ? tf.zerosLike(weight) : weight));
    weightless.setWeights(zeroed);
    if (kind === 'layerNormRNN') {
      const steps = tf.unstack(apply(weightless, same, { training: true }), 1);
      for (const step of steps) expect(difference(step, steps[0]!)).toBe(0);
    }
  });

  test('recurrent dropout hides units from W_h and from nothing else', () => {
    const layer = create(kind, { returnSequences: true });
    layer.build([null, null, features]);
    // Without recurrent weights there is nothing to hide.
    const weights = layer.getWeights().map((weight, index) => (index === 1 ? tf.zerosLike(weight) : weight));
    layer.setWeights(weights);
    const dropping = twin(kind, layer, { recurrentDropout: 0.5, returnSequences: true });
    const mask = tf.tensor2d([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [0, 1, 0, 1, 0]], [batch, time]); // biome-ignore format: a matrix
    for (const kwargs of [{}, { mask }]) {
      const dropped = apply(dropping, x(), { ...kwargs, training: true });
      expect(difference(dropped, apply(layer, x(), kwargs))).toBeLessThan(1e-6);
    }
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

  test('its cell in tf.layers.rnn computes the same, and stacks', () => {
    const layer = create(kind, { returnSequences: true });
    const expected = apply(layer, x());
    const cell = kinds[kind][1];
    const looped = layers.rnn({ cell: cell({ units }), returnSequences: true });
    looped.build([null, null, features]);
    looped.setWeights(layer.getWeights());
    (looped as { built: boolean }).built = true;
    expect(difference(apply(looped, x()), expected)).toBeLessThan(1e-6);
    const dropping = layers.rnn({ cell: cell({ units, dropout: 0.5, recurrentDropout: 0.5 }) });
    expect([...apply(dropping, x(), { training: true }).dataSync()].every(Number.isFinite)).toBe(true);
    const stacked = layers.rnn({ cell: [cell({ units }), cell({ units: 3 })] });
    expect(apply(stacked, x()).shape).toEqual([batch, 3]);
  });

  test('in tf.layers.bidirectional', () => {
    const both = layers.bidirectional({ layer: create(kind, { returnSequences: true }), mergeMode: 'concat' });
    const output = both.apply(x()) as tf.Tensor;
    expect(output.shape).toEqual([batch, time, 2 * units]);
    const forwards = create(kind, { returnSequences: true });
    forwards.build([null, null, features]);
    const weights = both.getWeights();
    forwards.setWeights(weights.slice(0, weights.length / 2));
    expect(difference(apply(forwards, x()), tf.slice(output, [0, 0, 0], [-1, -1, units]))).toBe(0);
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

  test('learns with fit, penalises its weights, and constrains those that are set', async () => {
    const recurrent = create(kind, {
      kernelRegularizer: regularizers.l2({ l2: 1 }),
      kernelConstraint: constraints.unitNorm({}),
      inputShape: [time, features],
    });
    const net = sequential({ layers: [recurrent, layers.dense({ units: 1 })] });
    net.compile({ optimizer: tf.train.adam(0.05), loss: 'meanSquaredError' });
    const target = tf.sum(tf.slice(noise([24, time, features], 7), [0, 0, 0], [-1, 1, 1]), [1, 2]);
    const history = await net.fit(noise([24, time, features], 7), target, { epochs: 12, verbose: 0, shuffle: false });
    const losses = history.history.loss as number[];
    expect(losses.at(-1)).toBeLessThan(losses[0]! * 0.9);
    // TensorFlow.js applies constraints where weights are set, and not where an optimizer changes them.
    recurrent.setWeights(recurrent.getWeights().map((weight) => weight.clone()));
    const kernel = recurrent.getWeights()[0]!;
    const norms = tf.sqrt(tf.sum(tf.square(kernel), 0));
    expect(difference(norms, tf.onesLike(norms))).toBeLessThan(1e-5);
    // The penalty is in the loss, Σ w² = 1 for each column now.
    const [x, y] = [noise([24, time, features], 7), target];
    const plain = tf.losses.meanSquaredError(tf.expandDims(y, 1), net.predict(x) as tf.Tensor).dataSync()[0]!;
    expect(await net.trainOnBatch(x, y)).toBeCloseTo(plain + kernel.shape[1]!, 3);
  });

  test('frozen, it has nothing to train', () => {
    const layer = create(kind, { trainable: false });
    layer.build([null, null, features]);
    expect(layer.trainableWeights).toHaveLength(0);
    expect(layer.nonTrainableWeights).toHaveLength(layer.weights.length);
    layer.trainable = true;
    expect(layer.trainableWeights).toHaveLength(layer.weights.length);
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

describe('tensors stay flat', () => {
  const train = async (net: LayersModel, x: tf.Tensor, y: tf.Tensor, steps: number) => {
    net.compile({ optimizer: tf.train.sgd(0.01), loss: 'meanSquaredError' });
    await net.trainOnBatch(x, y);
    const before = tf.memory().numTensors;
    for (let step = 0; step < steps; step++) await net.trainOnBatch(x, y);
    expect(tf.memory().numTensors).toBe(before);
  };

  test('in all layers, with masks, dropout and states that are kept', async () => {
    const net = sequential({
      layers: [
        layers.masking({ maskValue: 0, batchInputShape: [4, 3, 2] }),
        layerNormLSTM({ units: 3, returnSequences: true, dropout: 0.2, recurrentDropout: 0.2, stateful: true }),
        layerNormGRU({ units: 3, returnSequences: true, stateful: true }),
        layerNormRNN({ units: 3, returnSequences: true, goBackwards: true }),
        batchNormLSTM({ units: 3, maxSteps: 2 }),
        layers.dense({ units: 1 }),
      ],
    });
    await train(net, noise([4, 3, 2]), noise([4, 1], 2), 20);
  });

  test('over a thousand steps', async () => {
    const net = sequential({ layers: [layerNormRNN({ units: 2, inputShape: [1, 2] })] });
    await train(net, noise([1, 1, 2]), noise([1, 2], 2), 1000);
  });
});
