/** The recurrent layers inside `tf.layers` models: masks, initial states, wrappers, dropout, training. */
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
  layerNormalization,
  layerNormGRU,
  layerNormLSTM,
  layerNormRNN,
  weightNormDense,
} from '../../../lib/layer-norm/layers/index.ts';
import {
  apply,
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

describe.each(Object.keys(kinds) as Kind[])('%s', (kind) => {
  const states = kinds[kind][2];
  const x = () => noise([batch, time, features]);

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
});

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

  test('and none is left when a model is disposed of', async () => {
    const before = tf.memory().numTensors;
    const net = sequential({
      layers: [
        layerNormLSTM({ units: 3, returnSequences: true, stateful: true, batchInputShape: [4, 3, 2] }),
        layerNormGRU({ units: 3, returnSequences: true, stateful: true }),
        batchNormLSTM({ units: 3, maxSteps: 2 }),
        layerNormalization(),
        weightNormDense({ units: 1 }),
      ],
    });
    const x = noise([4, 3, 2]);
    tf.dispose([net.predict(x) as tf.Tensor, x]);
    net.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('over a thousand steps', async () => {
    const net = sequential({ layers: [layerNormRNN({ units: 2, inputShape: [1, 2] })] });
    await train(net, noise([1, 1, 2]), noise([1, 2], 2), 1000);
  });
});
