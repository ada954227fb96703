/** What the reading routes answer; types only, so that no schema is in the bundle. */
import type { RegressionReport } from '../lib/pipeline/regressions/regression.ts';
import type { ResultIndexEntry } from '../lib/pipeline/result-index.ts';
import type { RunDocument } from '../lib/pipeline/run-document.ts';

export type { RegressionReport, ResultIndexEntry, RunDocument };
export type Outcome = ResultIndexEntry['outcome'];

export interface ExperimentRow {
  readonly name: string;
  readonly paper: { readonly arxiv: string; readonly title: string; readonly place: string };
  readonly claim: string;
  readonly presets: readonly string[];
  readonly lastVerdict: {
    readonly outcome: Outcome;
    readonly run: string;
    readonly preset: string;
    readonly finishedAt: string;
  } | null;
}

export interface OpenRun {
  readonly run: string;
  readonly experiment: string;
  readonly preset: string;
  readonly status: string;
  readonly startedAt: string | null;
  readonly updatedAt: string | null;
}

export interface StageProgress {
  readonly stage: string;
  readonly state: 'waiting' | 'running' | 'done';
  readonly items?: number;
  readonly done: number;
  readonly reused: number;
  readonly resumed: number;
  readonly failed: number;
  readonly seconds?: number;
}

export interface RunState {
  readonly status: string;
  readonly engine: string;
  readonly updatedAt: string;
  readonly progress?: {
    readonly stages: readonly StageProgress[];
    readonly curve?: { readonly item: string; readonly metric: string; readonly values: readonly (number | null)[] };
    readonly secondsLeft?: number;
  };
}

export interface RunAnswer {
  readonly document: RunDocument;
  readonly state: RunState | null;
}
