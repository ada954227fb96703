/** Measures trained convolutional networks on the test images, unit by unit near the edge and at the centre, and in time. */
import { withPrefix } from '../../numerics/tensor-names.ts';
import type { EvaluationContext, TrainedModel, TrainingContext } from '../../pipeline/context.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { estimateOf } from '../../pipeline/over-seeds.ts';
import { type ConvnetImages, readTestImages, sliceImages } from '../models/classified-images.ts';
import type { ConvnetNormalization, ConvnetSettings } from '../models/convnet-shape.ts';
import { type ConvnetTrial, train } from '../training/convnets.ts';
import {
  curveMeanMetric,
  learningRateMetric,
  testErrorMetric,
  testLossMetric,
  trainingImagesMetric,
  unitDeviationMetric,
  unitsOnMetric,
  validationError,
  validationLoss,
} from './convnet-metrics.ts';
import { curveMeasurements } from './learning-curves.ts';
import { timeTraining } from './time-training.ts';

/** The best of the learning rates of one normalization and seed, on the test images; or all normalizations in time. */
export type ConvnetEvaluation = TestEvaluation | SpeedEvaluation;

interface TestEvaluation {
  readonly kind: 'test';
  readonly name: string;
  /** One a learning rate. */
  readonly trials: readonly string[];
  readonly learningRates: readonly number[];
  readonly normalization: ConvnetNormalization;
  readonly seed: number;
  readonly images: ConvnetImages;
  readonly testImages: number;
}

interface SpeedEvaluation {
  readonly kind: 'speed';
  readonly name: string;
  readonly trials: readonly string[];
  readonly timed: Readonly<Record<ConvnetNormalization, ConvnetTrial>>;
  readonly rounds: number;
  readonly updates: number;
}

export async function evaluateConvnets(
  evaluation: ConvnetEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  if (evaluation.kind === 'test') return measureTest(evaluation, context);
  const trainings = Object.entries(evaluation.timed).map(([normalization, trial]) => [
    normalization,
    (updates: number, recording: TrainingContext) =>
      train({ ...trial, updates, validateEveryUpdates: updates, validationImages: 1 }, recording),
  ]);
  return timeTraining(Object.fromEntries(trainings), evaluation, context);
}

async function measureTest(evaluation: TestEvaluation, context: EvaluationContext): Promise<readonly Measurement[]> {
  const { images, normalization: subject, seed, testImages } = evaluation;
  const { model, learningRate } = await chooseByValidation(evaluation, context);
  await context.startTensorFlow();
  const tf = await import('@tensorflow/tfjs-core');
  const { asTensors } = await import('../../training/trainer.ts');
  const { classify, measureUnits } = await import('../models/classify-images.ts');
  const { forwardConvolutions } = await import('../models/convolutions.ts');

  const { test, trainingImages } = await readTestImages(images, await context.dataset(images));
  const tested = sliceImages(test, 0, Math.min(testImages, test.count));
  const settings = JSON.parse(model.metadata.settings!) as ConvnetSettings;
  const parameters = asTensors(model.tensors);
  const state = withPrefix('state', parameters);
  const row = (metric: string, step: number, value: number, unit: string): Measurement => {
    return { metric, subject, step, seed, value, unit };
  };
  try {
    const { loss, errors } = classify(parameters, state, tested, settings, forwardConvolutions);
    await context.breathe();
    const layers = measureUnits(parameters, state, tested, settings, forwardConvolutions);
    const losses = model.metrics
      .filter(({ update }) => update !== 0)
      .map((validated) => Number(validated[validationLoss]));
    return [
      ...curveMeasurements(model, { [validationLoss]: 'nats', [validationError]: 'share' }, { subject, seed }),
      row(curveMeanMetric, 0, estimateOf(losses.map(Math.log)).mean, 'ln(nats)'),
      row(testLossMetric, 0, loss, 'nats'),
      row(testErrorMetric, 0, errors / tested.count, 'share'),
      row(learningRateMetric, 0, learningRate, '1'),
      row(trainingImagesMetric, 0, trainingImages, 'images'),
      ...layers.flatMap((rings, layer) =>
        rings.flatMap(({ distance, shareOn, deviation }) => [
          row(unitsOnMetric(layer), distance, shareOn, 'share'),
          row(unitDeviationMetric(layer), distance, deviation, '1'),
        ]),
      ),
    ];
  } finally {
    tf.dispose(Object.values(parameters));
  }
}

/** The learning rate whose training ended with the lowest validation loss; the first of equals. */
export async function chooseByValidation(
  { trials, learningRates }: Pick<TestEvaluation, 'trials' | 'learningRates'>,
  context: Pick<EvaluationContext, 'model'>,
): Promise<{ readonly model: TrainedModel; readonly learningRate: number }> {
  let best: { model: TrainedModel; learningRate: number; loss: number } | undefined;
  for (const [index, trial] of trials.entries()) {
    const model = await context.model(trial);
    const last = Number(model.metrics.at(-1)?.[validationLoss]);
    const loss = Number.isFinite(last) ? last : Number.POSITIVE_INFINITY;
    if (!best || loss < best.loss) best = { model, learningRate: learningRates[index]!, loss };
  }
  return best!;
}
