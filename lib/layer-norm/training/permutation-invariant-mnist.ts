/** Trains a normalised perceptron on MNIST's pixels (§6.6), and measures it along the way. */
import { type LabelledImages, readMnist } from '../../datasets/mnist.ts';
import type { AdamSettings } from '../../kernels/dense-arithmetic.ts';
import { randomStream } from '../../numerics/random.ts';
import type { Checkpoint, TrainingContext } from '../../pipeline/context.ts';
import { TrainingDiverged } from '../../training/errors.ts';
import { polynomialRate } from '../../training/momentum.ts';
import { createNormalisedPerceptron, type NormalisedPerceptron } from '../models/normalised-perceptron.ts';
import type { PerceptronNormalization, PerceptronSettings } from '../models/perceptron-layers.ts';

export interface PerceptronTrial {
  /** `batch-4/layer/seed-0` */
  readonly name: string;
  readonly cpus: number;
  readonly normalization: PerceptronNormalization;
  readonly seed: number;
  readonly hiddenUnits: readonly number[];
  readonly batchSize: number;
  readonly epochs: number;
  readonly validationsPerEpoch: number;
  /** The first so many of the 55,000 are trained on, and of these the first so many make the training curve. */
  readonly trainingImages: number;
  readonly scoredTrainingImages: number;
  /** The first update's; it falls as η (1 − t/T)^ratePower. */
  readonly learningRate: number;
  readonly ratePower: number;
  readonly epsilon: number;
  readonly batchVariance: 'biased' | 'unbiased';
  readonly runningDecay: number;
}

const pixels = 784;
const classes = 10;
/** Images that are scored at once. */
const scoredRows = 500;

export interface MnistSplits {
  readonly training: LabelledImages;
  readonly validation: LabelledImages;
  readonly test: LabelledImages;
}

/** "All the models were trained using 55000 training data points": the first 55,000, the other twelfth for validation. */
export async function readSplits(
  context: Pick<TrainingContext, 'dataset'>,
  { trainingImages }: Pick<PerceptronTrial, 'trainingImages'>,
): Promise<MnistSplits> {
  const { train, test } = await readMnist(await context.dataset('mnist'));
  const count = train.labels.length - Math.floor(train.labels.length / 12);
  return { training: slice(train, 0, Math.min(count, trainingImages)), validation: slice(train, count), test };
}

function slice({ images, labels }: LabelledImages, from: number, to = labels.length): LabelledImages {
  return { images: images.subarray(from * pixels, to * pixels), labels: labels.subarray(from, to) };
}

/** Whole minibatches: with 128 images in one, the last 88 of an epoch's order are left out of that epoch. */
export function updatesPerEpoch({ training }: Pick<MnistSplits, 'training'>, batchSize: number): number {
  return Math.floor(training.labels.length / batchSize);
}

export function perceptronSettings(trial: PerceptronTrial): PerceptronSettings {
  const { hiddenUnits: hidden, normalization, epsilon, batchVariance, runningDecay } = trial;
  return { inputs: pixels, hidden, classes, normalization, epsilon, batchVariance, runningDecay };
}

export function adamSettings(learningRate: number): AdamSettings {
  return { learningRate, firstDecay: 0.9, secondDecay: 0.999, epsilon: 1e-8 };
}

/** Room for a minibatch and for scoring. */
export function createPerceptron(trial: PerceptronTrial, context: Pick<TrainingContext, 'backend'>) {
  return createNormalisedPerceptron(perceptronSettings(trial), Math.max(trial.batchSize, scoredRows), context.backend);
}

type MetricsRow = Readonly<Record<string, number>>;

