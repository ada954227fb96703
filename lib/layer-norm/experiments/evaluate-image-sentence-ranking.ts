/** Measures trained order-embeddings on the test folds, and how long an update of each takes. */
import { readCocoCaptions, slicePictures } from '../../datasets/coco-captions.ts';
import type { EvaluationContext } from '../../pipeline/context.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { numberWords } from '../models/caption-vocabulary.ts';
import type { OrderEmbeddingSettings } from '../models/order-embeddings.ts';
import type { RetrievalScores } from '../models/retrieval.ts';
import { type RankingTrial, train } from '../training/image-sentence-ranking.ts';
import {
  directions,
  foldMetric,
  keptUpdateMetric,
  picturesMetric,
  type RankingSubject,
  type ScoreName,
  scoreMetric,
  scoreNames,
  scoreUnit,
  secondsMetric,
  selectionMetric,
} from './ranking-metrics.ts';
import { type ShortTraining, timeUpdates } from './time-updates.ts';

export interface RankingEvaluation {
  readonly name: string;
  readonly trials: readonly string[];
  readonly seed: number;
  /** One model on the test folds, or all of `subjects` against the clock. */
  readonly measures: 'retrieval' | 'speed';
  /** Beside `trials`. */
  readonly subjects: readonly RankingSubject[];
  readonly folds: number;
  readonly mostPicturesOfFold: number;
  /** Of each subject, what is timed. */
  readonly timed: readonly RankingTrial[];
  readonly timedRounds: number;
  readonly timedUpdates: number;
}

const scores = Object.keys(scoreNames) as readonly ScoreName[];

export async function evaluateRanking(
  evaluation: RankingEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  await context.startTensorFlow();
  return evaluation.measures === 'speed' ? measureSpeed(evaluation, context) : measureRetrieval(evaluation, context);
}

/** The validation curve, and the means over the test folds of both directions' scores. */
async function measureRetrieval(
  { trials, subjects, seed, folds, mostPicturesOfFold }: RankingEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const tf = await import('@tensorflow/tfjs-core');
  const { asTensors } = await import('../trainer.ts');
  const { scorePictures } = await import('../models/score-pictures.ts');
  const subject = subjects[0]!;
  const { tensors, metadata, metrics } = await context.model(trials[0]!);
  const settings = JSON.parse(metadata.settings!) as OrderEmbeddingSettings;
  const vocabulary = numberWords(JSON.parse(metadata.words!) as string[]);
  const keptUpdate = Number(metadata.keptUpdate);
  const row = (metric: string, step: number, value: number, unit: string) => ({
    metric,
    subject,
    step,
    seed,
    value,
    unit,
  });

  const rows: Measurement[] = metrics.flatMap((validated) => {
    const step = Number(validated.update);
    const of = (name: string) => Number(validated[name]);
    return [
      row(selectionMetric, step, of('recallSum'), 'percent'),
      ...directions.flatMap((direction) =>
        scores.map((score) => {
          const name = `${direction}${score[0]!.toUpperCase()}${score.slice(1)}`;
          return row(scoreMetric('validation', direction, score), step, of(name), scoreUnit(score));
        }),
      ),
    ];
  });
  rows.push(row(keptUpdateMetric, 0, keptUpdate, 'updates'));

  const reader = await context.dataset('coco-captions');
  const test = await readCocoCaptions(reader, 'test');
  const fold = Math.min(mostPicturesOfFold, Math.floor(test.features.rows / folds));
  const measured: ReturnType<typeof scorePictures>[] = [];
  const parameters = asTensors(tensors);
  for (let index = 0; index < folds; index++) {
    measured.push(scorePictures(parameters, slicePictures(test, index * fold, fold), vocabulary, settings));
    await context.breathe();
  }
  tf.dispose(Object.values(parameters));
  const mean = (of: (scored: (typeof measured)[number]) => RetrievalScores, score: ScoreName) =>
    measured.reduce((sum, scored) => sum + of(scored)[score] / folds, 0);
  for (const score of scores) {
    const caption = mean(({ captions }) => captions, score);
    const image = mean(({ images }) => images, score);
    rows.push(row(scoreMetric('test', 'caption', score), keptUpdate, caption, scoreUnit(score)));
    rows.push(row(scoreMetric('test', 'image', score), keptUpdate, image, scoreUnit(score)));
  }
  rows.push(row(foldMetric, 0, fold, 'pictures'), row(picturesMetric, 0, Number(metadata.pictures), 'pictures'));
  return rows;
}

async function measureSpeed(
  { subjects, seed, timed, timedRounds, timedUpdates }: RankingEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const trainings = Object.fromEntries(
    subjects.map((subject, index): [RankingSubject, ShortTraining] => [
      subject,
      (updates, recording) =>
        train({ ...timed[index]!, updates, validateEveryUpdates: updates, validationPictures: 1 }, recording),
    ]),
  ) as Readonly<Record<RankingSubject, ShortTraining>>;
  const seconds = await timeUpdates(trainings, { rounds: timedRounds, updates: timedUpdates }, context);
  return subjects.map((subject) => ({
    metric: secondsMetric,
    subject,
    step: 0,
    seed,
    value: seconds.get(subject)!,
    unit: 's',
  }));
}
