/** §3.2: a learned optimizer trains a small neural network on MNIST. */
import { z } from 'zod';
import { defineExperiment } from '../../pipeline/experiment.ts';
import type { MnistPerceptronSettings } from '../problems/mnist-perceptron.ts';
import { createFamily, train } from '../training/mnist.ts';
import type { OptimizerTrial } from '../training.ts';
import { chartLosses } from './chart-losses.ts';
import {
  type ComparisonEvaluation,
  checkSteps,
  comparisonParams,
  comparisonWork,
  evaluateComparison,
  evaluationsOfComparison,
  longRunMetric,
  planComparison,
} from './optimizer-comparison.ts';
import { comparisonRemarks, judgeComparison, type PaperLosses, tabulateLosses } from './summarize-comparison.ts';

const params = z
  .strictObject({
    ...comparisonParams,
    /** Units of the optimizee's hidden layers; the paper's base network has one of 20. */
    optimizeeHiddenUnits: z.array(z.number().int().min(1).max(1_000)).min(1).max(4),
    optimizeeActivation: z.enum(['sigmoid', 'relu']),
    batchSize: z.number().int().min(1).max(4_096),
    /** Standard deviation of the optimizee's initial weights and biases. */
    initialDeviation: z.number().min(0).max(10),
    /** p of Appendix A; the paper's is 10. */
    preprocessingP: z.number().min(0.1).max(50),
    /** The meta-gradient goes through this many coordinates of each larger tensor, drawn anew for each window. */
    backpropagatedPerTensor: z.number().int().min(1).max(10_000_000),
  })
  .superRefine(checkSteps);
type Params = z.infer<typeof params>;

const laptop: Params = {
  seeds: 50,
  trainingSeed: 0,
  episodes: 700,
  horizonSteps: 100,
  evaluationSteps: 200,
  unrollSteps: 20,
  metaLearningRate: 0.006,
  metaLearningRateSchedule: 'late-cosine',
  averagingDecay: 0.97,
  lossWeights: 'every-step',
  hiddenUnits: 20,
  outputScale: 0.1,
  validationIntervalEpisodes: 50,
  validationProblems: 4,
  tuningProblems: 10,
  optimizeeHiddenUnits: [20],
  optimizeeActivation: 'sigmoid',
  batchSize: 128,
  initialDeviation: 0.01,
  preprocessingP: 10,
  backpropagatedPerTensor: 2000,
};

/** Figure 4 centre and right, read off. */
const paper: PaperLosses = {
  20: { lstm: 0.46, adam: 1.49, rmsprop: 1.73, nag: 1.46, sgd: 1.96 },
  100: { lstm: 0.254, adam: 0.36, rmsprop: 0.36, nag: 0.33, sgd: 0.47 },
  200: { lstm: 0.21, adam: 0.31, rmsprop: 0.29, nag: 0.26, sgd: 0.33 },
};

function problemOf({
  optimizeeHiddenUnits,
  optimizeeActivation,
  batchSize,
  initialDeviation,
}: Params): MnistPerceptronSettings {
  return {
    hidden: optimizeeHiddenUnits,
    activation: optimizeeActivation,
    batchSize,
    initialDeviation,
  };
}

/** Sizes of the optimizee's tensors. */
function tensorSizes({ optimizeeHiddenUnits }: Params): readonly number[] {
  const sizes = [784, ...optimizeeHiddenUnits, 10];
  return sizes.slice(1).flatMap((outputs, layer) => [sizes[layer]! * outputs, outputs]);
}

export const mnist = defineExperiment<
  Params,
  OptimizerTrial<MnistPerceptronSettings>,
  ComparisonEvaluation<MnistPerceptronSettings>
