/** Trains DRAW on binarized MNIST (§6.4), and measures its bound along the way. */
import {
  type BinarizedSplit,
  binarizedPixels,
  countPackedImages,
  type PackedImages,
  readBinarizedMnist,
  unpackImage,
} from '../../datasets/binarized-mnist.ts';
import type { AdamSettings } from '../../kernels/dense-arithmetic.ts';
import type { FloatArray } from '../../kernels/lstm-arithmetic.ts';
import { randomStream } from '../../numerics/random.ts';
import type { Checkpoint, TrainingContext } from '../../pipeline/context.ts';
import { TrainingDiverged } from '../../training/errors.ts';
import { createDraw, type Draw } from '../models/draw.ts';
import type { DrawSettings } from '../models/draw-parameters.ts';
import { unpackTensors } from '../models/packed-parameters.ts';

export interface DrawTrial {
  /** `layer/seed-0` */
  readonly name: string;
  readonly cpus: number;
  readonly seed: number;
  readonly network: DrawSettings;
  readonly batchSize: number;
  readonly updates: number;
  readonly learningRate: number;
  /** The gradient is shortened to this norm where it is longer. */
  readonly gradientNorm: number;
  /** Standard deviation of the initial weights. */
  readonly initialDeviation: number;
  readonly validateEveryUpdates: number;
  /** Of the validation images, the first so many times `batchSize` are measured. */
  readonly validationMinibatches: number;
}

export function drawAdam({ learningRate }: Pick<DrawTrial, 'learningRate'>): AdamSettings {
  return { learningRate, firstDecay: 0.9, secondDecay: 0.999, epsilon: 1e-8 };
}

type MetricsRow = Readonly<Record<string, number>>;

/** Throws TrainingDiverged. */
export async function train(trial: DrawTrial, context: TrainingContext): Promise<void> {
  const { seed, network, batchSize, updates, gradientNorm } = trial;
  const dataset = await context.dataset('binarized-mnist');
  const training = await readBinarizedMnist(dataset, 'train');
  const validation = await readBinarizedMnist(dataset, 'valid');
  const draw = createDraw(network, batchSize, context.backend);
  const adam = drawAdam(trial);
  const count = countPackedImages(training);
  // Whole minibatches: what is left over is left out of that epoch.
  const perEpoch = Math.floor(count / batchSize);

  const rows: MetricsRow[] = [];
  let done = 0;
  if (context.checkpoint) {
    done = context.checkpoint.step;
    rows.push(...restore(draw, context.checkpoint));
  } else {
    draw.initialize(randomStream(seed, 'parameters'), trial.initialDeviation);
    rows.push({ update: 0, ...(await measureValidation()) });
  }

  const order = new Int32Array(count);
  let orderedEpoch = -1;
  while (done < updates) {
    const epoch = Math.floor(done / perEpoch);
    if (epoch !== orderedEpoch) randomStream(seed, 'epoch', epoch).fillSample(order, count);
    orderedEpoch = epoch;
    const start = (done % perEpoch) * batchSize;
    fillImages(draw, training, order.subarray(start, start + batchSize));
    fillNoise(draw, seed, 'noise', done);
    const { reconstruction, divergence } = draw.boundAndGradient();
    done++;
    if (!Number.isFinite(reconstruction + divergence)) throw new TrainingDiverged(1, done);
    clipNorm(draw.gradient, gradientNorm);
    draw.update(adam, done);
    if (done % trial.validateEveryUpdates === 0 || done === updates) {
      const row = { update: done, ...(await measureValidation()) };
      rows.push(row);
      context.progress({ share: done / updates, metric: 'validation bound', value: row.bound });
    }
    await context.breathe();
    if (done < updates && context.checkpointDue()) await context.saveCheckpoint(save(draw, done, rows));
  }
  await context.writeMetrics(rows);
  await context.writeModel(unpackTensors(draw.layout, draw.parameters), {
    kind: 'draw',
    network: JSON.stringify(network),
    updatesPerEpoch: String(perEpoch),
  });

  function measureValidation() {
    return measureBound(draw, validation, trial.validationMinibatches, seed, 'valid', context);
  }
}

/**
 * Mean bound of the first `minibatches` minibatches of a split, with one sample of the latents an image; the noise is the
 * same whenever it is measured, and for every network of a seed.
 */
export async function measureBound(
  draw: Draw,
  images: PackedImages,
  minibatches: number,
  seed: number,
  split: BinarizedSplit,
  context: Pick<TrainingContext, 'breathe'>,
): Promise<{ readonly bound: number; readonly reconstruction: number; readonly divergence: number }> {
  const rows = draw.images.length / binarizedPixels;
  let reconstruction = 0;
  let divergence = 0;
  for (let minibatch = 0; minibatch < minibatches; minibatch++) {
    const first = minibatch * rows;
    fillImages(
      draw,
      images,
      Array.from({ length: rows }, (_, row) => (first + row) % countPackedImages(images)),
    );
    fillNoise(draw, seed, split, minibatch);
    const bound = draw.bound();
    reconstruction += bound.reconstruction / minibatches;
    divergence += bound.divergence / minibatches;
    await context.breathe();
  }
  return { bound: reconstruction + divergence, reconstruction, divergence };
}

/** Writes these images into the network. */
export function fillImages(draw: Draw, images: PackedImages, chosen: ArrayLike<number>): void {
  for (let row = 0; row < chosen.length; row++) unpackImage(images, chosen[row]!, draw.images, row * binarizedPixels);
}

/** Fills the network's noise from the stream of these names. */
export function fillNoise(draw: Draw, seed: number, ...names: readonly (string | number)[]): void {
  const random = randomStream(seed, ...names);
  for (let k = 0; k < draw.noise.length; k++) draw.noise[k] = random.normal();
}

/** Shortens a gradient whose Euclidean norm is above `longest` to it. */
export function clipNorm(gradient: FloatArray, longest: number): void {
  let squares = 0;
  for (let k = 0; k < gradient.length; k++) squares += gradient[k]! ** 2;
  const norm = Math.sqrt(squares);
  if (norm <= longest) return;
  for (let k = 0; k < gradient.length; k++) gradient[k]! *= longest / norm;
}

const savedArrays = ['parameters', 'firstMoment', 'secondMoment'] as const;

/** Copies: training goes on while the checkpoint is written. */
function save(draw: Draw, done: number, rows: readonly MetricsRow[]): Checkpoint {
  const tensors = savedArrays.map((name) => {
    const data = Float32Array.from(draw[name]);
    return [name, { shape: [data.length], data }];
  });
  return { step: done, tensors: Object.fromEntries(tensors), state: { rows: [...rows] } };
}

function restore(draw: Draw, { tensors, state }: Checkpoint): readonly MetricsRow[] {
  for (const name of savedArrays) draw[name].set(tensors[name]!.data);
  return (state as { readonly rows: readonly MetricsRow[] }).rows;
}
