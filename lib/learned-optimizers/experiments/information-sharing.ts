/** Appendix D: optimizers whose coordinates share information, on quadratics of growing condition number and dimension. */
import { z } from 'zod';
import { defineExperiment } from '../../pipeline/experiment.ts';
import { learningRateSchedules } from '../meta-optimizer.ts';
import { type InformationSharingTrial, train, tunedNames } from '../training/information-sharing.ts';
import {
  evaluateSharing,
  evaluationsOfSharing,
  learnedTrialName,
  type SharingEvaluation,
} from './evaluate-information-sharing.ts';
import { architectureOf, learnedNames } from './information-sharing-subjects.ts';
import { summarizeInformationSharing } from './summarize-information-sharing.ts';

const params = z
  .strictObject({
    /** Training seeds: each trains every learned optimizer from other parameters on other functions. */
    seeds: z.number().int().min(1).max(1_000),
    episodes: z.number().int().min(1).max(1_000_000),
    /** T: steps of a training episode, and of an evaluation. */
    horizonSteps: z.number().int().min(2).max(10_000),
    /** Steps that a meta-gradient goes back; divides the horizon. */
    unrollSteps: z.number().int().min(1).max(200),
    /** Each is tried on every seed; the one that validates best is kept. */
    metaLearningRates: z.array(z.number().min(1e-6).max(1)).min(1).max(10),
    metaLearningRateSchedule: z.enum(learningRateSchedules),
    averagingDecay: z.number().min(0).max(0.9999),
    /** Units in each of the two layers; a multiple of 4. */
    hiddenUnits: z.number().int().min(4).max(128).multipleOf(4),
    /** GACs in each layer. */
    averagingCells: z.number().int().min(1).max(128),
    writeHeads: z.number().int().min(1).max(10),
    /** Steps whose write vectors NTM-L-BFGS remembers. */
    historySteps: z.number().int().min(1).max(1_000),
    validationIntervalEpisodes: z.number().int().min(1).max(100_000),
    validationProblems: z.number().int().min(1).max(1_000),
    tuningProblems: z.number().int().min(1).max(1_000),
    /** n of the functions, in training side by side and in evaluation one by one. */
    dimensions: z.array(z.number().int().min(1).max(1_000)).min(1).max(10),
    /** Functions of each dimension in a training episode. */
    functionsPerEpisode: z.number().int().min(1).max(1_000),
    /** κ of the evaluations, ascending; training draws evenly on a logarithmic scale between the ends. */
    conditionNumbers: z.array(z.number().min(1).max(1e8)).min(2).max(10),
    /** Functions of each κ and n that a seed's optimizers are evaluated on. */
    functionsPerEvaluation: z.number().int().min(1).max(10_000),
  })
  .superRefine(({ horizonSteps, unrollSteps, averagingCells, hiddenUnits, conditionNumbers }, context) => {
    const issue = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (horizonSteps % unrollSteps !== 0) {
      issue('unrollSteps', `unrollSteps must divide horizonSteps (${horizonSteps}), and ${unrollSteps} does not`);
    }
    if (averagingCells > hiddenUnits) {
      issue('averagingCells', `a layer has ${hiddenUnits} cells, and ${averagingCells} of them cannot be averaged`);
    }
    if (conditionNumbers.some((value, index) => index > 0 && value <= conditionNumbers[index - 1]!)) {
      issue('conditionNumbers', `conditionNumbers must ascend, got ${conditionNumbers.join(', ')}`);
    }
  });
export type InformationSharingParams = z.infer<typeof params>;

const laptop: InformationSharingParams = {
  seeds: 10,
  episodes: 600,
  horizonSteps: 60,
  unrollSteps: 20,
  metaLearningRates: [0.01, 0.03],
  metaLearningRateSchedule: 'cosine',
  averagingDecay: 0.97,
  hiddenUnits: 12,
  averagingCells: 4,
  writeHeads: 3,
  historySteps: 10,
  validationIntervalEpisodes: 60,
  validationProblems: 8,
  tuningProblems: 50,
  dimensions: [10, 20, 40],
  functionsPerEpisode: 2,
  conditionNumbers: [1, 10, 100, 1000],
  functionsPerEvaluation: 50,
};

export const informationSharing = defineExperiment<
  InformationSharingParams,
  InformationSharingTrial,
  SharingEvaluation
