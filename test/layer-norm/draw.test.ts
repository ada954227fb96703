import { compile } from 'vega-lite';
import { describe, expect, test } from 'vitest';
import { drawBinary } from '../../lib/datasets/binarized-mnist.ts';
import { draw as experiment } from '../../lib/layer-norm/experiments/draw.ts';
import { subjectOf } from '../../lib/layer-norm/experiments/draw-subjects.ts';
import { updateTimeMetric } from '../../lib/layer-norm/experiments/learning-curves.ts';
import { judgeDraw } from '../../lib/layer-norm/experiments/summarize-draw.ts';
import { clipNorm, type DrawTrial } from '../../lib/layer-norm/training/draw.ts';
import type { Checkpoint, TrainedModel, TrainingContext } from '../../lib/pipeline/context.ts';
import type { EvaluationImage } from '../../lib/pipeline/evaluation-image.ts';
import { type Measurement, presetNames } from '../../lib/pipeline/experiment.ts';

/** 40 images of grey bars, binarized: enough for the code, not for a figure. */
const bars = new Uint8Array(40 * 784);
for (let k = 0; k < bars.length; k++) bars[k] = k % 28 > 4 + (Math.floor(k / 784) % 10) && k % 28 < 18 ? 230 : 10;

const machine = {
  backend: 'wasm-plain',
  threads: 1,
  dataset: async () => ({ manifest: {} as never, file: async (name: string) => drawBinary(bars, name) }),
  startTensorFlow: async () => expect.unreachable('nothing here needs TensorFlow.js'),
  breathe: async () => {},
} as const;

/** `killAt` ends the training at its so-many-th chance for a checkpoint, and returns that. */
async function trainOne(trial: DrawTrial, checkpoint?: Checkpoint, killAt = Number.POSITIVE_INFINITY) {
  let model: TrainedModel | undefined;
  let metrics: TrainedModel['metrics'] = [];
  let saved: Checkpoint | undefined;
  let chances = 0;
  const context: TrainingContext = {
    ...machine,
    checkpoint,
    checkpointDue: () => ++chances === killAt,
    saveCheckpoint: async (state) => {
      // As it comes back from the store.
      saved = { ...state, state: JSON.parse(JSON.stringify(state.state)) };
      throw new Error('killed');
    },
    writeMetrics: async (rows) => {
      metrics = rows;
    },
    writeModel: async (tensors, metadata) => {
      model = { tensors, metadata, metrics };
    },
    progress: ({ share }) => expect(share).toBeLessThanOrEqual(1),
  };
  await experiment.train(trial, context).catch((error) => {
    if (error.message !== 'killed') throw error;
  });
  return { model, saved };
}

async function runWhole(params: typeof smoke) {
  const trials = experiment.plan(params);
  const models = new Map<string, TrainedModel>();
  for (const trial of trials) models.set(trial.name, (await trainOne(trial)).model!);
  const rows: Measurement[] = [];
  const images: EvaluationImage[] = [];
  for (const evaluation of experiment.evaluations(params, trials)) {
    const model = async (name: string) => {
      expect(evaluation.trials).toContain(name);
      return models.get(name)!;
    };
    const writeImage = (image: EvaluationImage) => images.push(image);
    rows.push(...(await experiment.evaluate(evaluation, { ...machine, model, writeImage })));
  }
  return { rows, images };
}

const { smoke, laptop } = experiment.presets;

test.each(presetNames)('the preset %s passes its own schema', (preset) => {
  const params = experiment.presets[preset];
  expect(experiment.params.parse(params)).toEqual(params);
  expect(experiment.plan(params)).toHaveLength(2 * params.seeds * params.initialDeviations.length);
  const { trainingCoreSeconds, evaluationCoreSeconds } = experiment.work(params);
  expect(trainingCoreSeconds).toBeGreaterThan(evaluationCoreSeconds);
});

test('paper is the paper’s: 64 glimpses, 256 units, minibatches of 128, 200 epochs', () => {
  const { glimpses, units, batchSize, updates } = experiment.presets.paper;
  expect([glimpses, units, batchSize, updates * batchSize]).toEqual([64, 256, 128, 390 * 128 * 200]);
});

test.each([[{ seeds: 0 }], [{ units: 6 }], [{ latents: 5 }], [{ readPoints: 3 }], [{ glimpses: 0 }], [{ glimpse: 4 }]])(
  'refuses %s',
  (change) => expect(experiment.params.safeParse({ ...laptop, ...change }).success).toBe(false),
);

