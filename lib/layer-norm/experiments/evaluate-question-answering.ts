/** Measures trained readers, what guessing costs, and how long an update of each reader takes. */
import type { EvaluationContext } from '../../pipeline/context.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import {
  cnnQuestions,
  drawMinibatch,
  evaluationMinibatches,
  type ReaderTrial,
  readMaterial,
  startReaders,
  train,
} from '../training/question-answering.ts';
import { guessEntities } from './guess-entities.ts';
import {
  errorMetric,
  guesses,
  guessMetric,
  likelihoodMetric,
  populationMetric,
  questionsMetric,
  type ReaderSubject,
  secondsMetric,
  standInMetric,
  testMetric,
} from './reader-metrics.ts';
import { timeUpdates } from './time-updates.ts';

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
      readonly updates: number;
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
  const { tensors, metadata, metrics } = await context.model(trials[0]!);
  const { seed, reader, batchSize, validationQuestions } = trial;
  const { normalization } = reader;
  const row = (metric: string, step: number, value: number, unit: string) => ({
    metric,
    subject,
    step,
    seed,
    value,
    unit,
  });
  const rows: Measurement[] = metrics.flatMap(({ update, error, negativeLogLikelihood }) => [
    row(errorMetric, Number(update), Number(error), 'share'),
    row(likelihoodMetric, Number(update), Number(negativeLogLikelihood), 'nats'),
  ]);

  const { asTensors, gatherStatistics, measureReader, tidy } = await startReaders(context);
  const dataset = await context.dataset(cnnQuestions);
  const minibatches = async (split: 'validation' | 'test') =>
    evaluationMinibatches(await readMaterial(dataset, split, reader), batchSize, validationQuestions);
  const [validation, test] = [await minibatches('validation'), await minibatches('test')];
  const kept = Number(metadata.keptUpdate);
  const { error } = tidy(() => measureReader(asTensors(tensors), test, { normalization }));
  rows.push(row(testMetric, kept, error, 'share'));
  if (normalization.kind !== 'batch') return rows;
  await context.breathe();
  const training = await readMaterial(dataset, 'training', reader);
  const population = tidy(() => {
    const parameters = asTensors(tensors);
    // Minibatches that training did not see in this composition.
    const drawn = Array.from({ length: populationMinibatches }, (_, number) =>
      drawMinibatch(training, batchSize, seed, trial.updates + number),
    );
    const statistics = gatherStatistics(parameters, drawn, { normalization });
    return measureReader(parameters, validation, { normalization, statistics });
  });
  rows.push(row(populationMetric, kept, population.error, 'share'));
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
  { subjects, timed, rounds, updates }: QuestionAnsweringEvaluation & { kind: 'speed' },
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const trainings = Object.fromEntries(
    subjects.map((subject, index) => [
      subject,
      (count: number, recording: Parameters<typeof train>[1]) =>
        train(
          { ...timed[index]!, updates: count, validationIntervalUpdates: count, validationQuestions: 1 },
          recording,
        ),
    ]),
  );
  const seconds = await timeUpdates(trainings, { rounds, updates }, context);
  return subjects.map((subject) => ({
    metric: secondsMetric,
    subject,
    step: 0,
    seed: 0,
    value: seconds.get(subject)!,
    unit: 's',
  }));
}
