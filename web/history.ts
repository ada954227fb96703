/** The life of an experiment over its runs: headline measurements in time, and where the verdict changed. */
import type { ResultIndexEntry } from '../lib/pipeline/result-index.ts';
import type { RunDocument } from '../lib/pipeline/run-document.ts';
import { curvesOf, metricsOf } from './curves.ts';

export type Flip = 'regressed' | 'recovered' | 'changed';

/**
 * By run: how its verdict differs from the one before it under the same preset. From "holds" to anything else is a
 * regression, back to "holds" a recovery. Entries in any order.
 */
export function verdictFlips(entries: readonly ResultIndexEntry[]): ReadonlyMap<string, Flip> {
  const flips = new Map<string, Flip>();
  const ascending = entries.toSorted((a, b) => (a.finishedAt < b.finishedAt ? -1 : 1));
  for (const group of Map.groupBy(ascending, ({ preset }) => preset).values()) {
    for (const [index, entry] of group.entries()) {
      const before = group[index - 1];
      if (!before || before.outcome === entry.outcome) continue;
      const flip = before.outcome === 'holds' ? 'regressed' : entry.outcome === 'holds' ? 'recovered' : 'changed';
      flips.set(entry.run, flip);
    }
  }
  return flips;
}

export interface HeadlineHistory {
  readonly metric: string;
  readonly unit: string;
  /** Ascending by the time that runs finished. */
  readonly runs: readonly string[];
  readonly subjects: readonly { readonly subject: string; readonly values: readonly (number | null)[] }[];
}

/** Each metric's value at the last step of each subject, mean over seeds, from run to run. Documents in any order. */
export function headlineHistories(documents: readonly RunDocument[]): readonly HeadlineHistory[] {
  const ascending = documents.toSorted((a, b) => ((a.finishedAt ?? '') < (b.finishedAt ?? '') ? -1 : 1));
  const metrics = new Map(ascending.flatMap((document) => metricsOf(document.measurements)).map((m) => [m.metric, m]));
  const ends = ascending.map(({ measurements }) => {
    const byMetric = Map.groupBy(measurements, ({ metric }) => metric);
    return (metric: string) =>
      new Map(
        curvesOf(byMetric.get(metric) ?? [], metric).map(({ subject, points }) => [subject, points.at(-1)!.mean]),
      );
  });
  return [...metrics.values()].map(({ metric, unit }) => {
    const last = ends.map((end) => end(metric));
    const subjects = [...new Set(last.flatMap((values) => [...values.keys()]))];
    return {
      metric,
      unit,
      runs: ascending.map(({ run }) => run),
      subjects: subjects.map((subject) => ({ subject, values: last.map((values) => values.get(subject) ?? null) })),
    };
  });
}