test('smoke runs from plan to summary, twice to the same numbers but those of the clock, and shows samples', async () => {
  const { rows, images } = await runWhole(smoke);
  const again = await runWhole(smoke);
  const untimed = (all: readonly Measurement[]) => all.filter(({ metric }) => metric !== updateTimeMetric);
  expect(untimed(again.rows)).toEqual(untimed(rows));
  expect(again.images).toEqual(images);
  const times = rows.filter(({ metric }) => metric === updateTimeMetric);
  const subjects = smoke.initialDeviations.flatMap((deviation) => [
    subjectOf(deviation, 'layer'),
    subjectOf(deviation, 'none'),
  ]);
  expect(times.map(({ subject }) => subject)).toEqual(subjects);
  for (const { value } of times) expect(value).toBeGreaterThan(0);
  const bounds = rows.filter(({ metric }) => metric === 'bound');
  // At the start, and after 4, 8 and 12 updates.
  expect(bounds.map(({ step }) => step)).toEqual(subjects.flatMap(() => [0, 4, 8, 12]));
  for (const { step, value, subject } of bounds) {
    if (!subject.startsWith('deviation-0.01/')) continue;
    // An untrained network knows nothing of a pixel: ln 2 each.
    if (step === 0) expect(Math.abs(value - 784 * Math.log(2))).toBeLessThan(1);
    else expect(value).toBeLessThan(784 * Math.log(2));
  }
  const { verdict, tables, charts, images: shown } = experiment.summarize(rows, smoke, images);
  expect(verdict).toMatchObject({ outcome: 'inconclusive', reason: expect.stringContaining('Too few seeds: 1') });
  expect(verdict.reason).not.toContain('NaN');
  expect(tables.map((table) => table.rows.length)).toEqual([4, 4]);
  for (const { columns, rows: cells } of tables) for (const row of cells) expect(row).toHaveLength(columns.length);
  for (const { spec } of charts) expect(() => compile(spec as never)).not.toThrow();
  // Eight samples below one another, two glimpses side by side, 56 pixels each and four between.
  expect(shown).toMatchObject([
    { title: 'Samples, layer normalization, weights from N(0, 0.01²)', width: 116, height: 476 },
    { title: 'Samples, no normalization, weights from N(0, 0.01²)', width: 116, height: 476 },
    { title: 'Samples, layer normalization, weights from N(0, 0.1²)', width: 116, height: 476 },
    { title: 'Samples, no normalization, weights from N(0, 0.1²)', width: 116, height: 476 },
  ]);
  expect(Buffer.from(images[0]!.rgba, 'base64')).toHaveLength(4 * 116 * 476);
});

test('a training that is killed goes on to the same bits', async () => {
  const trial = experiment.plan(smoke)[0]!;
  const { model } = await trainOne(trial);
  const { saved } = await trainOne(trial, undefined, 7);
  expect(saved!.step).toBe(7);
  expect((await trainOne(trial, saved)).model).toEqual(model);
  expect(model!.metadata).toMatchObject({ kind: 'draw', updatesPerEpoch: '5' });
});

test('both networks of a seed start from the same weights', async () => {
  const [layer, none] = await Promise.all(
    experiment
      .plan({ ...smoke, initialDeviations: [0.1], updates: 1, learningRate: 1e-6 })
      .map(async (trial) => (await trainOne(trial)).model!),
  );
  for (const [name, { data }] of Object.entries(none!.tensors)) {
    const other = layer!.tensors[name]!.data;
    for (const [k, value] of data.entries()) expect(Math.abs(value - other[k]!)).toBeLessThan(5e-6);
  }
});

test('a training whose bound is no number ends as such', async () => {
  const training = trainOne({ ...experiment.plan(smoke)[1]!, learningRate: 1e30 });
  await expect(training).rejects.toThrow(/not finite. Lower learningRate/);
});

test('gradients are shortened to a norm, and not lengthened', () => {
  const long = Float64Array.of(30, 40);
  clipNorm(long, 10);
  expect([...long]).toEqual([expect.closeTo(6, 12), expect.closeTo(8, 12)]);
  const short = Float64Array.of(3, 4);
  clipNorm(short, 10);
  expect([...short]).toEqual([3, 4]);
});

