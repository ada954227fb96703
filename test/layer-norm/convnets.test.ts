import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { compile } from 'vega-lite';
import { beforeAll, describe, expect, test } from 'vitest';
import { startTensorFlow } from '../../functions/numeric-backend.ts';
import {
  curveMeanMetric,
  normalizations,
  testErrorMetric,
  trainingImagesMetric,
  unitsOnMetric,
} from '../../lib/layer-norm/experiments/convnet-metrics.ts';
import { convnets as experiment } from '../../lib/layer-norm/experiments/convnets.ts';
import { chooseByValidation } from '../../lib/layer-norm/experiments/evaluate-convnets.ts';
import { updateTimeMetric } from '../../lib/layer-norm/experiments/learning-curves.ts';
import { summarizeConvnets } from '../../lib/layer-norm/experiments/summarize-convnets.ts';
import { type ClassifiedImages, drawImages } from '../../lib/layer-norm/models/classified-images.ts';
import { classify, measureUnits } from '../../lib/layer-norm/models/classify-images.ts';
import { convolutionShapes } from '../../lib/layer-norm/models/convnet-shape.ts';
import {
  crossEntropy,
  initializeConvnet,
  initializeRunningStatistics,
  runConvnet,
} from '../../lib/layer-norm/models/convolutional-classifier.ts';
import { createConvolutions, forwardConvolutions } from '../../lib/layer-norm/models/convolutions.ts';
import { detectWasmBackend } from '../../lib/numerics/backend.ts';
import { checkGradient } from '../../lib/numerics/gradient-checking.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import '../../lib/numerics/register-gradients.ts';
import type { TrainedModel } from '../../lib/pipeline/context.ts';
import { type Measurement, presetNames } from '../../lib/pipeline/experiment.ts';
import { asTensors } from '../../lib/training/trainer.ts';
import { datasetOf, runExperiment, trainTrial } from './run-experiment.ts';

const backend = detectWasmBackend();
beforeAll(() => startTensorFlow(backend));

/** MNIST's files with 60 training and 50 test images: a bright row, at a height that is the class. */
function mnistFiles(): Record<string, Uint8Array> {
  const file = (magic: number, sizes: readonly number[], body: Uint8Array) => {
    const bytes = new Uint8Array(4 * (1 + sizes.length) + body.length);
    const view = new DataView(bytes.buffer);
    for (const [index, value] of [magic, ...sizes].entries()) view.setUint32(4 * index, value);
    bytes.set(body, bytes.length - body.length);
    return bytes;
  };
  const files: Record<string, Uint8Array> = {};
  for (const [prefix, count] of [
    ['train', 60],
    ['t10k', 50],
  ] as const) {
    const pixels = new Uint8Array(count * 784);
    for (let image = 0; image < count; image++) {
      const row = 4 + 2 * (image % 10);
      pixels.fill(200, image * 784 + 28 * row + 6, image * 784 + 28 * row + 22);
    }
    files[`${prefix}-images-idx3-ubyte`] = file(0x803, [count, 28, 28], pixels);
    files[`${prefix}-labels-idx1-ubyte`] = file(
      0x801,
      [count],
      Uint8Array.from({ length: count }, (_, k) => k % 10),
    );
  }
  return files;
}
const files = mnistFiles();
const datasets = async (name: string) => datasetOf(name, files);
const { smoke, laptop, overnight } = experiment.presets;

