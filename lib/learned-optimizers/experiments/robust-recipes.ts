/**
 * What `robust-training` trains: the paper's optimizer, each technique alone, four of them together, the optimizer that is
 * meant to be a user's default, and the same without ReLU in its training.
 */
import type { NormalisationSettings } from '../normalised-network.ts';
import type { MnistTrainingSettings } from '../training/mnist.ts';
import type { LearnedOptimizerTrial } from '../training.ts';
import { mnist } from './mnist.ts';

export const recipeNames = [
  'lstm',
  'curriculum',
  'imitation',
  'random-scaling',
  'rms-normalised',
  'all-four',
  'learned-step-sizes',
  'sigmoid-step-sizes',
] as const;
export type RecipeName = (typeof recipeNames)[number];

/** The one that is judged. */
export const defaultRecipe: RecipeName = 'learned-step-sizes';

export const recipeLabels: Readonly<Record<RecipeName, string>> = {
  lstm: 'LSTM, as in the paper',
  curriculum: 'with a curriculum on the horizon',
  imitation: 'with imitation of ADAM',
  'random-scaling': 'with random scaling',
  'rms-normalised': 'RMS-normalised, bounded (RNNprop)',
  'all-four': 'all four of these',
  'learned-step-sizes': 'learned step sizes (the default)',
  'sigmoid-step-sizes': 'learned step sizes, trained on sigmoid only',
};

export interface RecipeParams {
  readonly trainingSeed: number;
  /** Of the paper's optimizer and of those that differ from it by one technique or by four. */
  readonly episodes: number;
  /** Of the default. */
  readonly defaultEpisodes: number;
  readonly horizonSteps: number;
  readonly unrollSteps: number;
  readonly optimizeeHiddenUnits: number[];
  readonly batchSize: number;
  readonly validationProblems: number;
  readonly validationIntervalEpisodes: number;
}

type Trial = LearnedOptimizerTrial<MnistTrainingSettings>;

/** The very trial of `learned-optimizers/mnist`, so that both share its artifact. */
function planPaperOptimizer(params: RecipeParams): Trial {
  const { trainingSeed, episodes, horizonSteps, unrollSteps, optimizeeHiddenUnits, batchSize } = params;
  const { validationProblems, validationIntervalEpisodes } = params;
  const trials = mnist.plan({
    ...mnist.presets.laptop,
    trainingSeed,
    episodes,
    horizonSteps,
    unrollSteps,
    optimizeeHiddenUnits,
    batchSize,
    validationProblems,
    validationIntervalEpisodes,
  });
  return { ...(trials.find(({ kind }) => kind === 'lstm') as Trial), experiment: mnist.name };
}

/** Lv et al. 2017: both decays 0.95, updates 0.1 · tanh. */
const rnnprop: NormalisationSettings = {
  meanDecay: 0.95,
  meanSquareDecay: 0.95,
  secondInput: 'gradient',
  update: { kind: 'bounded', bound: 0.1 },
};

/** Adam's own decays; its rate is 0.03 at first, what tuning finds for 100 steps, and 0.003 after 10,000. */
const stepSizes: NormalisationSettings = {
  meanDecay: 0.9,
  meanSquareDecay: 0.999,
  secondInput: 'relative-magnitude',
  update: { kind: 'step-size', rate: 0.03, decaySteps: 100 },
};

export function planRecipe(recipe: RecipeName, params: RecipeParams): Trial {
  const paper = planPaperOptimizer(params);
  if (recipe === 'lstm') return paper;
  const { experiment: _, ...own } = { ...paper, name: recipe };
  const { episodes, horizonSteps } = params;
  // Half of the episodes at the horizon, a quarter at twice, a quarter at five times as many steps.
  const curriculum = [
    { episodes: Math.ceil(episodes / 2), horizonSteps },
    { episodes: Math.ceil(episodes / 4), horizonSteps: 2 * horizonSteps },
  ];
  const longest = { horizonSteps: 5 * horizonSteps };
  const validationSteps = [horizonSteps, 5 * horizonSteps];
  const imitation = { weight: 0.3, learningRate: 0.03 };
  const scaled: MnistTrainingSettings = { ...own.problem, episodeScalingLogRange: 3 };
  const bounded = {
    preprocessing: { kind: 'prepared' as const },
    hiddenUnits: own.network.hiddenUnits,
    outputScale: 1,
    normalisation: rnnprop,
  };
  const { metaTraining } = own;
  switch (recipe) {
    case 'curriculum':
      return { ...own, metaTraining: { ...metaTraining, ...longest, robust: { curriculum, validationSteps } } };
    case 'imitation':
      return { ...own, metaTraining: { ...metaTraining, robust: { imitation } } };
    case 'random-scaling':
      return { ...own, problem: scaled };
    case 'rms-normalised':
      return { ...own, network: bounded };
    case 'all-four':
      return {
        ...own,
        problem: scaled,
        network: bounded,
        metaTraining: { ...metaTraining, ...longest, robust: { curriculum, imitation, validationSteps } },
      };
    case 'learned-step-sizes':
      return planStepSizes(own, params, ['sigmoid', 'relu']);
    case 'sigmoid-step-sizes':
      return planStepSizes(own, params, ['sigmoid']);
  }
}

/**
 * A window is the whole horizon, and only its last three tenths count: judged by the losses that follow at once, a step size
 * learns to fall before it has led anywhere (the short-horizon bias of Wu et al. 2018, arXiv 1803.02021).
 */
function planStepSizes(
  own: Trial,
  { defaultEpisodes, horizonSteps }: RecipeParams,
  mixedActivations: NonNullable<MnistTrainingSettings['mixedActivations']>,
): Trial {
  return {
    ...own,
    // Its own work between the kernel's calls keeps one core busy.
    cpus: 1,
    problem: { ...own.problem, mixedActivations },
    network: { preprocessing: { kind: 'prepared' }, hiddenUnits: 8, outputScale: 1, normalisation: stepSizes },
    metaTraining: {
      ...own.metaTraining,
      episodes: defaultEpisodes,
      unrollSteps: horizonSteps,
      metaLearningRate: 0.008,
      metaLearningRateSchedule: 'cosine',
      averagingDecay: 0.9,
      backpropagatedPerTensor: 1000,
      validationIntervalEpisodes: Math.ceil(defaultEpisodes / 10),
      robust: {
        metaLoss: 'log',
        countedShare: 0.3,
        metaGradientNorm: 1,
        validationSteps: [horizonSteps, 3 * horizonSteps],
      },
    },
  };
}
