/**
 * Trains the trials of a comparison on any kind of problem: the learned optimizer, and the hand-written ones, whose
 * training is the search for their learning rate. Everything a trial's artifact depends on is in the trial.
 *
 * `training/` has a module for each kind of problem. An experiment names that as its `trainingModule`, so that a change to
 * one kind of problem trains nothing again on another.
 */

import type { NamedTensors } from '../numerics/safetensors.ts';
import type { Checkpoint, TrainedModel, TrainingContext } from '../pipeline/context.ts';
import type { BaselineName } from './baselines.ts';
import { InvalidLearnedOptimizer } from './errors.ts';
import { type MetaTrainingResult, type MetaTrainingSettings, metaTrain } from './meta-training.ts';
import { createOptimizerNetwork, joinParameters, type NetworkSettings } from './optimizer-network.ts';
import { splitTensors } from './parameter-tensors.ts';
import type { ProblemFamily } from './problems/problem.ts';
import { type TriedRates, type TuningTask, tuneLearningRate } from './tune-learning-rate.ts';

/** Makes the optimizees of some settings, with their data. */
export type CreateFamily<Settings> = (
  settings: Settings,
  context: Pick<TrainingContext, 'backend' | 'dataset' | 'startTensorFlow'>,
) => Promise<ProblemFamily>;

export interface LearnedOptimizerTrial<Settings> {
  /** `lstm` */
  readonly name: string;
  readonly kind: 'lstm';
  /** Where another experiment trains the very same thing. */
  readonly experiment?: string;
  readonly cpus: number;
  readonly problem: Settings;
  readonly network: NetworkSettings;
  readonly metaTraining: MetaTrainingSettings;
}

export interface BaselineTrial<Settings> {
  /** `adam` */
  readonly name: string;
  readonly kind: 'baseline';
  readonly optimizer: BaselineName;
  readonly problem: Settings;
  readonly tuning: TuningSettings;
}

export interface TuningSettings {
  readonly seed: number;
  readonly problems: number;
  /** The step whose loss the rate is best for. */
  readonly horizonSteps: number;
  /** The mean loss of this many steps up to the horizon decides; 1, the paper's final loss, where absent. */
  readonly decidingSteps?: number;
}

export type OptimizerTrial<Settings> = LearnedOptimizerTrial<Settings> | BaselineTrial<Settings>;

/**
 * The `train` of experiments on one kind of problem.
 *
 * @param varyEpisodes makes the optimizees of training episodes from those of validation; they are the same where absent
 */
export function trainOn<Settings>(
  createFamily: CreateFamily<Settings>,
  varyEpisodes: (family: ProblemFamily, settings: Settings) => ProblemFamily = (family) => family,
) {
  return async (trial: OptimizerTrial<Settings>, context: TrainingContext): Promise<void> => {
    const family = await createFamily(trial.problem, context);
    if (trial.kind === 'lstm') {
      await trainLearnedOptimizer(trial, family, varyEpisodes(family, trial.problem), context);
    } else await tuneOptimizer(trial.optimizer, trial.tuning, family, context);
  };
}

async function trainLearnedOptimizer(
  trial: LearnedOptimizerTrial<unknown>,
  family: ProblemFamily,
  episodeFamily: ProblemFamily,
  context: TrainingContext,
): Promise<void> {
  const network = await createOptimizerNetwork(trial.network, {
    coordinates: family.coordinates,
    unrollSteps: trial.metaTraining.unrollSteps,
    threads: context.threads,
    backend: context.backend,
    startTensorFlow: () => context.startTensorFlow(),
  });
  try {
    const result = await metaTrain(trial.metaTraining, family, network, context, episodeFamily);
    await writeLearnedOptimizer(context, result, splitTensors(network.layout, result.parameters), {
      kind: 'learned-optimizer',
      network: JSON.stringify(trial.network),
    });
  } finally {
    network.dispose();
  }
}

