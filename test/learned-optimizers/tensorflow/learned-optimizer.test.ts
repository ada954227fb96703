import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, loadLayersModel, sequential } from '@tensorflow/tfjs-layers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LearnedOptimizer } from '../../../lib/learned-optimizers/tensorflow/learned-optimizer.ts';
import { decodeBase64 } from '../../../lib/numerics/read-asset.ts';
import golden from '../../golden/learned-optimizer.json' with { type: 'json' };
import { startRegression, useBackend } from './optimizees.ts';

const file = decodeBase64(golden.cases[0]!.file);
const problem = golden.cases[0]!;

/** Losses and the last θ of some steps, with everything disposed. */
function run(optimizer: LearnedOptimizer, steps: number, regression = startRegression(problem)) {
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const loss = optimizer.minimize(regression.loss, true, regression.variables)!;
    losses.push(loss.dataSync()[0]!);
    loss.dispose();
  }
  const theta = regression.variables.flatMap((variable) => [...variable.dataSync()]);
  regression.dispose();
  return { losses, theta };
}

describe.each(['cpu', 'wasm'] as const)('on the %s backend', (backend) => {
  beforeEach(() => useBackend(backend));

  test.each(['kernel', 'tensors'] as const)('100 steps of the golden trajectory, computed on %s', (compute) => {
    for (const expected of golden.cases) {
      const optimizer = new LearnedOptimizer(decodeBase64(expected.file), { compute });
      const { losses, theta } = run(optimizer, golden.steps, startRegression(expected));
      expect(optimizer.computesOn).toBe(compute);
      for (const [step, loss] of expected.losses.entries()) expect(Math.abs(losses[step]! - loss)).toBeLessThan(1e-5);
      for (const [index, value] of [...expected.end.w, ...expected.end.b].entries()) {
        expect(Math.abs(theta[index]! - value), `θ_${index}`).toBeLessThan(1e-5);
      }
      optimizer.dispose();
    }
  });

  test('1,000 steps leave no tensor behind, and dispose leaves none at all', () => {
    for (const compute of ['kernel', 'tensors'] as const) {
      const before = tf.memory().numTensors;
      const regression = startRegression(problem);
      const optimizer = new LearnedOptimizer(file, { compute });
      optimizer.minimize(regression.loss);
      const after = tf.memory().numTensors;
      for (let step = 0; step < 1000; step++) optimizer.minimize(regression.loss);
      expect(tf.memory().numTensors).toBe(after);
      optimizer.dispose();
      regression.dispose();
      expect(tf.memory().numTensors).toBe(before);
    }
  });
});

test('both ways of computing, and the backends, go the same way', async () => {
  const ends: number[][] = [];
  for (const backend of ['cpu', 'wasm'] as const) {
    await useBackend(backend);
    for (const compute of ['kernel', 'tensors'] as const) {
      ends.push(run(new LearnedOptimizer(file, { compute }), 50).theta);
    }
  }
  for (const end of ends)
    for (const [k, value] of end.entries()) expect(Math.abs(value - ends[0]![k]!)).toBeLessThan(2e-6);
});

