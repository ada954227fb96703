/** §3.3: two learned optimizers, one for filters and one for the rest, train a convolutional network on CIFAR-10. */
import { z } from 'zod';
import { defineExperiment, type Measurement } from '../../pipeline/experiment.ts';
import { type BaselineName, baselineNames, startBaseline } from '../baselines.ts';
import { traceLosses } from '../optimize.ts';
import { runNetwork } from '../optimizer-network.ts';
import { type CifarNetworkSettings, cifarNetworkTensors } from '../problems/cifar-network.ts';
import { createFamily, createOptimizers, readLearnedOptimizers, train } from '../training/cifar.ts';
import { type OptimizerTrial, readLearningRate } from '../training.ts';
import {
  type CifarSubject,
  cifarMetric,
  type PanelName,
  panels,
  standInMetric,
  summarizeCifar,
} from './cifar-summary.ts';
import { checkSteps, comparisonParams } from './comparison-params.ts';

// One meta-learning rate, and no search: a candidate more would be hours more.
const { metaLearningRateCandidates: _, ...commonParams } = comparisonParams;

const params = z
  .strictObject({
    ...commonParams,
    batchSize: z.number().int().min(2).max(1_024),
    /** Filters of each of the optimizee's convolutional layers; the published code has 16 in all three. */
    filters: z.array(z.number().int().min(16).max(64).multipleOf(16)).min(1).max(5),
    /** Standard deviation of the optimizee's initial weights. */
    initialDeviation: z.number().min(0).max(10),
    /** p of Appendix A; the paper's is 10. */
    preprocessingP: z.number().min(0.1).max(50),
    /** The meta-gradient goes through this many coordinates of each larger tensor, drawn anew for each window. */
    backpropagatedPerTensor: z.number().int().min(1).max(10_000_000),
  })
  .superRefine(checkSteps);
export type CifarParams = z.infer<typeof params>;

const overnight: CifarParams = {
  seeds: 5,
  trainingSeed: 0,
  episodes: 200,
  // Two fifths of the figure's steps: an optimizer trained for 100 has nothing to hold on to at 1000.
  horizonSteps: 400,
  evaluationSteps: 1000,
  unrollSteps: 20,
  // A quarter of MNIST's: at 0.006 the meta-loss hardly falls in 300 episodes of 100 steps, at 0.0015 it comes below ADAM's.
  metaLearningRate: 0.0015,
  metaLearningRateSchedule: 'late-cosine',
  averagingDecay: 0.97,
  lossWeights: 'every-step',
  hiddenUnits: 20,
  // Updates of a new network are to be small beside initial weights of 0.01: they would be lost before it is trained at all.
  outputScale: 0.02,
  validationIntervalEpisodes: 20,
  validationProblems: 1,
  tuningProblems: 1,
  batchSize: 64,
  filters: [16, 16, 16],
  initialDeviation: 0.01,
  preprocessingP: 10,
  backpropagatedPerTensor: 2000,
};

const laptop: CifarParams = {
  ...overnight,
  episodes: 120,
  horizonSteps: 100,
  evaluationSteps: 100,
  batchSize: 32,
};

/** One run of one method: it is short enough for a Lambda, also at a thousand steps. */
interface CifarEvaluation {
  readonly name: string;
  readonly trials: readonly string[];
  readonly panel: PanelName;
  readonly subject: CifarSubject;
  readonly problem: CifarNetworkSettings;
  readonly seed: number;
  readonly steps: number;
}

function settingsOf(
  { filters, batchSize, initialDeviation }: CifarParams,
  split: CifarNetworkSettings['split'],
  labels: readonly number[],
): CifarNetworkSettings {
  return { split, labels, filters, batchSize, initialDeviation };
}

/** What each learned optimizer is trained on: all labels, and those that neither CIFAR-5 nor CIFAR-2 has. */
const trainingLabels = {
  lstm: panels['CIFAR-10'],
  'lstm-sub': panels['CIFAR-10'].filter((label) => !panels['CIFAR-5'].includes(label)),
} as const;
const learnedNames = Object.keys(trainingLabels) as readonly (keyof typeof trainingLabels)[];
const panelNames = Object.keys(panels) as readonly PanelName[];

function baselineTrialName(panel: PanelName, optimizer: BaselineName): string {
  return `${panel}/${optimizer}`;
}

