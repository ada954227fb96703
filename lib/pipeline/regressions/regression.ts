/**
 * The regression report: how a finished run differs from the last run of the same experiment, preset and parameters, and
 * what was changed in between. Pure: two documents and the code behind each go in.
 */
import { z } from 'zod';
import { canonicalJson } from '../digest.ts';
import { presetNames, verdictOutcomes } from '../experiment.ts';
import { loadMeasurement } from '../measurements.ts';
import type { RunDocument } from '../run-document.ts';
import { type ChangedSource, changedSources, type RunCode } from './code-sources.ts';
import { type ComparedCurve, changesOf, compareCurves } from './comparison.ts';

export const regressionOutcomes = ['unchanged', 'changed', 'verdict flipped'] as const;
export type RegressionOutcome = (typeof regressionOutcomes)[number];

const curveSchema = { metric: z.string(), subject: z.string(), step: z.number() };
const transition = z.strictObject({ before: z.string(), now: z.string() });

const causesSchema = z.strictObject({
  code: z.strictObject({
    training: transition.optional(),
    /** Absent also where the earlier run left no record of it. */
    evaluation: transition.optional(),
    /** Modules and packages; empty also where either run left no list. */
    modules: z.array(
      z.strictObject({ name: z.string(), change: z.enum(['changed', 'added', 'removed']), training: z.boolean() }),
    ),
  }),
  /** By version; null where a run did not use the dataset. */
  datasets: z.array(z.strictObject({ name: z.string(), before: z.string().nullable(), now: z.string().nullable() })),
  backend: transition.optional(),
  /** As JSON; null where a run's version of the experiment had no such parameter. */
  params: z.array(z.strictObject({ name: z.string(), before: z.string().nullable(), now: z.string().nullable() })),
});
export type Causes = z.infer<typeof causesSchema>;

/** `regressions/{experiment}/{run}.json` */
export const regressionReportSchema = z.strictObject({
  formatVersion: z.literal(1),
  experiment: z.string(),
  preset: z.enum(presetNames),
  run: z.string(),
  finishedAt: z.string(),
  /** The run that this one is compared with. */
  previous: z.strictObject({ run: z.string(), finishedAt: z.string() }),
  outcome: z.enum(regressionOutcomes),
  verdict: z.strictObject({ before: z.enum(verdictOutcomes), now: z.enum(verdictOutcomes), flipped: z.boolean() }),
  /** Means over seeds at the last common step that are not the same, largest relative change first; seconds are left out. */
  changes: z.array(
    z.strictObject({
      ...curveSchema,
      before: z.number(),
      now: z.number(),
      /** Standard error of the difference over the seeds of both runs; null where either has fewer than two. */
      spread: z.number().nullable(),
      exceedsSpread: z.boolean().nullable(),
    }),
  ),
  /** What the earlier run had a number for and this one has not. */
  lost: z.array(z.strictObject({ ...curveSchema, reason: z.enum(['not finite', 'not measured']) })),
  /** The other way round. */
  gained: z.array(z.strictObject({ ...curveSchema, reason: z.enum(['now finite', 'newly measured']) })),
  causes: causesSchema,
});
export type RegressionReport = z.infer<typeof regressionReportSchema>;

/** A run's document, and the code behind it where it is known. */
export interface ComparedRun {
  readonly document: RunDocument;
  readonly code: RunCode | undefined;
}

/** Both runs have ended with a verdict. */
export function compareRuns(before: ComparedRun, now: ComparedRun): RegressionReport {
  const { experiment, preset, run } = now.document;
  const verdict = compareVerdicts(before.document, now.document);
  const [earlier, later] = [repeatable(before.document), repeatable(now.document)];
  const curves = compareCurves(earlier, later.map(loadMeasurement));
  const changes = [...changesOf(curves)];
  const gone = unmatched(earlier, curves);
  const fresh = unmatched(later, curves);
  const finiteTo = (side: 'before' | 'now', other: 'before' | 'now') =>
    curves.filter((curve) => Number.isFinite(curve[side].mean) && !Number.isFinite(curve[other].mean)).map(placeOf);
  const lost = [
    ...finiteTo('before', 'now').map((place) => ({ ...place, reason: 'not finite' as const })),
    ...gone.map((place) => ({ ...place, reason: 'not measured' as const })),
  ];
  const gained = [
    ...finiteTo('now', 'before').map((place) => ({ ...place, reason: 'now finite' as const })),
    ...fresh.map((place) => ({ ...place, reason: 'newly measured' as const })),
  ];
  const differs = changes.length + lost.length + gained.length > 0;
  return {
    formatVersion: 1,
    experiment,
    preset,
    run,
    finishedAt: finishedAt(now.document),
    previous: { run: before.document.run, finishedAt: finishedAt(before.document) },
    outcome: verdict.flipped ? 'verdict flipped' : differs ? 'changed' : 'unchanged',
    verdict,
    changes,
    lost,
    gained,
    causes: causesOf(before, now),
  };
}