describe('convolutions', () => {
  test('of the second layer: gradients of input and filter are those of the sum over padded windows', () => {
    const [images, side, inputs, outputs] = [2, 4, 3, 2];
    const shape = { images, height: side, width: side, inputChannels: inputs, outputChannels: outputs, kernelSize: 3 };
    const random = randomStream(0, 'convolution');
    const normal = (length: number) => Float32Array.from({ length }, () => random.normal());
    const [input, filter] = [normal(images * side * side * inputs), normal(9 * inputs * outputs)];
    const weights = normal(images * side * side * outputs);
    const sum = (at: ArrayLike<number>) => {
      let total = 0;
      for (let index = 0; index < weights.length; index++) {
        const [o, x, y] = [
          index % outputs,
          Math.floor(index / outputs) % side,
          Math.floor(index / outputs / side) % side,
        ];
        const n = Math.floor(index / outputs / side / side);
        for (let tap = 0; tap < 9; tap++) {
          const [row, column] = [y + Math.floor(tap / 3) - 1, x + (tap % 3) - 1];
          if (row < 0 || column < 0 || row >= side || column >= side) continue;
          for (let c = 0; c < inputs; c++) {
            const value = at[((n * side + row) * side + column) * inputs + c]!;
            total += weights[index]! * value * at[input.length + (tap * inputs + c) * outputs + o]!;
          }
        }
      }
      return total;
    };
    const convolutions = createConvolutions([shape, shape], { backend, threads: 1 });
    const gradients = tf.tidy(() => {
      const loss = (a: tf.Tensor, b: tf.Tensor) =>
        tf.sum(
          tf.mul(
            convolutions.convolve(1, a as tf.Tensor4D, b as tf.Tensor4D),
            tf.tensor4d(weights, [images, side, side, outputs]),
          ),
        );
      const at = [tf.tensor4d(input, [images, side, side, inputs]), tf.tensor4d(filter, [3, 3, inputs, outputs])];
      const { value, grads } = tf.valueAndGrads(loss)(at);
      expect(value.dataSync()[0]).toBeCloseTo(sum([...input, ...filter]), 3);
      return grads.flatMap((gradient) => [...gradient.dataSync()]);
    });
    convolutions.dispose();
    expect(checkGradient(sum, [...input, ...filter], gradients, 1e-3).error).toBeLessThan(1e-5);
  });
});

test('cross entropy is −ln of the class’s share, also of large scores', () => {
  const loss = tf.tidy(
    () =>
      crossEntropy(
        tf.tensor2d([
          [0, ...Array(9).fill(0)],
          [1000, ...Array(9).fill(0)],
        ]),
        tf.tensor1d([3, 0], 'int32'),
      ).dataSync()[0],
  );
  expect(loss).toBeCloseTo(Math.log(10) / 2, 5);
});

describe.each(['none', 'layer', 'batch'] as const)('the network, normalization: %s', (normalization) => {
  test('computes the same on the backends wasm and cpu, training or not', async () => {
    const settings = { normalization, side: 8, colours: 3, filters: [5, 6] };
    const pixels = Float32Array.from({ length: 4 * 8 * 8 * 3 }, (_, index) => (Math.sin(index) + 1) / 2);
    const run = (isTraining: boolean) =>
      tf.tidy(() => {
        const parameters = asTensors(initializeConvnet(1, settings));
        const state = asTensors(initializeRunningStatistics(settings));
        const states: Record<string, Float32Array> = {};
        const loss = (...values: tf.Tensor[]) => {
          const named = Object.fromEntries(Object.keys(parameters).map((name, index) => [name, values[index]!]));
          const images = tf.tensor4d(pixels, [4, 8, 8, 3]);
          const result = runConvnet(named, state, images, settings, convolutions, isTraining);
          for (const [name, tensor] of Object.entries(result.state)) states[name] = tensor.dataSync<'float32'>();
          return crossEntropy(result.scores, tf.tensor1d([0, 1, 2, 3], 'int32')) as tf.Tensor;
        };
        const values = Object.values(parameters);
        if (!isTraining) return [loss(...values).dataSync<'float32'>()];
        const { value, grads } = tf.valueAndGrads(loss)(values);
        return [value, ...grads].map((tensor) => tensor.dataSync<'float32'>()).concat(Object.values(states));
      });
    let convolutions = createConvolutions(convolutionShapes(settings, 4), { backend, threads: 1 });
    const onWasm = [run(true), run(false)].flat();
    convolutions.dispose();
    await tf.setBackend('cpu');
    convolutions = createConvolutions(convolutionShapes(settings, 4), { backend: 'node-cpu', threads: 1 });
    const onCpu = [run(true), run(false)].flat();
    await tf.setBackend('wasm');
    expect(onWasm.length).toBe({ none: 8, layer: 10, batch: 14 }[normalization]);
    for (const [place, values] of onWasm.entries()) {
      for (const [index, value] of values.entries()) expect(value).toBeCloseTo(onCpu[place]![index]!, 4);
    }
  });
});

