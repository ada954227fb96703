/**
 * What a run costs on AWS, stage by stage, in US dollars: from the seconds that its records name, or from a workload
 * that nobody has run. A run on a laptop gets what the same work would have cost there.
 *
 * In it, too, are attempts that failed, and of a run that goes on what is under way (training-attempts.ts). Not in it: the
 * minutes in which a GPU machine boots and pulls its image, its disk, attempts that a reclaimed spot machine lost, logs,
 * traces, the key of the topic, and what is stored. docs/cost.md says what they come to.
 */
import { z } from 'zod';
import type { Workload } from '../experiment.ts';
import type { LambdaStage } from '../stages.ts';
import { type CostedStage, costedStages } from './costed-stages.ts';
import type { PriceTable } from './prices.ts';

/** How the GPU machines are bought. The queue tries spot first; which one a job got, it cannot know. */
export const gpuPurchases = ['on demand', 'spot'] as const;
export type GpuPurchase = (typeof gpuPurchases)[number];

export type StageCosts = Readonly<Record<CostedStage, number>> & { readonly total: number };

const dollars = z.number().nonnegative();

/**
 * `cost` of a run's document. Everything is optional: a run that has only begun has spent nothing that is known, and
 * runs recorded before 2026-11-25 name three stages and no total.
 */
export const runCostSchema = z.strictObject({
  currency: z.literal('USD').optional(),
  /** The day of the price table. */
  pricesAsOf: z.string().optional(),
  /** What `train` and `total` reckon with: the upper end. */
  gpu: z.enum(gpuPurchases).optional(),
  resolve: dollars.optional(),
  plan: dollars.optional(),
  train: dollars.optional(),
  evaluate: dollars.optional(),
  aggregate: dollars.optional(),
  notify: dollars.optional(),
  /** State transitions, and the executions of the Evaluate map's children. */
  orchestration: dollars.optional(),
  /** Requests to S3. */
  storage: dollars.optional(),
  total: dollars.optional(),
  /** The same work, had every GPU machine been a spot one. */
  totalOnSpot: dollars.optional(),
  /** Of the whole run, before it began, with nothing cached. */
  estimated: dollars.optional(),
  /** Of what had to be done, once Plan had looked for what is there. */
  estimatedMissing: dollars.optional(),
  budget: dollars.optional(),
});
export type RunCost = z.infer<typeof runCostSchema>;

/** MB of each Lambda; the deployed stack gives them exactly these. One core comes with 1,769 MB. */
export const lambdaMemoryMegabytes: Readonly<Record<LambdaStage, number>> = {
  resolve: 512,
  plan: 1_024,
  // The most that a new account may ask for: 1.7 cores.
  evaluate: 3_008,
  aggregate: 1_769,
  notify: 512,
  'record-failure': 512,
};

export interface BilledWork {
  readonly resolveSeconds: number;
  readonly planSeconds: number;
  /** Seconds that training jobs hold a machine, summed over jobs. */
  readonly trainSeconds: number;
  readonly trainBatches: number;
  /** Trials trained: each leaves its files. */
  readonly trials: number;
  /** Summed over Lambdas. */
  readonly evaluateSeconds: number;
  readonly evaluationBatches: number;
  /** Evaluations computed. */
  readonly evaluations: number;
  readonly aggregateSeconds: number;
  /** 0 while the run goes on. */
  readonly notifications: number;
}

/** Step Functions meters an Express execution's memory in steps of 64 MB; ours carry a few bytes. */
const expressGigabytes = 64 / 1024;
/** Of a run around its batches: the execution's start and end, Resolve, Plan, the choice, two maps, Aggregate, Notify, Succeed. */
const fixedTransitions = 10;
/** A child of the Train map: its start, its one state, its end. */
const transitionsATrainBatch = 3;
/** A child of the Evaluate map is Express; only its start counts. */
const transitionsAnEvaluationBatch = 1;
/** One call of SNS, from a function that had to start: an allowance, because the document is written before it. */
const secondsANotification = 1;

/** Requests to S3 by what the stages write and read (`keys.ts`): an allowance, not a count. */
const requests = {
  run: { puts: 15, gets: 20 },
  /** Model, metrics, manifest, record, some checkpoints; looking for all of them. */
  trial: { puts: 8, gets: 8 },
  evaluation: { puts: 2, gets: 4 },
  batch: { puts: 2, gets: 3 },
} as const;

export function costOf(work: BilledWork, { prices }: PriceTable, gpu: GpuPurchase = 'on demand'): StageCosts {
  const price = (name: keyof typeof prices) => prices[name].usDollars;
  const lambda = (stage: LambdaStage, seconds: number, calls: number) =>
    seconds * (lambdaMemoryMegabytes[stage] / 1024) * price('lambdaGigabyteSecondArm64') +
    calls * price('lambdaRequest');
  const gpuHour = price(gpu === 'spot' ? 'gpuInstanceHourSpot' : 'gpuInstanceHourOnDemand');
  const transitions =
    fixedTransitions +
    transitionsATrainBatch * work.trainBatches +
    transitionsAnEvaluationBatch * work.evaluationBatches;
  const counted = [
    [requests.run, 1],
    [requests.trial, work.trials],
    [requests.evaluation, work.evaluations],
    [requests.batch, work.trainBatches + work.evaluationBatches],
  ] as const;
  const stages = {
    resolve: lambda('resolve', work.resolveSeconds, 1),
    plan: lambda('plan', work.planSeconds, 1),
    train: (work.trainSeconds / 3600) * gpuHour,
    evaluate: lambda('evaluate', work.evaluateSeconds, work.evaluationBatches),
    aggregate: lambda('aggregate', work.aggregateSeconds, 1),
    notify: lambda('notify', work.notifications * secondsANotification, work.notifications),
    orchestration:
      transitions * price('standardTransition') +
      work.evaluationBatches * price('expressRequest') +
      work.evaluateSeconds * expressGigabytes * price('expressGigabyteSecond'),
    storage: counted.reduce(
      (sum, [{ puts, gets }, times]) =>
        sum + (times * (puts * price('s3ThousandPuts') + gets * price('s3ThousandGets'))) / 1000,
      0,
    ),
  };
  return { ...stages, total: costedStages.reduce((sum, stage) => sum + stages[stage], 0) };
}

/** What to expect of the small stages before they have run, in seconds. */
const expectedSeconds = { resolve: 1, plan: 2, aggregate: 5 } as const;

/** Work that nobody has done yet, as if a GPU machine and a Lambda computed at the pace of one reference core. */
export function expectedWork(
  workload: Workload,
  counts: Pick<BilledWork, 'trials' | 'trainBatches' | 'evaluations' | 'evaluationBatches'>,
): BilledWork {
  return {
    ...counts,
    resolveSeconds: expectedSeconds.resolve,
    planSeconds: expectedSeconds.plan,
    trainSeconds: workload.trainingCoreSeconds,
    evaluateSeconds: workload.evaluationCoreSeconds,
    aggregateSeconds: expectedSeconds.aggregate,
    notifications: 1,
  };
}

/** Work as a run's document tells of it: stages at the on-demand price, and the total on spot beside it. */
export function describeCost(work: BilledWork, prices: PriceTable): RunCost & StageCosts {
  return {
    currency: prices.currency,
    pricesAsOf: prices.asOf,
    gpu: 'on demand',
    ...costOf(work, prices),
    totalOnSpot: costOf(work, prices, 'spot').total,
  };
}
