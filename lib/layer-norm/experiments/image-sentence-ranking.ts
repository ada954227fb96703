/** §6.1: order-embeddings of images and sentences, whose sentence encoder is a GRU with and without layer normalization. */
import { z } from 'zod';
import { defineExperiment } from '../../pipeline/experiment.ts';
import { type RankingTrial, train } from '../training/image-sentence-ranking.ts';
import { evaluateRanking, type RankingEvaluation } from './evaluate-image-sentence-ranking.ts';
import { type RankingSubject, rankingModels } from './ranking-metrics.ts';
import { summarizeRanking } from './summarize-image-sentence-ranking.ts';

const params = z
  .strictObject({
    /** Trainings of each model: each starts from other parameters and draws other minibatches. */
    seeds: z.number().int().min(1).max(100),
    trainingSeed: z.number().int().min(0).max(1_000_000),
    wordDimensions: z.number().int().min(1).max(4096),
    /** Units of the GRU and dimensions of the common space. */
    dimensions: z.number().int().min(2).max(8192),
    updates: z.number().int().min(1).max(10_000_000),
    batchSize: z.number().int().min(2).max(1024),
    learningRate: z.number().min(1e-7).max(1),
    /** The loss's margin, of order-embeddings and of the symmetric baseline. */
    margin: z.number().min(0).max(1),
    symmetricMargin: z.number().min(0).max(1),
    /** Each tensor's gradient is scaled to at most this norm. */
    gradientClip: z.number().min(1e-6).max(1e6),
    validateEveryUpdates: z.number().int().min(1).max(1_000_000),
    validationPictures: z.number().int().min(1).max(100_000),
    /** Words that occur less often in the training captions are one unknown word. */
    minimumWordCount: z.number().int().min(1).max(1000),
    testFolds: z.number().int().min(1).max(100),
    picturesOfFold: z.number().int().min(1).max(100_000),
    timedRounds: z.number().int().min(1).max(1000),
    timedUpdates: z.number().int().min(1).max(1000),
  })
  .refine(({ updates, validateEveryUpdates }) => validateEveryUpdates <= updates, {
    path: ['validateEveryUpdates'],
    message: 'validateEveryUpdates must be at most updates: a model is chosen by its validations',
  });
type Params = z.infer<typeof params>;

const paper: Params = {
  seeds: 3,
  trainingSeed: 0,
  wordDimensions: 300,
  dimensions: 1024,
  // Figure 1 shows 300 validations.
  updates: 90_000,
  batchSize: 128,
  learningRate: 0.001,
  margin: 0.05,
  symmetricMargin: 0.2,
  gradientClip: 2,
  validateEveryUpdates: 300,
  validationPictures: 1000,
  minimumWordCount: 1,
  testFolds: 5,
  picturesOfFold: 1000,
  timedRounds: 3,
  timedUpdates: 10,
};
const laptop: Params = {
  ...paper,
  seeds: 5,
  wordDimensions: 100,
  dimensions: 256,
  updates: 150,
  validateEveryUpdates: 10,
  minimumWordCount: 2,
};

function trialsOf(params: Params, seed: number): readonly RankingTrial[] {
  return rankingModels.map(({ subject, similarity, normalization }) => ({
    name: `${subject}/seed-${seed}`,
    cpus: 1,
    seed,
    settings: {
      similarity,
      normalization,
      wordDimensions: params.wordDimensions,
      dimensions: params.dimensions,
    },
    margin: similarity === 'order' ? params.margin : params.symmetricMargin,
    updates: params.updates,
    batchSize: params.batchSize,
    learningRate: params.learningRate,
    gradientClip: params.gradientClip,
    validateEveryUpdates: params.validateEveryUpdates,
    validationPictures: params.validationPictures,
    minimumWordCount: params.minimumWordCount,
  }));
}

const seedsOf = ({ seeds, trainingSeed }: Params) => Array.from({ length: seeds }, (_, k) => trainingSeed + k);

