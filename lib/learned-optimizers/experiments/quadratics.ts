/** §3.1: a learned optimizer on random 10-dimensional quadratic functions. */
import { z } from 'zod';
import { defineExperiment } from '../../pipeline/experiment.ts';
import { type QuadraticsSettings, quadraticDistributions } from '../problems/quadratics.ts';
import { createFamily, train } from '../training/quadratics.ts';
import type { OptimizerTrial } from '../training.ts';
import { chartLosses } from './chart-losses.ts';
import { tabulateSearch } from './meta-learning-rate-search.ts';
import {
  type ComparisonEvaluation,
  checkSteps,
  comparisonParams,
  comparisonWork,
  evaluateComparison,
  evaluationsOfComparison,
  planComparison,
} from './optimizer-comparison.ts';
import {
  compareWithBest,
  comparisonRemarks,
  judgeComparison,
  lossesBySeed,
  meanOf,
  type PaperLosses,
  tabulateLosses,
} from './summarize-comparison.ts';

const params = z
  .strictObject({
    ...comparisonParams,
    /** `standard`: W, y ~ N(0, 1), θ₁ = 0; `normal-start`: θ₁ ~ N(0, 1); `uniform`: W, y ~ U[0, 1], θ₁ ~ N(0, 0.01²). */
    distribution: z.enum(Object.keys(quadraticDistributions) as [keyof typeof quadraticDistributions]),
    /** Functions that one training episode optimizes side by side. */
    functionsPerEpisode: z.number().int().min(1).max(10_000),
    /** Functions in each tuning problem and each evaluation seed. */
    functionsPerSeed: z.number().int().min(1).max(100_000),
    /** Factor of the raw gradient on its way into the network; the paper: none. */
    inputScale: z.number().min(1e-6).max(1e6),
  })
  .superRefine(checkSteps);
type Params = z.infer<typeof params>;

const laptop: Params = {
  seeds: 20,
  trainingSeed: 0,
  episodes: 500,
  horizonSteps: 100,
  evaluationSteps: 100,
  unrollSteps: 20,
  metaLearningRate: 0.01,
  metaLearningRateCandidates: 1,
  metaLearningRateSchedule: 'cosine',
  averagingDecay: 0.97,
  lossWeights: 'every-step',
  hiddenUnits: 20,
  outputScale: 1,
  validationIntervalEpisodes: 50,
  validationProblems: 4,
  patienceValidations: 0,
  tuningProblems: 10,
  distribution: 'standard',
  functionsPerEpisode: 128,
  functionsPerSeed: 500,
  inputScale: 1,
};

/** Figure 4 left, read off. Its absolute levels do not match sums over Gaussian functions; order and ratios do. */
const paper: PaperLosses = {
  50: { lstm: 0.067, adam: 0.165, rmsprop: 0.12, nag: 0.11, sgd: 0.3 },
  100: { lstm: 0.04, adam: 0.052, rmsprop: 0.058, nag: 0.082, sgd: 0.22 },
};

const dimensions = 10;

function problemOf({ distribution }: Params, functions: number): QuadraticsSettings {
  return { distribution, functions, dimensions };
}

export const quadratics = defineExperiment<
  Params,
  OptimizerTrial<QuadraticsSettings>,
  ComparisonEvaluation<QuadraticsSettings>
