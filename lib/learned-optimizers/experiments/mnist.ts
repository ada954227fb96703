/** §3.2: a learned optimizer trains a small neural network on MNIST. */
import { defineExperiment } from '../../pipeline/experiment.ts';
import type { MnistPerceptronSettings } from '../problems/mnist-perceptron.ts';
import { createFamily, train } from '../training/mnist.ts';
import type { OptimizerTrial } from '../training.ts';
import { chartLosses } from './chart-losses.ts';
import { comparisonWork } from './comparison-work.ts';
import { tabulateSearch } from './meta-learning-rate-search.ts';
import { baseOptimizee, episodeSizes, planMnistOptimizer, testSizes } from './mnist-optimizees.ts';
import { type MnistParams, mnistParamsSchema, mnistPresets } from './mnist-params.ts';
import {
  type ComparisonEvaluation,
  evaluateComparison,
  evaluationsOfComparison,
  longRunMetric,
  planBaselines,
} from './optimizer-comparison.ts';
import { comparisonRemarks, judgeComparison, type PaperLosses, tabulateLosses } from './summarize-comparison.ts';

/** Figure 4 centre and right, read off. */
const paper: PaperLosses = {
  20: { lstm: 0.46, adam: 1.49, rmsprop: 1.73, nag: 1.46, sgd: 1.96 },
  100: { lstm: 0.254, adam: 0.36, rmsprop: 0.36, nag: 0.33, sgd: 0.47 },
  200: { lstm: 0.21, adam: 0.31, rmsprop: 0.29, nag: 0.26, sgd: 0.33 },
};

export const mnist = defineExperiment<
  MnistParams,
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
    'The meta-learning rate is fixed, except in the preset `paper`, which searches for it; it is constant in the first half and falls on a cosine in the second, and the averaged weights are validated and kept.',
    'The paper does not give the standard deviation of the initial weights; 0.01, for biases too, is its published code’s.',
    'Minibatches are drawn uniformly with replacement from the 60,000 training images.',
    'Validation judges by the mean loss of the last tenth of the horizon rather than by one last minibatch.',
    'For the 200 steps the baselines’ rates are tuned for step 200 anew, which the paper does not say of its own.',
  ],
  params: mnistParamsSchema,
  presets: mnistPresets,
  datasets: [{ name: 'mnist' }],
  module: 'lib/learned-optimizers/experiments/mnist.ts',
  trainingModule: 'lib/learned-optimizers/training/mnist.ts',

  plan: (params) => [
    ...planMnistOptimizer(params),
    ...[...new Set([params.horizonSteps, params.evaluationSteps])].flatMap((horizonSteps) =>
      planBaselines({ ...params, horizonSteps }, baseOptimizee(params)),
    ),
  ],
  train,
  evaluations: (params) => evaluationsOfComparison(params, baseOptimizee(params)),
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
      tables: [
        tabulateLosses(measurements, [...new Set(steps)], paper, isLong ? evaluationSteps : undefined),
        ...tabulateSearch(measurements),
      ],
      charts: isLong ? [centre, right] : [centre],
      remarks: comparisonRemarks,
    };
  },

  work: (params) =>
    comparisonWork(params, {
      ...episodeSizes(baseOptimizee(params), params.backpropagatedPerTensor),
      ...testSizes(baseOptimizee(params)),
    }),
});