export const cifar = defineExperiment<CifarParams, OptimizerTrial<CifarNetworkSettings>, CifarEvaluation>({
  name: 'learned-optimizers/cifar',
  source: {
    arxiv: '1606.04474',
    title: 'Learning to learn by gradient descent by gradient descent',
    place: '§3.3, Figure 7',
  },
  claim:
    'LSTM optimizers trained on CIFAR-10 train a convolutional network on held-out images, and on subsets with 5 and 2 of the labels, much more quickly than SGD, NAG, RMSprop and ADAM with tuned learning rates, and hardly suffer where those labels were kept from their training.',
  deviations: [
    'CIFAR-5 is the labels airplane to deer, CIFAR-2 airplane and automobile, and one LSTM-sub, trained on dog to truck, is held against both: the paper does not say which labels it took.',
    'On the subsets the network keeps its ten outputs; every panel is run on held-out test images.',
    'Sizes are the published code’s: 16 filters of 5 × 5 a layer, minibatches of 128 (64 in the preset overnight, 32 in laptop), weights from N(0, 0.01²), normalization with an offset and no scale; no biases below a normalization, whose gradient is zero.',
    'One learned optimizer is for the filters, the other for all else, the offsets of the convolutional layers included, as in the published code.',
    'The paper does not say for how many steps these optimizers were trained; its figure shows 1000. The preset overnight trains for 400, the others for 100, as the published code does.',
    'The baselines’ rates are the best for the mean loss over the last tenth of the steps, by which they are judged too: one last minibatch would choose by luck.',
    'The meta-gradient goes through a random subset of each large tensor’s coordinates, weighted so that it is unbiased.',
    'The meta-learning rate is a parameter, constant in the first half and falling on a cosine in the second, rather than the result of a random search; the averaged weights are validated and kept.',
  ],
  params,
  presets: {
    smoke: {
      ...laptop,
      seeds: 2,
      episodes: 2,
      horizonSteps: 4,
      evaluationSteps: 4,
      unrollSteps: 2,
      validationIntervalEpisodes: 2,
      batchSize: 2,
      backpropagatedPerTensor: 20,
    },
    laptop,
    overnight,
    paper: {
      ...overnight,
      seeds: 100,
      episodes: 10_000,
      horizonSteps: 100,
      metaLearningRate: 0.001,
      metaLearningRateSchedule: 'constant',
      averagingDecay: 0,
      validationIntervalEpisodes: 1000,
      validationProblems: 20,
      tuningProblems: 10,
      batchSize: 128,
      outputScale: 0.1,
      backpropagatedPerTensor: 10_000_000,
    },
  },
  datasets: [{ name: 'cifar-10' }],
  module: 'lib/learned-optimizers/experiments/cifar.ts',
  trainingModule: 'lib/learned-optimizers/training/cifar.ts',

  plan: (params) => [
    ...learnedNames.map((name) => ({
      name,
      kind: 'lstm' as const,
      // One core each: the two are trained side by side.
      cpus: 1,
      problem: settingsOf(params, 'train', trainingLabels[name]),
      network: {
        preprocessing: { kind: 'log-sign' as const, p: params.preprocessingP },
        hiddenUnits: params.hiddenUnits,
        outputScale: params.outputScale,
      },
      metaTraining: {
        seed: params.trainingSeed,
        episodes: params.episodes,
        horizonSteps: params.horizonSteps,
        unrollSteps: params.unrollSteps,
        metaLearningRate: params.metaLearningRate,
        metaLearningRateSchedule: params.metaLearningRateSchedule,
        averagingDecay: params.averagingDecay,
        lossWeights: params.lossWeights,
        backpropagatedPerTensor: params.backpropagatedPerTensor,
        validationIntervalEpisodes: params.validationIntervalEpisodes,
        validationProblems: params.validationProblems,
        ...(params.patienceValidations ? { patienceValidations: params.patienceValidations } : {}),
      },
    })),
    ...panelNames.flatMap((panel) =>
      baselineNames.map((optimizer) => ({
        name: baselineTrialName(panel, optimizer),
        kind: 'baseline' as const,
        optimizer,
        cpus: 1,
        problem: settingsOf(params, 'test', panels[panel]),
        tuning: {
          seed: params.trainingSeed,
          problems: params.tuningProblems,
          horizonSteps: params.evaluationSteps,
          decidingSteps: Math.ceil(params.evaluationSteps / 10),
        },
      })),
    ),
  ],
  train,

  evaluations: (params) =>
    panelNames.flatMap((panel) =>
      [...learnedNames, ...baselineNames].flatMap((subject) =>
        Array.from({ length: params.seeds }, (_, seed) => ({
          name: `${panel}/${subject}/seed-${seed}`,
          trials: [subject === 'lstm' || subject === 'lstm-sub' ? subject : baselineTrialName(panel, subject)],
          panel,
          subject,
          problem: settingsOf(params, 'test', panels[panel]),
          seed,
          steps: params.evaluationSteps,
        })),
      ),
    ),

  async evaluate({ panel, subject, trials, problem, seed, steps }, context) {
    const model = await context.model(trials[0]!);
    const family = await createFamily(problem, context);
    const { coordinates, lossUnit } = family;
    const rows: Measurement[] = [];
    const trace = async (optimizer: Parameters<typeof traceLosses>[1]) => {
      const losses = await traceLosses(
        family.sample(seed, 'evaluation'),
        optimizer,
        coordinates,
        steps,
        context.breathe,
      );
      rows.push(
        ...averageLosses(losses).map((row) => ({ ...row, subject, metric: cifarMetric(panel), seed, unit: lossUnit })),
      );
    };
    try {
      if (subject === 'lstm' || subject === 'lstm-sub') {
        const { network: settings, parameters } = readLearnedOptimizers(model, family);
        const network = await createOptimizers(settings, family, 1, context);
        try {
          network.setParameters(parameters);
          await trace(runNetwork(network));
        } finally {
          network.dispose();
        }
      } else {
        const learningRate = readLearningRate(model);
        await trace(startBaseline(subject, coordinates, learningRate));
        rows.push({ metric: `learning rate, ${panel}`, subject, step: 0, seed, value: learningRate, unit: '1' });
      }
    } finally {
      family.dispose();
    }
    const { origin } = (await context.dataset('cifar-10')).manifest;
    if (origin === 'stand-in') rows.push({ metric: standInMetric, subject, step: 0, seed, value: 1, unit: '1' });
    return rows;
  },

  summarize: summarizeCifar,

  work(params) {
    const { episodes, horizonSteps, evaluationSteps, seeds, tuningProblems } = params;
    // Measured on one core of the reference laptop, of three layers: see bench/cifar.ts.
    const problemSeconds = 0.00034 * params.batchSize * (params.filters.length / 3);
    const sizes = cifarNetworkTensors(params).map(({ size }) => size);
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    const stepSeconds = problemSeconds + sum(sizes) * 0.5e-6;
    const backwardSeconds = sum(sizes.map((size) => Math.min(size, params.backpropagatedPerTensor))) * 0.9e-6;
    const validations = (episodes / params.validationIntervalEpisodes) * params.validationProblems;
    const learned =
      learnedNames.length * horizonSteps * ((episodes + validations) * stepSeconds + episodes * backwardSeconds);
    // A tuning tries some seventeen rates and gives up most of them early where it has several problems.
    const tuning =
      panelNames.length * baselineNames.length * evaluationSteps * problemSeconds * (7 + 10 * tuningProblems);
    const evaluation =
      panelNames.length *
      seeds *
      evaluationSteps *
      (learnedNames.length * stepSeconds + baselineNames.length * problemSeconds);
    return { trainingCoreSeconds: learned + tuning, evaluationCoreSeconds: evaluation };
  },
});

/** At most a hundred points of a trace, and its first: means over as many steps, so that no point is one minibatch's luck. */
function averageLosses(losses: Float64Array): readonly { readonly step: number; readonly value: number }[] {
  const window = Math.max(1, Math.round(losses.length / 100));
  // The largest number that JSON can hold stands for a run that diverged.
  const finite = (value: number) => Math.min(value, Number.MAX_VALUE);
  const rows = [{ step: 0, value: finite(losses[0]!) }];
  for (let end = window; end <= losses.length; end += window) {
    const part = losses.subarray(end - window, end);
    rows.push({ step: end, value: finite(part.reduce((sum, loss) => sum + loss, 0) / window) });
  }
  return rows;
}