>({
  name: 'learned-optimizers/information-sharing',
  source: {
    arxiv: '1606.04474',
    title: 'Learning to learn by gradient descent by gradient descent',
    place: 'Appendix D, Figures 14–15',
  },
  claim:
    'Optimizers that take the correlations between coordinates into account, by global averaging cells or by a memory with low-rank writes (LSTM+GAC, NTM-BFGS, NTM-L-BFGS), are learned like the coordinatewise LSTM and do better where coordinates are correlated.',
  deviations: [
    'The paper describes these optimizers and reports no experiment with them; the functions, the sizes and the measure are ours, and the column of the paper’s numbers is empty.',
    'A write adds a bᵀ/n rather than a bᵀ, because one set of weights is trained on functions of several dimensions n and no controller is told n; the constructive tests add a bᵀ.',
    'The paper does not say what the memory and the read vectors are at the first step: M = I and r = 0 here.',
    'The meta-learning rate is the better of a few by validation rather than the result of a random search, falls on a cosine, and the averaged weights are validated and kept.',
    'On a laptop each layer has 12 units rather than 20, and episodes have 60 steps.',
    'BFGS, by hand as by L-BFGS, has a constant tuned rate and no line search, since the others have none.',
  ],
  params,
  presets: {
    smoke: {
      ...laptop,
      seeds: 2,
      episodes: 2,
      horizonSteps: 10,
      unrollSteps: 5,
      metaLearningRates: [0.01, 0.02],
      hiddenUnits: 4,
      averagingCells: 2,
      validationIntervalEpisodes: 2,
      validationProblems: 1,
      tuningProblems: 1,
      dimensions: [3, 5],
      functionsPerEpisode: 1,
      conditionNumbers: [1, 100],
      functionsPerEvaluation: 4,
    },
    laptop,
    overnight: {
      ...laptop,
      episodes: 5_000,
      metaLearningRates: [0.002, 0.006, 0.02],
      hiddenUnits: 20,
      validationIntervalEpisodes: 100,
      validationProblems: 20,
      functionsPerEvaluation: 500,
    },
    paper: {
      ...laptop,
      episodes: 10_000,
      horizonSteps: 100,
      metaLearningRates: [0.001],
      metaLearningRateSchedule: 'constant',
      averagingDecay: 0,
      hiddenUnits: 20,
      validationIntervalEpisodes: 1000,
      validationProblems: 20,
      functionsPerEvaluation: 500,
    },
  },
  datasets: [],
  module: 'lib/learned-optimizers/experiments/information-sharing.ts',
  trainingModule: 'lib/learned-optimizers/training/information-sharing.ts',

  plan: (params) => {
    const { seeds, episodes, horizonSteps, unrollSteps, metaLearningRateSchedule, averagingDecay } = params;
    const { validationIntervalEpisodes, validationProblems, conditionNumbers } = params;
    const problem = {
      dimensions: params.dimensions.flatMap((size) => new Array<number>(params.functionsPerEpisode).fill(size)),
      conditionNumbers: [conditionNumbers[0]!, conditionNumbers.at(-1)!] as const,
    };
    const learned = Array.from({ length: seeds }, (_, seed) =>
      learnedNames.flatMap((subject) =>
        params.metaLearningRates.map((metaLearningRate) => ({
          name: learnedTrialName(subject, seed, metaLearningRate),
          kind: 'learned' as const,
          cpus: 1,
          group: `${subject}/seed-${seed}`,
          problem,
          optimizer: {
            architecture: architectureOf(subject, params),
            preprocessing: { kind: 'identity' as const, scale: 1 },
            hiddenUnits: params.hiddenUnits,
            outputScale: 1,
          },
          metaTraining: {
            seed,
            episodes,
            horizonSteps,
            unrollSteps,
            metaLearningRate,
            metaLearningRateSchedule,
            averagingDecay,
            lossWeights: 'every-step' as const,
            // A coordinate's update depends on all the others': none may be left out.
            backpropagatedPerTensor: Math.max(...params.dimensions),
            validationIntervalEpisodes,
            validationProblems,
            // A rate that is too high loses to another one.
            mayDiverge: true,
          },
        })),
      ),
    ).flat();
    const tuning = { seed: 0, problems: params.tuningProblems, horizonSteps };
    const tuned = tunedNames.map((optimizer) => ({
      name: optimizer,
      kind: 'tuned' as const,
      cpus: 1,
      optimizer,
      problem,
      tuning,
    }));
    return [...tuned, ...learned];
  },
  train,

  evaluations: evaluationsOfSharing,
  evaluate: evaluateSharing,
  summarize: summarizeInformationSharing,

  work: (params) => {
    const { seeds, episodes, horizonSteps, functionsPerEpisode, functionsPerEvaluation, conditionNumbers } = params;
    const coordinates = params.dimensions.reduce((sum, size) => sum + size, 0);
    const perStep = coordinates * (params.hiddenUnits / 20) ** 1.5 * 1e-6;
    const validations = (episodes / params.validationIntervalEpisodes) * params.validationProblems;
    const networks = seeds * learnedNames.length;
    return {
      trainingCoreSeconds:
        networks *
          params.metaLearningRates.length *
          horizonSteps *
          functionsPerEpisode *
          perStep *
          (2.5 * episodes + validations) +
        tunedNames.length * 12 * params.tuningProblems * horizonSteps * functionsPerEpisode * coordinates * 1e-7,
      evaluationCoreSeconds: networks * horizonSteps * functionsPerEvaluation * conditionNumbers.length * perStep,
    };
  },
});
