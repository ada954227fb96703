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
} from '../information-sharing/sharing-optimizer.ts';
import { initializeSharingParameters } from '../information-sharing/sharing-parameters.ts';
import { startLimitedMemoryBfgs } from '../limited-memory-bfgs.ts';
import { type MetaTrainingSettings, metaTrainFrom } from '../meta-training.ts';
import type { RunningOptimizer } from '../optimize.ts';
import { splitTensors } from '../parameter-tensors.ts';
import { type ConditionedQuadraticsSettings, createConditionedQuadratics } from '../problems/conditioned-quadratics.ts';
import { type TuningSettings, tuneOptimizer, writeLearnedOptimizer } from '../training.ts';

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
  readonly tuning: TuningSettings;
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
  await writeLearnedOptimizer(context, result, splitTensors(network.layout, result.parameters), {
    kind: 'sharing-optimizer',
    network: JSON.stringify(optimizer),
  });
}

async function tune({ optimizer, problem, tuning }: TunedTrial, context: TrainingContext): Promise<void> {
  const groups = groupCoordinates(problem.dimensions);
  const start = (learningRate: number) => startTuned(optimizer, groups, learningRate);
  await tuneOptimizer({ name: optimizer, start }, tuning, createConditionedQuadratics(problem), context);
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
  if (metadata.kind !== 'sharing-optimizer' || metadata.network === undefined) {
    throw new InvalidLearnedOptimizer(`its kind is '${metadata.kind}'`);
  }
  const optimizer: SharingOptimizerSettings = JSON.parse(metadata.network);
  const parameters = joinSharingParameters(optimizer, tensors);
  return { optimizer, parameters, validationLoss: Number(metadata.validationLoss) };
}