export const imageSentenceRanking = defineExperiment<Params, RankingTrial, RankingEvaluation>({
  name: 'layer-norm/image-sentence-ranking',
  source: { arxiv: '1607.06450', title: 'Layer Normalization', place: '§6.1, Table 2, Figure 1' },
  claim:
    'With layer normalization in its GRU, an order-embedding model’s recall of validation images rises faster and its best model comes in less time, and retrieval on the test set is better in both directions.',
  deviations: [
    'MS-COCO and VGG-19’s features are in no package. With --data FOLDER the files that Vendrov et al. publish are read (FOLDER/coco/train.txt, images/10crop/train.npy, …); otherwise 1,636 emoji stand in: 2,172 pictures to train on, 150 to validate and 400 to test, so that no emoji is in two splits, described by their Unicode and CLDR names, subgroups and keywords. These are phrases of five or six words, where COCO has sentences of ten or eleven.',
    'The stand-in’s features are 768 oriented-gradient and colour statistics of 32 × 32 pixels, not a trained network’s.',
    'Except in the preset `paper`, words have 100 dimensions and the common space 256 (overnight 300 and 1024, as in the paper), there are some hundred updates rather than 90,000, because on so few pictures the recalls of all models are highest after about a hundred, and words that occur once in the training captions are one unknown word.',
    'Word vectors are of the training captions’ words, where the authors’ dictionary also has the validation’s, whose vectors are then never trained.',
    'Input weights start as Glorot & Bengio have them rather than uniform in ±0.1; recurrent ones are orthogonal, as the authors’.',
    'Ties count against the model, where NumPy’s sort leaves them to chance.',
  ],
  params,
  presets: {
    smoke: {
      ...laptop,
      seeds: 1,
      wordDimensions: 8,
      dimensions: 12,
      updates: 8,
      batchSize: 16,
      validateEveryUpdates: 4,
      validationPictures: 20,
      picturesOfFold: 10,
      timedRounds: 1,
      timedUpdates: 1,
    },
    laptop,
    overnight: { ...laptop, seeds: 10, wordDimensions: 300, dimensions: 1024, updates: 300 },
    paper,
  },
  datasets: [{ name: 'coco-captions' }],
  module: 'lib/layer-norm/experiments/image-sentence-ranking.ts',
  trainingModule: 'lib/layer-norm/training/image-sentence-ranking.ts',

  plan: (params) => seedsOf(params).flatMap((seed) => trialsOf(params, seed)),
  train,

  evaluations(params) {
    const { testFolds, picturesOfFold, timedRounds, timedUpdates, trainingSeed } = params;
    const retrieval = seedsOf(params).flatMap((seed) =>
      trialsOf(params, seed).map(
        ({ name }, index): RankingEvaluation => ({
          kind: 'retrieval',
          name,
          trials: [name],
          subject: rankingModels[index]!.subject,
          seed,
          folds: testFolds,
          mostPicturesOfFold: picturesOfFold,
        }),
      ),
    );
    const timed = trialsOf(params, trainingSeed).map((trial, index) => [rankingModels[index]!.subject, trial] as const);
    return [
      ...retrieval,
      {
        kind: 'speed',
        name: 'speed',
        trials: [],
        timed: Object.fromEntries(timed) as Record<RankingSubject, RankingTrial>,
        rounds: timedRounds,
        updates: timedUpdates,
      },
    ];
  },
  evaluate: evaluateRanking,
  summarize: summarizeRanking,

  work({ seeds, updates, batchSize, wordDimensions, dimensions, validateEveryUpdates, timedRounds, timedUpdates }) {
    // Twelve steps of a GRU, forward and back, at twenty billion products a second; and every pair's order violation.
    const steps = 12 * batchSize * 3 * dimensions * (wordDimensions + dimensions) * 3;
    const updateSeconds = 0.01 + steps / 2e10 + (batchSize ** 2 * dimensions * 4) / 1e9;
    const validationSeconds = 0.25 * (dimensions / 256);
    const models = rankingModels.length * seeds;
    return {
      trainingCoreSeconds:
        models * (3 + updates * updateSeconds + (updates / validateEveryUpdates) * validationSeconds),
      evaluationCoreSeconds:
        models * 5 * validationSeconds + rankingModels.length * timedRounds * (timedUpdates + 2) * updateSeconds,
    };
  },
});
