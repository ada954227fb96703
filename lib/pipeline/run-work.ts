/** What a run's records say of the work that was done: counts, times, what is missing. */
import { mapConcurrently } from '../storage/map-concurrently.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { hasArtifact } from './artifacts.ts';
import type { BilledWork } from './cost/cost.ts';
import { keys } from './keys.ts';
import { groupTrials } from './plan-batches.ts';
import {
  evaluationRecordSchema,
  type PlannedTrial,
  type PlanRecord,
  type ResolvedRun,
  readRecord,
  trainingRecordSchema,
} from './records.ts';
import { sumAttemptSeconds } from './training-attempts.ts';

export interface TrainingWork {
  readonly planned: number;
  /** Trained by this run, in any of its attempts. */
  readonly trained: number;
  /** There before this run. */
  readonly reused: number;
  /** Of those trained, how many went on from a checkpoint that a killed attempt had left. */
  readonly resumed: number;
  readonly failed: readonly string[];
  /** From the first job's start to the last one's end. */
  readonly wallSeconds: number;
  /** Summed over jobs, failed attempts and what is under way included. */
  readonly jobSeconds: number;
  /** Jobs that trained what this run trained. */
  readonly batches: number;
  readonly threads: number | undefined;
  readonly hardware: string | undefined;
}

/** `now`: milliseconds, where the run goes on; what is under way counts up to then. */
export async function readTrainingWork(
  store: ObjectStore,
  run: string,
  planned: readonly PlannedTrial[],
  now?: number,
): Promise<TrainingWork> {
  const unfinished = new Set<string>();
  const spans: Span[] = [];
  const trained: PlannedTrial[] = [];
  const failed: string[] = [];
  let reused = 0;
  let resumed = 0;
  let machine: { threads: number; hardware: string } | undefined;
  const found = mapConcurrently(planned, async (plannedTrial) => ({
    plannedTrial,
    isTrained: await hasArtifact(store, plannedTrial.digest),
    record: await readRecord(store, keys.trainingRecord(run, plannedTrial.digest), trainingRecordSchema),
  }));
  for await (const { plannedTrial, isTrained, record } of found) {
    const { trial, digest } = plannedTrial;
    if (!isTrained) {
      failed.push(trial.name);
      unfinished.add(digest);
      continue;
    }
    if (!record) {
      reused++;
      continue;
    }
    spans.push(spanOf(record));
    trained.push(plannedTrial);
    if (record.startedFromStep > 0) resumed++;
    machine ??= record;
  }
  return {
    planned: planned.length,
    trained: spans.length,
    reused,
    resumed,
    failed,
    wallSeconds: wallSeconds(spans),
    jobSeconds: sumSeconds(spans) + (await sumAttemptSeconds(store, run, unfinished, now)),
    batches: groupTrials(trained, ({ trial }) => trial).length,
    threads: machine?.threads,
    hardware: machine?.hardware,
  };
}

export interface EvaluationWork {
  readonly batches: number;
  /** Batches that ended. */
  readonly finishedBatches: number;
  /** Evaluations measured by this run, not read from an earlier one. */
  readonly computed: number;
  /** Evaluations whose models are not there, or whose batch did not end. */
  readonly missing: readonly string[];
  readonly wallSeconds: number;
  readonly jobSeconds: number;
}

export async function readEvaluationWork(
  store: ObjectStore,
  run: string,
  batches: readonly number[],
): Promise<EvaluationWork> {
  const spans: Span[] = [];
  const missing: string[] = [];
  let computed = 0;
  const found = mapConcurrently(batches, async (batch) => ({
    batch,
    record: await readRecord(store, keys.evaluationRecord(run, batch), evaluationRecordSchema),
  }));
  for await (const { batch, record } of found) {
    if (!record) {
      missing.push(`batch ${batch}`);
      continue;
    }
    spans.push(spanOf(record));
    missing.push(...record.missing);
    computed += record.computed;
  }
  return {
    batches: batches.length,
    finishedBatches: spans.length,
    computed,
    missing,
    wallSeconds: wallSeconds(spans),
    jobSeconds: sumSeconds(spans),
  };
}

/** What of a run will be on the bill. `finishing`: what Aggregate adds, once it runs. */
export function billedWork(
  resolved: ResolvedRun,
  planned: PlanRecord | undefined,
  training: TrainingWork | undefined,
  evaluation: EvaluationWork | undefined,
  finishing: { readonly aggregateSeconds: number } | undefined,
): BilledWork {
  return {
    resolveSeconds: resolved.resolveSeconds ?? 0,
    planSeconds: planned?.seconds ?? 0,
    trainSeconds: training?.jobSeconds ?? 0,
    trainBatches: training?.batches ?? 0,
    trials: training?.trained ?? 0,
    evaluateSeconds: evaluation?.jobSeconds ?? 0,
    evaluationBatches: evaluation?.finishedBatches ?? 0,
    evaluations: evaluation?.computed ?? 0,
    aggregateSeconds: finishing?.aggregateSeconds ?? 0,
    notifications: finishing ? 1 : 0,
  };
}

/** Milliseconds since the epoch. */
interface Span {
  readonly start: number;
  readonly end: number;
}

function spanOf(record: { readonly startedAt: string; readonly finishedAt: string }): Span {
  return { start: Date.parse(record.startedAt), end: Date.parse(record.finishedAt) };
}

function wallSeconds(spans: readonly Span[]): number {
  if (spans.length === 0) return 0;
  return (Math.max(...spans.map(({ end }) => end)) - Math.min(...spans.map(({ start }) => start))) / 1000;
}

function sumSeconds(spans: readonly Span[]): number {
  return spans.reduce((sum, { start, end }) => sum + (end - start) / 1000, 0);
}
