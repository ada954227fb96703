/**
 * What a run costs on AWS: list prices of us-east-1 as of 2026-11, in US dollars. They change; the budget in the
 * deployed stack is what protects a wallet, this is what a report can say.
 */
import type { Workload } from './experiment.ts';

const prices = {
  /** g4dn.xlarge (4 vCPU, one T4) on demand, an hour. Spot is usually 50 to 70 % below; estimates stay on the safe side. */
  gpuInstanceHour: 0.526,
  /** Lambda on arm64, a GB-second. */
  lambdaGigabyteSecond: 0.0000133334,
  /** Standard workflow, a state transition. */
  stateTransition: 0.000025,
} as const;

/** Memory of the evaluation Lambda in GB: one full vCPU comes with 1,769 MB. */
const evaluateGigabytes = 1.769;
/** Transitions of a run around its batches: Resolve, Plan, Choice, two maps, Aggregate, Notify, start and end. */
const fixedTransitions = 10;
const transitionsABatch = 3;

export interface RunCost {
  readonly train: number;
  readonly evaluate: number;
  readonly orchestration: number;
}

/** Costs of work that was done, or is going to be. `trainSeconds` are seconds that jobs hold a machine. */
export function costOf(work: {
  readonly trainSeconds: number;
  readonly evaluateSeconds: number;
  readonly batches: number;
}): RunCost {
  return {
    train: (work.trainSeconds / 3600) * prices.gpuInstanceHour,
    evaluate: work.evaluateSeconds * evaluateGigabytes * prices.lambdaGigabyteSecond,
    orchestration: (fixedTransitions + transitionsABatch * work.batches) * prices.stateTransition,
  };
}

/** Costs of a workload nobody has run yet, as if a job's machine computed at the pace of one reference core. */
export function estimateCost(workload: Workload, batches: number): RunCost {
  return costOf({
    trainSeconds: workload.trainingCoreSeconds,
    evaluateSeconds: workload.evaluationCoreSeconds,
    batches,
  });
}

export function totalCost(cost: RunCost): number {
  return cost.train + cost.evaluate + cost.orchestration;
}
