/** The records that stages leave in the store for one another: their schemas, and reading them. */
import { z } from 'zod';
import { datasetOrigins } from '../datasets/dataset.ts';
import { numericBackends } from '../numerics/backend.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { priceTableSchema } from './cost/prices.ts';
import { InvalidRecord } from './errors.ts';
import { presetNames } from './experiment.ts';
import { notificationModes } from './request.ts';

const digest = z.string().regex(/^[0-9a-f]{32}$/);
const named = z.looseObject({ name: z.string() });
const namedEvaluation = named.extend({ trials: z.array(z.string()).readonly() });
const namedTrial = named.extend({
  cpus: z.number().int().positive().optional(),
  group: z.string().optional(),
  experiment: z.string().optional(),
});

/** `runs/{run}/resolved.json` */
export const resolvedRunSchema = z.strictObject({
  formatVersion: z.literal(1),
  run: z.string(),
  experiment: z.string(),
  preset: z.enum(presetNames),
  params: z.record(z.string(), z.json()),
  datasets: z.array(
    z.strictObject({ name: z.string(), version: z.string(), origin: z.enum(datasetOrigins), description: z.string() }),
  ),
  toleratedFailurePercentage: z.number(),
  /** US dollars that the whole run would cost on AWS if nothing was cached. */
  estimatedCost: z.number(),
  startedAt: z.string(),
  notify: z.enum(notificationModes).optional(),
  // Absent in runs of before 2026-11-25.
  /** Seconds that Resolve took. */
  resolveSeconds: z.number().optional(),
  /** What the run's cost is reckoned with, from beginning to end. */
  prices: priceTableSchema.optional(),
  budgetUsDollars: z.number().optional(),
});
export type ResolvedRun = z.infer<typeof resolvedRunSchema>;

/** `runs/{run}/plan.json` */
export const planRecordSchema = z.strictObject({
  formatVersion: z.literal(1),
  seconds: z.number(),
  missingTrials: z.number().int(),
  missingEvaluations: z.number().int(),
  /** US dollars that the missing work will cost, GPU machines on demand. */
  estimatedCost: z.number(),
  /** Of that, what is neither training nor evaluation. */
  estimatedOverhead: z.number(),
  /** What one trial and one evaluation are expected to take, in seconds. */
  trainSecondsEach: z.number(),
  evaluateSecondsEach: z.number(),
});
export type PlanRecord = z.infer<typeof planRecordSchema>;

/** A line of `runs/{run}/trials.jsonl`. */
export const plannedTrialSchema = z.strictObject({ trial: namedTrial, digest });
export type PlannedTrial = z.infer<typeof plannedTrialSchema>;

/** A line of `runs/{run}/plan.jsonl`: what one training job does. The job gets only the run and the batch's number. */
export const trainBatchSchema = z.strictObject({
  run: z.string(),
  batch: z.number().int().positive(),
  cpus: z.number().int().positive(),
  backend: z.enum(numericBackends),
  code: z.string(),
  trials: z.array(plannedTrialSchema),
});
export type TrainBatch = z.infer<typeof trainBatchSchema>;

/** A line of `runs/{run}/evaluations.jsonl`. */
export const evaluationBatchSchema = z.strictObject({
  run: z.string(),
  batch: z.number().int().positive(),
  evaluations: z.array(
    z.strictObject({ evaluation: namedEvaluation, digest, artifacts: z.record(z.string(), digest) }),
  ),
});
export type EvaluationBatch = z.infer<typeof evaluationBatchSchema>;

/** `runs/{run}/training/{digest}.json` */
export const trainingRecordSchema = z.strictObject({
  trial: z.string(),
  startedAt: z.string(),
  finishedAt: z.string(),
  /** The checkpoint that this attempt went on from; 0 where it began at the start. */
  startedFromStep: z.number(),
  threads: z.number(),
  hardware: z.string(),
});

/** `runs/{run}/evaluation/{batch}.json` */
export const evaluationRecordSchema = z.strictObject({
  startedAt: z.string(),
  finishedAt: z.string(),
  computed: z.number().int(),
  reused: z.number().int(),
  /** Names of evaluations whose models are not there. */
  missing: z.array(z.string()),
});

/** `runs/{run}/failures/{name}.json` */
export const failureRecordSchema = z.strictObject({
  /** `trial lstm/seed-0`, `Plan` */
  where: z.string(),
  error: z.string(),
  message: z.string(),
  logTail: z.string(),
  at: z.string(),
});
export type FailureRecord = z.infer<typeof failureRecordSchema>;

/** `artifacts/{digest}/manifest.json`. No wall clock in it: the same work leaves the same bytes. */
export const artifactManifestSchema = z.strictObject({
  formatVersion: z.literal(1),
  digest,
  experiment: z.string(),
  trial: named,
  datasets: z.array(z.strictObject({ name: z.string(), version: z.string() })),
  backend: z.enum(numericBackends),
  code: z.string(),
  files: z.strictObject({ 'model.safetensors': z.string(), 'metrics.jsonl': z.string() }),
});
export type ArtifactManifest = z.infer<typeof artifactManifestSchema>;

/** Reads and checks a JSON record; undefined where there is none. Throws InvalidRecord. */
export async function readRecord<T>(store: ObjectStore, key: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const object = await store.get(key);
  return object && parseRecord(key, new TextDecoder().decode(object.body), schema);
}

/** Like readRecord, for a record that an earlier stage must have left. Throws InvalidRecord. */
export async function requireRecord<T>(store: ObjectStore, key: string, schema: z.ZodType<T>): Promise<T> {
  const record = await readRecord(store, key, schema);
  if (record === undefined) throw new InvalidRecord(key, 'it is not there, though the stage before writes it');
  return record;
}

export function parseRecord<T>(key: string, text: string, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InvalidRecord(key, 'not JSON');
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new InvalidRecord(key, z.prettifyError(parsed.error).replaceAll('\n', ' '));
  return parsed.data;
}

export function formatRecord(record: unknown): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}
