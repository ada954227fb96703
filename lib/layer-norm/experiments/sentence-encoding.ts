/** §6.3, Table 3 and Figure 3: skip-thoughts with and without layer normalization, and what their sentence vectors are good for. */
import { z } from 'zod';
import type { EvaluationContext } from '../../pipeline/context.ts';
import { defineExperiment, type Measurement } from '../../pipeline/experiment.ts';
import { type SentenceEncodingTrial, train } from '../training/sentence-encoding.ts';
import { curveMeasurements } from './learning-curves.ts';
import { crossEntropyMetric, crossEntropyUnit, type Encoder, encoders } from './sentence-encoding-measures.ts';
import { sentenceEncodingWork } from './sentence-encoding-work.ts';
import { summarizeSentenceEncoding } from './summarize-sentence-encoding.ts';

const params = z
  .strictObject({
    seeds: z.number().int().min(1).max(100),
    /** Width of a word's vector. */
    wordUnits: z.number().int().min(1).max(10_000),
    /** Of each GRU, and so of a sentence's vector. */
    units: z.number().int().min(1).max(10_000),
    /** The end of a sentence and the unknown word included. */
    vocabularySize: z.number().int().min(3).max(1_000_000),
    /** In words; triples with a longer sentence are left out of the training. */
    longestSentence: z.number().int().min(1).max(1_000),
    batchSize: z.number().int().min(1).max(10_000),
    updates: z.number().int().min(1).max(100_000_000),
    /** How often, in equal distances, the encoder is kept and measured; the last time after the last update. */
    snapshots: z.number().int().min(1).max(100),
    learningRate: z.number().positive().max(1),
    /** Words that are scored beside each target in training; 0: the whole vocabulary. */
    sampledWords: z.number().int().min(0).max(1_000_000),
    /** Of held-out text, for the learning curve. */
    validationMinibatches: z.number().int().min(1).max(1_000),
    outerFolds: z.number().int().min(2).max(100),
    innerFolds: z.number().int().min(2).max(100),
    /** The penalty's C is 2 to one of these. */
    penaltyExponents: z.array(z.number().int().min(-30).max(30)).min(1).max(30),
    /** How often an update of each model is timed. */
    timingRounds: z.number().int().min(1).max(1_000),
  })
  .superRefine(({ snapshots, updates }, context) => {
    if (snapshots <= updates) return;
    context.addIssue({
      code: 'custom',
      path: ['snapshots'],
      message: `snapshots must be at most updates, ${updates}`,
      input: snapshots,
    });
  });
export type SentenceEncodingParams = z.infer<typeof params>;

type Evaluation = { readonly name: string; readonly trials: readonly string[] } & (
  | { readonly kind: 'learning curve'; readonly subject: Encoder; readonly seed: number }
  | {
      readonly kind: 'downstream';
      readonly trial: SentenceEncodingTrial;
      readonly update: number;
      readonly outerFolds: number;
      readonly innerFolds: number;
      readonly penaltyExponents: readonly number[];
    }
  | { readonly kind: 'timing'; readonly timed: readonly SentenceEncodingTrial[]; readonly rounds: number }
);

/** Rows of the learning curve. */
const validations = 20;

/** §6.3, Kiros et al. (2015) and their code. */
const paper: SentenceEncodingParams = {
  seeds: 1,
  wordUnits: 620,
  units: 2400,
  vocabularySize: 20_000,
  longestSentence: 30,
  batchSize: 64,
  updates: 1_000_000,
  snapshots: 4,
  learningRate: 2e-4,
  sampledWords: 0,
  validationMinibatches: 16,
  outerFolds: 10,
  innerFolds: 10,
  penaltyExponents: [0, 1, 2, 3, 4, 5, 6, 7, 8],
  timingRounds: 10,
};

const laptop: SentenceEncodingParams = {
  ...paper,
  seeds: 3,
  wordUnits: 64,
  units: 128,
  vocabularySize: 4000,
  batchSize: 32,
  updates: 1200,
  snapshots: 3,
  learningRate: 2e-3,
  sampledWords: 400,
  validationMinibatches: 4,
  innerFolds: 2,
  penaltyExponents: [0, 2, 4, 6, 8],
  timingRounds: 20,
};

/** After which updates the encoder is measured. */
export function snapshotUpdates({ updates, snapshots }: Pick<SentenceEncodingParams, 'updates' | 'snapshots'>) {
  return Array.from({ length: snapshots }, (_, index) => Math.round((updates * (index + 1)) / snapshots));
}

