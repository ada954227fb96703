/** What a report is made of, whatever form it takes. */
import type { AnyExperiment, SummaryImage } from '../pipeline/experiment.ts';
import type { RunDocument } from '../pipeline/run-document.ts';
import type { DrawnSeries } from './image-series.ts';

export interface Report {
  readonly document: RunDocument;
  readonly experiment: ReportedExperiment;
  readonly figures: readonly Figure[];
  readonly series: readonly DrawnSeries[];
  readonly images: readonly SummaryImage[];
}

export type ReportedExperiment = Pick<AnyExperiment, 'name' | 'source' | 'claim' | 'deviations'>;

/** A chart, drawn. */
export interface Figure {
  readonly title: string;
  readonly caption: string;
  readonly svg: string;
}

export type ReportTable = RunDocument['tables'][number];

/** How a status or an outcome is shown: `good`, `bad`, or neither. */
export type Tone = 'good' | 'bad' | 'open';

/** What a reader wants to know first. */
export function headline({ status, verdict }: Pick<RunDocument, 'status' | 'verdict'>): {
  readonly text: string;
  readonly tone: Tone;
} {
  if (status === 'failed') return { text: 'the run failed', tone: 'bad' };
  if (!verdict) return { text: 'still running', tone: 'open' };
  const tones = { holds: 'good', 'does not hold': 'bad', inconclusive: 'open' } as const;
  return { text: verdict.outcome, tone: tones[verdict.outcome] };
}

/** Whether a column is set like numbers, flush right. */
export function isNumberColumn(table: ReportTable, column: number): boolean {
  const cells = table.rows.map((row) => row[column]);
  return (
    cells.some((cell) => typeof cell === 'number') &&
    !cells.some((cell) => typeof cell === 'string' && !/^[\d–−±<~]/.test(cell))
  );
}