describe('state', () => {
  beforeEach(() => useBackend('cpu'));

  test.each(['kernel', 'tensors'] as const)('goes on where it was saved, computed on %s', async (compute) => {
    const whole = startRegression(problem);
    const first = new LearnedOptimizer(file, { compute });
    for (let step = 0; step < 5; step++) first.minimize(whole.loss, false, whole.variables);
    const saved = await first.getWeights();
    expect(saved.map(({ tensor }) => tensor.shape)).toEqual([[], [4, 3, 4, 20], [3, 4, 20]]);
    expect(saved[0]).toMatchObject({ name: 'iter' });
    expect(saved[1]!.name).toBe(`${whole.w.name}/lstm-state`);

    const halfway = { ...problem, start: { w: [...whole.w.dataSync()], b: [...whole.b.dataSync()] } };
    const second = new LearnedOptimizer(file, { compute });
    await second.setWeights(saved);
    tf.dispose(saved.map(({ tensor }) => tensor));
    expect(second.iterations).toBe(5);
    expect(run(second, 5, startRegression(halfway)).theta).toEqual(run(first, 5, whole).theta);
  });

  test('is each variable’s own: one that has no gradient stays, with its state', async () => {
    for (const compute of ['kernel', 'tensors'] as const) {
      const regression = startRegression(problem);
      const { w, b } = regression;
      const optimizer = new LearnedOptimizer(file, { compute });
      optimizer.minimize(regression.loss, false, [w, b]);
      const before = { b: b.dataSync().slice(), weights: await optimizer.getWeights() };
      optimizer.minimize(regression.loss, false, [w]);
      expect(b.dataSync()).toEqual(before.b);
      const after = await optimizer.getWeights();
      expect(after[2]!.tensor.dataSync()).toEqual(before.weights[2]!.tensor.dataSync());
      expect(after[1]!.tensor.dataSync()).not.toEqual(before.weights[1]!.tensor.dataSync());
      optimizer.minimize(regression.loss, false, [b, w]);
      regression.dispose();
      optimizer.dispose();
    }
  });

  test('finds its variable by name where the order has changed', async () => {
    const regression = startRegression(problem);
    const { w, b } = regression;
    const first = new LearnedOptimizer(file);
    first.minimize(regression.loss, false, [w, b]);
    const saved = await first.getWeights();
    const second = new LearnedOptimizer(file);
    await second.setWeights(saved);
    second.minimize(regression.loss, false, [b, w]);
    expect((await second.getWeights()).map(({ name }) => name)).toEqual(saved.map(({ name }) => name));
    regression.dispose();
  });

  test('of variables that are not there any more is refused, with both shapes', async () => {
    const save = async () => {
      const regression = startRegression(problem);
      const optimizer = new LearnedOptimizer(file);
      optimizer.minimize(regression.loss, false, regression.variables);
      regression.dispose();
      return optimizer.getWeights();
    };
    const narrower = startRegression({
      ...problem,
      y: problem.y.map((row) => row.slice(0, 2)),
      start: { w: [...Array(8)].map((_, k) => k / 8), b: [0, 0] },
    });
    const restored = new LearnedOptimizer(file);
    await restored.setWeights(await save());
    expect(() => restored.minimize(narrower.loss, false, narrower.variables)).toThrow(
      /of shape \[4,3\].* has the shape \[4,2\]/,
    );

    const one = new LearnedOptimizer(file);
    await one.setWeights((await save()).slice(0, 2));
    expect(() => one.minimize(narrower.loss, false, narrower.variables)).toThrow(
      'that of 1 variables, and 2 are trained',
    );

    const other = [tf.scalar(1, 'int32'), tf.zeros([3, 4, 8])].map((tensor, k) => ({ name: `${k}`, tensor }));
    await expect(new LearnedOptimizer(file).setWeights(other)).rejects.toThrow('saved by another optimizer');
  });
});

describe('gradients', () => {
  beforeEach(() => useBackend('cpu'));
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test('that are not finite count as zero, are counted, and reported once', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    for (const compute of ['kernel', 'tensors'] as const) {
      const move = (values: number[]) => {
        const variable = tf.variable(tf.zeros([4]));
        const optimizer = new LearnedOptimizer(file, { compute });
        for (let step = 0; step < 3; step++) optimizer.applyGradients({ [variable.name]: tf.tensor1d(values) });
        return { values: [...variable.dataSync()], count: optimizer.nonFiniteGradients };
      };
      const bad = move([Number.NaN, 1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
      const good = move([0, 1, 0, 0]);
      expect(bad.values).toEqual(good.values);
      expect([bad.count, good.count]).toEqual([9, 0]);
    }
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]![0]).toContain('3 gradient values were NaN or infinite at step 1');
  });

  test('of no variable, or of another shape, are refused', () => {
    const optimizer = new LearnedOptimizer(file);
    expect(() => optimizer.applyGradients({ nowhere: tf.zeros([2]) })).toThrow('there is no variable of this name');
    const variable = tf.variable(tf.zeros([2, 2]));
    expect(() => optimizer.applyGradients([{ name: variable.name, tensor: tf.zeros([4]) }])).toThrow(
      'shape [2,2], and has [4]',
    );
  });
});

describe('in a model of layers', () => {
  const build = () =>
    sequential({
      layers: [
        layers.dense({ units: 5, inputShape: [4], activation: 'sigmoid' }),
        layers.dense({ units: 3, activation: 'softmax' }),
      ],
    });
  const x = tf.tensor2d(problem.x);
  const y = tf.oneHot(
    problem.x.map((_, row) => row % 3),
    3,
  );
  const train = async (model: LayersModel) =>
    (await model.fit(x, y, { epochs: 3, batchSize: 24, shuffle: false })).history.loss;

  test.each(['cpu', 'wasm'] as const)('compile, fit, save with its state, load and go on, on %s', async (backend) => {
    await useBackend(backend);
    const model = build();
    model.compile({ optimizer: await LearnedOptimizer.load('mnist'), loss: 'categoricalCrossentropy' });
    const first = await train(model);
    let saved: tf.io.ModelArtifacts | undefined;
    await model.save(
      tf.io.withSaveHandler(async (artifacts) => {
        // As a file would: JSON.
        saved = { ...artifacts, trainingConfig: JSON.parse(JSON.stringify(artifacts.trainingConfig)) };
        return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
      }),
      { includeOptimizer: true },
    );
    const loaded = await loadLayersModel(tf.io.fromMemory(saved!));
    expect(loaded.optimizer.getClassName()).toBe('LearnedOptimizer');
    expect(loaded.optimizer.iterations).toBe(3);
    const second = await train(loaded);
    expect(second).toEqual(await train(model));
    expect(Number(second![2])).toBeLessThan(Number(first![0]));
  });
});