describe('the verdict', () => {
  const long = { ...laptop, batchSize: 128, updates: 10_000 };
  const step = long.updates;
  const params = { ...long, initialDeviations: [0.01] };
  /** Bounds that fall to `end`; `speed` times as fast as the updates go. */
  const measure = (
    ends: Record<string, number>,
    speed: Record<string, number>,
    seeds = 3,
    noise = 0.1,
  ): Measurement[] =>
    Object.entries(ends).flatMap(([kind, end]) =>
      Array.from({ length: seeds }, (_, seed) => {
        const common = { subject: subjectOf(0.01, kind as 'layer'), seed, unit: 'nats' };
        const wobble = noise * Math.sin(2 * seed * kind.length);
        return [
          ...Array.from({ length: 11 }, (_, k) => ({
            ...common,
            metric: 'bound',
            step: (k * step) / 10,
            value: 100 + 400 / (1 + k * speed[kind]!),
          })),
          { ...common, metric: 'test bound', step, value: end + wobble },
          { ...common, metric: 'test divergence', step, value: 20 },
        ];
      }).flat(),
    );

  test('holds where layer normalization ends lower and is sooner at the other’s best', () => {
    const rows = measure({ layer: 110, none: 115 }, { layer: 2, none: 1 }, 3, 0);
    const { outcome, reason } = judgeDraw(rows, params);
    expect(outcome).toBe('holds');
    expect(reason).toMatch(
      /over 3 seed\(s\).* 110 nats with layer normalization and 115 without\..*paired difference -5/,
    );
    expect(reason).toContain('after 0.5 of its updates');
  });

  test.each([
    ['is not lower', measure({ layer: 115.1, none: 115 }, { layer: 2, none: 1 }), 'after 0.5'],
    [
      'is lower by no more than seeds differ',
      measure({ layer: 114, none: 115 }, { layer: 2, none: 1 }, 3, 30),
      'after 0.5',
    ],
    ['is not faster', measure({ layer: 110, none: 115 }, { layer: 1, none: 1 }), 'after 1 of'],
    ['never gets there', measure({ layer: 110, none: 115 }, { layer: 0.5, none: 1 }), 'does not reach'],
  ])('does not hold where it %s', (_, rows, reason) => {
    expect(judgeDraw(rows, params)).toMatchObject({
      outcome: 'does not hold',
      reason: expect.stringContaining(reason),
    });
  });

  test('sets layer normalization against the other network from the weights that are best for that one', () => {
    const published = measure({ layer: 110, none: 200 }, { layer: 2, none: 0.1 }, 3, 0);
    // From larger weights, the other network is the better one.
    const control = measure({ layer: 190, none: 105 }, { layer: 0.1, none: 3 }, 3, 0);
    const renamed = control.map((row) => ({ ...row, subject: row.subject.replace('0.01', '0.1') }));
    expect(judgeDraw(published, params).outcome).toBe('holds');
    const { outcome, reason } = judgeDraw([...published, ...renamed], long);
    expect(outcome).toBe('does not hold');
    expect(reason).toContain('against none with weights from N(0, 0.1²): paired difference 5');
  });

  test('is inconclusive with too few seeds, with one network, and with nothing at all', () => {
    const few = measure({ layer: 110, none: 115 }, { layer: 2, none: 1 }, 2);
    expect(judgeDraw(few, params)).toMatchObject({
      outcome: 'inconclusive',
      reason: expect.stringContaining('Too few'),
    });
    const brief = measure({ layer: 110, none: 115 }, { layer: 2, none: 1 }).map((row) =>
      row.step === step ? { ...row, step: 100 } : row,
    );
    expect(judgeDraw(brief, { ...params, updates: 100 }).reason).toMatch(/^Wrong scale: 0.256 epochs/);
    const alone = measure({ layer: 110 }, { layer: 2 });
    expect(judgeDraw(alone, params).reason).toBe('Not measured: no normalization, weights from N(0, 0.01²).');
    expect(experiment.summarize([], laptop).verdict.outcome).toBe('inconclusive');
  });

  test('the tables have the paper’s bounds and shares beside ours', () => {
    const rows = measure({ layer: 110, none: 115 }, { layer: 2, none: 1 }, 3, 0);
    const times = (['layer', 'none'] as const).map((kind, k) => ({
      ...{
        metric: updateTimeMetric,
        subject: subjectOf(0.01, kind),
        step: 0,
        seed: 0,
        value: 0.03 - 0.01 * k,
        unit: 's',
      },
    }));
    const { tables } = experiment.summarize([...rows, ...times], params);
    expect(tables[0]!.rows.map((row) => [row[2], row[6]])).toEqual([
      [expect.closeTo(110), 82.09],
      [expect.closeTo(115), 82.36],
    ]);
    expect(tables[1]!.rows).toEqual([
      [0.01, 'layer normalization', expect.closeTo(30), step / 2, 0.5, expect.closeTo(0.75), 'almost half'],
      [0.01, 'no normalization', expect.closeTo(20), step, 1, 1, 1],
    ]);
  });
});
