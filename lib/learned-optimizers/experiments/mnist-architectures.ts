/** §3.2, Figure 5: the optimizer that learned on one network trains networks of other shapes and another activation. */
import { z } from 'zod';
import { defineExperiment, type Measurement, type Table, type Verdict } from '../../pipeline/experiment.ts';
import { baselineNames } from '../baselines.ts';
import type { MnistPerceptronSettings } from '../problems/mnist-perceptron.ts';
import { createFamily, train } from '../training/mnist.ts';
import { chartLossPanels } from './chart-losses.ts';
import { checkSteps } from './comparison-params.ts';
import { tabulateSearch } from './meta-learning-rate-search.ts';
import {
  baseOptimizee,
  evaluationsOnTestOptimizees,
  measurementsOn,
  nameOptimizee,
  planOnTestOptimizees,
  workOnTestOptimizees,
} from './mnist-optimizees.ts';
import { type MnistOptimizerParams, mnistOptimizerParams, optimizerPreset } from './mnist-params.ts';
import { type ComparisonEvaluation, evaluateComparison, type SharedTrial } from './optimizer-comparison.ts';
import {
  compareWithBest,
  comparisonRemarks,
  describeComparison,
  findObstacle,
  type PaperLosses,
  standingOf,
  subjectLabels,
  subjects,
  summarizeLosses,
} from './summarize-comparison.ts';

interface TestNetwork {
  readonly label: string;
  readonly shape: Pick<MnistPerceptronSettings, 'hidden' | 'activation'>;
  /** What the paper says of the learned optimizer there. */
  readonly expected: 'leads' | 'trails';
  /** Figure 5 at step 100, read off. */
  readonly paper: PaperLosses[number];
}

const testNetworks: readonly TestNetwork[] = [
  {
    label: '40 units',
    shape: { hidden: [40], activation: 'sigmoid' },
    expected: 'leads',
    paper: { lstm: 0.19, adam: 0.32, rmsprop: 0.32, nag: 0.3, sgd: 0.45 },
  },
  {
    label: '2 layers',
    shape: { hidden: [20, 20], activation: 'sigmoid' },
    expected: 'leads',
    paper: { lstm: 0.33, adam: 0.7, rmsprop: 0.73, nag: 0.76, sgd: 1.8 },
  },
  {
    label: 'ReLU',
    shape: { hidden: [20], activation: 'relu' },
    expected: 'trails',
    paper: { lstm: 2.6, adam: 0.37, rmsprop: 0.41, nag: 0.37, sgd: 0.44 },
  },
];

const optimizeesOf = (params: MnistOptimizerParams): readonly MnistPerceptronSettings[] =>
  testNetworks.map(({ shape }) => ({ ...baseOptimizee(params), ...shape }));

export const mnistArchitectures = defineExperiment<
  MnistOptimizerParams,
  SharedTrial<MnistPerceptronSettings>,
  ComparisonEvaluation<MnistPerceptronSettings>