>({
  name: 'learned-optimizers/mnist',
  source: {
    arxiv: '1606.04474',
    title: 'Learning to learn by gradient descent by gradient descent',
    place: '§3.2, Figure 4 (centre and right)',
  },
  claim:
    'A coordinatewise LSTM trained to optimize a small network on MNIST for 100 steps reaches a lower loss than SGD, NAG, RMSprop and ADAM with tuned learning rates, and keeps ahead when run for 200 steps.',
  deviations: [
    'The meta-gradient goes through a random subset of the first layer’s weights, weighted so that it is unbiased, and through all other coordinates: an eighth of the work.',
    'The meta-learning rate is a parameter, constant in the first half and falling on a cosine in the second, rather than the result of a random search; the averaged weights are validated and kept.',
    'The paper does not give the standard deviation of the initial weights; 0.01, for biases too, is its published code’s.',
    'Minibatches are drawn uniformly with replacement from the 60,000 training images.',
    'Validation judges by the mean loss of the last tenth of the horizon rather than by one last minibatch.',
    'For the 200 steps the baselines’ rates are tuned for step 200 anew, which the paper does not say of its own.',
  ],
  params,
  presets: {
    smoke: {
      ...laptop,
      seeds: 2,
      episodes: 3,
      horizonSteps: 10,
      evaluationSteps: 20,
      unrollSteps: 5,
      validationIntervalEpisodes: 2,
      validationProblems: 1,
      tuningProblems: 1,
    },
    laptop,
    overnight: { ...laptop, seeds: 100, episodes: 5000, validationIntervalEpisodes: 100, validationProblems: 10 },
    paper: {
      ...laptop,
      seeds: 100,
      episodes: 10_000,
      metaLearningRate: 0.001,
      metaLearningRateSchedule: 'constant',
      averagingDecay: 0,
      validationIntervalEpisodes: 1000,
      validationProblems: 20,
      backpropagatedPerTensor: 10_000_000,
    },
  },
  datasets: [{ name: 'mnist' }],
  module: 'lib/learned-optimizers/experiments/mnist.ts',
  trainingModule: 'lib/learned-optimizers/training/mnist.ts',

  plan: (params) =>
    planComparison(
      params,
      { training: problemOf(params), tuning: problemOf(params) },
      { kind: 'log-sign', p: params.preprocessingP },
      params.backpropagatedPerTensor,
    ),
  train,
  evaluations: (params) => evaluationsOfComparison(params, problemOf(params)),
  evaluate: (evaluation, context) => evaluateComparison(evaluation, createFamily, context),

  summarize(measurements, params) {
    const { horizonSteps, evaluationSteps } = params;
    const isLong = evaluationSteps > horizonSteps;
    const steps = [20, 50, 100, 200, evaluationSteps].filter((step) => step <= evaluationSteps);
    const caption = `mean loss over ${params.seeds} fresh initializations, the band one standard deviation over them; the learned optimizer solid, tuned baselines dashed, diamonds the paper’s values read off its figure`;
    const panel = { yTitle: 'loss (nats)', paper };
    const centre = chartLosses(measurements, {
      ...panel,
      title: `MNIST, ${horizonSteps} steps`,
      caption: `Figure 4 (centre): ${caption}.`,
      steps: [1, horizonSteps],
      baselineMetric: 'loss',
    });
    const right = chartLosses(measurements, {
      ...panel,
      title: `MNIST, ${evaluationSteps} steps`,
      caption: `Figure 4 (right): the same learned optimizer beyond the ${horizonSteps} steps that it was trained for, baselines tuned for step ${evaluationSteps}; ${caption}.`,
      steps: [horizonSteps, evaluationSteps],
      baselineMetric: longRunMetric,
    });
    return {
      verdict: judgeComparison(measurements, params),
      tables: [tabulateLosses(measurements, [...new Set(steps)], paper, isLong ? evaluationSteps : undefined)],
      charts: isLong ? [centre, right] : [centre],
      remarks: comparisonRemarks,
    };
  },

  work: (params) => {
    const sizes = tensorSizes(params);
    const coordinates = sizes.reduce((sum, size) => sum + size, 0);
    return comparisonWork(params, {
      coordinatesPerEpisode: coordinates,
      backpropagatedPerEpisode: sizes.reduce((sum, size) => sum + Math.min(size, params.backpropagatedPerTensor), 0),
      coordinatesPerSeed: coordinates,
      problemMicroseconds: 0.11 * params.batchSize * params.optimizeeHiddenUnits.reduce((sum, units) => sum + units, 0),
    });
  },
});
