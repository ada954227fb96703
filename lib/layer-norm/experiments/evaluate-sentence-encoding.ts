/** What an encoder is good for, and how long an update takes: the evaluations of sentence-encoding that compute. */
import * as tf from '@tensorflow/tfjs-core';
import { readSentences, sentenceTasks } from '../../datasets/sentences.ts';
import { readSick, type SentencePair, sickSplits } from '../../datasets/sick.ts';
import { tokenize } from '../../datasets/tokenize.ts';
import { meanSquaredError, pearsonCorrelation, spearmanCorrelation } from '../../numerics/correlation.ts';
import { crossValidate } from '../../numerics/nested-cross-validation.ts';
import { randomStream } from '../../numerics/random.ts';
import type { NamedTensors } from '../../numerics/safetensors.ts';
import { withPrefix } from '../../numerics/tensor-names.ts';
import type { EvaluationContext, TrainedModel } from '../../pipeline/context.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { InvalidModel } from '../../training/errors.ts';
import { asTensors } from '../../training/trainer.ts';
import { encodeSentences, initializeSkipThoughts, isEncoderTensor } from '../models/skip-thoughts.ts';
import { minibatchLoss } from '../models/train-skip-thoughts.ts';
import { readTrainingText } from '../models/training-text.ts';
import { numberWords, restoreVocabulary, type Vocabulary } from '../models/vocabulary.ts';
import type { SentenceEncodingTrial } from '../training/sentence-encoding.ts';
import { measureUpdateTime } from './measure-update-time.ts';
import { pairFeatures, predictRelatedness, type ScoredPairs } from './relatedness-regression.ts';
import {
  accuracyMeasures,
  type DownstreamMeasure,
  relatednessMeasures,
  standInMetric,
} from './sentence-encoding-measures.ts';

export interface CrossValidationSettings {
  readonly outerFolds: number;
  readonly innerFolds: number;
  /** C is 2 to one of these. */
  readonly penaltyExponents: readonly number[];
}

type Vectors = (sentence: string) => Float32Array;

/** Every task with the encoder as it was after `update` updates; 0: untrained. Call `startTensorFlow` before. */
export async function measureDownstream(
  trial: SentenceEncodingTrial,
  update: number,
  settings: CrossValidationSettings,
  context: EvaluationContext,
): Promise<Measurement[]> {
  const model = await context.model(trial.name);
  const vocabulary = readVocabulary(model);
  const parameters =
    update === 0
      ? initializeSkipThoughts(trial.model, vocabulary.words.length, trial.seed)
      : readSnapshot(model, update);
  const measurement = (measure: DownstreamMeasure, value: number): Measurement => ({
    metric: measure.metric,
    subject: trial.model.normalization,
    step: update,
    seed: trial.seed,
    value,
    unit: measure.unit,
  });

  const sentenceReader = await context.dataset('sentences');
  const sickReader = await context.dataset('sick');
  const tasks = await Promise.all(
    sentenceTasks.map(async (task) => ({ task, ...(await readSentences(sentenceReader, task)) })),
  );
  const [train, development, test] = await Promise.all(sickSplits.map((split) => readSick(sickReader, split)));
  const pairs = [train!, development!, test!];
  const sentences = new Set([
    ...tasks.flatMap((task) => task.sentences),
    ...pairs.flat().flatMap(({ first, second }) => [first, second]),
  ]);
  const vectors = await lookUpVectors([...sentences], parameters, vocabulary, trial, context);

  const rows: Measurement[] = [];
  const [scoredTrain, scoredDevelopment, scoredTest] = pairs.map((split) => scorePairs(split, vectors));
  const predicted = predictRelatedness(scoredTrain!, scoredDevelopment!, scoredTest!);
  const { scores } = scoredTest!;
  rows.push(
    measurement(relatednessMeasures.pearson, pearsonCorrelation(predicted, scores)),
    measurement(relatednessMeasures.spearman, spearmanCorrelation(predicted, scores)),
    measurement(relatednessMeasures.meanSquaredError, meanSquaredError(predicted, scores)),
  );
  for (const { task, sentences: ofTask, labels } of tasks) {
    const features = joinVectors(ofTask.map(vectors));
    const { overallAccuracy } = crossValidate(features, labels, {
      outerFolds: settings.outerFolds,
      innerFolds: settings.innerFolds,
      inverseRegularizations: settings.penaltyExponents.map((exponent) => 2 ** exponent),
      // The same folds for every encoder.
      random: randomStream(0, 'folds', task),
    });
    rows.push(measurement(accuracyMeasures[task], 100 * overallAccuracy));
    await context.breathe();
  }
  for (const { manifest } of [sentenceReader, sickReader]) {
    if (manifest.origin !== 'stand-in') continue;
    rows.push({ metric: standInMetric, subject: manifest.name, step: update, seed: trial.seed, value: 1, unit: '1' });
  }
  return rows;
}

