/** Measures trained readers, what guessing costs, and how long an update of each reader takes. */
import type * as tf from '@tensorflow/tfjs-core';
import type { EvaluationContext } from '../../pipeline/context.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import {
  beginReader,
  cnnQuestions,
  drawMinibatch,
  evaluationMinibatches,
  type ReaderTrial,
  readMaterial,
  startReaders,
} from '../training/question-answering.ts';
import { guessEntities } from './guess-entities.ts';
import { curveMeasurements } from './learning-curves.ts';
import { measureUpdateTime } from './measure-update-time.ts';
import {
  curveUnits,
  errorMetric,
  guesses,
  guessMetric,
  lowestMetric,
  populationMetric,
  questionsMetric,
  type ReaderSubject,
  standInMetric,
  testMetric,
} from './reader-metrics.ts';

export type QuestionAnsweringEvaluation =
  | {
      readonly kind: 'reader';
      readonly name: string;
      readonly trials: readonly string[];
      readonly subject: ReaderSubject;
      readonly trial: ReaderTrial;
      /** Minibatches of training that batch normalisation's statistics of the population are the mean over. */
      readonly populationMinibatches: number;
    }
  | { readonly kind: 'guesses'; readonly name: string; readonly trials: readonly string[]; readonly trial: ReaderTrial }
  | {
      readonly kind: 'speed';
      readonly name: string;
      readonly trials: readonly string[];
      readonly subjects: readonly ReaderSubject[];
      /** Of each subject, what is timed. */
      readonly timed: readonly ReaderTrial[];
      readonly rounds: number;
    };

export async function evaluateQuestionAnswering(
  evaluation: QuestionAnsweringEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  if (evaluation.kind === 'reader') return measureOne(evaluation, context);
  return evaluation.kind === 'speed' ? measureSpeed(evaluation, context) : measureGuesses(evaluation, context);
}

/** The learning curve, and what the kept parameters get wrong on the test split and by other statistics. */
async function measureOne(
  { subject, trial, trials, populationMinibatches }: QuestionAnsweringEvaluation & { kind: 'reader' },
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const model = await context.model(trials[0]!);
  const { seed, reader, batchSize, validationQuestions } = trial;
  const { normalization } = reader;
  const row = (metric: string, value: number) => ({ metric, subject, step: 0, seed, value, unit: 'share' });
  const rows = curveMeasurements(model, curveUnits, { subject, seed });
  const errors = rows.filter(({ metric }) => metric === errorMetric).map(({ value }) => value);
  rows.push(row(lowestMetric, Math.min(...errors)));

  const { asTensors, gatherStatistics, measureReader, tf: tfjs } = await startReaders(context);
  const dataset = await context.dataset(cnnQuestions);
  const minibatches = async (split: 'validation' | 'test') =>
    evaluationMinibatches(await readMaterial(dataset, split, reader), batchSize, validationQuestions);
  const [validation, test] = [await minibatches('validation'), await minibatches('test')];
  const { error } = tfjs.tidy(() => measureReader(asTensors(model.tensors), test, { normalization }));
  rows.push(row(testMetric, error));
  if (normalization.kind !== 'batch') return rows;
  await context.breathe();
  const training = await readMaterial(dataset, 'training', reader);
  const population = tfjs.tidy(() => {
    const parameters = asTensors(model.tensors);
    // Minibatches that training did not see in this composition.
    const drawn = Array.from({ length: populationMinibatches }, (_, number) =>
      drawMinibatch(training, batchSize, seed, trial.updates + number),
    );
    const statistics = gatherStatistics(parameters, drawn, { normalization });
    return measureReader(parameters, validation, { normalization, statistics });
  });
  rows.push(row(populationMetric, population.error));
  return rows;
}

async function measureGuesses(
  { trial }: QuestionAnsweringEvaluation & { kind: 'guesses' },
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const dataset = await context.dataset(cnnQuestions);
  const row = (metric: string, subject: string, value: number, unit: string): Measurement => ({
    metric,
    subject,
    step: 0,
    seed: 0,
    value,
    unit,
  });
  const rows: Measurement[] = [];
  for (const split of ['training', 'validation', 'test'] as const) {
    const { questions, indices, limits } = await readMaterial(dataset, split, trial.reader);
    rows.push(row(questionsMetric, split, indices.length, 'questions'));
    if (split !== 'validation') continue;
    const errors = guessEntities(questions, indices, limits);
    for (const guess of Object.keys(guesses) as (keyof typeof guesses)[]) {
      rows.push(row(guessMetric, guess, errors[guess], 'share'));
    }
  }
  if (dataset.manifest.origin === 'stand-in') rows.push(row(standInMetric, 'validation', 1, '1'));
  return rows;
}

async function measureSpeed(
  { subjects, timed, rounds }: QuestionAnsweringEvaluation & { kind: 'speed' },
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const library = await startReaders(context);
  const { initAdam, updateAdam } = await import('../../training/adam.ts');
  const dataset = await context.dataset(cnnQuestions);
  const updates: Record<string, () => void> = {};
  for (const [index, trial] of timed.entries()) {
    const material = await readMaterial(dataset, 'training', trial.reader);
    const { parameters, loss, adam, clip } = beginReader(trial, material, library);
    const names = Object.keys(parameters);
    const arrays = Object.fromEntries(names.map((name) => [name, parameters[name]!.data as Float32Array]));
    const state = initAdam(parameters);
    updates[subjects[index]!] = () => {
      const gradients = gradientsOf(names, Object.values(library.asTensors(parameters)), library.tf, (tensors) =>
        loss(tensors, state.applied),
      );
      updateAdam(arrays, gradients, state, adam, clip);
    };
  }
  return measureUpdateTime(updates, { rounds, breathe: () => context.breathe() });
}

/** ∂loss/∂values by name; disposes of the values. */
function gradientsOf(
  names: readonly string[],
  values: tf.Tensor[],
  { grads, dispose, tidy }: Pick<typeof tf, 'grads' | 'dispose' | 'tidy'>,
  loss: (tensors: Readonly<Record<string, tf.Tensor>>) => tf.Scalar,
): Record<string, Float32Array> {
  const gradients: Record<string, Float32Array> = {};
  tidy(() => {
    const ofValues = grads((...given) => loss(Object.fromEntries(names.map((name, index) => [name, given[index]!]))));
    for (const [index, gradient] of ofValues(values).entries()) {
      gradients[names[index]!] = gradient.dataSync() as Float32Array;
    }
  });
  dispose(values);
  return gradients;
}
