/** Training on quadratics of given condition numbers (appendix D): optimizers that share information, and rates. */
import { randomStream } from '../../numerics/random.ts';
import type { TrainedModel, TrainingContext } from '../../pipeline/context.ts';
import { type BaselineName, startBaseline } from '../baselines.ts';
import { InvalidLearnedOptimizer } from '../errors.ts';
import { type CoordinateGroups, groupCoordinates } from '../information-sharing/coordinate-groups.ts';
import { bfgsController, runHandSetController } from '../information-sharing/hand-set-controllers.ts';
import {
  createSharingOptimizer,
  joinSharingParameters,
  type SharingOptimizerSettings,
  splitSharingParameters,
} from '../information-sharing/sharing-optimizer.ts';
import { initializeSharingParameters } from '../information-sharing/sharing-parameters.ts';
import { startLimitedMemoryBfgs } from '../limited-memory-bfgs.ts';
import { type MetaTrainingSettings, metaTrainFrom } from '../meta-training.ts';
import type { RunningOptimizer } from '../optimize.ts';
import { type ConditionedQuadraticsSettings, createConditionedQuadratics } from '../problems/conditioned-quadratics.ts';
import { tuneLearningRate } from '../tune-learning-rate.ts';

export interface SharingTrial {
  /** `ntm-bfgs/seed-3/meta-rate-0.02` */
  readonly name: string;
  readonly kind: 'learned';
  readonly cpus: number;
  readonly group: string;
  readonly problem: ConditionedQuadraticsSettings;
  readonly optimizer: SharingOptimizerSettings;
  readonly metaTraining: MetaTrainingSettings;
}

/** `bfgs-by-hand`: NTM-BFGS with the controller that is set by hand to be BFGS. */
export const tunedNames = ['adam', 'nag', 'l-bfgs', 'bfgs-by-hand'] as const;
export type TunedName = (typeof tunedNames)[number];

export interface TunedTrial {
  /** `l-bfgs` */
  readonly name: string;
  readonly kind: 'tuned';
  readonly cpus: number;
  readonly optimizer: TunedName;
  readonly problem: ConditionedQuadraticsSettings;
  readonly tuning: { readonly seed: number; readonly problems: number; readonly horizonSteps: number };
}

export type InformationSharingTrial = SharingTrial | TunedTrial;

export async function train(trial: InformationSharingTrial, context: TrainingContext): Promise<void> {
  if (trial.kind === 'learned') await trainSharing(trial, context);
  else await tune(trial, context);
}

async function trainSharing({ problem, optimizer, metaTraining }: SharingTrial, context: TrainingContext) {
  const family = createConditionedQuadratics(problem);
  const groups = groupCoordinates(problem.dimensions);
  const machine = { groups, unrollSteps: metaTraining.unrollSteps, backend: context.backend };
  const network = createSharingOptimizer(optimizer, machine);
  const start = initializeSharingParameters(network.layout, randomStream(metaTraining.seed, 'parameters'));
  const result = await metaTrainFrom(start, metaTraining, family, network, context);
  await context.writeMetrics(
    result.history.map(({ episode, metaLoss, validationLoss }) => ({
      episode,
      metaLoss: metaLoss ?? 'diverged',
      ...(validationLoss === undefined ? {} : { validationLoss: validationLoss ?? 'diverged' }),
    })),
  );
  await context.writeModel(splitSharingParameters(network.layout, result.parameters), {
    kind: 'sharing-optimizer',
    optimizer: JSON.stringify(optimizer),
    bestEpisode: String(result.bestEpisode),
    validationLoss: String(result.validationLoss),
    appliedUpdates: String(result.appliedUpdates),
    skippedUpdates: String(result.skippedUpdates),
  });
}

async function tune({ optimizer, problem, tuning }: TunedTrial, context: TrainingContext): Promise<void> {
  const family = createConditionedQuadratics(problem);
  const groups = groupCoordinates(problem.dimensions);
  const result = await tuneLearningRate({
    optimizer: { name: optimizer, start: (learningRate) => startTuned(optimizer, groups, learningRate) },
    problems: Array.from({ length: tuning.problems }, (_, index) => family.sample(tuning.seed, 'tuning', index)),
    coordinates: family.coordinates,
    horizonSteps: tuning.horizonSteps,
    breathe: () => context.breathe(),
    onRate: (tried, loss) => context.progress({ share: Math.min(1, tried / 20), metric: 'final loss', value: loss }),
  });
  await context.writeMetrics(
    result.grid.map(({ learningRate, finalLoss }) => ({
      learningRate,
      finalLoss: Number.isFinite(finalLoss) ? finalLoss : 'diverged',
    })),
  );
  await context.writeModel(
    { 'learning-rate': { shape: [1], data: Float64Array.of(result.learningRate) } },
    { kind: 'tuned-learning-rate', optimizer, finalLoss: String(result.finalLoss) },
  );
}

/** A hand-written optimizer on one θ. */
export function startTuned(name: TunedName, groups: CoordinateGroups, learningRate: number): RunningOptimizer {
  switch (name) {
    case 'l-bfgs':
      return startLimitedMemoryBfgs(groups, { learningRate });
    case 'bfgs-by-hand':
      return startBfgsByHand(groups, learningRate);
    default:
      return startBaseline(name satisfies BaselineName, groups.coordinates, learningRate);
  }
}

/** Each function by itself: the controller is made for its number of dimensions. */
function startBfgsByHand(groups: CoordinateGroups, learningRate: number): RunningOptimizer {
  const runs = groups.sizes.map((dimensions, index) => ({
    start: groups.starts[index]!,
    updates: new Float64Array(dimensions),
    run: runHandSetController(bfgsController({ dimensions, learningRate }), groupCoordinates([dimensions])),
  }));
  return {
    update(theta, gradient) {
      for (const { start, updates, run } of runs) {
        run.step(gradient.subarray(start, start + updates.length), updates);
        for (let k = 0; k < updates.length; k++) theta[start + k]! += updates[k]!;
      }
    },
  };
}

/** The learned optimizer in an artifact. Throws InvalidLearnedOptimizer. */
export function readSharingOptimizer({ tensors, metadata }: TrainedModel): {
  readonly optimizer: SharingOptimizerSettings;
  readonly parameters: Float32Array;
  readonly validationLoss: number;
} {
  if (metadata.kind !== 'sharing-optimizer' || metadata.optimizer === undefined) {
    throw new InvalidLearnedOptimizer(`its kind is '${metadata.kind}'`);
  }
  const optimizer: SharingOptimizerSettings = JSON.parse(metadata.optimizer);
  const parameters = joinSharingParameters(optimizer, tensors);
  return { optimizer, parameters, validationLoss: Number(metadata.validationLoss) };
}
