/** §6.2: attentive readers of anonymised cloze questions, with layer and with recurrent batch normalisation. */
import { z } from 'zod';
import { defineExperiment } from '../../pipeline/experiment.ts';
import { cnnQuestions, type ReaderTrial, train } from '../training/question-answering.ts';
import { evaluateQuestionAnswering, type QuestionAnsweringEvaluation } from './evaluate-question-answering.ts';
import { readers } from './reader-metrics.ts';
import { summarizeQuestionAnswering } from './summarize-question-answering.ts';

const params = z
  .strictObject({
    /** Trainings of each reader: each starts from other parameters and draws other minibatches. */
    seeds: z.number().int().min(1).max(100),
    updates: z.number().int().min(1).max(10_000_000),
    batchSize: z.number().int().min(2).max(1024),
    learningRate: z.number().min(1e-7).max(1),
    clipNorm: z.number().min(1e-6).max(1e6),
    dropout: z.number().min(0).max(0.99),
    embeddingSize: z.number().int().min(1).max(4096),
    units: z.number().int().min(2).max(4096),
    /** Words of the vocabulary that are told apart, the most frequent ones. */
    words: z.number().int().min(2).max(1_000_000),
    /** A longer passage loses its beginning, and its question is left out where that has the answer. */
    passageTokens: z.number().int().min(2).max(100_000),
    questionTokens: z.number().int().min(1).max(10_000),
    validationIntervalUpdates: z.number().int().min(1).max(1_000_000),
    validationQuestions: z.number().int().min(1).max(1_000_000),
    populationMinibatches: z.number().int().min(1).max(10_000),
    timedRounds: z.number().int().min(1).max(1000),
  })
  .refine(({ updates, validationIntervalUpdates }) => validationIntervalUpdates <= updates, {
    path: ['validationIntervalUpdates'],
    message: 'validationIntervalUpdates must be at most updates: a reader is chosen by its validations',
  });
export type QuestionAnsweringParams = z.infer<typeof params>;

const paper: QuestionAnsweringParams = {
  seeds: 3,
  // Figure 2 shows 800 validations.
  updates: 800_000,
  batchSize: 64,
  learningRate: 8e-5,
  clipNorm: 10,
  dropout: 0.5,
  embeddingSize: 240,
  units: 240,
  words: 1_000_000,
  passageTokens: 100_000,
  questionTokens: 10_000,
  validationIntervalUpdates: 1000,
  validationQuestions: 1_000_000,
  populationMinibatches: 50,
  timedRounds: 15,
};
const laptop: QuestionAnsweringParams = {
  ...paper,
  seeds: 3,
  updates: 450,
  learningRate: 5e-3,
  embeddingSize: 64,
  units: 64,
  words: 1000,
  passageTokens: 48,
  questionTokens: 20,
  validationIntervalUpdates: 50,
  populationMinibatches: 20,
};

function trialsOf(params: QuestionAnsweringParams, seed: number): readonly ReaderTrial[] {
  return readers.map(({ subject, normalization }) => ({
    name: `${subject}/seed-${seed}`,
    cpus: 1,
    seed,
    reader: {
      passageTokens: params.passageTokens,
      questionTokens: params.questionTokens,
      words: params.words,
      embeddingSize: params.embeddingSize,
      units: params.units,
      normalization,
    },
    updates: params.updates,
    batchSize: params.batchSize,
    learningRate: params.learningRate,
    clipNorm: params.clipNorm,
    dropout: params.dropout,
    validationIntervalUpdates: params.validationIntervalUpdates,
    validationQuestions: params.validationQuestions,
  }));
}

const seedsOf = ({ seeds }: QuestionAnsweringParams) => Array.from({ length: seeds }, (_, seed) => seed);