/** What is not the same in code, data, backend and parameters. */
export function causesOf(before: ComparedRun, now: ComparedRun): Causes {
  const [earlier, later] = [before.document, now.document];
  const modules: readonly ChangedSource[] = before.code && now.code ? changedSources(before.code, now.code) : [];
  const training = differing(earlier.provenance.code, later.provenance.code);
  const evaluation = before.code && now.code && differing(before.code.evaluation.digest, now.code.evaluation.digest);
  const backend = differing(earlier.provenance.backend, later.provenance.backend);
  const versions = ({ datasets }: RunDocument) =>
    Object.fromEntries(datasets.map(({ name, version }) => [name, version]));
  return {
    code: { ...(training && { training }), ...(evaluation && { evaluation }), modules: [...modules] },
    datasets: differingEntries(versions(earlier), versions(later)),
    ...(backend && { backend }),
    params: differingEntries(paramTexts(earlier), paramTexts(later)),
  };
}

/**
 * Whether two runs were asked the same: equal values of every parameter that both know. A parameter that a newer version
 * of the experiment has brought, or dropped, is no other question; it is named among the causes.
 */
export function hasSameParams(a: RunDocument, b: RunDocument): boolean {
  const [texts, others] = [paramTexts(a), paramTexts(b)];
  return Object.entries(texts).every(([name, text]) => others[name] === undefined || others[name] === text);
}

function compareVerdicts(before: RunDocument, now: RunDocument): RegressionReport['verdict'] {
  const [earlier, later] = [before.verdict, now.verdict];
  if (!earlier || !later) throw new TypeError(`Only finished runs can be compared: ${before.run}, ${now.run}.`);
  return { before: earlier.outcome, now: later.outcome, flipped: earlier.outcome !== later.outcome };
}

type Place = Pick<ComparedCurve, 'metric' | 'subject' | 'step'>;

/**
 * What the same code finds again. Seconds are others each time that they are measured: every rerun that trains would be a
 * change. They are in the document, and `stepwise compare` shows them; a verdict that rests on them is compared as any.
 */
function repeatable({ measurements }: RunDocument): RunDocument['measurements'] {
  return measurements.filter(({ unit }) => unit !== 's');
}

/** Metrics and subjects that have no counterpart at all, at their last step. */
function unmatched(measurements: RunDocument['measurements'], curves: readonly ComparedCurve[]): readonly Place[] {
  const matched = new Set(curves.map(curveKey));
  const last = new Map<string, Place>();
  for (const { metric, subject, step } of measurements) {
    const place = { metric, subject, step };
    const key = curveKey(place);
    if (!matched.has(key) && step >= (last.get(key)?.step ?? step)) last.set(key, place);
  }
  return [...last.values()];
}

function curveKey({ metric, subject }: Pick<Place, 'metric' | 'subject'>): string {
  return JSON.stringify([metric, subject]);
}

function placeOf({ metric, subject, step }: Place): Place {
  return { metric, subject, step };
}

function differing(before: string, now: string): { before: string; now: string } | undefined {
  return before === now ? undefined : { before, now };
}

function differingEntries(before: Readonly<Record<string, string>>, now: Readonly<Record<string, string>>) {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])]
    .filter((name) => before[name] !== now[name])
    .sort()
    .map((name) => ({ name, before: before[name] ?? null, now: now[name] ?? null }));
}

function paramTexts({ params }: RunDocument): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, canonicalJson(value)]));
}

function finishedAt(document: RunDocument): string {
  return document.finishedAt ?? document.startedAt;
}