/**
 * What meta-training leaves: its learning curve, and φ with how it was found.
 *
 * @param tensors φ, named
 * @param metadata the kind of network, and what it takes to build it
 */
export async function writeLearnedOptimizer(
  context: TrainingContext,
  result: MetaTrainingResult,
  tensors: NamedTensors,
  metadata: Readonly<Record<'kind' | 'network', string>>,
): Promise<void> {
  await context.writeMetrics(
    result.history.map(({ episode, metaLoss, validationLoss }) => ({
      episode,
      metaLoss: metaLoss ?? 'diverged',
      ...(validationLoss === undefined ? {} : { validationLoss: validationLoss ?? 'diverged' }),
    })),
  );
  await context.writeModel(tensors, {
    ...metadata,
    bestEpisode: String(result.bestEpisode),
    validationLoss: String(result.validationLoss),
    appliedUpdates: String(result.appliedUpdates),
    skippedUpdates: String(result.skippedUpdates),
    zeroedGradients: String(result.zeroedGradients),
  });
}

/** Searches the rate of a hand-written optimizer, from where a killed attempt had come to, and leaves what it found. */
export async function tuneOptimizer(
  optimizer: TuningTask['optimizer'],
  tuning: TuningSettings,
  family: ProblemFamily,
  context: TrainingContext,
): Promise<void> {
  const problems = Array.from({ length: tuning.problems }, (_, index) => family.sample(tuning.seed, 'tuning', index));
  const result = await tuneLearningRate({
    optimizer,
    problems,
    coordinates: family.coordinates,
    horizonSteps: tuning.horizonSteps,
    ...(tuning.decidingSteps === undefined ? {} : { decidingSteps: tuning.decidingSteps }),
    breathe: () => context.breathe(),
    onRate: (tried, loss) => context.progress({ share: Math.min(1, tried / 20), metric: 'final loss', value: loss }),
    tried: context.checkpoint ? restoreTriedRates(context.checkpoint) : [],
    async keep(tried) {
      if (context.checkpointDue()) await context.saveCheckpoint(saveTriedRates(tried));
    },
  });
  await context.writeMetrics(
    result.grid.map(({ learningRate, finalLoss }) => ({
      learningRate,
      finalLoss: Number.isFinite(finalLoss) ? finalLoss : 'diverged',
    })),
  );
  await context.writeModel(
    { 'learning-rate': { shape: [1], data: Float64Array.of(result.learningRate) } },
    {
      kind: 'tuned-learning-rate',
      optimizer: typeof optimizer === 'string' ? optimizer : optimizer.name,
      finalLoss: String(result.finalLoss),
    },
  );
}

/** JSON has no Infinity, which is what a rate that diverged ends with. */
function saveTriedRates(tried: TriedRates): Checkpoint {
  return { step: tried.length, tensors: {}, state: tried.map(([position, loss]) => [position, String(loss)]) };
}

function restoreTriedRates({ state }: Checkpoint): TriedRates {
  return (state as [number, string][]).map(([position, loss]) => [position, Number(loss)]);
}

/** The learned optimizer in an artifact: its architecture and its parameters φ. Throws InvalidLearnedOptimizer. */
export function readLearnedOptimizer({ tensors, metadata }: TrainedModel): {
  readonly network: NetworkSettings;
  readonly parameters: Float32Array;
} {
  if (metadata.kind !== 'learned-optimizer' || metadata.network === undefined) {
    throw new InvalidLearnedOptimizer(`its kind is '${metadata.kind}'`);
  }
  const network: NetworkSettings = JSON.parse(metadata.network);
  return { network, parameters: joinParameters(network, tensors) };
}

/** The rate in a tuned baseline's artifact. Throws InvalidLearnedOptimizer. */
export function readLearningRate({ tensors, metadata }: TrainedModel): number {
  const learningRate = tensors['learning-rate']?.data[0];
  if (learningRate === undefined) throw new InvalidLearnedOptimizer(`a '${metadata.kind}' has no learning rate`);
  return learningRate;
}
