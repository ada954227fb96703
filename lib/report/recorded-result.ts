/**
 * `docs/results/{experiment}.json`: a run that the README's tables quote, as `--record` wrote it. It is the run's
 * document with its measurements taken together over seeds, and with the commit, the day and the machine beside it.
 */
import { z } from 'zod';
import { measurementSchema, type RunDocument, runDocumentSchema } from '../pipeline/run-document.ts';
import { InvalidRecordedResult } from './errors.ts';
import { spreadOverSeeds } from './seed-spread.ts';

const aggregatedMeasurementSchema = measurementSchema
  .pick({ metric: true, subject: true, step: true, unit: true })
  .extend({
    mean: z.number().nullable(),
    /** Sample standard deviation; null below two seeds. */
    standardDeviation: z.number().nullable(),
    /** Seeds with a finite value. */
    count: z.number().int().nonnegative(),
    /** Seeds without one. */
    diverged: z.number().int().nonnegative(),
  });

export const recordedResultSchema = z.strictObject({
  formatVersion: z.literal(1),
  ...runDocumentSchema.pick({
    run: true,
    experiment: true,
    preset: true,
    params: true,
    finishedAt: true,
    trials: true,
    missing: true,
    tables: true,
    remarks: true,
    datasets: true,
    provenance: true,
    durations: true,
    cost: true,
  }).shape,
  verdict: runDocumentSchema.shape.verdict.unwrap(),
  /** Of the checkout that ran; `+` at its end where files were changed since. */
  commit: z.string().regex(/^[0-9a-f]{7,40}\+?$/),
  /** `2026-11-24` */
  date: z.iso.date(),
  machine: z.string(),
  measurements: z.array(aggregatedMeasurementSchema),
});
export type RecordedResult = z.infer<typeof recordedResultSchema>;

/** Significant digits that stay: more than any table shows, and files whose lines stay short. */
const keptDigits = 6;

/** Only a run with a verdict can be recorded. */
export function recordResult(
  document: RunDocument & { readonly verdict: NonNullable<RunDocument['verdict']> },
  { commit, date }: { readonly commit: string; readonly date: string },
): RecordedResult {
  const { status: _, startedAt: _start, comparison: _last, failure: _failure, files: _files, ...kept } = document;
  const measurements = spreadOverSeeds(document.measurements).map(
    ({ metric, subject, step, unit, mean, deviation, count, diverged }) => ({
      metric,
      subject,
      step,
      unit,
      mean: round(mean),
      standardDeviation: round(deviation),
      count,
      diverged,
    }),
  );
  return { ...kept, commit, date, machine: document.provenance.hardware, measurements };
}

/** One measurement a line, so that a new recording is a diff that can be read. */
export function formatRecordedResult({ measurements, ...head }: RecordedResult): string {
  const lines = measurements.map((measurement) => `    ${JSON.stringify(measurement)}`);
  const start = JSON.stringify(head, null, 2).replace(/\n}$/, '');
  return `${start},\n  "measurements": [\n${lines.join(',\n')}\n  ]\n}\n`;
}

/** `file` is for the message. Throws InvalidRecordedResult. */
export function parseRecordedResult(file: string, text: string): RecordedResult {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InvalidRecordedResult(file, 'it is not JSON');
  }
  const parsed = recordedResultSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new InvalidRecordedResult(file, z.prettifyError(parsed.error).replaceAll('\n', ' '));
}

/** Where an experiment's result lies in the project: `docs/results/learned-optimizers/mnist.json`. */
export function recordedResultPath(experiment: string): string {
  return `docs/results/${experiment}.json`;
}

/** Its figures beside it: `docs/results/learned-optimizers/mnist-figure-1.svg`. */
export function recordedFigurePath(experiment: string, figure: number): string {
  return `docs/results/${experiment}-figure-${figure}.svg`;
}

function round(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(keptDigits));
}