>({
  name: 'learned-optimizers/quadratics',
  source: {
    arxiv: '1606.04474',
    title: 'Learning to learn by gradient descent by gradient descent',
    place: '§3.1, Figure 4 (left)',
  },
  claim:
    'A coordinatewise LSTM trained on random 10-dimensional quadratic functions minimizes new ones better within 100 steps than SGD, NAG, RMSprop and ADAM with tuned learning rates.',
  deviations: [
    'The paper says only that W, y and θ₀ are IID Gaussian; here W, y ~ N(0, 1) and θ₀ = 0, as in public reproductions, and the paper’s absolute loss levels are of another distribution.',
    'The meta-learning rate is fixed, except in the preset `paper`, which searches for it; it falls on a cosine, and the averaged weights are validated and kept.',
    'An episode optimizes a batch of functions at once; the gradient that an optimizer sees is each function’s own.',
    'Validation judges by the mean loss of the last tenth of the horizon rather than by the last step alone.',
  ],
  params,
  presets: {
    smoke: {
      ...laptop,
      seeds: 2,
      episodes: 4,
      horizonSteps: 20,
      evaluationSteps: 20,
      unrollSteps: 10,
      validationIntervalEpisodes: 2,
      validationProblems: 1,
      tuningProblems: 1,
      functionsPerEpisode: 16,
      functionsPerSeed: 100,
    },
    laptop,
    overnight: { ...laptop, episodes: 10_000, validationIntervalEpisodes: 100, validationProblems: 10 },
    paper: {
      ...laptop,
      episodes: 10_000,
      metaLearningRate: 0.001,
      metaLearningRateCandidates: 10,
      metaLearningRateSchedule: 'constant',
      averagingDecay: 0,
      validationIntervalEpisodes: 1000,
      validationProblems: 20,
      patienceValidations: 3,
    },
  },
  datasets: [],
  module: 'lib/learned-optimizers/experiments/quadratics.ts',
  trainingModule: 'lib/learned-optimizers/training/quadratics.ts',

  plan: (params) =>
    planComparison(
      params,
      {
        training: problemOf(params, params.functionsPerEpisode),
        tuning: problemOf(params, params.functionsPerSeed),
      },
      { kind: 'identity', scale: params.inputScale },
      // The problems are small: back-propagation goes through all coordinates.
      params.functionsPerEpisode * dimensions,
    ),
  train,
  evaluations: (params) => evaluationsOfComparison(params, problemOf(params, params.functionsPerSeed)),
  evaluate: (evaluation, context) => evaluateComparison(evaluation, createFamily, context),

  summarize(measurements, params) {
    const { horizonSteps, evaluationSteps } = params;
    const adam = meanOf(lossesBySeed(measurements, 'adam', horizonSteps));
    const lstm = meanOf(lossesBySeed(measurements, 'lstm', horizonSteps));
    const comparison = compareWithBest(measurements, horizonSteps);
    const steps = [20, 50, 100, evaluationSteps].filter((step) => step <= evaluationSteps);
    return {
      verdict: judgeComparison(measurements, params),
      tables: [
        tabulateLosses(
          measurements,
          [...new Set(steps)],
          paper,
          evaluationSteps > horizonSteps ? evaluationSteps : undefined,
        ),
        {
          title: `LSTM / ADAM at step ${horizonSteps}`,
          columns: [{ label: '' }, { label: 'LSTM' }, { label: 'ADAM' }, { label: 'ratio' }],
          rows: [
            ['here', lstm, adam, lstm !== undefined && adam !== undefined ? lstm / adam : undefined],
            ['paper (read off its figure)', 0.04, 0.052, 0.04 / 0.052],
          ],
        },
        ...tabulateSearch(measurements),
      ],
      charts: comparison
        ? [
            chartLosses(measurements, {
              title: 'Quadratics',
              caption:
                'Figure 4 (left): mean loss over fresh functions, the band one standard deviation over seeds; the learned optimizer solid, tuned baselines dashed. The paper’s absolute levels belong to another distribution and are in the table only.',
              yTitle: 'loss (squared error)',
              steps: [1, evaluationSteps],
              baselineMetric: 'loss',
              paper: {},
            }),
          ]
        : [],
      remarks: comparisonRemarks,
    };
  },

  work: (params) =>
    comparisonWork(params, {
      coordinatesPerEpisode: params.functionsPerEpisode * dimensions,
      backpropagatedPerEpisode: params.functionsPerEpisode * dimensions,
      coordinatesPerSeed: params.functionsPerSeed * dimensions,
      problemMicroseconds: params.functionsPerSeed * 0.6,
    }),
});