export const sentenceEncoding = defineExperiment<SentenceEncodingParams, SentenceEncodingTrial, Evaluation>({
  name: 'layer-norm/sentence-encoding',
  source: { arxiv: '1607.06450', title: 'Layer Normalization', place: '§6.3, Table 3, Figure 3' },
  claim:
    'After equally many updates a skip-thought encoder with layer normalization is the better one in every task: SICK’s Pearson and Spearman correlation and mean squared error, and accuracy on MR, CR, SUBJ and MPQA.',
  deviations: [
    'BookCorpus is no longer distributed: the text is the user’s own books, or else the Brown corpus (1.2 million words, BookCorpus has 985 million).',
    'Words that are not in the vocabulary are the unknown word, in training and in every task: the paper maps them from word2vec vectors, which no package brings.',
    'The sentence’s vector is the decoders’ initial state and a minibatch’s loss the sum over its words, as in the authors’ code; Kiros et al. write that the vector enters every gate of every step.',
    'Minibatches are drawn with replacement, of sentences equally long, so that a killed training goes on to the same bits; the authors shuffle epochs.',
    'The relatedness softmax of SICK and the logistic regressions are fitted on the whole data by L-BFGS; the authors’ softmax by Adam on minibatches. The early stopping on the development pairs’ correlation is the same.',
    'Outside the preset `paper` model, vocabulary and text are small, Adam’s rate is ten times the paper’s because there are hundreds to thousands of updates and not a million, training scores a sample of the vocabulary (Jean et al. 2015) unless sampledWords is 0, and `laptop` chooses C among 2⁰, 2², … 2⁸ in two inner folds where the protocol has 2⁰, 2¹, … 2⁸ and ten; the ten outer folds and all sentences stay.',
    'The decoders’ cross-entropy on held-out documents, over the whole vocabulary, is reported beside the paper’s measures, and an untrained encoder of each seed as a baseline: a measure in which training has not brought the encoders half of the way from untrained ones to the paper’s plain one decides nothing.',
  ],
  params,
  presets: {
    smoke: {
      ...laptop,
      seeds: 1,
      wordUnits: 8,
      units: 12,
      vocabularySize: 200,
      longestSentence: 12,
      batchSize: 8,
      updates: 6,
      snapshots: 2,
      sampledWords: 20,
      validationMinibatches: 1,
      outerFolds: 3,
      penaltyExponents: [0, 8],
      timingRounds: 2,
    },
    laptop,
    overnight: {
      ...laptop,
      wordUnits: 200,
      units: 400,
      vocabularySize: 10_000,
      batchSize: 64,
      updates: 10_000,
      snapshots: 5,
      learningRate: 1e-3,
      sampledWords: 1000,
      innerFolds: 5,
      penaltyExponents: paper.penaltyExponents,
    },
    paper,
  },
  datasets: [{ name: 'books' }, { name: 'sick' }, { name: 'sentences' }],
  module: 'lib/layer-norm/experiments/sentence-encoding.ts',
  trainingModule: 'lib/layer-norm/training/sentence-encoding.ts',

  plan: (params) =>
    Array.from({ length: params.seeds }, (_, seed) => seed).flatMap((seed) =>
      encoders.map((normalization): SentenceEncodingTrial => {
        const { wordUnits, units, vocabularySize, longestSentence, batchSize, updates } = params;
        return {
          name: `${normalization}/seed-${seed}`,
          cpus: 1,
          seed,
          model: { wordUnits, units, normalization },
          text: { vocabularySize, longestSentence },
          batchSize,
          updates,
          snapshotUpdates: snapshotUpdates(params),
          learningRate: params.learningRate,
          sampledWords: params.sampledWords,
          validation: {
            everyUpdates: Math.ceil(updates / validations),
            minibatches: params.validationMinibatches,
          },
        };
      }),
    ),
  train,

  evaluations(params, trials) {
    const { outerFolds, innerFolds, penaltyExponents, timingRounds } = params;
    const timed = trials.filter(({ seed }) => seed === 0);
    return [
      ...trials.map((trial): Evaluation => {
        const { name, seed, model } = trial;
        return { name: `${name}/curve`, trials: [name], kind: 'learning curve', subject: model.normalization, seed };
      }),
      { name: 'timing', trials: timed.map(({ name }) => name), kind: 'timing', timed, rounds: timingRounds },
      ...trials.flatMap((trial) =>
        [0, ...trial.snapshotUpdates].map(
          (update): Evaluation => ({
            name: `${trial.name}/update-${update}`,
            trials: [trial.name],
            kind: 'downstream',
            trial,
            update,
            outerFolds,
            innerFolds,
            penaltyExponents,
          }),
        ),
      ),
    ];
  },
  evaluate,
  summarize: summarizeSentenceEncoding,
  work: sentenceEncodingWork,
});

async function evaluate(evaluation: Evaluation, context: EvaluationContext): Promise<readonly Measurement[]> {
  if (evaluation.kind === 'learning curve') {
    const { subject, seed } = evaluation;
    const model = await context.model(evaluation.trials[0]!);
    return curveMeasurements(model, { [crossEntropyMetric]: crossEntropyUnit }, { subject, seed });
  }
  await context.startTensorFlow();
  // Loaded only here: it computes with TensorFlow.js.
  const { measureDownstream, measureSecondsPerUpdate } = await import('./evaluate-sentence-encoding.ts');
  return evaluation.kind === 'timing'
    ? measureSecondsPerUpdate(evaluation.timed, evaluation.rounds, context)
    : measureDownstream(evaluation.trial, evaluation.update, evaluation, context);
}
