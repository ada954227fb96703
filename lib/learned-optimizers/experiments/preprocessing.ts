/** Appendix A and §2: what the optimizer sees of a gradient, and which steps' losses it is trained to lower. */
import { z } from 'zod';
import { imageSides } from '../../datasets/pool-images.ts';
import type { EvaluationContext } from '../../pipeline/context.ts';
import { defineExperiment, type Measurement } from '../../pipeline/experiment.ts';
import { baselineNames } from '../baselines.ts';
import { createFamily, type PooledMnistSettings, train } from '../training/pooled-mnist.ts';
import type { OptimizerTrial } from '../training.ts';
import { checkSteps } from './comparison-params.ts';
import { learnedOptimizerSeconds, testSeconds, tuningSeconds } from './comparison-work.ts';
import { chooseByValidation, listCandidates } from './meta-learning-rate-search.ts';
import { baseOptimizee, episodeSizes, testSizes } from './mnist-optimizees.ts';
import { mnistOptimizerParams, optimizerPreset } from './mnist-params.ts';
import {
  type ComparisonEvaluation,
  evaluateComparison,
  evaluationsOfComparison,
  planBaselines,
  planLearnedOptimizer,
} from './optimizer-comparison.ts';
import { listVariants, type Variant } from './preprocessing-variants.ts';
import { chartVariants, judgeVariants, tabulateVariants, validationMetric } from './summarize-preprocessing.ts';

const params = z
  .strictObject({
    ...mnistOptimizerParams,
    /** Of the variants that differ in their preprocessing. */
    lossWeights: z.literal('every-step'),
    /** Trainings of each variant: each starts from other parameters and sees other problems. */
    seeds: z.number().int().min(1).max(100),
    /** Fresh problems that each trained optimizer is measured on, the same for all. */
    testProblems: z.number().int().min(1).max(1_000),
    /** Constant factors of the gradient; 1 is the raw one. */
    inputScales: z
      .array(z.number().min(1e-6).max(1e9))
      .min(1)
      .max(20)
      .refine((scales) => new Set(scales).size === scales.length, 'inputScales must differ from each other'),
    /** Pixels a side of the digits; the paper's have 28. */
    imageSide: z.union(imageSides.map((side) => z.literal(side))),
  })
  .superRefine(checkSteps);
type Params = z.infer<typeof params>;

/** One trained optimizer, or one hand-written one, on all test problems. */
interface Evaluation extends Omit<ComparisonEvaluation<PooledMnistSettings>, 'optimizee'> {
  readonly variant: string;
  readonly trainingSeed: number;
}

const laptop: Params = {
  ...optimizerPreset('laptop', { seeds: 5 }),
  lossWeights: 'every-step',
  testProblems: 20,
  episodes: 300,
  inputScales: [1, 10, 100, 1000],
  imageSide: 8,
  backpropagatedPerTensor: 500,
};

const problemOf = (params: Params): PooledMnistSettings => ({
  ...baseOptimizee(params),
  imageSide: params.imageSide,
});

const trainingSeeds = ({ seeds, trainingSeed }: Params) => Array.from({ length: seeds }, (_, k) => trainingSeed + k);

/** Parameters of one training, and the name of its trial. */
const trainingOf = (params: Params, { name, lossWeights }: Variant, trainingSeed: number) => ({
  name: `${name}/seed-${trainingSeed}`,
  params: { ...params, lossWeights, trainingSeed },
});

