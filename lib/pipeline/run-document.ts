/** The document that describes a run: `run`, `resume` and `show` print it with `--json`, `results/` keeps it. */
import { z } from 'zod';
import { datasetOrigins } from '../datasets/dataset.ts';
import { numericBackends } from '../numerics/backend.ts';
import { runCostSchema } from './cost/cost.ts';
import { presetNames, verdictOutcomes } from './experiment.ts';

const count = z.number().int().nonnegative();

export const measurementSchema = z.strictObject({
  metric: z.string(),
  subject: z.string(),
  step: z.number(),
  seed: z.number().int(),
  /** null where the value was not finite: JSON has no NaN, and a diverged run is a result. */
  value: z.number().nullable(),
  unit: z.string(),
});

export const runDocumentSchema = z.strictObject({
  formatVersion: z.literal(1),
  run: z.string(),
  experiment: z.string(),
  preset: z.enum(presetNames),
  /** The parameters in full, after overrides. */
  params: z.record(z.string(), z.json()),
  status: z.enum(['running', 'succeeded', 'failed']),
  startedAt: z.string(),
  finishedAt: z.string().optional(),
  trials: z.strictObject({ planned: count, trained: count, reused: count, resumed: count, failed: count }),
  /** Names of the trials and evaluations that are missing from the numbers. */
  missing: z.array(z.string()),
  verdict: z.strictObject({ outcome: z.enum(verdictOutcomes), claim: z.string(), reason: z.string() }).optional(),
  tables: z.array(
    z.strictObject({
      title: z.string(),
      columns: z.array(z.strictObject({ label: z.string(), digits: z.number().optional() })),
      rows: z.array(z.array(z.union([z.string(), z.number(), z.null()]))),
    }),
  ),
  remarks: z.array(z.string()),
  datasets: z.array(z.strictObject({ name: z.string(), version: z.string(), origin: z.enum(datasetOrigins) })),
  measurements: z.array(measurementSchema),
  provenance: z.strictObject({
    code: z.string(),
    backend: z.enum(numericBackends),
    threads: z.number().int(),
    hardware: z.string(),
  }),
  /** Wall seconds a stage: resolve, plan, train, evaluate, aggregate. */
  durations: z.record(z.string(), z.number()),
  /** US dollars a stage, as this work would cost on AWS; see cost.ts. */
  cost: runCostSchema,
  /** How the last run of the same experiment and preset differs; absent on the first. */
  comparison: z
    .strictObject({
      run: z.string(),
      outcome: z.enum(verdictOutcomes),
      changes: z.array(
        z.strictObject({
          metric: z.string(),
          subject: z.string(),
          step: z.number(),
          before: z.number(),
          now: z.number(),
          /** Standard error of the difference over the seeds of both; null below two seeds, absent in older documents. */
          spread: z.number().nullable().optional(),
          exceedsSpread: z.boolean().nullable().optional(),
        }),
      ),
      /** What is not the same in code, data, backend and parameters, one sentence each; absent in older documents. */
      causes: z.array(z.string()).optional(),
    })
    .optional(),
  failure: z
    .strictObject({ error: z.string(), message: z.string(), where: z.string(), logTail: z.string() })
    .optional(),
  /** Keys in the store: report, figures. */
  files: z.array(z.string()),
});
export type RunDocument = z.infer<typeof runDocumentSchema>;
