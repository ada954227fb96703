/** Training of attentive readers (§6.2): minibatches of cloze questions whose entities are permuted anew each time. */
import type { Scalar } from '@tensorflow/tfjs-core';
import {
  type ClozeQuestions,
  type ClozeSplit,
  readClozeQuestions,
  readClozeVocabulary,
} from '../../datasets/cloze-questions.ts';
import type { DatasetReader } from '../../datasets/dataset.ts';
import { randomStream } from '../../numerics/random.ts';
import type { EvaluationContext, TrainingContext } from '../../pipeline/context.ts';
import type { TensorByName, Training } from '../../training/trainer.ts';
import type { ReaderNormalization } from '../models/attentive-reader.ts';
import {
  drawPermutation,
  encodeMinibatch,
  type ReaderMinibatch,
  type ReadingLimits,
  selectQuestions,
} from '../models/reader-minibatch.ts';

/** What a reader sees and how large it is. */
export interface ReaderSettings {
  readonly passageTokens: number;
  readonly questionTokens: number;
  /** Words of the vocabulary that are told apart, where it has so many. */
  readonly words: number;
  readonly embeddingSize: number;
  readonly units: number;
  readonly normalization: ReaderNormalization;
}

export interface ReaderTrial {
  /** `ln-lstm/seed-0` */
  readonly name: string;
  readonly cpus: number;
  readonly seed: number;
  readonly reader: ReaderSettings;
  readonly updates: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** Gradients are scaled to at most this norm. */
  readonly clipNorm: number;
  readonly dropout: number;
  readonly validationIntervalUpdates: number;
  /** The first so many questions of the validation split, in random order; all where there are fewer. */
  readonly validationQuestions: number;
}

export const cnnQuestions = 'cnn-questions';

/** A split, ready to be cut into minibatches. */
export interface ReadingMaterial {
  readonly questions: ClozeQuestions;
  /** Those that are used. */
  readonly indices: Int32Array;
  readonly limits: ReadingLimits;
}

export async function readMaterial(
  dataset: DatasetReader,
  split: ClozeSplit,
  { passageTokens, questionTokens, words }: ReaderSettings,
): Promise<ReadingMaterial> {
  const vocabulary = await readClozeVocabulary(dataset);
  const limits = {
    passageTokens,
    questionTokens,
    words: Math.min(words, vocabulary.words.length),
    entities: vocabulary.entities,
  };
  const questions = await readClozeQuestions(dataset, split);
  return { questions, indices: selectQuestions(questions, limits), limits };
}

/** A minibatch of questions drawn at random, under a permutation of its own. */
export function drawMinibatch(
  { questions, indices, limits }: ReadingMaterial,
  batchSize: number,
  seed: number,
  update: number,
): ReaderMinibatch {
  const random = randomStream(seed, 'minibatch', update);
  const drawn = Int32Array.from({ length: batchSize }, () => indices[random.uniformInteger(indices.length)]!);
  return encodeMinibatch(questions, drawn, drawPermutation(random, limits.entities), limits);
}

/**
 * A whole split, or its first `most` questions in an order that is the same for every model and seed, cut into
 * minibatches, each under a permutation of its own.
 */
export function evaluationMinibatches(
  { questions, indices, limits }: ReadingMaterial,
  batchSize: number,
  most: number,
): readonly ReaderMinibatch[] {
  // Batch normalisation sees a minibatch: it must not be questions of one text.
  const order = new Int32Array(Math.min(most, indices.length));
  randomStream(0, 'order of evaluation').fillSample(order, indices.length);
  const used = order.map((position) => indices[position]!);
  return Array.from({ length: Math.ceil(used.length / batchSize) }, (_, number) =>
    encodeMinibatch(
      questions,
      used.subarray(number * batchSize, (number + 1) * batchSize),
      drawPermutation(randomStream(0, 'permutation of evaluation', number), limits.entities),
      limits,
    ),
  );
}

/** TensorFlow.js and what stands on it, loaded only here: planning and summaries do without. */
export async function startReaders(context: Pick<TrainingContext | EvaluationContext, 'startTensorFlow'>) {
  await context.startTensorFlow();
  return {
    tf: await import('@tensorflow/tfjs-core'),
    ...(await import('../models/attentive-reader.ts')),
    ...(await import('../models/reader-evaluation.ts')),
    ...(await import('../../training/trainer.ts')),
  };
}
type Readers = Awaited<ReturnType<typeof startReaders>>;

/** Where a training starts, how its parameters are updated, and the loss of its minibatches. */
export interface ReaderBeginning extends Pick<Training, 'parameters' | 'adam' | 'clip'> {
  loss(parameters: TensorByName, update: number): Scalar;
}

export function beginReader(
  { seed, reader, batchSize, learningRate, clipNorm, dropout }: ReaderTrial,
  material: ReadingMaterial,
  { initializeReader, minibatchLoss }: Pick<Readers, 'initializeReader' | 'minibatchLoss'>,
): ReaderBeginning {
  const { normalization, embeddingSize, units } = reader;
  const { entities, words } = material.limits;
  return {
    parameters: initializeReader(seed, { entities, words, embeddingSize, units }, normalization),
    adam: { learningRate },
    clip: { globalNorm: clipNorm },
    loss: (parameters, update) =>
      minibatchLoss(parameters, drawMinibatch(material, batchSize, seed, update), {
        normalization,
        dropout: { rate: dropout, random: randomStream(seed, 'dropout', update) },
      }),
  };
}

export async function train(trial: ReaderTrial, context: TrainingContext): Promise<void> {
  const dataset = await context.dataset(cnnQuestions);
  const training = await readMaterial(dataset, 'training', trial.reader);
  const validation = await readMaterial(dataset, 'validation', trial.reader);
  const heldOut = evaluationMinibatches(validation, trial.batchSize, trial.validationQuestions);
  const library = await startReaders(context);
  const { normalization } = trial.reader;
  await library.trainModel(
    {
      ...beginReader(trial, training, library),
      updates: trial.updates,
      validation: {
        everyUpdates: trial.validationIntervalUpdates,
        measure: (parameters) => library.measureReader(parameters, heldOut, { normalization }),
        best: { measure: 'error', isBetter: 'lower' },
      },
      metadata: { kind: 'attentive-reader', reader: JSON.stringify(trial.reader) },
    },
    context,
  );
}