export const preprocessing = defineExperiment<Params, OptimizerTrial<PooledMnistSettings>, Evaluation>({
  name: 'learned-optimizers/preprocessing',
  source: {
    arxiv: '1606.04474',
    title: 'Learning to learn by gradient descent by gradient descent',
    place: '§2, appendix A',
  },
  claim:
    'An optimizer that sees raw gradients is hard to train and one with the preprocessing of appendix A is not, and weights of 1 on the loss of every step train it better than a weight on the last step alone.',
  deviations: [
    'The paper gives no experiment for these statements; this one trains the optimizer of §3.2 in each way, as often as there are seeds, with the same number of episodes and the same meta-learning rate.',
    'Except in the presets `overnight` and `paper` the digits are the central 24 × 24 pixels averaged to 8 × 8, so that many optimizers can be trained; gradients of different layers still differ by orders of magnitude.',
    'Deviations of `learned-optimizers/mnist` in the meta-gradient, the schedule and the initial weights apply.',
    'That constant factors work, too, and that the preprocessing of appendix A is “slightly better on some problems” is measured and reported, and decides nothing: one problem cannot refute it.',
  ],
  params,
  presets: {
    smoke: {
      ...laptop,
      seeds: 1,
      testProblems: 2,
      episodes: 2,
      horizonSteps: 10,
      unrollSteps: 5,
      validationIntervalEpisodes: 1,
      validationProblems: 1,
      tuningProblems: 1,
      inputScales: [1, 100],
    },
    laptop,
    overnight: { ...laptop, episodes: 700, testProblems: 50, imageSide: 28, backpropagatedPerTensor: 2000 },
    paper: {
      ...laptop,
      ...optimizerPreset('paper', { seeds: 3 }),
      lossWeights: 'every-step',
      testProblems: 100,
      imageSide: 28,
      inputScales: [1, 10, 100, 1000, 10_000],
    },
  },
  datasets: [{ name: 'mnist' }],
  module: 'lib/learned-optimizers/experiments/preprocessing.ts',
  trainingModule: 'lib/learned-optimizers/training/pooled-mnist.ts',

  plan: (params) => [
    ...listVariants(params).flatMap((variant) =>
      trainingSeeds(params).flatMap((trainingSeed) => {
        const training = trainingOf(params, variant, trainingSeed);
        return planLearnedOptimizer(
          training.params,
          problemOf(params),
          variant.preprocessing,
          params.backpropagatedPerTensor,
          training.name,
          // Small problems train faster side by side than on two threads.
        ).map((trial) => ({ ...trial, cpus: params.imageSide === 28 ? 2 : 1 }));
      }),
    ),
    ...planBaselines(params, problemOf(params)),
  ],
  train,

  evaluations(params) {
    const { testProblems, horizonSteps } = params;
    const common = { problem: problemOf(params), seeds: Array.from({ length: testProblems }, (_, k) => k) };
    const measured = { ...common, metric: 'loss', steps: horizonSteps };
    const learned = listVariants(params).flatMap((variant) =>
      trainingSeeds(params).map((trainingSeed): Evaluation => {
        const training = trainingOf(params, variant, trainingSeed);
        const trials = listCandidates(training.params, training.name).map(({ trial }) => trial);
        return { ...measured, name: training.name, trials, subject: 'lstm', variant: variant.name, trainingSeed };
      }),
    );
    const plain = evaluationsOfComparison(
      { ...params, seeds: 1, evaluationSteps: horizonSteps },
      problemOf(params),
    ).filter(({ subject }) => subject !== 'lstm');
    return [
      ...learned,
      ...plain.map(({ trials, subject }) => ({
        ...measured,
        name: trials[0]!,
        trials,
        subject,
        variant: subject,
        trainingSeed: params.trainingSeed,
      })),
    ];
  },
  evaluate,

  summarize: (measurements, params) => ({
    verdict: judgeVariants(measurements, params),
    tables: [tabulateVariants(measurements, params)],
    charts: [chartVariants(measurements, params)],
    remarks: [
      'Each value is a mean over the test problems, which are the same for all; the spread is over trainings, and differences are paired by the seed of the training.',
      'All variants have the same meta-learning rate unless metaLearningRateCandidates searches for each one’s own.',
      'A network that always answers with equal probabilities has a loss of ln 10 = 2.303.',
    ],
  }),

  work(params) {
    const { imageSide, horizonSteps, seeds, testProblems } = params;
    const sizes = testSizes(problemOf(params), imageSide ** 2);
    const episode = episodeSizes(problemOf(params), params.backpropagatedPerTensor, imageSide ** 2);
    const trainings = listVariants(params).length * seeds;
    const test = (baselineRuns: number) =>
      testSeconds({ ...params, seeds: testProblems }, sizes, { baselineRuns, steps: horizonSteps });
    return {
      trainingCoreSeconds:
        trainings * learnedOptimizerSeconds(params, episode) + tuningSeconds(params, sizes, { horizonSteps }),
      evaluationCoreSeconds: trainings * test(0) + test(baselineNames.length),
    };
  },
});

/** Curves averaged over the test problems, and the validation loss that the optimizer was kept for. */
async function evaluate(evaluation: Evaluation, context: EvaluationContext): Promise<readonly Measurement[]> {
  const { variant, trainingSeed: seed, seeds } = evaluation;
  const rows = await evaluateComparison(evaluation, createFamily, context);
  const losses = Map.groupBy(
    rows.filter(({ metric }) => metric === 'loss'),
    ({ step }) => step,
  );
  const means = [...losses.values()].map((ofStep) => ({
    ...ofStep[0]!,
    subject: variant,
    seed,
    value: ofStep.reduce((sum, { value }) => sum + value / seeds.length, 0),
  }));
  if (evaluation.subject !== 'lstm') return means;
  const { model } = await chooseByValidation(evaluation.trials, context);
  const value = Number(model.metadata.validationLoss);
  return [...means, { metric: validationMetric, subject: variant, step: 0, seed, value, unit: means[0]!.unit }];
}
