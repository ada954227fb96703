import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { compile } from 'vega-lite';
import { beforeAll, describe, expect, test } from 'vitest';
import '../../lib/numerics/register-gradients.ts';
import { type Measurement, presetNames } from '../../lib/pipeline/experiment.ts';
import { createBackEnd } from '../../lib/random-walk/back-ends/back-end.ts';
import { upsampleScores } from '../../lib/random-walk/back-ends/layers.ts';
import { affinityFeatures as experiment } from '../../lib/random-walk/experiments/affinity-features.ts';
import {
  affinityLossMetric,
  affinitySubject,
  affinityVariant,
  affinityVariantNames,
  allWeights,
  positiveMetric,
  unrefined,
  unwalkedMetric,
} from '../../lib/random-walk/experiments/affinity-variants.ts';
import { weightGroups } from '../../lib/random-walk/experiments/evaluate-affinity-features.ts';
import { measureAffinityLoss } from '../../lib/random-walk/experiments/measure-affinity-loss.ts';
import { paperVariant } from '../../lib/random-walk/experiments/network-params.ts';
import { meanIoUMetric } from '../../lib/random-walk/experiments/segmentation-metrics.ts';
import { judgeAffinityFeatures } from '../../lib/random-walk/experiments/summarize-affinity-features.ts';
import { affinityFeatures, createJointNetwork, type JointSettings } from '../../lib/random-walk/joint-network.ts';
import { trainJointly } from '../../lib/random-walk/train-joint.ts';
import { asTensors } from '../../lib/training/trainer.ts';
import { runExperiment } from '../layer-norm/run-experiment.ts';
import { attention, largeFov, residual } from './back-ends/small-networks.ts';
import { countedPictures } from './counted-pictures.ts';
import { openScenes } from './scenes.ts';

beforeAll(async () => {
  await tf.setBackend('wasm');
});

const { smoke, laptop } = experiment.presets;
const network: JointSettings = {
  backEnd: { ...largeFov, dropout: 0 },
  ...{ affinityFeatures: 'rgb-conv1-fc', radius: 2, walkStride: 8, affinityLossWeight: 1, initialColourWeight: -3 },
};

describe('features of deeper layers', () => {
  test.each([largeFov, attention])(
    '$kind: after conv1, at the scores where the walk is, and bilinear between',
    (settings) => {
      const backEnd = createBackEnd(settings);
      tf.tidy(() => {
        const images = tf.randomUniform([1, 17, 25, 3], 0, 255, 'float32', 3) as tf.Tensor4D;
        const segmentation = backEnd.forward(asTensors(backEnd.initialize(1)), images);
        const { fc6, fc7 } = segmentation.deep!;
        expect([fc6.shape, fc7.shape]).toEqual([
          [1, 3, 4, 8],
          [1, 3, 4, 8],
        ]);
        expect(tf.max(fc6).dataSync()[0]).not.toBe(tf.max(fc7).dataSync()[0]);
        const expectEqual = (a: tf.Tensor, b: tf.Tensor) => expect([...a.dataSync()]).toEqual([...b.dataSync()]);
        const atScores = affinityFeatures('rgb-conv1-fc', images, segmentation, 8);
        expect(atScores.shape).toEqual([1, 3, 4, 3 + 4 + 4 + 8 + 8]);
        expectEqual(tf.slice(atScores, [0, 0, 0, 11]), tf.concat([fc6, fc7], 3));
        const everywhere = affinityFeatures('rgb-conv1-fc', images, segmentation, 1);
        expectEqual(
          tf.slice(everywhere, [0, 0, 0, 0], [-1, -1, -1, 11]),
          affinityFeatures('rgb-conv1', images, segmentation, 1),
        );
        expectEqual(tf.slice(everywhere, [0, 0, 0, 19]), upsampleScores(fc7, 17, 25, 8));
      });
    },
  );

  test('a residual back-end has none, and says so', () => {
    const { backEnd, initialize } = createJointNetwork({ ...network, backEnd: residual });
    expect(() => initialize(backEnd.initialize(1))).toThrow('LargeFOV or attention, not deeplab-v2');
    tf.tidy(() => {
      const images = tf.zeros([1, 9, 9, 3]) as tf.Tensor4D;
      const segmentation = backEnd.forward(asTensors(backEnd.initialize(1)), images);
      expect(() => affinityFeatures('rgb-conv1-fc', images, segmentation, 8)).toThrow('LargeFOV or attention');
    });
  });
});