>({
  name: 'learned-optimizers/mnist-architectures',
  source: {
    arxiv: '1606.04474',
    title: 'Learning to learn by gradient descent by gradient descent',
    place: '§3.2, Figure 5',
  },
  claim:
    'The LSTM that was trained on a network of 20 sigmoid units outperforms SGD, NAG, RMSprop and ADAM, tuned there, on one of 40 units and on one of two layers of 20, and fails on one with ReLU.',
  deviations: [
    'The learned optimizer is the one of `learned-optimizers/mnist`, with the deviations stated there.',
    'The second layer of the two-layer network has 20 units like the first, and its weights start with the standard deviation of 0.01 of all others; the paper says only that the layers are very narrow.',
    '“Fails” is read as: above the best tuned baseline by more than two standard errors of the paired difference.',
  ],
  params: z.strictObject(mnistOptimizerParams).superRefine(checkSteps),
  presets: {
    smoke: optimizerPreset('smoke', { seeds: 1 }),
    laptop: optimizerPreset('laptop', { seeds: 50 }),
    overnight: optimizerPreset('overnight', { seeds: 100 }),
    paper: optimizerPreset('paper', { seeds: 100 }),
  },
  datasets: [{ name: 'mnist' }],
  module: 'lib/learned-optimizers/experiments/mnist-architectures.ts',
  trainingModule: 'lib/learned-optimizers/training/mnist.ts',

  plan: (params) => planOnTestOptimizees(params, optimizeesOf(params)),
  train,
  evaluations: (params) => evaluationsOnTestOptimizees(params, optimizeesOf(params)),
  evaluate: (evaluation, context) => evaluateComparison(evaluation, createFamily, context),

  summarize(measurements, params) {
    const { horizonSteps } = params;
    const panels = testNetworks.map(({ label, shape, paper }) => ({
      title: label,
      yTitle: 'loss (nats)',
      steps: [1, horizonSteps] as const,
      baselineMetric: 'loss',
      paper: { 100: paper },
      measurements: measurementsOn(measurements, nameOptimizee(shape)),
    }));
    return {
      verdict: judge(measurements, params),
      tables: [tabulate(measurements, params), ...tabulateSearch(measurementsOn(measurements, firstOptimizee))],
      charts: [
        chartLossPanels(
          'MNIST, other networks',
          `Figure 5: mean loss over ${params.seeds} fresh initializations, the band one standard deviation over them; the optimizer learned on 20 sigmoid units solid, baselines tuned on each network dashed, diamonds the paper’s values read off its figure.`,
          panels,
        ),
      ],
      remarks: [
        ...comparisonRemarks,
        'A network that always answers with equal probabilities has a loss of ln 10 = 2.303.',
      ],
    };
  },

  work: (params) => workOnTestOptimizees(params, optimizeesOf(params), baselineNames.length),
});

const firstOptimizee = nameOptimizee(testNetworks[0]!.shape);

/** Holds where the learned optimizer stands on each network as the paper says. */
function judge(measurements: readonly Measurement[], params: MnistOptimizerParams): Verdict {
  const results = testNetworks.map(({ label, shape, expected }) => {
    const rows = measurementsOn(measurements, nameOptimizee(shape));
    const comparison = compareWithBest(rows, params.horizonSteps);
    const obstacle = findObstacle(rows, params);
    if (!comparison) return { obstacle, reason: `${label}: the learned optimizer or all baselines are missing.` };
    const standing = standingOf(comparison);
    return {
      obstacle,
      asExpected: standing === expected,
      reason: `${label}: the LSTM ${standing} (the paper: ${expected}). ${describeComparison(comparison, params.horizonSteps)}.`,
    };
  });
  const obstacles = [...new Set(results.flatMap(({ obstacle }) => (obstacle ? [`${obstacle}.`] : [])))];
  const holds = results.every(({ asExpected }) => asExpected);
  return {
    outcome: obstacles.length > 0 ? 'inconclusive' : holds ? 'holds' : 'does not hold',
    reason: [...obstacles, ...results.map(({ reason }) => reason)].join(' '),
  };
}

function tabulate(measurements: readonly Measurement[], { horizonSteps }: MnistOptimizerParams): Table {
  return {
    title: `Loss at step ${horizonSteps}: mean and standard deviation over seeds`,
    columns: [
      { label: 'network' },
      { label: 'method' },
      { label: 'mean loss' },
      { label: 'standard deviation', digits: 2 },
      { label: 'seeds' },
      { label: 'paper at step 100 (read off its figure)' },
      { label: 'tuned learning rate' },
    ],
    rows: testNetworks.flatMap(({ label, shape, paper }) =>
      subjects.flatMap((subject) => {
        const measured = summarizeLosses(measurementsOn(measurements, nameOptimizee(shape)), subject, horizonSteps);
        if (!measured) return [];
        const { mean, standardDeviation, count, learningRate } = measured;
        return [[label, subjectLabels[subject], mean, standardDeviation, count, paper[subject], learningRate]];
      }),
    ),
  };
}
