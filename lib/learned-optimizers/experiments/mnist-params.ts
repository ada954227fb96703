/** The parameters of the experiments of §3.2, which all test one learned optimizer: the one trained on the base network. */
import { z } from 'zod';
import type { PresetName } from '../../pipeline/experiment.ts';
import { checkSteps, comparisonParams } from './comparison-params.ts';

export const mnistParams = {
  ...comparisonParams,
  /** Units of the hidden layers that the optimizer is trained on; the paper's base network has one of 20. */
  optimizeeHiddenUnits: z.array(z.number().int().min(1).max(1_000)).min(1).max(4),
  optimizeeActivation: z.enum(['sigmoid', 'relu']),
  batchSize: z.number().int().min(1).max(4_096),
  /** Standard deviation of the optimizee's initial weights and biases. */
  initialDeviation: z.number().min(0).max(10),
  /** p of Appendix A; the paper's is 10. */
  preprocessingP: z.number().min(0.1).max(50),
  /** The meta-gradient goes through this many coordinates of each larger tensor, drawn anew for each window. */
  backpropagatedPerTensor: z.number().int().min(1).max(10_000_000),
} as const;
export const mnistParamsSchema = z.strictObject(mnistParams).superRefine(checkSteps);
export type MnistParams = z.infer<typeof mnistParamsSchema>;

const laptop: MnistParams = {
  seeds: 50,
  trainingSeed: 0,
  episodes: 700,
  horizonSteps: 100,
  evaluationSteps: 200,
  unrollSteps: 20,
  metaLearningRate: 0.006,
  metaLearningRateCandidates: 1,
  metaLearningRateSchedule: 'late-cosine',
  averagingDecay: 0.97,
  lossWeights: 'every-step',
  hiddenUnits: 20,
  outputScale: 0.1,
  validationIntervalEpisodes: 50,
  validationProblems: 4,
  patienceValidations: 0,
  tuningProblems: 10,
  optimizeeHiddenUnits: [20],
  optimizeeActivation: 'sigmoid',
  batchSize: 128,
  initialDeviation: 0.01,
  preprocessingP: 10,
  backpropagatedPerTensor: 2000,
};

export const mnistPresets: Readonly<Record<PresetName, MnistParams>> = {
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
    metaLearningRateCandidates: 10,
    metaLearningRateSchedule: 'constant',
    averagingDecay: 0,
    validationIntervalEpisodes: 1000,
    validationProblems: 20,
    patienceValidations: 3,
    backpropagatedPerTensor: 10_000_000,
  },
};

/** Of experiments that test that optimizer on other networks, for as long as it was trained. */
export type MnistOptimizerParams = Omit<MnistParams, 'evaluationSteps'>;
const { evaluationSteps: _, ...optimizerParams } = mnistParams;
export const mnistOptimizerParams = optimizerParams;

/** A preset's parameters for them, with fewer seeds or other changes: what decides the optimizer is the same. */
export function optimizerPreset(
  preset: PresetName,
  changes: Partial<Pick<MnistParams, 'seeds' | 'tuningProblems'>>,
): MnistOptimizerParams {
  const { evaluationSteps: _, ...params } = mnistPresets[preset];
  return { ...params, ...changes };
}