test('training with the constraint leaves no weight above 0, and both layers of two are trained', async () => {
  const image = {
    ...{ width: 33, height: 25 },
    rgb: Uint8Array.from({ length: 33 * 25 * 3 }, (_, place) => (place * 37) % 256),
    labels: Uint8Array.from({ length: 33 * 25 }, (_, pixel) => (pixel % 33 < 16 ? 0 : 1)),
  };
  const trained = async (change: Partial<JointSettings>) => {
    let tensors: Readonly<Record<string, { readonly data: ArrayLike<number> }>> = {};
    const settings: JointSettings = { ...network, affinityFeatures: 'rgb-conv1', affinityLossWeight: -1, ...change };
    const { backEnd, initialize } = createJointNetwork(settings);
    const initial = initialize(backEnd.initialize(1), 5);
    const optimizer = {
      rule: 'adam',
      learningRate: 0.01,
      ratePower: 0,
      momentum: 0.9,
      weightDecay: 0,
      scoreRateFactor: 1,
    } as const;
    await trainJointly(
      {
        ...{ network: settings, updates: 4, optimizer, affinityRateFactor: 100, recordEveryUpdates: 4 },
        ...{ batchSize: 1, cropHeight: 25, cropWidth: 33 },
      },
      backEnd.initialize(1),
      [image],
      5,
      {
        ...({ checkpoint: undefined, checkpointDue: () => false, progress: () => {} } as never as Parameters<
          typeof trainJointly
        >[4]),
        breathe: async () => {},
        writeMetrics: async () => {},
        writeModel: async (written) => {
          tensors = written as typeof tensors;
        },
      },
    );
    return { initial, tensors };
  };
  // The affinity loss upside down pushes weights up.
  const free = await trained({});
  expect(Math.max(...Array.from(free.tensors['affinity/weights']!.data))).toBeGreaterThan(0);
  const kept = await trained({ areWeightsNonPositive: true });
  expect(Math.max(...Array.from(kept.tensors['affinity/weights']!.data))).toBeLessThanOrEqual(0);
  const two = await trained({ hiddenUnits: 3 });
  for (const name of ['affinity/hidden', 'affinity/weights']) {
    expect([...Array.from(two.tensors[name]!.data)]).not.toEqual([...Array.from(two.initial[name]!.data)]);
  }
});

test('the affinity loss of a picture: ½ where every pair of other labels has an affinity of 1', () => {
  // Two columns of one label each, and one of void; all pixels are the same.
  const labels = { width: 3, height: 2, labels: Uint8Array.of(0, 1, 255, 0, 1, 255) };
  const pixels = { height: 2, width: 3, channels: 1, features: new Float32Array(6) };
  const of = { radius: 1, walkStride: 1, weights: Float32Array.of(-1), hidden: undefined };
  // Of four pairs with labels two are of different ones.
  expect(measureAffinityLoss(pixels, labels, of)).toBeCloseTo(0.5 * (2 / 4), 6);
  expect(measureAffinityLoss(pixels, labels, { ...of, hidden: Float32Array.of(1) })).toBeCloseTo(0.25, 6);
});

test('weights by the layers of their channels', () => {
  const bias = (size: number) => ({ shape: [size], data: new Float32Array(size) });
  const tensors = {
    'p/conv1_1/bias': bias(2),
    'p/conv1_2/bias': bias(2),
    'p/fc6/bias': bias(1),
    'p/fc7/bias': bias(1),
  };
  const model = { tensors, metadata: {}, metrics: [] };
  const sizes = (channels: number) =>
    weightGroups(model, 'p', new Float32Array(channels)).map(({ name, weights }) => `${name} ${weights.length}`);
  expect(sizes(3)).toEqual([`${allWeights} 3`, 'RGB 3']);
  expect(sizes(7)).toEqual([`${allWeights} 7`, 'RGB 3', 'conv1_1 2', 'conv1_2 2']);
  expect(sizes(9)).toEqual([`${allWeights} 9`, 'RGB 3', 'conv1_1 2', 'conv1_2 2', 'fc6 1', 'fc7 1']);
});