/** Each sentence once. Words outside the vocabulary are the unknown one. */
async function lookUpVectors(
  sentences: readonly string[],
  parameters: NamedTensors,
  vocabulary: Vocabulary,
  { model }: SentenceEncodingTrial,
  context: EvaluationContext,
): Promise<Vectors> {
  const { units } = model;
  const places = new Map(sentences.map((sentence, place) => [sentence, place]));
  const numbered = sentences.map((sentence) => numberWords(vocabulary, tokenize(sentence)));
  const vectors = await encodeSentences(parameters, numbered, model, () => context.breathe());
  return (sentence) => {
    const place = places.get(sentence)!;
    return vectors.subarray(place * units, (place + 1) * units);
  };
}

function scorePairs(pairs: readonly SentencePair[], vectors: Vectors): ScoredPairs {
  return {
    features: joinVectors(pairs.map(({ first, second }) => pairFeatures(vectors(first), vectors(second)))),
    scores: Float64Array.from(pairs, ({ relatedness }) => relatedness),
  };
}

/** Row by row. */
function joinVectors(rows: readonly Float32Array[]): Float32Array {
  const width = rows[0]!.length;
  const joined = new Float32Array(rows.length * width);
  for (const [row, values] of rows.entries()) joined.set(values, row * width);
  return joined;
}

function readVocabulary({ metadata }: TrainedModel): Vocabulary {
  if (metadata.kind !== 'skip-thoughts' || metadata.vocabulary === undefined) {
    throw new InvalidModel(`its kind is '${metadata.kind}', not 'skip-thoughts' with a vocabulary`);
  }
  return restoreVocabulary(metadata.vocabulary.split('\n'));
}

function readSnapshot({ tensors }: TrainedModel, update: number): NamedTensors {
  const snapshot = withPrefix(`snapshot-${update}`, tensors);
  if (Object.keys(snapshot).filter(isEncoderTensor).length === 0) {
    throw new InvalidModel(`it has no encoder from after update ${update}`);
  }
  return snapshot;
}

/**
 * Seconds of a minibatch's loss and gradients, of both models on the same minibatches; Adam takes either as long. Call
 * `startTensorFlow` before.
 */
export async function measureSecondsPerUpdate(
  trials: readonly SentenceEncodingTrial[],
  rounds: number,
  context: EvaluationContext,
): Promise<Measurement[]> {
  const { vocabulary, training } = await readTrainingText(await context.dataset('books'), trials[0]!.text);
  const updates: Record<string, () => void> = {};
  for (const trial of trials) {
    const { tensors } = await context.model(trial.name);
    const parameters = Object.fromEntries(Object.entries(tensors).filter(([name]) => !name.startsWith('snapshot-')));
    const names = Object.keys(parameters);
    let minibatch = 0;
    updates[trial.model.normalization] = () =>
      tf.tidy(() => {
        const loss = (...values: tf.Tensor[]) => {
          const named = Object.fromEntries(names.map((name, index) => [name, values[index]!]));
          return minibatchLoss(named, trial, training, vocabulary.words.length, minibatch++);
        };
        const { value, grads } = tf.valueAndGrads(loss)(Object.values(asTensors(parameters)));
        for (const tensor of [value, ...grads]) tensor.dataSync();
      });
  }
  return measureUpdateTime(updates, { rounds, breathe: () => context.breathe() });
}