/** A network of one filter that hands on the pixel itself, and the same score for every class. */
const identity = {
  settings: { normalization: 'none', side: 4, colours: 1, filters: [1] },
  parameters: () => ({
    'convolution1/filter': tf.tensor4d([0, 0, 0, 0, 1, 0, 0, 0, 0], [3, 3, 1, 1]),
    'convolution1/bias': tf.tensor1d([-0.5]),
    'output/kernel': tf.zeros([4, 10]),
    'output/bias': tf.zeros([10]),
  }),
} as const;
const four: ClassifiedImages = {
  // Only the four places in the middle ever are bright, and those in every other image.
  pixels: Uint8Array.from({ length: 4 * 16 }, (_, k) =>
    [5, 6, 9, 10].includes(k % 16) && Math.floor(k / 16) % 2 === 0 ? 255 : 0,
  ),
  labels: Uint8Array.of(0, 1, 2, 3),
  count: 4,
  side: 4,
  colours: 1,
};

describe('what is measured', () => {
  test('a network without an opinion is wrong about every image, with a loss of ln 10', () => {
    const { loss, errors } = tf.tidy(() => {
      const measured = classify(identity.parameters(), {}, four, identity.settings, forwardConvolutions);
      return { ...measured };
    });
    expect(errors).toBe(4);
    expect(loss).toBeCloseTo(Math.log(10), 5);
  });

  test('units near the edge that never see anything are never on, and never vary', () => {
    const rings: ReturnType<typeof measureUnits>[number][number][] = [];
    tf.tidy(() => {
      rings.push(...measureUnits(identity.parameters(), {}, four, identity.settings, forwardConvolutions)[0]!);
    });
    expect(rings[0]).toEqual({ distance: 0, shareOn: 0, deviation: 0 });
    expect(rings[1]!.shareOn).toBe(0.5);
    expect(rings[1]!.deviation).toBeCloseTo(0.5, 6);
    expect(rings).toHaveLength(2);
  });

  test('minibatches are a function of seed and update, and keep images with their labels', () => {
    const batch = drawImages(four, 3, 0, 7);
    expect(drawImages(four, 3, 0, 7)).toEqual(batch);
    expect(new Set(batch.labels).size).toBe(3);
    for (const [row, label] of batch.labels.entries()) {
      expect(batch.pixels[16 * row + 5]).toBe(label % 2 === 0 ? 255 : 0);
    }
  });

  test('the learning rate with the lowest last validation loss is chosen, never one that diverged', async () => {
    const losses: Record<string, number | string> = { slow: 0.5, best: 0.2, diverged: 'NaN' };
    const model = async (name: string): Promise<TrainedModel> => ({
      tensors: {},
      metadata: { name },
      metrics: [
        { update: 0, validationLoss: 0.1 },
        { update: 9, validationLoss: losses[name]! },
      ],
    });
    const trials = ['diverged', 'slow', 'best'];
    const chosen = await chooseByValidation({ trials, learningRates: [1, 2, 3] }, { model });
    expect([chosen.model.metadata.name, chosen.learningRate]).toEqual(['best', 3]);
  });
});