describe('the experiment', () => {
  test.each(presetNames)('the preset %s passes its own schema', (preset) => {
    const params = experiment.params.parse(experiment.presets[preset]);
    expect(params).toEqual(experiment.presets[preset]);
    const trials = experiment.plan(params);
    const evaluations = experiment.evaluations(params, trials);
    for (const named of [trials, evaluations]) expect(new Set(named.map(({ name }) => name)).size).toBe(named.length);
    expect(trials.map(({ backEnd, variants }) => `${backEnd} ${variants.length}`).slice(0, 2)).toEqual([
      'large-fov 6',
      'deeplab-v2 2',
    ]);
  });

  test('every variant differs from the paper’s in one setting', () => {
    const { name, ...paper } = paperVariant(laptop);
    for (const variant of affinityVariantNames) {
      const { name: _, network, ...rest } = affinityVariant(laptop, variant);
      expect(rest).toEqual({ affinityRateFactor: paper.affinityRateFactor });
      const changed = Object.entries(network).filter(([key, value]) => paper.network[key as 'radius'] !== value);
      expect(changed, variant).toHaveLength(variant === 'rgb-conv1' ? 0 : 1);
    }
    expect(name).not.toBe('rgb-conv1');
  });

  test('smoke runs from plan to summary', async () => {
    const { rows } = await runExperiment(experiment, smoke, await openScenes());
    const valuesOf = (metric: string) => rows.filter((row) => row.metric === metric);
    expect(valuesOf(meanIoUMetric)).toHaveLength(1 + 6 + 1 + 2);
    expect(valuesOf(affinityLossMetric)).toHaveLength(8);
    // Not of two layers, whose weights are not of channels.
    expect(valuesOf(positiveMetric(allWeights))).toHaveLength(7);
    expect(valuesOf(positiveMetric('fc7')).map(({ subject }) => subject)).toEqual(['large-fov: rgb-conv1-fc']);
    const kept = affinitySubject('large-fov', 'non-positive');
    expect(valuesOf(positiveMetric(allWeights)).find(({ subject }) => subject === kept)!.value).toBe(0);
    for (const { value } of valuesOf(affinityLossMetric)) expect(value).toBeGreaterThan(0);
    for (const { value } of valuesOf(unwalkedMetric)) expect(value).toBe(0);

    const { verdict, tables, charts } = experiment.summarize(rows, smoke);
    expect(verdict.outcome).toBe('inconclusive');
    expect(verdict.reason).toContain('Wrong scale: 4 pictures to train on and 2 to validate on');
    for (const { title, columns, rows: cells } of tables) {
      expect(title).toContain('voc-segmentation (stand-in), 4 pictures to train on and 2 to validate on');
      for (const row of cells) expect(row).toHaveLength(columns.length);
    }
    expect(tables[0]!.rows).toHaveLength(10);
    for (const { spec } of charts) expect(() => compile(spec as never)).not.toThrow();
  }, 60_000);
});

describe('the verdict', () => {
  const asInPaper = { [unrefined]: 0.73, 'rgb-conv1': 0.75, 'rgb-conv1-fc': 0.752, 'two-layers': 0.751 };
  function rowsOf(
    change: Partial<typeof asInPaper> = {},
    { seeds = 3, noise = 0.0005, pictures = 34 } = {},
  ): Measurement[] {
    return Array.from({ length: seeds }, (_, seed) => [
      ...countedPictures(seed, pictures),
      ...Object.entries({ ...asInPaper, ...change }).map(([variant, value], index) => {
        const varied = value + 0.03 * seed + noise * ((seed * (index + 1)) % 3);
        const subject = affinitySubject('large-fov', variant);
        return { metric: meanIoUMetric, subject, step: 0, seed, value: varied, unit: 'share' };
      }),
    ]).flat();
  }
  const judge = (...given: Parameters<typeof rowsOf>) => judgeAffinityFeatures(rowsOf(...given));

  test('holds where neither brings a point, harm included', () => {
    expect(judge().outcome).toBe('holds');
    expect(judge().reason).toContain('The back-end alone, beside it: −2.');
    expect(judge({ 'rgb-conv1-fc': 0.7 }).outcome).toBe('holds');
  });

  test('does not where one does', () => {
    expect(judge({ 'rgb-conv1-fc': 0.775 }).outcome).toBe('does not hold');
    expect(judge({ 'two-layers': 0.775 }).outcome).toBe('does not hold');
  });

  test('noise, few seeds, few pictures and missing branches decide nothing', () => {
    expect(judge({}, { noise: 0.02 }).outcome).toBe('inconclusive');
    expect(judge({}, { seeds: 2 }).reason).toContain('Too few seeds: 2');
    expect(judge({}, { pictures: 6 }).reason).toContain('6 to validate on');
    expect(judgeAffinityFeatures([]).outcome).toBe('inconclusive');
    const without = rowsOf().filter(({ subject }) => !subject.endsWith('two-layers'));
    expect(judgeAffinityFeatures(without).reason).toContain('Not measured');
  });

  test('pictures that could not be walked over are remarked on', () => {
    const subject = affinitySubject('large-fov', 'no-affinity-loss');
    const row = { metric: unwalkedMetric, subject, step: 0, seed: 1, value: 4, unit: 'pictures' };
    const { remarks } = experiment.summarize([...rowsOf(), row], laptop);
    expect(remarks!.join(' ')).toContain('no-affinity-loss, seed 1: 4 pictures keep');
  });
});
