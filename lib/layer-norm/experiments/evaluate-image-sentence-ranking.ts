/** Measures trained order-embeddings on the test folds, and how long an update of each takes. */
import { readCocoCaptions, slicePictures } from '../../datasets/coco-captions.ts';
import type { EvaluationContext } from '../../pipeline/context.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { estimateOf } from '../../pipeline/over-seeds.ts';
import { numberWords } from '../models/caption-vocabulary.ts';
import type { OrderEmbeddingSettings } from '../models/order-embeddings.ts';
import { type RankingTrial, train } from '../training/image-sentence-ranking.ts';
import {
  curveMeanMetric,
  directions,
  foldMetric,
  keptUpdateMetric,
  picturesMetric,
  type RankingSubject,
  recallNames,
  type ScoreName,
  scoreMetric,
  scoreNames,
  scoreUnit,
  selectionMetric,
  testSumMetric,
} from './ranking-metrics.ts';
import { timeTraining } from './time-training.ts';

/** One model on the test folds, or all of them against the clock. */
export type RankingEvaluation = RetrievalEvaluation | SpeedEvaluation;

interface RetrievalEvaluation {
  readonly kind: 'retrieval';
  readonly name: string;
  readonly trials: readonly string[];
  readonly subject: RankingSubject;
  readonly seed: number;
  readonly folds: number;
  readonly mostPicturesOfFold: number;
}

interface SpeedEvaluation {
  readonly kind: 'speed';
  readonly name: string;
  readonly trials: readonly string[];
  readonly timed: Readonly<Record<RankingSubject, RankingTrial>>;
  readonly rounds: number;
  readonly updates: number;
}

const scores = Object.keys(scoreNames) as readonly ScoreName[];

export async function evaluateRanking(
  evaluation: RankingEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  if (evaluation.kind === 'retrieval') return measureRetrieval(evaluation, context);
  const trainings = Object.entries(evaluation.timed).map(([subject, trial]) => [
    subject,
    (updates: number, recording: Parameters<typeof train>[1]) =>
      train({ ...trial, updates, validateEveryUpdates: updates, validationPictures: 1 }, recording),
  ]);
  return timeTraining(Object.fromEntries(trainings), evaluation, context);
}

/** The validation curve, and the means over the test folds of both directions' scores. */
async function measureRetrieval(
  { trials, subject, seed, folds, mostPicturesOfFold }: RetrievalEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  await context.startTensorFlow();
  const tf = await import('@tensorflow/tfjs-core');
  const { asTensors } = await import('../../training/trainer.ts');
  const { scorePictures } = await import('../models/score-pictures.ts');
  const { tensors, metadata, metrics } = await context.model(trials[0]!);
  const settings = JSON.parse(metadata.settings!) as OrderEmbeddingSettings;
  const vocabulary = numberWords(JSON.parse(metadata.words!) as string[]);

  const reader = await context.dataset('coco-captions');
  const test = await readCocoCaptions(reader, 'test');
  const fold = Math.min(mostPicturesOfFold, Math.floor(test.features.rows / folds));
  const scored: ReturnType<typeof scorePictures>[] = [];
  const parameters = asTensors(tensors);
  for (let index = 0; index < folds; index++) {
    scored.push(scorePictures(parameters, slicePictures(test, index * fold, fold), vocabulary, settings));
    await context.breathe();
  }
  tf.dispose(Object.values(parameters));

  const row = (metric: string, step: number, value: number, unit: string): Measurement => {
    return { metric, subject, step, seed, value, unit };
  };
  const tested = directions.flatMap((direction) =>
    scores.map((score) => {
      const perFold = scored.map(({ captions, images }) => (direction === 'caption' ? captions : images)[score]);
      return { score, row: row(scoreMetric('test', direction, score), 0, estimateOf(perFold).mean, scoreUnit(score)) };
    }),
  );
  const recalls = tested.filter(({ score }) => recallNames.some((name) => name === score));
  return [
    ...metrics.flatMap((validated) => curveRows(validated, row)),
    row(curveMeanMetric, 0, estimateOf(metrics.map(({ recallSum }) => Number(recallSum))).mean, 'percent'),
    ...tested.map(({ row }) => row),
    row(
      testSumMetric,
      0,
      recalls.reduce((sum, { row: { value } }) => sum + value, 0),
      'percent',
    ),
    row(keptUpdateMetric, 0, Number(metadata.keptUpdate), 'updates'),
    row(picturesMetric, 0, Number(metadata.pictures), 'pictures'),
    row(foldMetric, 0, fold, 'pictures'),
  ];
}

/** What one validation of the training measured. */
function curveRows(
  validated: Readonly<Record<string, number | string>>,
  row: (metric: string, step: number, value: number, unit: string) => Measurement,
): readonly Measurement[] {
  const step = Number(validated.update);
  const measured = directions.flatMap((direction) =>
    scores.map((score) => {
      const name = `${direction}${score[0]!.toUpperCase()}${score.slice(1)}`;
      return row(scoreMetric('validation', direction, score), step, Number(validated[name]), scoreUnit(score));
    }),
  );
  return [row(selectionMetric, step, Number(validated.recallSum), 'percent'), ...measured];
}
