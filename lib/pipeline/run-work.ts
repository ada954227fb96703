/** What a run's records say of the work that was done: counts, times, what is missing. */
import type { ObjectStore } from '../storage/object-store.ts';
import { hasArtifact } from './artifacts.ts';
import { keys } from './keys.ts';
import { evaluationRecordSchema, type PlannedTrial, readRecord, trainingRecordSchema } from './records.ts';

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
  /** Summed over jobs. */
  readonly jobSeconds: number;
  readonly threads: number | undefined;
  readonly hardware: string | undefined;
}

export async function readTrainingWork(
  store: ObjectStore,
  run: string,
  planned: readonly PlannedTrial[],
): Promise<TrainingWork> {
  const spans: Span[] = [];
  const failed: string[] = [];
  let reused = 0;
  let resumed = 0;
  let machine: { threads: number; hardware: string } | undefined;
  for (const { trial, digest } of planned) {
    if (!(await hasArtifact(store, digest))) {
      failed.push(trial.name);
      continue;
    }
    const record = await readRecord(store, keys.trainingRecord(run, digest), trainingRecordSchema);
    if (!record) {
      reused++;
      continue;
    }
    spans.push(spanOf(record));
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
    jobSeconds: sumSeconds(spans),
    threads: machine?.threads,
    hardware: machine?.hardware,
  };
}

export interface EvaluationWork {
  readonly batches: number;
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
  for (const batch of batches) {
    const record = await readRecord(store, keys.evaluationRecord(run, batch), evaluationRecordSchema);
    if (!record) {
      missing.push(`batch ${batch}`);
      continue;
    }
    spans.push(spanOf(record));
    missing.push(...record.missing);
  }
  return { batches: batches.length, missing, wallSeconds: wallSeconds(spans), jobSeconds: sumSeconds(spans) };
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