describe('the experiment', () => {
  test.each(presetNames)('the preset %s passes its own schema', (preset) => {
    expect(experiment.params.parse(experiment.presets[preset])).toEqual(experiment.presets[preset]);
    const trials = experiment.plan(experiment.presets[preset]);
    expect(new Set(trials.map(({ name }) => name)).size).toBe(trials.length);
  });

  test.each([
    [{ images: 'mnist', filters: [16, 16, 16] }, '28 × 28 pixels, which 3 halvings do not divide'],
    [{ validateEveryUpdates: laptop.updates + 1 }, 'must be at most updates'],
    [{ learningRates: [0.1, 0.1] }, 'must differ'],
    [{ images: 'cifar-100' }, 'images'],
  ])('refuses %s', (change, problem) => {
    const { error } = experiment.params.safeParse({ ...laptop, ...change });
    expect(JSON.stringify(error?.issues)).toContain(problem);
  });

  test('CIFAR-10 has room for three halvings', () => {
    expect(experiment.params.safeParse(overnight).success).toBe(true);
    expect(experiment.plan(overnight)[0]!.settings).toMatchObject({ side: 32, colours: 3 });
  });

  test('smoke runs from plan to summary, twice to the same numbers', async () => {
    const { rows } = await runExperiment(experiment, smoke, datasets);
    const again = await runExperiment(experiment, smoke, datasets);
    const timeless = (all: readonly Measurement[]) => all.filter(({ metric }) => metric !== updateTimeMetric);
    expect(timeless(again.rows)).toEqual(timeless(rows));
    for (const subject of normalizations) {
      const of = (metric: string) => rows.filter((row) => row.metric === metric && row.subject === subject);
      expect(of('validationLoss').map(({ step }) => step)).toEqual([0, 2, 4]);
      expect(of(unitsOnMetric(0))).toHaveLength(14);
      expect(of(unitsOnMetric(1))).toHaveLength(7);
      expect(of(updateTimeMetric)).toHaveLength(1);
    }
    const { verdict, tables, charts } = experiment.summarize(rows, smoke);
    expect(verdict.outcome).toBe('inconclusive');
    expect(verdict.reason).toContain('Wrong scale: 60 training images');
    for (const { columns, rows: cells } of tables) for (const row of cells) expect(row).toHaveLength(columns.length);
    for (const { spec } of charts) expect(() => compile(spec as never)).not.toThrow();
  });

  test.each(['none', 'layer', 'batch'] as const)(
    '%s: a training that was killed ends in the same bits',
    async (name) => {
      const trial = experiment.plan(smoke).find(({ settings }) => settings.normalization === name)!;
      const whole = await trainTrial(experiment, trial, datasets);
      expect(await trainTrial(experiment, trial, datasets, 3)).toEqual(whole);
      expect(Object.keys(whole.tensors).includes('state/convolution1/mean')).toBe(name === 'batch');
    },
  );
});

describe('the verdict', () => {
  /** ln(validation loss) over the curve and the test error of each model, by seed. */
  function rowsOf(curves: Record<'none' | 'layer' | 'batch', (seed: number) => number>, seeds = 5): Measurement[] {
    return Object.entries(curves).flatMap(([subject, value]) =>
      Array.from({ length: seeds }, (_, seed) => [
        { metric: curveMeanMetric, subject, step: 0, seed, value: value(seed), unit: '' },
        { metric: testErrorMetric, subject, step: 0, seed, value: 0.02, unit: '' },
        { metric: trainingImagesMetric, subject, step: 0, seed, value: 60_000, unit: '' },
      ]).flat(),
    );
  }
  const judge = (rows: readonly Measurement[]) => summarizeConvnets(rows, laptop).verdict;
  const [none, layer, batch] = [-1, -1.5, -1.8].map(
    (start) => (seed: number) => start + 0.3 * seed + 0.01 * start * seed,
  ) as [(seed: number) => number, (seed: number) => number, (seed: number) => number];

  test('holds in the paper’s order, does not in another, and needs seeds', () => {
    expect(judge(rowsOf({ none, layer, batch })).outcome).toBe('holds');
    expect(judge(rowsOf({ none: layer, layer: none, batch })).outcome).toBe('does not hold');
    expect(judge(rowsOf({ none, layer: batch, batch: layer })).outcome).toBe('does not hold');
    expect(judge(rowsOf({ none, layer, batch }, 3)).reason).toContain('Too few seeds: 3');
    const noisy = (seed: number) => layer(seed) + 0.5 * (seed % 2) - 0.2;
    expect(judge(rowsOf({ none, layer, batch: noisy })).outcome).toBe('inconclusive');
    expect(judge([]).outcome).toBe('inconclusive');
  });
});