export const questionAnswering = defineExperiment<QuestionAnsweringParams, ReaderTrial, QuestionAnsweringEvaluation>({
  name: 'layer-norm/question-answering',
  source: { arxiv: '1607.06450', title: 'Layer Normalization', place: '§6.2, Figure 2' },
  claim:
    'An attentive reader with layer-normalized LSTMs learns faster, and to a lower validation error, than one with plain LSTMs, with recurrent batch normalisation, or with batch normalisation everywhere; gains that start at 1.0 do better than at 0.1.',
  deviations: [
    'No package has the CNN corpus. With --data FOLDER its owners’ files are read (FOLDER/cnn/questions/training/….question); otherwise some 8,000 questions built from the Brown corpus by entity anonymisation stand in: a proper noun blanked in one sentence, to be found in the four sentences before it.',
    'Which four sentences of a CNN story Cooijmans et al. kept is not published: here those that share the most different words with the question.',
    'The answer is chosen among entities, not among all words of the vocabulary as in the published code.',
    'Initial states are zero, where the published code learns them.',
    'As in the published code, batch normalisation’s curve is by the statistics of each validation minibatch; the error by statistics gathered in training stands beside it. Padding does not count in any statistics.',
    'Minibatches are drawn with replacement, where the published code takes the questions in order.',
    'Except in the preset `paper`, readers have 64 units (overnight 128), passages lose all but their last tokens, rare words are one unknown word, and there are hundreds of updates (overnight thousands) rather than hundreds of thousands, at a higher learning rate: on a laptop 5e-3, of 2e-3 and 5e-3 that were tried with LSTM and LN-LSTM on one seed.',
  ],
  params,
  presets: {
    smoke: {
      ...laptop,
      seeds: 1,
      updates: 4,
      batchSize: 8,
      embeddingSize: 6,
      units: 8,
      passageTokens: 12,
      questionTokens: 6,
      validationIntervalUpdates: 2,
      validationQuestions: 16,
      populationMinibatches: 2,
      timedRounds: 1,
    },
    laptop,
    overnight: {
      ...laptop,
      seeds: 5,
      updates: 3000,
      learningRate: 2e-3,
      embeddingSize: 128,
      units: 128,
      words: 5000,
      passageTokens: 120,
      questionTokens: 40,
      validationIntervalUpdates: 50,
    },
    paper,
  },
  datasets: [{ name: cnnQuestions }],
  module: 'lib/layer-norm/experiments/question-answering.ts',
  trainingModule: 'lib/layer-norm/training/question-answering.ts',

  plan: (params) => seedsOf(params).flatMap((seed) => trialsOf(params, seed)),
  train,

  evaluations(params) {
    const { populationMinibatches, timedRounds } = params;
    const first = trialsOf(params, 0);
    return [
      ...seedsOf(params).flatMap((seed) =>
        trialsOf(params, seed).map((trial, index) => ({
          kind: 'reader' as const,
          name: trial.name,
          trials: [trial.name],
          subject: readers[index]!.subject,
          trial,
          populationMinibatches,
        })),
      ),
      { kind: 'guesses', name: 'guesses', trials: [], trial: first[0]! },
      {
        kind: 'speed',
        name: 'speed',
        trials: [],
        subjects: readers.map(({ subject }) => subject),
        timed: first,
        rounds: timedRounds,
      },
    ];
  },
  evaluate: evaluateQuestionAnswering,
  summarize: summarizeQuestionAnswering,

  work(params) {
    const { seeds, updates, batchSize, units, embeddingSize, validationIntervalUpdates, timedRounds } = params;
    // The corpora's passages have some 100 tokens, their questions 26. Products of matrices on the kernels, forward and
    // twice back; what a step costs beside them; embeddings, dropout and attention; Adam on every word's embedding.
    const steps = Math.min(params.passageTokens, 110) + Math.min(params.questionTokens, 30);
    const products = 3 * 4 * batchSize * units * (units + embeddingSize);
    const parameters = Math.min(params.words, 120_000) * embeddingSize;
    const updateSeconds = steps * (0.0002 + products / 1e10) + 0.012 + parameters * 5e-9;
    const validationSeconds = (Math.min(params.validationQuestions, 900) / batchSize) * (updateSeconds / 3);
    const trainings = readers.length * seeds;
    return {
      trainingCoreSeconds:
        trainings * (2 + updates * updateSeconds + (updates / validationIntervalUpdates) * validationSeconds),
      evaluationCoreSeconds: trainings * 2 * validationSeconds + readers.length * (timedRounds + 1) * updateSeconds,
    };
  },
});