/** Throws TrainingDiverged. */
export async function train(trial: PerceptronTrial, context: TrainingContext): Promise<void> {
  const splits = await readSplits(context, trial);
  const { training } = splits;
  const perceptron = createPerceptron(trial, context);
  const perEpoch = updatesPerEpoch(splits, trial.batchSize);
  const updates = perEpoch * trial.epochs;
  const rateAt = polynomialRate(trial.learningRate, updates, trial.ratePower);
  const measuresUntil = (update: number) => Math.floor((update * trial.validationsPerEpoch) / perEpoch);
  const isMeasured = (update: number) => measuresUntil(update) > measuresUntil(update - 1);

  const rows: MetricsRow[] = [];
  let done = 0;
  if (context.checkpoint) {
    done = context.checkpoint.step;
    rows.push(...restore(perceptron, context.checkpoint));
  } else {
    perceptron.initialize(randomStream(trial.seed, 'parameters'));
    rows.push({ update: 0, ...(await measure(perceptron, splits, trial, context)) });
  }

  const order = new Int32Array(training.labels.length);
  let orderedEpoch = -1;
  while (done < updates) {
    const epoch = Math.floor(done / perEpoch);
    if (epoch !== orderedEpoch) randomStream(trial.seed, 'epoch', epoch).fillSample(order, order.length);
    orderedEpoch = epoch;
    const start = (done % perEpoch) * trial.batchSize;
    fill(perceptron, training, order.subarray(start, start + trial.batchSize));
    const loss = perceptron.lossAndGradient(trial.batchSize);
    const adam = adamSettings(rateAt(done));
    done++;
    if (!Number.isFinite(loss)) throw new TrainingDiverged(1, done);
    perceptron.update(adam, done);
    if (isMeasured(done)) {
      const row = { update: done, ...(await measure(perceptron, splits, trial, context)) };
      rows.push(row);
      context.progress({ share: done / updates, metric: 'validation error', value: row.validationError });
    }
    if (done % updatesPerBreath(trial) === 0) await context.breathe();
    if (done < updates && context.checkpointDue()) await context.saveCheckpoint(save(perceptron, done, rows));
  }
  await context.writeMetrics(rows);
  await context.writeModel(perceptron.tensors(), {
    kind: 'normalised-perceptron',
    settings: JSON.stringify(perceptronSettings(trial)),
    updatesPerEpoch: String(perEpoch),
  });
}

/** A few milliseconds' worth. */
function updatesPerBreath({ batchSize }: PerceptronTrial): number {
  return Math.max(1, Math.round(64 / batchSize));
}

/** Writes these images' pixels, 0 to 1, and labels into the perceptron. */
export function fill(perceptron: NormalisedPerceptron, data: LabelledImages, chosen: ArrayLike<number>): void {
  const { images, labels } = perceptron;
  for (let row = 0; row < chosen.length; row++) {
    const from = chosen[row]! * pixels;
    const to = row * pixels;
    for (let k = 0; k < pixels; k++) images[to + k] = data.images[from + k]! / 255;
    labels[row] = data.labels[chosen[row]!]!;
  }
}

async function measure(
  perceptron: NormalisedPerceptron,
  { training, validation, test }: MnistSplits,
  { scoredTrainingImages }: PerceptronTrial,
  context: Pick<TrainingContext, 'breathe'>,
) {
  const ofTraining = await score(
    perceptron,
    slice(training, 0, Math.min(scoredTrainingImages, training.labels.length)),
    context,
  );
  const ofValidation = await score(perceptron, validation, context);
  const ofTest = await score(perceptron, test, context);
  return {
    trainingLoss: ofTraining.loss,
    validationLoss: ofValidation.loss,
    validationError: ofValidation.error,
    testLoss: ofTest.loss,
    testError: ofTest.error,
  };
}

/** Mean negative log likelihood in nats, and the share of errors. */
export async function score(
  perceptron: NormalisedPerceptron,
  data: LabelledImages,
  context: Pick<TrainingContext, 'breathe'>,
): Promise<{ readonly loss: number; readonly error: number }> {
  const count = data.labels.length;
  let loss = 0;
  let error = 0;
  for (let from = 0; from < count; from += scoredRows) {
    const rows = Math.min(scoredRows, count - from);
    fill(
      perceptron,
      data,
      Array.from({ length: rows }, (_, k) => from + k),
    );
    const scores = perceptron.score(rows);
    loss += scores.negativeLogLikelihood / count;
    error += scores.errors / count;
    await context.breathe();
  }
  return { loss, error };
}

const savedArrays = ['parameters', 'firstMoment', 'secondMoment', 'running'] as const;

/** Copies: training goes on while the checkpoint is written. */
function save(perceptron: NormalisedPerceptron, done: number, rows: readonly MetricsRow[]): Checkpoint {
  const tensors = savedArrays.map((name) => {
    const data = Float32Array.from(perceptron[name]);
    return [name, { shape: [data.length], data }];
  });
  return { step: done, tensors: Object.fromEntries(tensors), state: { rows: [...rows] } };
}

function restore(perceptron: NormalisedPerceptron, { tensors, state }: Checkpoint): readonly MetricsRow[] {
  for (const name of savedArrays) perceptron[name].set(tensors[name]!.data);
  return (state as { readonly rows: readonly MetricsRow[] }).rows;
}
